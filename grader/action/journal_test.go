package action

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/roster"
)

func TestJournalRemembersHowFarAFaultCame(t *testing.T) {
	path := JournalPath(t.TempDir(), "2024A")
	j := openJournal(t, path)
	pending, err := j.Pending()
	require.NoError(t, err)
	require.Nil(t, pending)

	rec := &Record{
		Class: "2024A", Run: "r1", Fault: targetM2, Spec: roster.Fault{Kind: NodeStop, Identity: "/k"},
		Conn:       roster.Cluster{Endpoints: []string{"tcp://a:1"}, TLS: &roster.TLS{CA: "/ca"}, Nodes: map[string]string{"m2": "b"}},
		Containers: []Held{{ID: "h1", Name: "haproxy-01"}}, Host: "here", PID: 7,
	}
	require.NoError(t, j.begin(rec))
	for _, step := range []string{StepArming, StepInjecting} {
		require.NoError(t, j.step(rec, step))
		require.NoError(t, j.Close())
		j = openJournal(t, path)
		pending, err = j.Pending()
		require.NoError(t, err)
		require.Equal(t, rec, pending, "all that it takes is there, and the step")
	}
	require.NoError(t, j.step(rec, StepDone))
	pending, err = j.Pending()
	require.NoError(t, err)
	require.Nil(t, pending)

	// The next fault does not make the file longer for ever.
	before, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, j.begin(rec))
	after, err := os.Stat(path)
	require.NoError(t, err)
	require.Less(t, after.Size(), before.Size())
	require.Equal(t, os.FileMode(0o600), after.Mode().Perm())
}

// A step of which only a part reached the disk was not begun.
func TestALineThatWasCutOffDoesNotCount(t *testing.T) {
	path := JournalPath(t.TempDir(), "T")
	j := openJournal(t, path)
	rec := &Record{Fault: targetM2}
	require.NoError(t, j.begin(rec))
	require.NoError(t, j.step(rec, StepArming))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, j.step(rec, StepArmed))
	all, err := os.ReadFile(path)
	require.NoError(t, err)
	for cut := len(whole); cut < len(all); cut++ {
		require.NoError(t, os.WriteFile(path, all[:cut], 0o600))
		pending, err := j.Pending()
		require.NoError(t, err)
		require.Equal(t, StepArming, pending.Step, "cut at %d", cut)
	}
	require.NoError(t, j.step(rec, StepRestoring), "and the next one is a line of its own")
	pending, err := j.Pending()
	require.NoError(t, err)
	require.Equal(t, StepRestoring, pending.Step)
}

func TestAJournalThatCanNotBeReadIsNotTakenForAnEmptyOne(t *testing.T) {
	for text, key := range map[string]string{
		"garbage\n": "fault.journal_broken",
		`{"step":"planned","record":{"schema":"swarmgrade-fault/9"}}` + "\n": "fault.journal_newer",
	} {
		path := JournalPath(t.TempDir(), "T")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := openJournal(t, path).Pending()
		var p *diag.Failure
		require.ErrorAs(t, err, &p)
		require.Equal(t, key, p.Msg.Key)
		require.Contains(t, err.Error(), path)
	}
}

func TestOneGraderAtATime(t *testing.T) {
	path := JournalPath(t.TempDir(), "T")
	j := openJournal(t, path)
	require.NoError(t, j.begin(&Record{Host: "here", PID: 4711, Fault: targetM2}))
	_, err := OpenJournal(path)
	require.Equal(t, "busy", diag.Code(err))
	require.Contains(t, err.Error(), "4711")
	_, _, err = Heal(t.Context(), path, HealOptions{})
	require.Equal(t, "busy", diag.Code(err), "a living grader undoes its own fault")
	require.NoError(t, j.Close())
	openJournal(t, path)
}

func TestJournalsAreFound(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "odd [name]*")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for _, name := range []string{"fault-b.journal", "fault-a.journal", "a.db"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	found, err := Journals(dir)
	require.NoError(t, err)
	require.Equal(t, []string{JournalPath(dir, "a"), JournalPath(dir, "b")}, found)
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"step":"planned","record":{"schema":"swarmgrade-fault/1"}}` + "\n" + `{"step":"done"}` + "\n"))
	f.Add([]byte(`{"step":"armed"}` + "\n{"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		rec, err := decode(raw)
		if err == nil && rec != nil && rec.Schema != journalSchema {
			t.Fatalf("schema %q", rec.Schema)
		}
	})
}
