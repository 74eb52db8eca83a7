package gradebook

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
)

func TestRunFromStartToEnd(t *testing.T) {
	ctx, g := newBook(t)
	// The roster's order is not the order of IDs, and IDs are text.
	run, err := g.BeginRun(ctx, begin(day, "0020240102", "0020240101", "202411210000000001"))
	require.NoError(t, err)
	require.Equal(t, "20241120-194702", run.ID)

	require.NoError(t, g.SaveTrace(ctx, run.ID, "0020240101", trace("mesh/manager-2")))
	require.NoError(t, g.SaveTrace(ctx, run.ID, "0020240101", trace("mesh/manager-1")))
	require.NoError(t, g.SaveTrace(ctx, run.ID, "0020240101", trace("mesh/manager-1")))
	traces, err := g.Traces(ctx, run.ID, "0020240101")
	require.NoError(t, err)
	require.Len(t, traces, 2)
	require.Equal(t, *trace("mesh/manager-1"), traces[0])
	require.ErrorContains(t, g.SaveTrace(ctx, run.ID, "stranger", trace("x")), "stranger")

	_, err = g.SaveBundle(ctx, run.ID, bundle(run.ID, "0020240101", "sha256:never-stored"))
	require.Error(t, err, "a bundle needs the snapshots that it names")
	before, err := g.PutSnapshot(ctx, snapshot(1))
	require.NoError(t, err)
	b := bundle(run.ID, "0020240101", before)
	b.After, err = g.PutSnapshot(ctx, snapshot(2))
	require.NoError(t, err)
	hash, err := g.SaveBundle(ctx, run.ID, b)
	require.NoError(t, err)
	_, err = g.SaveBundle(ctx, run.ID, bundle(run.ID, "stranger", before))
	require.ErrorIs(t, err, ErrNotFound)
	traces, err = g.Traces(ctx, run.ID, "0020240101")
	require.NoError(t, err)
	require.Empty(t, traces, "the bundle holds them now")
	var left int
	require.NoError(t, g.db.QueryRow("SELECT count(*) FROM blobs WHERE kind='trace'").Scan(&left))
	require.Zero(t, left)

	c, err := g.Case(ctx, run.ID, "0020240101")
	require.NoError(t, err)
	require.Equal(t, int64(1), c.Before.Taken)
	require.Equal(t, int64(2), c.After.Taken)
	require.Equal(t, b.Student, c.Bundle.Student)
	c2, err := g.Case(ctx, run.ID, "0020240101")
	require.NoError(t, err)
	require.Same(t, c.Before, c2.Before, "snapshots are shared")
	_, err = g.Case(ctx, run.ID, "0020240102")
	require.ErrorIs(t, err, ErrNotFound)

	require.NoError(t, g.SaveVerdicts(ctx, run.ID, "0020240101", marks("1", 0, 0)))
	require.NoError(t, g.SaveVerdicts(ctx, run.ID, "0020240101", marks("1", 10, 5, -1)))
	verdicts, err := g.Verdicts(ctx, run.ID)
	require.NoError(t, err)
	require.Len(t, verdicts["0020240101"], 3)
	require.Equal(t, "task1.c", verdicts["0020240101"][2].Check)
	want, err := evidence.Encode(marks("1", 10, 5, -1))
	require.NoError(t, err)
	got, err := evidence.Encode(verdicts["0020240101"])
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "byte for byte as they were judged")

	students, err := g.Students(ctx, run.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"0020240102", "0020240101", "202411210000000001"}, []string{students[0].ID, students[1].ID, students[2].ID})
	require.Equal(t, Pending, students[0].Progress)
	require.Equal(t, Judged, students[1].Progress)
	require.Equal(t, hash, students[1].Bundle)

	end := day.Add(3 * time.Minute)
	require.NoError(t, g.FinishRun(ctx, run.ID, Finished, end))
	stored, err := g.Run(ctx, "")
	require.NoError(t, err)
	require.Equal(t, Finished, stored.Status)
	require.True(t, stored.Finished.Equal(end))
	require.True(t, stored.Started.Equal(day))
	require.JSONEq(t, `{"rate":2000}`, string(stored.Options))
	source, err := g.Blob(ctx, stored.RubricBlob)
	require.NoError(t, err)
	require.Equal(t, lab().Source, source)
	_, err = g.Run(ctx, "none")
	require.ErrorIs(t, err, ErrNotFound)
}

