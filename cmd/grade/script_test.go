package main

import (
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/local"
)

// raced says that the race detector watches.
const raced = local.Slower > 1

// goRace are the race detector's settings: by itself it has a program wait a second before
// it ends, and tests run some thousand of them.
const goRace = "GORACE"

// TestMain lets the test binary be the program too: scripts run it under the
// name grade, in a process of its own, as people do.
func TestMain(m *testing.M) {
	if raced {
		if err := os.Setenv(goRace, "atexit_sleep_ms=0 "+os.Getenv(goRace)); err != nil {
			panic(err)
		}
	}
	testscript.Main(m, commands)
}

// commands are what tests find on their path.
var commands = map[string]func(){"grade": main}

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
			"oldbook": cmdOldBook,
			"sql":     cmdSQL,
			"fill":    cmdFill,
			"enter":   cmdEnter,
			"isjson":  cmdIsJSON,
			"narrow":  cmdNarrow,

			"readonly": cmdReadOnly,
			"form":     cmdForm,
			"cell":     cmdCell,
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "mount":
				return canMount(), nil
			case "race": // scripts that are long enough without it
				return raced, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_PROXY", "*")
			env.Setenv(proxyEnv, proxyEmbedded) // whatever is installed
			env.Setenv(goRace, os.Getenv(goRace))
			rubrics, err := filepath.Abs("../../rubrics")
			env.Setenv("RUBRICS", rubrics) // those that are built in, as files
			return err
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

// cmdOldBook is "oldbook FILE": a gradebook as the program wrote it before rows
// had checksums, of class mini; see grader/gradebook.
func cmdOldBook(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: oldbook FILE")
	}
	f, err := os.Open(oldBook)
	ts.Check(err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	ts.Check(err)
	data, err := io.ReadAll(z)
	ts.Check(err)
	path := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
	ts.Check(os.WriteFile(path, data, 0o600))
}

// oldBook is found from wherever a script runs.
var oldBook = func() string {
	path, err := filepath.Abs("../../grader/gradebook/testdata/layout2.db.gz")
	if err != nil {
		panic(err)
	}
	return path
}()

// cmdSQL is "sql FILE STATEMENT": a hand in a gradebook.
func cmdSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sql FILE STATEMENT")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(args[1])
	ts.Check(err)
}

// cmdFill is "fill WORKBOOK CELL TEXT": a hand in the first sheet.
func cmdFill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: fill WORKBOOK CELL TEXT")
	}
	f, err := excelize.OpenFile(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	ts.Check(f.SetCellValue(f.GetSheetName(0), args[1], args[2]))
	ts.Check(f.Save())
}

// cmdIsJSON is "isjson": stdout is one JSON value and nothing else.
func cmdIsJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: isjson")
	}
	if out := ts.ReadFile("stdout"); !json.Valid([]byte(out)) {
		ts.Fatalf("stdout is no JSON: %s", out)
	}
}

// cmdNarrow is "narrow COLUMNS": no line of stdout is wider, but for commands,
// which are to be copied whole.
func cmdNarrow(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: narrow COLUMNS")
	}
	most, err := strconv.Atoi(args[0])
	ts.Check(err)
	width := runewidth.Condition{StrictEmojiNeutral: true}
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(strings.TrimSpace(line), "docker ") {
			continue
		}
		if w := width.StringWidth(line); w > most {
			ts.Fatalf("%d columns: %s", w, line)
		}
	}
}
