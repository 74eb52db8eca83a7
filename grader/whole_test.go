package grader_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/sim"
	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// stopping stops nodes of the embedded cluster.
type stopping struct{ *sim.Cluster }

func (s stopping) Inject(_ context.Context, f evidence.Action) error { return s.FailNode(f.Hostname) }
func (s stopping) Restore(_ context.Context, f evidence.Action) error {
	return s.RecoverNode(f.Hostname)
}

// lettingGo are services of which the swarm does not replace what is lost.
func lettingGo() []*deployments.Deployment {
	return []*deployments.Deployment{
		spread("as-asked", nil),
		spread("restart-condition-none", func(s *deployments.Service) { s.Restart = &deployments.Restart{Condition: "none"} }),
		spread("restart-condition-none-as-well", func(s *deployments.Service) { s.Restart = &deployments.Restart{Condition: "none"} }),
	}
}

// TestTheClassFaultLeavesServicesWhole: what a restart policy lets go with a node is
// brought back after the fault, also of a student who is not graded; the student is judged
// by what the swarm did.
func TestTheClassFaultLeavesServicesWhole(t *testing.T) {
	for _, how := range []string{"drain", "stop"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			g, _, to, cluster := ownLabOn(t, "fault", lettingGo())
			if how == "stop" {
				dial := g.Dial
				g.Dial = func(ctx context.Context, c roster.Cluster) (grader.Conn, error) {
					conn, err := dial(ctx, c)
					conn.Injector = stopping{cluster}
					return conn, err
				}
			}
			j, err := g.Open(t.Context(), grader.Select{Class: "own", Students: []string{"2024001", "2024002"}})
			require.NoError(t, err)
			before, err := deployments.Look(t.Context(), to)
			require.NoError(t, err)
			require.Equal(t, "3", before["running web03"])
			got, err := j.Grade(t.Context(), grader.GradeOptions{Yes: true})
			require.NoError(t, err)
			changed, err := before.Settled(t.Context(), to, time.Minute)
			require.NoError(t, err)
			require.Empty(t, changed)
			d, err := j.Run(t.Context(), got.Run)
			require.NoError(t, err)
			for i, want := range []check.Outcome{check.Pass, check.Fail} {
				for _, v := range d.Students[i].Verdicts {
					t.Logf("%s %s: %s: %s", d.Students[i].ID, v.Check, v.Outcome, i18n.EN.Text(v.Message))
					if v.Check == "back" {
						require.Equal(t, want, v.Outcome)
					}
				}
			}
			configs, err := to.Manager.ConfigList(t.Context(), swarm.ConfigListOptions{})
			require.NoError(t, err)
			require.Empty(t, configs, "no mark is left")
		})
	}
}

// TestWhatAKilledGraderLeavesIsMadeWhole: grade restore undoes the fault and then brings
// back what it took, of services of the same student as well.
func TestWhatAKilledGraderLeavesIsMadeWhole(t *testing.T) {
	t.Parallel()
	g, j, to := ownLab(t, "fault", lettingGo())
	before, err := deployments.Look(t.Context(), to)
	require.NoError(t, err)
	conn, err := g.Dial(t.Context(), j.Class.Cluster)
	require.NoError(t, err)
	defer conn.Close()
	at := func() int64 { return 0 }
	snap, err := conn.Snapshot(t.Context(), at)
	require.NoError(t, err)
	plan, err := j.Plan(t.Context(), false)
	require.NoError(t, err)
	require.Len(t, plan.Plan.Faults, 1)
	require.NoError(t, os.MkdirAll(filepath.Join(g.Dir, "gradebook"), 0o700))
	journal, err := action.OpenJournal(action.JournalPath(filepath.Join(g.Dir, "gradebook"), "own"))
	require.NoError(t, err)
	opt := action.Options{
		Cluster: conn, Injector: action.KeepWhole(conn), Journal: journal, Class: "own", Spec: j.Class.Fault, Conn: j.Class.Cluster, At: at,
	}
	kept := 0
	for i := range snap.Services {
		if keep, needed := action.Keep(snap, &snap.Services[i], "2024001"); needed {
			_, err := action.Begin(t.Context(), opt, keep)
			require.NoError(t, err)
			_, err = action.Begin(t.Context(), opt, keep)
			require.ErrorContains(t, err, "not been undone", "twice is once too often")
			kept++
		}
	}
	require.Equal(t, 2, kept)
	opt.Injector, err = action.New(action.NodeDrain, j.Class.Fault, conn)
	require.NoError(t, err)
	_, err = action.Begin(t.Context(), opt, plan.Plan.Faults[0].Fault)
	require.NoError(t, err)
	require.NoError(t, journal.Close())
	require.Eventually(t, func() bool {
		now, err := deployments.Look(t.Context(), to)
		require.NoError(t, err)
		return now["running web02"] != "3" && now["running web03"] != "3"
	}, 20*time.Second, 50*time.Millisecond)
	healed, _, err := g.Restore(t.Context(), "own", false)
	require.NoError(t, err)
	require.Len(t, healed, 3)
	changed, err := before.Settled(t.Context(), to, time.Minute)
	require.NoError(t, err)
	require.Empty(t, changed)
}

// TestADrainLeavesServicesWhole: a manager that a rubric has drained is everybody's too.
func TestADrainLeavesServicesWhole(t *testing.T) {
	t.Parallel()
	g, _, to := ownLab(t, "drain", lettingGo())
	j, err := g.Open(t.Context(), grader.Select{Class: "own", Students: []string{"2024001", "2024002"}})
	require.NoError(t, err)
	before, err := deployments.Look(t.Context(), to)
	require.NoError(t, err)
	require.Equal(t, "3", before["running web03"], "of a student who is not graded")
	_, err = j.Grade(t.Context(), grader.GradeOptions{Yes: true})
	require.NoError(t, err)
	changed, err := before.Settled(t.Context(), to, time.Minute)
	require.NoError(t, err)
	require.Empty(t, changed)
}