func TestUnfinished(t *testing.T) {
	ctx, g := newBook(t)
	same := Fingerprint{RubricSHA256: lab().SHA256, RosterSHA256: "sha256:roster", Task: "1"}
	_, ok, err := g.Unfinished(ctx, same)
	require.NoError(t, err)
	require.False(t, ok)

	first, err := g.BeginRun(ctx, begin(day, "01"))
	require.NoError(t, err)
	require.NoError(t, g.FinishRun(ctx, first.ID, Interrupted, day))
	for name, f := range map[string]Fingerprint{
		"rubric": {"sha256:other", same.RosterSHA256, same.Task},
		"roster": {same.RubricSHA256, "sha256:other", same.Task},
		"task":   {same.RubricSHA256, same.RosterSHA256, "2"},
	} {
		_, ok, err := g.Unfinished(ctx, f)
		require.NoError(t, err)
		require.False(t, ok, "another %s", name)
	}
	got, ok, err := g.Unfinished(ctx, same)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, first.ID, got.ID)

	resumed, err := g.Resume(ctx, first.ID)
	require.NoError(t, err)
	require.Equal(t, Running, resumed.Status)
	require.NoError(t, g.FinishRun(ctx, first.ID, Interrupted, day))

	second, err := g.BeginRun(ctx, begin(day, "01"))
	require.NoError(t, err)
	require.Equal(t, first.ID+"-2", second.ID, "begun in the same second")
	require.NoError(t, g.FinishRun(ctx, second.ID, Finished, day))
	_, ok, err = g.Unfinished(ctx, same)
	require.NoError(t, err)
	require.False(t, ok, "a finished run came after it")
	_, err = g.Resume(ctx, second.ID)
	require.ErrorIs(t, err, ErrNotFound, "a finished run is not resumed")
	_, err = g.Resume(ctx, first.ID)
	require.NoError(t, err, "the failed resume gave the gradebook back")
}

func TestOneRunAtATime(t *testing.T) {
	ctx, g := newBook(t)
	_, other := openBook(t, g.Path())
	run, err := g.BeginRun(ctx, begin(day, "01"))
	require.NoError(t, err)
	for _, book := range []*Gradebook{g, other} {
		_, err = book.BeginRun(ctx, begin(day, "01"))
		require.ErrorIs(t, err, ErrBusy)
		var e *diag.Failure
		require.ErrorAs(t, err, &e)
		require.Contains(t, e.Error(), "pid ")
		require.NotRegexp(t, `\n|SQLITE`, e.Error(), "nothing raw is behind it")
	}
	// Others may read, and override, while it is under way.
	_, err = other.Students(ctx, run.ID)
	require.NoError(t, err)
	require.NoError(t, other.SetRemark(ctx, "ha-lb", "01", "缓考", day))

	require.NoError(t, g.Close())
	next, err := other.BeginRun(ctx, begin(day.Add(time.Hour), "01"))
	require.NoError(t, err)
	left, err := other.Run(ctx, run.ID)
	require.NoError(t, err)
	require.Equal(t, Interrupted, left.Status, "what its process left behind")
	runs, err := other.Runs(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{next.ID, run.ID}, []string{runs[0].ID, runs[1].ID})
}

// A run that cannot begin leaves nothing behind and gives the gradebook back.
func TestBeginRunIsWhole(t *testing.T) {
	ctx, g := newBook(t)
	_, err := g.BeginRun(ctx, begin(day, "01", "01"))
	require.ErrorContains(t, err, "student 01")
	runs, err := g.Runs(ctx)
	require.NoError(t, err)
	require.Empty(t, runs)
	_, err = g.BeginRun(ctx, begin(day, "01"))
	require.NoError(t, err)
}
