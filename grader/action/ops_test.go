package action

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
)

// killed is a container of the service a, called as the student.
func killed(b *bench, t *testing.T) evidence.Action {
	kind, ok := Find(ContainerKill)
	require.True(t, ok)
	snap := world("m1* m2 m3", "svc-a:m2,m3")
	for i := range snap.Tasks {
		snap.Tasks[i].Slot, snap.Tasks[i].ContainerID = 2-i, "c-"+snap.Tasks[i].ID
	}
	a, code := kind.Aim(kind.NewParams(), snap, &evidence.Service{ID: "svc-a", Name: "a", Mode: "replicated", Replicas: 2}, "a")
	require.Empty(t, code)
	require.Equal(t, "svc-a.1", a.TaskID, "of the lowest slot")
	require.Equal(t, "m3", a.Hostname)
	b.swarm.tasks = snap.Tasks
	b.opt.Injector = containerKill{taskKill{b.swarm}}
	return a
}

func TestWhichContainerIsKilled(t *testing.T) {
	kind, _ := Find(ContainerKill)
	svc := &evidence.Service{ID: "svc-a", Name: "a", Mode: "replicated", Replicas: 2}
	for name, c := range map[string]struct{ nodes, tasks, code string }{
		"runs on a node without an endpoint": {"m1* m2~", "svc-a:m2", "endpoint"},
		"runs on a node that is down":        {"m1* m2!", "svc-a:m2", "endpoint"},
		"nothing runs":                       {"m1* m2", "other:m2", "not-running"},
	} {
		snap := world(c.nodes, c.tasks)
		for i := range snap.Tasks {
			snap.Tasks[i].ContainerID = "c"
		}
		_, code := kind.Aim(nil, snap, svc, "a")
		require.Equal(t, c.code, code, name)
	}
	_, code := kind.Aim(nil, world("m1*", "svc-a:m1"), &evidence.Service{ID: "svc-a", Mode: "global"}, "a")
	require.Equal(t, "global", code)
}

// What the swarm replaces is left to it; what it does not is brought back.
func TestAKilledContainerIsMadeGood(t *testing.T) {
	for name, c := range map[string]struct {
		after  func(b *bench) // what became of the service
		scaled bool
		want   uint64
	}{
		"replaced": {func(*bench) {}, false, 2},
		"waits for its restart delay": {func(b *bench) {
			b.swarm.tasks[1].State, b.swarm.tasks[1].Desired = "ready", "ready"
		}, false, 2},
		"not replaced":           {func(b *bench) { b.swarm.tasks[1].State = "failed" }, true, 2},
		"scaled by the student":  {func(b *bench) { b.swarm.replicas["svc-a"] = 5 }, false, 5},
		"removed by the student": {func(b *bench) { delete(b.swarm.replicas, "svc-a") }, false, 0},
		"cut off between the two": {func(b *bench) {
			b.swarm.replicas["svc-a"], b.swarm.tasks = 1, b.swarm.tasks[:1]
		}, true, 2},
	} {
		b := newBench(t)
		a := killed(b, t)
		s, err := Begin(t.Context(), b.opt, a)
		require.NoError(t, err, name)
		require.Equal(t, []string{"c-svc-a.1"}, b.swarm.killed, name)
		require.Len(t, b.swarm.locks, 1, name)
		c.after(b)
		was := b.swarm.scalings
		b.swarm.refills = "svc-a"
		require.NoError(t, s.Restore(t.Context()), name)
		require.NoError(t, s.opt.Injector.Restore(t.Context(), a), "%s: twice is once", name)
		require.Equal(t, c.want, b.swarm.replicas["svc-a"], name)
		require.Equal(t, c.scaled, b.swarm.scalings > was, name)
		if c.want == 2 {
			alive := 0
			for _, task := range b.swarm.tasks {
				if task.ServiceID == "svc-a" && task.State != "failed" {
					alive++
				}
			}
			require.Equal(t, 2, alive, name)
		}
		b.requireUndone(t)
	}

	b := newBench(t)
	a := killed(b, t)
	b.swarm.tasks[1].ContainerID = "c-another"
	_, err := Begin(t.Context(), b.opt, a)
	require.Equal(t, "changed", diag.Code(err))
	require.Empty(t, b.swarm.killed)
	b.requireUndone(t)
}

