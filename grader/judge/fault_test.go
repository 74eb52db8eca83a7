package judge_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/recovery/scene"
	"swarmgrade/grader/stats"
)

// struck lets a node fail under the world's service as a scene has it, and
// measures again once it is back.
func (w *world) struck(s *scene.Scene) {
	svc := &w.before.Services[0]
	svc.Replicas, svc.Mode, svc.Restart = s.Service.Replicas, s.Service.Mode, s.Service.Restart
	svc.Constraints, svc.Image, svc.Health = s.Service.Constraints, s.Service.Image, s.Service.Health
	w.before.Swarm = s.Swarm()
	w.finish = func(c *evidence.Case) {
		window, p, _ := s.Window()
		c.Bundle.Episodes = []evidence.Episode{{Name: evidence.FaultEpisode, Probing: p}}
		c.Episodes = []evidence.Scene{{Episode: &c.Bundle.Episodes[0], Window: window, From: w.before, To: w.after}}
		w.later(c, w.mesh)
	}
}

// later drives the load that follows a fault, enough of it to judge evenness.
func (w *world) later(c *evidence.Case, mesh func(*world) source) {
	e := c.Episodes[0].Episode
	e.Traces = nil
	for _, t := range c.Bundle.Traces {
		t.Target.Requests = stats.Plan(len(w.answers("s01"))).Requests
		e.Traces = append(e.Traces, drive(t.Target, mesh(w)))
	}
}

// task1 judges task 1 of the world, by the check's short name.
func (w *world) task1() map[string]judge.Verdict {
	out := map[string]judge.Verdict{}
	for _, v := range judge.New(w.rub).Verdicts([]string{"1"}, w.observed(w.targets("1")), "") {
		out[v.Check[len("task1."):]] = v
	}
	return out
}

// draw makes a window as a busy cluster has them: the node is noticed after 8
// to 17 s, new tasks take a second to eight to start, the mesh forgets within
// two, some readings and probes get lost.
func draw(s *scene.Scene) *scene.Scene {
	r := s.Rng
	s.Injected = s.Injecting + 200 + r.Int64N(15000)
	s.Detect = 8000 + r.Int64N(9000)
	s.Start, s.Drop = 500+r.Int64N(7500), r.Int64N(2500)
	s.PollLoss, s.ProbeLoss = 0.01, 0.004
	s.Random, s.Hold = r.IntN(2) == 0, 45000
	if r.IntN(5) == 0 {
		s.Kind = []string{"node-drain", "task-kill", "command"}[r.IntN(3)]
	}
	for i := range s.On {
		s.On[i] = (i + r.IntN(2)) % 3
	}
	s.Target = s.On[r.IntN(len(s.On))]
	return s
}

// TestGoodServicesLoseNothingInAFault: however the dice fall.
func TestGoodServicesLoseNothingInAFault(t *testing.T) {
	rub := loadRubric(t)
	runs := 350
	if testing.Short() {
		runs = 50
	}
	t.Parallel()
	for _, replicas := range []int{2, 3, 5} {
		w := newWorld(rub, replicas, 1)
		targets := w.targets("1")
		j := judge.New(rub)
		for run := range runs {
			w.rng = rand.New(rand.NewPCG(uint64(run), uint64(replicas)))
			s := draw(scene.New(replicas, uint64(run*10+replicas)))
			w.struck(s)
			for _, v := range j.Verdicts([]string{"1"}, w.observed(targets), "") {
				if v.Outcome != check.Pass || v.Points != v.Max {
					t.Fatalf("%d replicas, window %d (%s, on %v, target %d, detect %d): %s is %s: %s\n%v", replicas, run, s.Kind, s.On, s.Target, s.Detect,
						v.Check, v.Outcome, i18n.EN.Text(v.Message), v.Observed)
				}
				requireReadable(t, v)
			}
		}
	}
}

