package main

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the program too: scripts run it under the
// name grade, in a process of its own, as people do.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"grade": main})
}

// TestScripts runs testdata/script/*.txtar. Their directory is empty but for
// the files in the archive, and their environment names no language.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		ContinueOnError:     true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status":  cmdStatus,
			"waitfor": cmdWaitFor,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_PROXY", "*")
			env.Setenv(proxyEnv, proxyEmbedded) // whatever is installed
			return nil
		},
	})
}

// cmdStatus is "status N COMMAND...": the command must end with that exit
// status. Its output is then looked at with stdout and stderr.
func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	if got := exitStatus(err); got != args[0] {
		ts.Fatalf("%v ended with status %s (%v), want %s", args[1:], got, err, args[0])
	}
}

func exitStatus(err error) string {
	if err == nil {
		return "0"
	}
	if e, ok := err.(interface{ ExitCode() int }); ok {
		return strconv.Itoa(e.ExitCode())
	}
	return "none"
}

// cmdWaitFor is "waitfor FILE": until it is there.
func cmdWaitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfor FILE")
	}
	for range 600 {
		if _, err := os.Lstat(ts.MkAbs(args[0])); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s did not appear", args[0])
}
