package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/sim"
	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/swarm"
	"swarmgrade/loadgen"
)

// BenchmarkFaultWindow measures one fault window of the embedded cluster with
// one student and with sixty, all of whom recover: the fault is shared, so that
// sixty must not take much longer (at most 1.3 times).
func BenchmarkFaultWindow(b *testing.B) {
	for b.Loop() {
		one, sixty := window(b, 1), window(b, 60)
		b.ReportMetric(one.Seconds(), "s-of-1")
		b.ReportMetric(sixty.Seconds(), "s-of-60")
		b.ReportMetric(sixty.Seconds()/one.Seconds(), "ratio")
	}
	b.ReportMetric(0, "ns/op") // the time of bringing clusters up
}

// window puts n students up and takes the wall time of one window.
func window(b *testing.B, n int) time.Duration {
	ctx := b.Context()
	all, err := deployments.All()
	require.NoError(b, err)
	good, err := deployments.Find(all, "1", "three-replicas")
	require.NoError(b, err)
	seats, err := deployments.SeatsGenerated(all, n, false)
	require.NoError(b, err)
	var students []roster.Student
	vars := map[string]map[string]string{}
	for i := range seats {
		seats[i].Deployment = good
		students = append(students, roster.Student{ID: seats[i].ID})
		vars[seats[i].ID] = seats[i].Vars
	}
	s, err := sim.New(ctx, sim.Options{Seed: simSeed, Speed: simSpeed})
	require.NoError(b, err)
	defer func() { require.NoError(b, s.Close()) }()
	a := &app{command: command{Stdout: b.Output(), Stderr: b.Output(), Getenv: func(string) string { return "" }}}
	a.ui = newUI(a.command, a.lang())
	require.NoError(b, a.populate(ctx, s, seats))
	c, err := swarm.Dial(ctx, roster.Cluster{Endpoints: s.Endpoints(), Nodes: s.NodeAddresses()})
	require.NoError(b, err)
	defer c.Close()
	cl := &simCluster{Cluster: c, sim: s}

	rub, err := grader.BuiltinRubric("ha-lb")
	require.NoError(b, err)
	start := time.Now()
	at := func() int64 { return time.Since(start).Milliseconds() }
	snap, err := cl.Snapshot(ctx, at)
	require.NoError(b, err)
	serving := ""
	for _, e := range snap.Endpoints {
		if e.Address == cl.Manager() {
			serving = e.NodeID
		}
	}
	plan := observe.NewPlan(rub, []string{"1"}, students, vars, snap)
	plan.ChooseFaults(snap, action.Rules{Kind: action.NodeStop, Serving: serving})
	require.Len(b, plan.Faults, 1)
	require.Len(b, plan.Faults[0].Students, n)
	journal, err := action.OpenJournal(action.JournalPath(b.TempDir(), "bench"))
	require.NoError(b, err)
	defer journal.Close()
	w := observe.Windows{
		Watcher: cl, Prober: loadgen.Loader{}, At: at, Rate: 4000, Swarm: snap.Swarm,
		Breaker: benchBreaker{action.Options{Cluster: cl, Injector: simInjector{s}, Journal: journal, Class: "bench", Run: "bench", At: at}},
	}
	began := time.Now()
	seen, probings, err := w.Watch(context.WithoutCancel(ctx), plan.Faults[0].Fault,
		plan.Hits(&plan.Faults[0], snap, func(string) bool { return false }))
	took := time.Since(began)
	require.NoError(b, err)
	require.Equal(b, "recovered", seen.End, "in %d ms with %d polls", seen.Ended, len(seen.Polls))
	require.Len(b, probings, n)
	return took
}

// benchBreaker makes the fault as a run does, and says nothing of it.
type benchBreaker struct{ opt action.Options }

func (b benchBreaker) Break(ctx context.Context, f evidence.Action, limit time.Duration, watch func(context.Context) error) (action.Outcome, error) {
	b.opt.Limit = limit
	return action.Run(ctx, b.opt, f, func(ctx context.Context, _ *action.Session) error { return watch(ctx) })
}
