// Command grade grades a class of students who each deploy a service on a
// shared Docker Swarm behind HAProxy. "grade help" tells what it can do.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// interrupts end what the program is about.
var interrupts = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

func main() {
	// Listened for to the end: a signal must not turn a run that is over, and
	// said so, into one that the signal ended.
	ctx, _ := signal.NotifyContext(context.Background(), interrupts...)
	os.Exit(command{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv,
	}.Main(ctx, os.Args[1:]))
}
