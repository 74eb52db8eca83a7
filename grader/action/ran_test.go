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

// built is a service of a student's on an embedded cluster.
type built struct {
	c    *grader.Cluster
	conn roster.Cluster
	clis []*client.Client // of each node
	id   string
}

// build brings up what a student has written, and waits for all replicas.
func build(t *testing.T, replicas uint64, change func(s *swarm.ServiceSpec)) *built {
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	s, err := sim.New(t.Context(), sim.Options{Seed: 1, Speed: sim.Fast})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	b := &built{conn: roster.Cluster{Endpoints: s.Endpoints(), Nodes: s.NodeAddresses()}}
	for _, at := range s.Endpoints() {
		cli, err := client.NewClientWithOpts(client.WithHost(at), client.WithAPIVersionNegotiation())
		require.NoError(t, err)
		t.Cleanup(func() { _ = cli.Close() })
		b.clis = append(b.clis, cli)
	}
	spec := swarm.ServiceSpec{
		Annotations:  swarm.Annotations{Name: "s01"},
		TaskTemplate: swarm.TaskSpec{ContainerSpec: &swarm.ContainerSpec{Image: "whoami-for-swarm"}},
		Mode:         swarm.ServiceMode{Replicated: &swarm.ReplicatedService{Replicas: &replicas}},
	}
	change(&spec)
	made, err := b.clis[0].ServiceCreate(t.Context(), spec, swarm.ServiceCreateOptions{})
	require.NoError(t, err)
	b.id = made.ID
	b.c, err = grader.Dial(t.Context(), b.conn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.c.Close()) })
	b.runs(t, int(replicas))
	return b
}

// running are the tasks that run, by slot.
func (b *built) running(t *testing.T) (out []evidence.Task) {
	_, tasks, err := b.c.Poll(t.Context(), noClock)
	require.NoError(t, err)
	for _, x := range tasks {
		if x.ServiceID == b.id && x.Desired == "running" && x.State == "running" {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b evidence.Task) int { return a.Slot - b.Slot })
	return out
}

func (b *built) runs(t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return len(b.running(t)) == n }, 20*time.Second, 20*time.Millisecond)
}

// crash ends the container of the highest slot, as a program does that fails.
func (b *built) crash(t *testing.T) {
	all := b.running(t)
	last := all[len(all)-1]
	for _, cli := range b.clis {
		if err := cli.ContainerKill(t.Context(), last.ContainerID, "KILL"); err == nil {
			break
		}
	}
	b.settle(t)
}

// settle waits until nothing has changed for some time.
func (b *built) settle(t *testing.T) {
	t.Helper()
	last, same := "", 0
	require.Eventually(t, func() bool {
		_, tasks, err := b.c.Poll(t.Context(), noClock)
		require.NoError(t, err)
		now := ""
		for _, x := range tasks {
			now += fmt.Sprintln(x.ID, x.Desired, x.State)
		}
		if same++; now != last {
			last, same = now, 0
		}
		return same > 15
	}, 20*time.Second, 20*time.Millisecond)
}

// begun waits until an update has replaced something.
func (b *built) begun(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		return slices.ContainsFunc(b.running(t), func(x evidence.Task) bool { return x.Forced > 0 })
	}, 20*time.Second, 20*time.Millisecond)
}

// aim chooses an action by what is there now.
func (b *built) aim(t *testing.T, name string) evidence.Action {
	snap, err := b.c.Snapshot(t.Context(), noClock)
	require.NoError(t, err)
	i := slices.IndexFunc(snap.Services, func(s evidence.Service) bool { return s.ID == b.id })
	kind, _ := Find(name)
	a, code := kind.Aim(kind.NewParams(), snap, &snap.Services[i], "2024001")
	require.Empty(t, code)
	return a
}

// TestWhatRanBeforeRunsAgain: what an action ends is brought back, and what a student had
// let end before is not, also when the grader was killed in between.
func TestWhatRanBeforeRunsAgain(t *testing.T) {
	restart := func(condition swarm.RestartPolicyCondition, attempts uint64) func(s *swarm.ServiceSpec) {
		none := time.Duration(0)
		return func(s *swarm.ServiceSpec) {
			s.TaskTemplate.RestartPolicy = &swarm.RestartPolicy{Condition: condition, Delay: &none}
			if attempts > 0 {
				s.TaskTemplate.RestartPolicy.MaxAttempts = &attempts
			}
		}
	}
	slowly := func(change func(s *swarm.ServiceSpec)) func(s *swarm.ServiceSpec) {
		return func(s *swarm.ServiceSpec) {
			change(s)
			s.UpdateConfig = &swarm.UpdateConfig{Parallelism: 1, Delay: time.Hour, Order: swarm.UpdateOrderStopFirst, FailureAction: swarm.UpdateFailureActionPause}
		}
	}
	for _, c := range []struct {
		did     string
		change  func(s *swarm.ServiceSpec)
		crashes int
		kind    string
		want    int
	}{
		{"never restarts and all three run", restart(swarm.RestartPolicyConditionNone, 0), 0, ContainerKill, 3},
		{"never restarts and one of three has crashed", restart(swarm.RestartPolicyConditionNone, 0), 1, ContainerKill, 2},
		{"never restarts and two of three have crashed", restart(swarm.RestartPolicyConditionNone, 0), 2, ContainerKill, 1},
		{"one of three has used up its attempts", restart(swarm.RestartPolicyConditionAny, 1), 2, ContainerKill, 2},
		{"restarts and all three run", restart(swarm.RestartPolicyConditionAny, 0), 1, ContainerKill, 3},
		{"updates slowly and all three run", slowly(restart(swarm.RestartPolicyConditionNone, 0)), 0, Update, 3},
		{"updates slowly and one of three has crashed", slowly(restart(swarm.RestartPolicyConditionNone, 0)), 1, Update, 2},
	} {
		for _, killed := range []bool{false, true} {
			name := c.did
			if killed {
				name += ", the grader is killed"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b := build(t, 3, c.change)
				for range c.crashes {
					b.crash(t)
				}
				require.Len(t, b.running(t), c.want, "before")
				path := filepath.Join(t.TempDir(), "fault-T.journal")
				inj, err := New(c.kind, roster.Fault{}, b.c)
				require.NoError(t, err)
				journal := openJournal(t, path)
				s, err := Begin(t.Context(), Options{
					Cluster: b.c, Injector: inj, Journal: journal, Class: "T", Run: "r", Conn: b.conn, Limit: time.Minute, At: noClock,
				}, b.aim(t, c.kind))
				require.NoError(t, err)
				if c.kind == Update {
					b.begun(t)
				}
				if killed {
					require.NoError(t, journal.Close())
					done, err := Heal(t.Context(), path, HealOptions{Dial: func(ctx context.Context, conf roster.Cluster) (Cluster, func() error, error) {
						c, err := grader.Dial(ctx, conf)
						return c, c.Close, err
					}})
					require.NoError(t, err)
					require.Len(t, done, 1)
				} else {
					require.NoError(t, s.Restore(t.Context()))
				}
				b.settle(t)
				require.Len(t, b.running(t), c.want, "as before")
				n, _, err := b.c.Replicas(t.Context(), b.id)
				require.NoError(t, err)
				require.EqualValues(t, 3, n)
			})
		}
	}
}
