package gradebook

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/result"
)

func window() *evidence.Window {
	return &evidence.Window{
		Schema: evidence.WindowSchema, Fault: evidence.Action{Kind: "node-stop", NodeID: "n2", Hostname: "manager-2"},
		Began: 1000, Injecting: 4000, Injected: 4100, Restoring: 30000, Restored: 34000, Ended: 37000,
		End: "recovered", LimitMS: 60000, HoldMS: 10000, Speed: 1,
		Polls: []evidence.Poll{
			{At: 1000, Nodes: []evidence.Node{{ID: "n1", Hostname: "manager-1", State: "ready"}}},
			{At: 2000, Error: "timeout"},
		},
	}
}

func probing() *evidence.Probing {
	return &evidence.Probing{
		Service: "s1", Targets: []evidence.Target{{ID: "mesh/manager-1"}}, PeriodMS: 250,
		Responders: []evidence.Responder{{Identity: evidence.Identity{Hostname: "c1"}, Count: 1}},
		Errors:     []evidence.ErrorClass{{Class: "timeout", Count: 1}},
		Probes:     []evidence.Probe{{At: 1000, Took: 900, Who: 0}, {At: 1250, Took: 2000000, Who: -1}},
	}
}

func blobs(t *testing.T, g *Gradebook, kind string) (n int) {
	t.Helper()
	require.NoError(t, g.db.QueryRowContext(t.Context(), "SELECT count(*) FROM blobs WHERE kind=?", kind).Scan(&n))
	return n
}

// TestWindow follows a run of two students through a window, with a kill after
// each step: what was stored whole is there, and nothing else.
func TestWindow(t *testing.T) {
	ctx, g := newBook(t)
	path := g.Path()
	run, err := g.BeginRun(ctx, begin(day, "01", "02"))
	require.NoError(t, err)
	killed := func() {
		t.Helper()
		require.NoError(t, g.Close())
		ctx, g = openBook(t, path)
		_, err := g.Resume(ctx, run.ID)
		require.NoError(t, err)
	}
	before, err := g.PutSnapshot(ctx, snapshot(0))
	require.NoError(t, err)
	require.NoError(t, g.SaveBefore(ctx, run.ID, before))
	require.NoError(t, g.SaveTrace(ctx, run.ID, "01", trace("mesh/manager-1")))

	none, err := g.Draft(ctx, run.ID, "01")
	require.NoError(t, err)
	require.Nil(t, none)
	one, two := bundle(run.ID, "01", before), bundle(run.ID, "02", before)
	require.NoError(t, g.SaveDrafts(ctx, run.ID, []*evidence.Bundle{one, two}))
	killed()
	for _, want := range []*evidence.Bundle{one, two} {
		got, err := g.Draft(ctx, run.ID, want.Student.ID)
		require.NoError(t, err)
		require.Equal(t, want.Traces, got.Traces)
		require.Nil(t, got.Probing())
	}

	// A window that can't be stored for one student is stored for none.
	stranger := bundle(run.ID, "99", before)
	stranger.Begin(evidence.FaultEpisode).Probing = probing()
	one.Begin(evidence.FaultEpisode).Probing = probing()
	_, err = g.SaveWindow(ctx, run.ID, evidence.FaultEpisode, window(), result.Fault{}, []*evidence.Bundle{one, stranger})
	require.Error(t, err)
	require.Zero(t, blobs(t, g, KindWindow))
	faults, err := g.Faults(ctx, run.ID)
	require.NoError(t, err)
	require.Empty(t, faults)
	got, err := g.Draft(ctx, run.ID, "01")
	require.NoError(t, err)
	require.Nil(t, got.Probing())

	fault := result.Fault{Kind: "node-stop", Target: "manager-2", Injected: day.UTC(), Restored: day.UTC().Add(30 * time.Second)}
	hash, err := g.SaveWindow(ctx, run.ID, evidence.FaultEpisode, window(), fault, []*evidence.Bundle{one})
	require.NoError(t, err)
	killed()
	got, err = g.Draft(ctx, run.ID, "01")
	require.NoError(t, err)
	require.Equal(t, hash, got.Probing().Window)
	require.Equal(t, probing().Probes, got.Probing().Probes)
	require.Equal(t, 2, blobs(t, g, KindDraft), "one for each student, older ones dropped")

	e := got.Episode(evidence.FaultEpisode)
	e.Before, err = g.PutSnapshot(ctx, snapshot(40000))
	require.NoError(t, err)
	e.After, err = g.PutSnapshot(ctx, snapshot(50000))
	require.NoError(t, err)
	e.Traces = []evidence.Trace{*trace("mesh/manager-1")}
	for _, b := range []*evidence.Bundle{got, two} { // the second as it was drafted
		_, err = g.SaveBundle(ctx, run.ID, b)
		require.NoError(t, err)
	}
	require.Zero(t, blobs(t, g, KindTrace))
	gone, err := g.Draft(ctx, run.ID, "01")
	require.NoError(t, err)
	require.Nil(t, gone)
	killed()

	c, err := g.Case(ctx, run.ID, "01")
	require.NoError(t, err)
	require.Equal(t, window(), c.Window())
	require.EqualValues(t, 40000, c.Episodes[0].From.Taken)
	require.EqualValues(t, 50000, c.Episodes[0].To.Taken)
	require.Len(t, c.Episodes[0].Traces, 1)
	again, err := g.Case(ctx, run.ID, "01")
	require.NoError(t, err)
	require.Same(t, c.Window(), again.Window(), "read once")
	some, err := g.Faulted(ctx, run.ID, "01")
	require.NoError(t, err)
	require.Same(t, c.Window(), some.Window())
	require.Same(t, c.Before, some.Before)
	require.Nil(t, some.After)
	require.Nil(t, some.Episodes[0].From)

	c, err = g.Case(ctx, run.ID, "02")
	require.NoError(t, err)
	require.Equal(t, two.Traces, c.Bundle.Traces)
	require.Empty(t, c.Episodes)

	d, err := g.RunData(ctx, run.ID, lab(), Rules{})
	require.NoError(t, err)
	require.Equal(t, []result.Fault{fault}, d.Faults)
}

// TestOlderLayout opens a gradebook as the first release made it.
func TestOlderLayout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), migrations[0]+fmt.Sprintf("PRAGMA application_id=%d; PRAGMA user_version=1", applicationID))
	require.NoError(t, err)
	require.NoError(t, db.Close())

	ctx, g := openBook(t, path)
	run, err := g.BeginRun(ctx, begin(day, "01"))
	require.NoError(t, err)
	require.NoError(t, g.SaveDrafts(ctx, run.ID, []*evidence.Bundle{bundle(run.ID, "01", "")}))
	got, err := g.Draft(ctx, run.ID, "01")
	require.NoError(t, err)
	require.NotNil(t, got)
}