// An update that is over stays; one that is not is taken back.
func TestAnUpdateIsTakenBackUnlessItIsOver(t *testing.T) {
	kind, _ := Find(Update)
	a, code := kind.Aim(nil, world("m1* m2 m3", "svc-a:m2,m3"), &evidence.Service{ID: "svc-a", Name: "a", Forced: 7}, "a")
	require.Empty(t, code)
	for state, want := range map[string]uint64{"completed": 8, "": 8, "updating": 7, "paused": 7, "rollback_started": 7, "rollback_completed": 7} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t)
			b.opt.Injector = update{b.swarm}
			s, err := Begin(t.Context(), b.opt, a)
			require.NoError(t, err)
			require.EqualValues(t, 8, b.swarm.forced["svc-a"])
			b.swarm.updating = state
			require.NoError(t, s.Restore(t.Context()))
			require.NoError(t, s.opt.Injector.Restore(t.Context(), a), "twice is once")
			require.Equal(t, want, b.swarm.forced["svc-a"], state)
			b.requireUndone(t)
		})
	}

	// What an update that was taken back has stopped, and the swarm does not make anew, is
	// brought back.
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.opt.Injector = update{b.swarm}
		b.swarm.refills, b.swarm.replicas["svc-a"] = "svc-a", 2
		s, err := Begin(t.Context(), b.opt, a)
		require.NoError(t, err)
		b.swarm.updating = "updating"
		b.swarm.tasks = []evidence.Task{
			{ID: "one", ServiceID: "svc-a", Desired: "running", State: "running", Forced: 7},
			{ID: "two", ServiceID: "svc-a", Desired: "shutdown", State: "shutdown", Forced: 7},
		}
		require.NoError(t, s.Restore(t.Context()))
		alive := 0
		for _, task := range b.swarm.tasks {
			if task.ServiceID == "svc-a" && task.State == "running" {
				alive++
			}
		}
		require.Equal(t, 2, alive)
		b.requireUndone(t)
	})

	// One that has replaced all and watches them is not taken back: it is waited for.
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.opt.Injector = update{b.swarm}
		s, err := Begin(t.Context(), b.opt, a)
		require.NoError(t, err)
		b.swarm.updating = "updating"
		b.swarm.tasks = []evidence.Task{
			{ServiceID: "svc-a", Desired: "shutdown", State: "shutdown", Forced: 7},
			{ServiceID: "svc-a", Desired: "running", State: "running", Forced: 8},
		}
		start := time.Now()
		require.NoError(t, s.Restore(t.Context()))
		require.EqualValues(t, 8, b.swarm.forced["svc-a"])
		require.GreaterOrEqual(t, time.Since(start), watchLimit)
		b.requireUndone(t)
	})

	b := newBench(t)
	b.opt.Injector = update{b.swarm}
	b.swarm.forced["svc-a"] = 9
	_, err := Begin(t.Context(), b.opt, a)
	require.Equal(t, "changed", diag.Code(err))
	b.requireUndone(t)

	// What the student has updated since is the student's.
	b = newBench(t)
	b.opt.Injector = update{b.swarm}
	s, err := Begin(t.Context(), b.opt, a)
	require.NoError(t, err)
	b.swarm.forced["svc-a"], b.swarm.updating = 12, "updating"
	require.NoError(t, s.Restore(t.Context()))
	require.EqualValues(t, 12, b.swarm.forced["svc-a"])
	b.requireUndone(t)
}
