//go:build !unix

package action

import (
	"os"
	"os/exec"
)

// lockFile has nothing to lock with here; the mark in the swarm still keeps a
// second grader away.
func lockFile(*os.File) (bool, error) { return true, nil }

// alive can't be told here; better to leave a mark than to take a living one.
func alive(int) bool { return true }

// ownGroup leaves a command as it is: only its own process is killed.
func ownGroup(*exec.Cmd) {}

// holdPipe has nothing to hold here: no signal comes of a closed pipe.
func holdPipe() (release func()) { return func() {} }
