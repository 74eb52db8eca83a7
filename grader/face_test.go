package grader_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/client"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/classes"
	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/sim"
	"swarmgrade/grader"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/mention"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/swarm"
	"swarmgrade/loadgen"
)

// driver is load as this face has it.
type driver struct{ loadgen.Loader }

func (d driver) Knowing(snap *evidence.Snapshot) grader.Loader {
	d.Options.Known = mention.New(snap)
	return d
}

// TestAnotherFace: a face that is no command line grades a sample class; it hears
// what goes on in one order, and says it in two languages at once.
func TestAnotherFace(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	seats, err := deployments.SampleSeats("2024A")
	require.NoError(t, err)
	cluster := putUp(t, seats)
	said := map[i18n.Lang][]string{}
	heard := map[i18n.Lang]chan grader.Event{}
	var saying sync.WaitGroup
	var mu sync.Mutex // of said
	for _, lang := range i18n.Langs {
		events := make(chan grader.Event, 100)
		heard[lang] = events
		saying.Go(func() {
			var lines []string
			for e := range events {
				if n, ok := e.(grader.Note); ok {
					lines = append(lines, lang.Text(n.Msg))
				}
			}
			mu.Lock()
			defer mu.Unlock()
			said[lang] = lines
		})
	}
	var order []grader.Event
	g := &grader.Grader{
		Dir: t.TempDir(), Samples: classes.FS(), Tool: "another face",
		Tell: func(e grader.Event) { // one at a time, so that nothing need be locked
			order = append(order, e)
			for _, events := range heard {
				events <- e
			}
		},
	}
	handIn(t, g, cluster)
	j, err := g.Open(t.Context(), grader.Select{Class: "2024A", Task: "2"})
	require.NoError(t, err)
	got, err := j.Grade(t.Context(), grader.GradeOptions{NoFault: true})
	require.NoError(t, err)
	graded := len(order)
	d, err := j.Run(t.Context(), got.Run)
	require.NoError(t, err)
	for _, events := range heard {
		close(events)
	}
	saying.Wait()

	require.Len(t, d.Students, len(seats))
	steps := 0
	for _, e := range order {
		if _, ok := e.(grader.Step); ok {
			steps++
		}
	}
	require.Greater(t, steps, len(seats))
	require.Equal(t, grader.Ended{Stage: grader.Judging}, order[graded-1], "judging comes last")
	require.Len(t, said[i18n.ZH], len(said[i18n.EN]))
	require.NotEqual(t, said[i18n.ZH], said[i18n.EN])
}

// handIn gives a grader a cluster and load.
func handIn(t *testing.T, g *grader.Grader, cluster *sim.Cluster) {
	g.Dial = func(ctx context.Context, _ roster.Cluster) (grader.Conn, error) {
		c, err := swarm.Dial(ctx, roster.Cluster{Endpoints: cluster.Endpoints(), Nodes: cluster.NodeAddresses()})
		if err != nil {
			return grader.Conn{}, err
		}
		return grader.Conn{Cluster: c, Close: func() { _ = c.Close() }, Passing: true, Scratch: t.TempDir()}, nil
	}
	g.Load = func(o grader.LoadOptions) (grader.Loader, error) {
		attributor, err := loadgen.Compile(o.Attribution)
		return driver{loadgen.Loader{Options: loadgen.Options{
			Attribution: attributor, Known: mention.New(o.Known), Settle: true, Epoch: o.Start, Nonce: loadgen.NewNonce(),
			Limiter: loadgen.NewLimiter(float64(o.Rate)),
		}}}, err
	}
}

// putUp brings an embedded cluster up with students on it.
func putUp(t *testing.T, seats []deployments.Seat) *sim.Cluster {
	t.Helper()
	c, to := emptyCluster(t)
	jobs := make([]deployments.Job, len(seats))
	for i, s := range seats {
		jobs[i] = s.Job()
	}
	require.NoError(t, deployments.ApplyAll(t.Context(), to, jobs, 16, func(_ deployments.Job, _ time.Duration, err error) { require.NoError(t, err) }))
	return c
}

// emptyCluster is an embedded one, with how students are put on it.
func emptyCluster(t *testing.T) (*sim.Cluster, deployments.Targets) {
	t.Helper()
	c, err := sim.New(t.Context(), sim.Options{Seed: 1, Speed: sim.Fast, Worker: playWorker})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	to := deployments.Targets{Wait: time.Minute}
	for i, name := range c.Nodes() {
		api, err := client.NewClientWithOpts(client.WithHost(c.Endpoints()[i]), client.WithAPIVersionNegotiation())
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, api.Close()) })
		api.NegotiateAPIVersion(t.Context())
		to.Nodes = append(to.Nodes, deployments.Node{Name: name, Address: c.NodeAddresses()[name], Client: api})
	}
	to.Manager = to.Nodes[0].Client
	return c, to
}
