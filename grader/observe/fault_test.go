package observe_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/observe"
)

// faultPlan is a plan of task 1 for n students, whose cluster a change was
// made to before.
func faultPlan(t *testing.T, n int, change func(s *evidence.Snapshot)) (*observe.Plan, *evidence.Snapshot) {
	t.Helper()
	students, vars := class(n)
	snap := cluster(n)
	snap.Swarm = evidence.Swarm{HeartbeatMS: 5000, Managers: 3}
	for i := range snap.Nodes {
		snap.Nodes[i].Reachability, snap.Nodes[i].Leader = "reachable", i == 0
		snap.Endpoints = append(snap.Endpoints, evidence.Endpoint{
			Address: "tcp://" + snap.Nodes[i].Address + ":2375", NodeID: snap.Nodes[i].ID, Reached: true, Manager: true,
		})
	}
	if change != nil {
		change(snap)
	}
	return observe.NewPlan(loadRubric(t), []string{"1"}, students, vars, snap), snap
}

func TestPlanOfFaults(t *testing.T) {
	rules := action.Rules{Kind: action.NodeStop, Serving: "node-1"}
	p, snap := faultPlan(t, 3, func(s *evidence.Snapshot) {
		s.Services[1].Ports[0].Mode = "host" // cannot be probed through the mesh
		for i := range s.Tasks {
			if s.Tasks[i].ServiceID == "svc-s03" {
				s.Tasks[i].NodeID = "node-1"
			}
		}
		s.Services[0].Restart.DelayMS = 3_600_000 // an hour is not waited for
	})
	require.True(t, p.NeedsFault())
	require.Nil(t, p.Students[1].Watch)
	require.Contains(t, p.Students[1].Skipped, observe.Skip{Load: "window", Why: "not-published"})
	p.ChooseFaults(snap, rules)
	require.Len(t, p.Faults, 1, "node-1 takes a task of both")
	f := &p.Faults[0]
	require.Equal(t, "node-1", f.Fault.NodeID, "leader and server of the API, but nothing else hits all at once")
	require.Equal(t, []string{"2024001", "2024003"}, f.Students)
	require.Less(t, f.LimitMS, int64(300_000))

	watched := p.Hits(f, snap, func(id string) bool { return id == "2024003" })
	require.Len(t, watched, 1, "the other has been seen by an earlier try")
	require.Equal(t, "svc-s01", watched[0].Service.ID)
	var at []string
	for _, target := range watched[0].Targets {
		at = append(at, target.ID+" "+target.Address)
	}
	require.Equal(t, []string{"mesh/manager-2 172.30.0.12:8001", "mesh/manager-3 172.30.0.13:8001"}, at, "not through the lost node")

	// Two managers bear no loss.
	p, snap = faultPlan(t, 1, func(s *evidence.Snapshot) { s.Nodes[2].State = "down" })
	p.ChooseFaults(snap, rules)
	require.Empty(t, p.Faults)
	require.False(t, p.NeedsFault())
	require.Equal(t, &evidence.Gap{What: "window", Code: "node-down", Detail: "manager-3"}, p.Students[0].Watch.Gap)

	p, _ = faultPlan(t, 2, nil)
	p.LeaveOut("left-out", "")
	require.False(t, p.NeedsFault())
	for _, s := range p.Students {
		require.Equal(t, "left-out", s.Watch.Gap.Code)
	}

	// Task 2 asks for none.
	other, _ := planFor(t, 1)
	require.False(t, other.NeedsFault())
}

func TestKillOne(t *testing.T) {
	name := func(s *evidence.Snapshot) {
		for i := range s.Tasks {
			s.Tasks[i].ContainerID = "c-" + s.Tasks[i].ID
		}
	}
	p, snap := faultPlan(t, 1, name)
	require.True(t, p.KillOne(snap))
	f := p.Faults[0].Fault
	require.Equal(t, action.TaskKill, f.Kind)
	require.Equal(t, "svc-s01", f.Service)
	require.Equal(t, "c-"+f.TaskID, f.ContainerID)
	require.Len(t, p.Hits(&p.Faults[0], snap, func(string) bool { return false })[0].Targets, 3, "its node stays")

	// A student's own engine is often the only one that can be told.
	p, snap = faultPlan(t, 1, func(s *evidence.Snapshot) { name(s); s.Endpoints = s.Endpoints[2:] })
	require.True(t, p.KillOne(snap))
	require.Equal(t, "node-3", p.Faults[0].Fault.NodeID)

	for what, change := range map[string]func(s *evidence.Snapshot){
		"no engine":  func(s *evidence.Snapshot) { name(s); s.Endpoints = nil },
		"no ID":      func(*evidence.Snapshot) {},
		"no service": func(s *evidence.Snapshot) { name(s); s.Services = nil },
		"two students' plan": func(s *evidence.Snapshot) {
			name(s)
		},
	} {
		n := 1
		if what == "two students' plan" {
			n = 2
		}
		p, snap = faultPlan(t, n, change)
		require.False(t, p.KillOne(snap), what)
		require.Empty(t, p.Faults, what)
	}
}

func later(ctx context.Context, r *observe.Runner, p *observe.Plan, bundles []*evidence.Bundle, settled *evidence.Snapshot) error {
	after, into := p.After(bundles, settled)
	observed, err := r.Observe(ctx, after, settled)
	if err != nil {
		return err
	}
	for k, o := range observed {
		into[k].Begin(evidence.FaultEpisode).Observed(o.Bundle)
	}
	return nil
}

// TestLater drives the load after a fault for whoever was in its window.
func TestLater(t *testing.T) {
	p, snap := faultPlan(t, 3, nil)
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		l.loadErr["mesh/manager-3"] = errors.New("a bug")
		l.down["172.30.0.12"] = true
		probed := func() *evidence.Bundle {
			return &evidence.Bundle{Episodes: []evidence.Episode{{Name: evidence.FaultEpisode, Probing: &evidence.Probing{}}}}
		}
		bundles := []*evidence.Bundle{probed(), {}, probed()}
		require.NoError(t, later(t.Context(), l.runner(2), p, bundles, snap))
		require.Empty(t, bundles[1].Episodes)
		for _, b := range []*evidence.Bundle{bundles[0], bundles[2]} {
			e := b.Episodes[0]
			require.Len(t, e.Traces, 1)
			require.Equal(t, "mesh/manager-1", e.Traces[0].Target.ID)
			codes := map[string]string{}
			for _, g := range e.Gaps {
				codes[g.What] = g.Code
			}
			require.Equal(t, map[string]string{"load/mesh/manager-2": "unreachable", "load/mesh/manager-3": "internal"}, codes)
		}
		require.ElementsMatch(t, []string{"172.30.0.11:8001", "172.30.0.13:8001", "172.30.0.11:8003", "172.30.0.13:8003"}, l.driven)

		stop := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(stop)
		require.ErrorIs(t, later(ctx, l.runner(2), p, bundles, snap), stop)
	})
}