// TestFaultStories: what a failing node costs whom, and why; what a case does
// not name passes.
func TestFaultStories(t *testing.T) {
	none := func(s *scene.Scene) { s.Become, s.Service.Restart.Condition = scene.Never, "none" }
	for _, c := range []struct {
		name     string
		replicas int
		change   func(s *scene.Scene)
		want     map[string]want
	}{
		{"recovers", 2, nil, nil},
		{"five replicas", 5, nil, nil},
		{"a restart delay of 20 s", 3, func(s *scene.Scene) { s.Service.Restart.DelayMS = 20000 }, nil},
		{"global", 3, func(s *scene.Scene) { s.Service.Mode, s.Service.Replicas = "global", 0 }, nil},
		{"both where the fault is, by chance", 2, func(s *scene.Scene) { s.On = []int{1, 1} }, nil},
		{"the leader fails", 2, func(s *scene.Scene) { s.Leader, s.Detect, s.Limit = true, 58000, 200000 }, nil},
		{"restart condition none", 2, none, map[string]want{
			"recovers": fail("check.recovers_not"), "replaced": fail("check.replaced_not"), "later-spread": blocked,
		}},
		{"attempts used up", 3, func(s *scene.Scene) { s.Become, s.Service.Restart.MaxAttempts = scene.Never, 1 }, map[string]want{
			"recovers": fail("check.recovers_not"), "replaced": fail("check.replaced_not"), "later-spread": blocked,
		}},
		{"never healthy elsewhere", 3, func(s *scene.Scene) { s.Become = scene.Starting }, map[string]want{
			"recovers": fail("check.recovers_not"), "replaced": fail("check.replaced_not"), "later-spread": blocked,
		}},
		{"pinned", 2, func(s *scene.Scene) {
			s.On, s.Become, s.Service.Constraints = []int{1, 1}, scene.Pending, []string{"node.hostname==manager-2"}
		}, map[string]want{
			"recovers": fail("check.recovers_not"), "replaced": fail("check.replaced_not"), "later-spread": blocked,
			"available": fail("check.available_alone"), "outage": fail("check.outage_ever"),
		}},
		{"no image elsewhere", 2, func(s *scene.Scene) { s.On, s.Become = []int{1, 1}, scene.Rejected }, map[string]want{
			"recovers": fail("check.recovers_not"), "replaced": fail("check.replaced_not"), "later-spread": blocked,
			"available": fail("check.available_alone"), "outage": fail("check.outage_ever"),
		}},
		{"mute where it was replaced", 3, func(s *scene.Scene) { s.Become = scene.Mute }, map[string]want{
			"recovers": fail("check.recovers_silent"), "later-spread": blocked, "available": partial("check.available_low", "2"),
		}},
		{"too late for all points", 3, func(s *scene.Scene) { s.Start = 52000 }, map[string]want{
			"recovers": partial("check.recovers_late", "3"),
		}},
		{"much too late", 3, func(s *scene.Scene) { s.Start = 75000 }, map[string]want{
			"recovers": partial("check.recovers_late", "2"),
		}},
		{"no task there", 2, func(s *scene.Scene) { s.On = []int{0, 2} }, allOpen("check.window_not_hit")},
		{"the node never went down", 2, func(s *scene.Scene) { s.Detect = -1 }, allOpen("check.window_not_down")},
		{"broken off", 2, func(s *scene.Scene) {
			s.Become, s.Limit, s.End, s.Reason = scene.Never, 20000, "aborted", "other-node"
		}, allOpen("check.window_unseen")},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(loadRubric(t), c.replicas, 42)
			s := scene.New(c.replicas, 5)
			if c.change != nil {
				c.change(s)
			}
			w.struck(s)
			requireWanted(t, c.want, w.task1())
		})
	}
}

func allOpen(message string) map[string]want {
	m := map[string]want{}
	for _, id := range []string{"recovers", "replaced", "available", "outage", "later-spread"} {
		m[id] = open(message)
	}
	return m
}

func requireWanted(t *testing.T, want map[string]want, got map[string]judge.Verdict) {
	t.Helper()
	require.Len(t, got, 13)
	for id, v := range got {
		requireReadable(t, v)
		expect, special := want[id]
		if !special {
			require.Equal(t, check.Pass, v.Outcome, "%s: %s", id, i18n.EN.Text(v.Message))
			continue
		}
		require.Equal(t, expect.outcome, v.Outcome, "%s: %s", id, i18n.EN.Text(v.Message))
		require.Equal(t, expect.message, v.Message.Key, id)
		require.False(t, v.Hint.Empty(), id)
		if expect.points != "" {
			require.Equal(t, expect.points, v.Points.String(), id)
		}
	}
}

// TestOneReplicaIsNoAvailability: it comes back and is replaced, but nobody
// answers meanwhile.
func TestOneReplicaIsNoAvailability(t *testing.T) {
	w := newWorld(loadRubric(t), 1, 42)
	w.struck(scene.New(1, 5))
	got := w.task1()
	for id, outcome := range map[string]check.Outcome{
		"replicas": check.Fail, "recovers": check.Pass, "replaced": check.Pass, "available": check.Fail, "outage": check.Partial,
	} {
		require.Equal(t, outcome, got[id].Outcome, "%s: %s", id, i18n.EN.Text(got[id].Message))
	}
	require.Equal(t, "check.available_alone", got["available"].Message.Key)
}

// TestNoWindow: who was not observed in a fault is not graded on it, and told
// why.
func TestNoWindow(t *testing.T) {
	for code, key := range map[string]string{
		"": "check.window_none", "left-out": "check.window_left_out", "no-fault": "check.window_no_fault", "quorum": "fault.miss_quorum", "no-room": "fault.miss_no_room", "else": "check.window_gap",
	} {
		w := newWorld(loadRubric(t), 2, 42)
		if code != "" {
			w.finish = func(c *evidence.Case) {
				c.Bundle.Episodes = []evidence.Episode{{Name: evidence.FaultEpisode, Gaps: []evidence.Gap{{What: "window", Code: code, Detail: "manager-2"}}}}
			}
		}
		requireWanted(t, allOpen(key), w.task1())
	}
	w := newWorld(loadRubric(t), 2, 42)
	w.struck(scene.New(2, 5))
	with := w.finish
	w.finish = func(c *evidence.Case) {
		with(c)
		c.Episodes[0].From, c.Episodes[0].To, c.Episodes[0].Traces = nil, nil, nil
	}
	requireWanted(t, map[string]want{"later-spread": open("check.later_none")}, w.task1())
}

// TestAfterAFault: the load that follows is judged on the tasks that run then.
func TestAfterAFault(t *testing.T) {
	w := newWorld(loadRubric(t), 3, 42)
	w.struck(scene.New(3, 5))
	with := w.finish
	w.finish = func(c *evidence.Case) {
		with(c)
		w.later(c, func(w *world) source { return source{w.answers("s01"), weighted(2, 1, 1)(w.rng, 3)} })
	}
	v := w.task1()["later-spread"]
	require.Equal(t, "check.spread_uneven", v.Message.Key)
	require.Equal(t, "1", v.Points.String())
}
