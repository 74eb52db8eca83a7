package action

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/sim"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/roster"
	grader "swarmgrade/grader/swarm"
)

// simInjector stops nodes of an embedded cluster.
type simInjector struct{ sim *sim.Cluster }

func (i simInjector) Inject(_ context.Context, f evidence.Action) error {
	return i.sim.FailNode(f.Hostname)
}

func (i simInjector) Restore(_ context.Context, f evidence.Action) error {
	return i.sim.RecoverNode(f.Hostname)
}

// startSim is an embedded cluster on which a service of two replicas runs.
func startSim(t *testing.T) (*sim.Cluster, *grader.Cluster, Concern) {
	s, err := sim.New(t.Context(), sim.Options{Seed: 1, Speed: sim.Fast})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	cli, err := client.NewClientWithOpts(client.WithHost(s.Endpoints()[0]), client.WithAPIVersionNegotiation())
	require.NoError(t, err)
	t.Cleanup(func() { _ = cli.Close() })
	two := uint64(2)
	made, err := cli.ServiceCreate(t.Context(), swarm.ServiceSpec{
		Annotations:  swarm.Annotations{Name: "s01"},
		TaskTemplate: swarm.TaskSpec{ContainerSpec: &swarm.ContainerSpec{Image: "whoami-for-swarm"}},
		Mode:         swarm.ServiceMode{Replicated: &swarm.ReplicatedService{Replicas: &two}},
	}, swarm.ServiceCreateOptions{})
	require.NoError(t, err)
	c, err := grader.Dial(t.Context(), roster.Cluster{Endpoints: s.Endpoints(), Nodes: s.NodeAddresses()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	settled(t, c, 2)
	return s, c, Concern{Student: "2024001", Service: made.ID}
}

// settled waits until so many tasks run on nodes that are ready.
func settled(t *testing.T, c *grader.Cluster, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, again(ctx, func() error {
		nodes, tasks, err := c.Poll(ctx, noClock)
		ready := map[string]bool{}
		for _, x := range nodes {
			ready[x.ID] = x.State == "ready"
		}
		k := 0
		for _, x := range tasks {
			if x.Desired == "running" && x.State == "running" && ready[x.NodeID] {
				k++
			}
		}
		if err == nil && k != n {
			err = fmt.Errorf("%d of %d tasks run", k, n)
		}
		return err
	}))
}

// Every kind that the API allows, on an engine's API with nothing faked but the
// engine.
func TestFaultsOnTheEmbeddedCluster(t *testing.T) {
	s, c, who := startSim(t)
	for _, kind := range []string{NodeStop, NodeDrain} {
		t.Run(kind, func(t *testing.T) {
			snap, err := c.Snapshot(t.Context(), noClock)
			require.NoError(t, err)
			plan := Choose(snap, []Concern{who}, Rules{Kind: kind})
			require.Len(t, plan.Steps, 1)
			f := plan.Steps[0].Fault
			var inj Injector = simInjector{s}
			if kind == NodeDrain {
				inj, err = New(kind, roster.Fault{}, c)
				require.NoError(t, err)
			}
			opt := Options{
				Cluster: c, Injector: inj, Journal: openJournal(t, filepath.Join(t.TempDir(), "fault-T.journal")),
				Class: "T", Run: "r", Limit: time.Minute, At: noClock,
			}
			_, err = Run(t.Context(), opt, f, func(ctx context.Context, _ *Session) error {
				_, found, err := ReadMark(ctx, c)
				require.NoError(t, err)
				require.True(t, found)
				created, err := c.CreateLock(ctx, MarkName, []byte("another"))
				require.NoError(t, err)
				require.False(t, created)
				settled(t, c, 2)
				return nil
			})
			require.NoError(t, err)
			_, found, err := ReadMark(t.Context(), c)
			require.NoError(t, err)
			require.False(t, found)
		})
	}
	t.Run(TaskKill, func(t *testing.T) {
		settled(t, c, 2)
		_, tasks, err := c.Poll(t.Context(), noClock)
		require.NoError(t, err)
		f := evidence.Action{Kind: TaskKill}
		for _, x := range tasks {
			if x.State == "running" && x.Desired == "running" {
				f.NodeID, f.TaskID, f.ContainerID, f.Service = x.NodeID, x.ID, x.ContainerID, x.ServiceID
			}
		}
		inj, err := New(TaskKill, roster.Fault{}, c)
		require.NoError(t, err)
		_, err = Run(t.Context(), Options{Cluster: c, Injector: inj, At: noClock}, f, func(ctx context.Context, _ *Session) error {
			ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			return again(ctx, func() error {
				_, tasks, err := c.Poll(ctx, noClock)
				for _, x := range tasks {
					if x.ID == f.TaskID && x.State == "running" {
						err = fmt.Errorf("task %s still runs", x.ID)
					}
				}
				return err
			})
		})
		require.NoError(t, err)
		settled(t, c, 2)
	})
}

// TestScaleOnTheEmbeddedCluster: five tasks run while it is in force, two before and
// after; and what a student changed meanwhile stays.
func TestScaleOnTheEmbeddedCluster(t *testing.T) {
	_, c, who := startSim(t)
	snap, err := c.Snapshot(t.Context(), noClock)
	require.NoError(t, err)
	i := slices.IndexFunc(snap.Services, func(s evidence.Service) bool { return s.ID == who.Service })
	kind, _ := Find(Scale)
	a, code := kind.Aim(&scaleParams{Replicas: 5}, snap, &snap.Services[i], who.Student)
	require.Empty(t, code)
	inj, err := New(Scale, roster.Fault{}, c)
	require.NoError(t, err)
	opt := Options{
		Cluster: c, Injector: inj, Journal: openJournal(t, filepath.Join(t.TempDir(), "fault-T.journal")),
		Class: "T", Run: "r", Limit: time.Minute, At: noClock,
	}
	s, err := Begin(t.Context(), opt, a)
	require.NoError(t, err)
	settled(t, c, 5)
	require.NoError(t, s.Restore(t.Context()))
	settled(t, c, 2)

	scaled, err := c.Scale(t.Context(), a.Service, 5, 7)
	require.NoError(t, err)
	require.False(t, scaled, "it has two")
	s, err = Begin(t.Context(), opt, a)
	require.NoError(t, err)
	scaled, err = c.Scale(t.Context(), a.Service, 5, 3)
	require.NoError(t, err)
	require.True(t, scaled)
	require.NoError(t, s.Restore(t.Context()))
	require.True(t, s.Outcome().Left)
	settled(t, c, 3)
	n, found, err := c.Replicas(t.Context(), "no-such")
	require.NoError(t, err)
	require.False(t, found)
	require.Zero(t, n)
}
