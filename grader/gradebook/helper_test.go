package gradebook

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("GRADEBOOK_TEST_WRITER"); path != "" {
		writeForever(path)
		return
	}
	goleak.VerifyTestMain(m)
}

var day = time.Date(2024, 11, 21, 3, 47, 2, 0, time.FixedZone("", 8*3600))

func newBook(t *testing.T) (context.Context, *Gradebook) {
	t.Helper()
	return openBook(t, filepath.Join(t.TempDir(), "2024A.gradebook"))
}

func openBook(t *testing.T, path string) (context.Context, *Gradebook) {
	t.Helper()
	g, err := Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { g.Close() })
	return t.Context(), g
}

func lab() *rubric.Rubric {
	source := []byte("schema: swarmgrade-rubric/1\n")
	return &rubric.Rubric{ID: "ha-lb", Version: 1, Source: source, SHA256: evidence.Hash(source)}
}

func begin(at time.Time, ids ...string) Begin {
	b := Begin{
		Class: "2024A", Task: "1", Rubric: lab(), RosterSHA256: "sha256:roster", Tool: "0.1.0",
		Options: map[string]any{"rate": 2000}, Started: at,
	}
	for i, id := range ids {
		b.Students = append(b.Students, Student{ID: id, Name: "学生" + id, Position: i})
	}
	return b
}

func trace(target string) *evidence.Trace {
	return &evidence.Trace{
		Target: evidence.Target{ID: target, Kind: "mesh", Address: "127.0.0.1:8001", Requests: 2}, Sent: 2,
		Responders: []evidence.Responder{{Identity: evidence.Identity{Hostname: "c1"}, Count: 2, Rule: "whoami"}},
		Sequence:   []int16{0, 0},
	}
}

func snapshot(taken int64) *evidence.Snapshot {
	return &evidence.Snapshot{Schema: evidence.SnapshotSchema, Taken: taken, Nodes: []evidence.Node{{ID: "n1", Hostname: "manager-1"}}}
}

func bundle(run, student, before string) *evidence.Bundle {
	return &evidence.Bundle{
		Schema: evidence.BundleSchema, Run: run, Task: "1", Before: before,
		Student: evidence.Student{ID: student, Name: "学生" + student, Vars: map[string]string{"published": "8001"}},
		Traces:  []evidence.Trace{*trace("mesh/manager-1")},
	}
}

// marks makes the verdicts of a task: points of 10 for each check, -1 for one
// that is ungraded.
func marks(task string, points ...int) []judge.Verdict {
	var vs []judge.Verdict
	for i, p := range points {
		v := judge.Verdict{
			Check: "task" + task + "." + string(rune('a'+i)), Task: task, Outcome: check.Partial,
			Points: rubric.Points(p * 100), Max: 1000, Message: i18n.M("x.y", "n", 2), Evidence: "sha256:e",
			Observed: check.Facts{"replicas": 2}, Expected: check.Facts{"replicas": 3},
		}
		switch p {
		case -1:
			v.Outcome, v.Points = check.Ungraded, 0
		case 0:
			v.Outcome = check.Fail
		case 10:
			v.Outcome = check.Pass
		}
		vs = append(vs, v)
	}
	return vs
}
