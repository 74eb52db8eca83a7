package action

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/roster"
)

func TestJournalRemembersHowFarAFaultCame(t *testing.T) {
	path := JournalPath(t.TempDir(), "2024A")
	j := openJournal(t, path)
	pending, err := j.Pending()
	require.NoError(t, err)
	require.Empty(t, pending)

	rec := &Record{
		Class: "2024A", Run: "r1", Fault: targetM2, Spec: roster.Fault{Kind: NodeStop, Identity: "/k"},
		Conn:       roster.Cluster{Endpoints: []string{"tcp://a:1"}, TLS: &roster.TLS{CA: "/ca"}, Nodes: map[string]string{"m2": "b"}},
		Containers: []Held{{ID: "h1", Name: "haproxy-01"}}, Host: "here", PID: 7,
	}
	began(t, j, rec)
	for _, step := range []string{StepArming, StepInjecting} {
		require.NoError(t, j.step(rec, step))
		require.NoError(t, j.Close())
		j = openJournal(t, path)
		pending, err = j.Pending()
		require.NoError(t, err)
		require.Equal(t, []*Record{rec}, pending, "all that it takes is there, and the step")
	}
	require.NoError(t, j.step(rec, StepDone))
	pending, err = j.Pending()
	require.NoError(t, err)
	require.Empty(t, pending)

	// The next fault does not make the file longer for ever.
	before, err := os.Stat(path)
	require.NoError(t, err)
	began(t, j, rec)
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
	began(t, j, rec)
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
		require.Equal(t, StepArming, pending[0].Step, "cut at %d", cut)
	}
	require.NoError(t, j.step(rec, StepRestoring), "and the next one is a line of its own")
	pending, err := j.Pending()
	require.NoError(t, err)
	require.Equal(t, StepRestoring, pending[0].Step)
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
	began(t, j, &Record{Host: "here", PID: 4711, Fault: targetM2})
	_, err := OpenJournal(path)
	require.Equal(t, "busy", diag.Code(err))
	require.Contains(t, err.Error(), "4711")
	_, err = Heal(t.Context(), path, HealOptions{})
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

// began writes the first line of an action that nothing stands in the way of.
func began(t *testing.T, j *Journal, rec *Record) {
	t.Helper()
	beside, err := j.begin(rec)
	require.NoError(t, err)
	require.Nil(t, beside)
}

// scaled is a record of a student's service.
func scaled(student string) *Record {
	return &Record{Class: "T", Fault: evidence.Action{Kind: Scale, Student: student, Service: "svc-" + student, Name: student, Was: "2", To: "5"}}
}

// Students' actions are pending side by side; each is noted and done by itself.
func TestManyRecordsArePendingAtOnce(t *testing.T) {
	path := JournalPath(t.TempDir(), "T")
	j := openJournal(t, path)
	a, b := scaled("a"), scaled("b")
	began(t, j, a)
	require.NoError(t, j.step(a, StepInjecting))
	began(t, j, b)
	require.NoError(t, j.step(a, StepInjected))

	for what, rec := range map[string]*Record{"the same student's": scaled("a"), "the class's": {Fault: targetM2}} {
		beside, err := j.begin(rec)
		require.NoError(t, err)
		require.NotNil(t, beside, what)
	}
	require.NoError(t, j.Close())
	j = openJournal(t, path)
	pending, err := j.Pending()
	require.NoError(t, err)
	require.Equal(t, []*Record{a, b}, pending)
	require.Equal(t, []string{StepInjected, StepPlanned}, []string{pending[0].Step, pending[1].Step})

	require.NoError(t, j.step(a, StepDone))
	again := scaled("a")
	began(t, j, again)
	pending, err = j.Pending()
	require.NoError(t, err)
	require.Equal(t, []*Record{b, again}, pending, "in the order in which they were begun")
	require.NoError(t, j.step(b, StepDone))
	require.NoError(t, j.step(again, StepDone))
	before, err := os.Stat(path)
	require.NoError(t, err)
	began(t, j, scaled("c"))
	after, err := os.Stat(path)
	require.NoError(t, err)
	require.Less(t, after.Size(), before.Size(), "what is done goes")
	beside, err := j.begin(&Record{Fault: targetM2})
	require.NoError(t, err)
	require.Equal(t, "c", beside.Fault.Student, "nor is a node stopped beside a student's action")
}

// What the first release left is undone by every later one.
func TestTheFirstLayoutIsRead(t *testing.T) {
	all, err := decode([]byte(`{"step":"planned","time":"2026-01-02T03:04:05Z","record":{"schema":"swarmgrade-fault/1","class":"T","run":"r1","fault":{"kind":"node-drain","node_id":"n2","hostname":"m2","was":"active"},"spec":{"Kind":"node-drain"},"conn":{},"host":"h","pid":1,"time":"2026-01-02T03:04:05Z"}}
{"step":"locking","time":"2026-01-02T03:04:05Z"}
{"step":"injecting","time":"2026-01-02T03:04:05Z"}
`))
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, StepInjecting, all[0].Step)
	require.Equal(t, "active", all[0].Fault.Was)
}

// A full disk leaves a part of a line; the next is whole again.
func TestAfterALineThatCouldNotBeWritten(t *testing.T) {
	path := JournalPath(t.TempDir(), "T")
	j := openJournal(t, path)
	a := scaled("a")
	began(t, j, a)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(`{"step":"inj`)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	j.end = -1 // as after a write that failed
	require.NoError(t, j.step(a, StepInjected))
	pending, err := j.Pending()
	require.NoError(t, err)
	require.Equal(t, StepInjected, pending[0].Step)
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"step":"planned","record":{"schema":"swarmgrade-fault/1"}}` + "\n" + `{"step":"done"}` + "\n"))
	f.Add([]byte(`{"step":"armed"}` + "\n{"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		all, err := decode(raw)
		for _, rec := range all {
			if err != nil || rec.Schema != journalSchema && rec.Schema != journalSchema1 {
				t.Fatalf("schema %q, %v", rec.Schema, err)
			}
		}
	})
}
