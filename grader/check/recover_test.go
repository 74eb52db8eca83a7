package check_test

import (
	"slices"
	"testing"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/recovery/scene"
	"swarmgrade/grader/rubric"
)

// struck has a node fail under so many replicas.
func struck(replicas int, change func(s *scene.Scene)) func(d *deployment) {
	return func(d *deployment) { d.struck(replicas, change) }
}

// What scenes make of the tasks that a fault takes.
func never(s *scene.Scene) { s.Become, s.Service.Restart.Condition = scene.Never, "none" }
func pinned(s *scene.Scene) {
	s.On, s.Become, s.Service.Constraints = []int{1, 1}, scene.Pending, []string{"node.hostname==manager-2"}
}
func together(s *scene.Scene) { s.On = []int{1, 1} }
func global(s *scene.Scene)   { s.Service.Mode, s.Service.Replicas = "global", 0 }
func mute(s *scene.Scene)     { s.Become = scene.Mute }

// becomes has lost tasks come to this.
func becomes(what string) func(s *scene.Scene) { return func(s *scene.Scene) { s.Become = what } }

// told has the engine say something else of the tasks that do not come to run.
func told(err string, become string, constraints ...string) func(d *deployment) {
	return func(d *deployment) {
		d.struck(2, func(s *scene.Scene) { s.On, s.Become, s.Service.Constraints = []int{1, 1}, become, constraints })
		for i := range d.scene.Window.Polls {
			for k := range d.scene.Window.Polls[i].Tasks {
				if t := &d.scene.Window.Polls[i].Tasks[k]; t.Error != "" {
					t.Error = err
				}
			}
		}
	}
}

// sick has the engines of the nodes that live fail to set containers up.
var sick = told(vxlan, scene.Rejected)

const crowded = "no suitable node (insufficient resources on 2 nodes; 1 node not available for new tasks)"

// windowOpen are the ways in which a window tells nothing, through no fault of
// the student's; they are the same for every kind that reads one.
func windowOpen() []kase {
	gap := func(code string) func(d *deployment) {
		return func(d *deployment) {
			d.unwatched(code)
		}
	}
	return []kase{
		{"no window", "", nil, open("check.window_none").saw("missing", "window")},
		{"a window of another service", "", func(d *deployment) { d.struck(2, nil); d.scene.Probing.Service = "svc-s02" }, open("check.window_none")},
		{"no probes of theirs", "", func(d *deployment) { d.struck(2, nil); d.scene.Probing = nil }, open("check.window_none")},
		{"a run without faults", "", gap("left-out"), open("check.window_left_out")},
		{"a self-check", "", gap("self-check"), open("check.window_self_check")},
		{"a class without faults", "", gap("no-fault"), open("check.window_no_fault")},
		{"quorum forbade it", "", gap("quorum"), open("fault.miss_quorum").says("node", "manager-2")},
		{"no room elsewhere", "", gap("no-room"), open("fault.miss_no_room")},
		{"a reason of another version's", "", gap("moon"), open("check.window_gap").says("code", "moon")},
		{"no task on that node", "", struck(2, func(s *scene.Scene) { s.On = []int{0, 2} }), open("check.window_not_hit").saw("open", "not-hit")},
		{"the node never went down", "", struck(2, func(s *scene.Scene) { s.Detect = -1 }), open("check.window_not_down")},
		{"broken off", "", struck(2, func(s *scene.Scene) { s.Become, s.Limit, s.End, s.Reason = scene.Never, 20000, "aborted", "other-node" }), open("check.window_unseen")},
		{"the injection did not end", "", func(d *deployment) { d.struck(2, nil); d.scene.Window.Injected = -1 }, open("check.window_not_injected")},
	}
}

// seconds give 7 points up to 30 s, and 5 up to 90 s.
var seconds = func() rubric.Credit {
	soon, late := 30.0, 90.0
	return rubric.Credit{Bands: []rubric.Band{{AtMost: &soon, Points: 700}, {AtMost: &late, Points: 500}}}
}()

// starved has the grader's own machine be late, for so long at a time, now and then.
func starved(replicas int, from, to, step, length int64, change func(s *scene.Scene)) func(d *deployment) {
	return func(d *deployment) {
		d.struck(replicas, func(s *scene.Scene) {
			if change != nil {
				change(s)
			}
			for at := from; at < to; at += step {
				s.Late = append(s.Late, evidence.Stretch{From: at, To: at + length})
			}
		})
	}
}

// Of a machine that was late: most of the time, and a twentieth of it.
func mostly(replicas int, change func(s *scene.Scene)) func(d *deployment) {
	return starved(replicas, 5000, 200000, 2000, 1700, change)
}
func little(replicas int, change func(s *scene.Scene)) func(d *deployment) {
	return starved(replicas, 1000, 200000, 10000, 500, change)
}

func TestRecovers(t *testing.T) {
	not := func(why string) want { return fail("check.recovers_not").says("why", "check.why_"+why) }
	requireKind(t, "recovers", viaNodes, seconds, append(windowOpen(), []kase{
		{"one of two is lost", "", struck(2, nil), pass("check.recovers_ok").saw("hit", 1).saw("running", 2).asked("seconds_at_most", 65)},
		{"five replicas", "", struck(5, nil), pass("check.recovers_ok").saw("hit", 2)},
		{"one replica", "", struck(1, nil), pass("check.recovers_ok").saw("before", 1)},
		{"a restart delay of 20 s", "", struck(3, func(s *scene.Scene) { s.Service.Restart.DelayMS = 20000 }), pass("check.recovers_ok").asked("seconds_at_most", 80)},
		{"within 25 s", "within: 25", struck(2, nil), pass("check.recovers_ok").asked("seconds_at_most", 30)},
		{"the leader fails", "within: 30", struck(2, func(s *scene.Scene) { s.Leader, s.Detect, s.Limit = true, 58000, 200000 }), pass("check.recovers_ok").asked("seconds_at_most", 95)},
		{"global", "", struck(3, global), pass("check.recovers_global").asked("running", 2)},
		{"drained", "", struck(2, func(s *scene.Scene) { s.Kind = "node-drain" }), pass("check.recovers_ok").says("fault", "check.fault_node_drain")},
		{"a killed container", "", struck(2, func(s *scene.Scene) { s.Kind = "task-kill" }), pass("check.recovers_ok").saw("fault", "task-kill")},
		{"a command of the class's", "", struck(2, func(s *scene.Scene) { s.Kind = "command" }), pass("check.recovers_ok").says("fault", "check.fault_command")},
		{"on a cluster twenty times as fast", "", struck(2, func(s *scene.Scene) {
			s.Speed, s.Detect, s.Drop, s.Start, s.Hold, s.Limit, s.Poll, s.Period = 20, 600, 40, 80, 600, 6000, 50, 20
			s.Injecting, s.Injected = 1000, 1020
		}), pass("check.recovers_ok").asked("seconds_at_most", 65)},
		{"in a run that was not finished", "", func(d *deployment) { d.struck(2, nil); d.brief = true }, pass("check.recovers_ok")},
		{"under other variables", "service: web, port: door, rate: 10", func(d *deployment) { d.otherVars(); d.struck(2, nil) }, pass("check.recovers_ok")},

		{"late for the usual limit", "", struck(3, func(s *scene.Scene) { s.Start = 52000 }), partial("check.recovers_late", "5")},
		{"late for a limit of 20 s", "within: 20", struck(2, func(s *scene.Scene) { s.Start = 10000 }), partial("check.recovers_late", "7").asked("seconds_at_most", 25)},
		{"restart condition none", "", struck(2, never), not("none").saw("recovered_s", nil)},
		{"on-failure, for a task that ended well", "", struck(2, func(s *scene.Scene) { never(s); s.Service.Restart.Condition = "on-failure" }), not("condition")},
		{"attempts used up", "", struck(3, func(s *scene.Scene) { s.Become, s.Service.Restart.MaxAttempts = scene.Never, 1 }), not("attempts")},
		{"pinned to the node that fails", "", struck(2, pinned), not("constraint").saw("running", 0)},
		{"asks for more memory than is left", "", told(crowded, scene.Pending), not("error")},
		{"asks for more memory than is left, bound to nodes that would all do", "", told(crowded, scene.Pending, "node.role==manager"), not("error")},
		{"an image on that node only", "", struck(2, func(s *scene.Scene) { together(s); s.Become = scene.Rejected }), not("image")},
		{"a health check that never passes", "", struck(3, becomes(scene.Starting)), not("health").saw("running", 2)},
		{"global on that node only", "", struck(1, global), not("global")},
		{"no reason to be seen", "", struck(2, becomes(scene.Never)), not("unknown")},
		{"runs, and does not answer", "", struck(3, mute), fail("check.recovers_silent")},
		{"comes and goes", "", struck(3, func(s *scene.Scene) { s.Become, s.Limit = scene.Flaps, 105000 }), fail("check.recovers_not")},
		{"made no service", "", func(d *deployment) { d.struck(2, nil); d.noService() }, fail("check.service_none")},

		{"nodes that can't set up its network", "", sick, open("check.node_trouble")},

		{"a machine that is late most of the time", "", mostly(2, nil), open("check.window_late").says("service", "s01")},
		{"runs, and does not answer, to a machine that is late most of the time", "", mostly(3, mute), open("check.window_late")},
		{"makes no new task, seen by a machine that is late a third of the time", "", starved(2, 5000, 200000, 3000, 1000, never), not("none")},
		{"a machine that is late at times", "", little(2, nil), pass("check.recovers_ok")},
		{"runs, and does not answer, to a machine that is late at times", "", little(3, mute), fail("check.recovers_silent")},
		{"back while the machine slept for a minute", "", starved(2, 18000, 18001, 1, 64000, func(s *scene.Scene) { s.Hold = 90000 }), open("check.window_late")},
	}...))
	requireRefused(t, "recovers", map[string][]string{
		"within: 19":                        {"within check.param_within"},
		"within: 61":                        {"within check.param_within"},
		"service: s, port: p, rate: 101":    {"service check.param_no_var", "port check.param_no_var", "rate check.param_rate"},
		"rate: -1":                          {"rate check.param_rate"},
		"service: web, within: 20, rate: 0": nil,
	})
}

func TestReplaced(t *testing.T) {
	requireKind(t, "replaced", viaNodes, perUnit, append(windowOpen(), []kase{
		{"one of two", "", struck(2, nil), pass("check.replaced_ok").saw("replacements", 1).asked("replacements", 1)},
		{"both, which were together", "", struck(2, together), pass("check.replaced_ok").saw("replacements", 2)},
		{"late, but replaced", "", struck(3, func(s *scene.Scene) { s.Start = 75000 }), pass("check.replaced_ok")},
		{"replaced by one that does not answer", "", struck(3, mute), pass("check.replaced_ok")},
		{"global", "", struck(3, global), pass("check.replaced_global").saw("replacements", 0)},
		{"under other variables", "service: web, port: door, rate: 2", func(d *deployment) { d.otherVars(); d.struck(2, nil) }, pass("check.replaced_ok")},

		{"restart condition none", "", struck(2, never), fail("check.replaced_not").says("why", "check.why_none").saw("nodes", []string{})},
		{"pinned to the node that fails", "", struck(2, pinned), fail("check.replaced_not").says("why", "check.why_constraint")},
		{"one of two that were lost", "", func(d *deployment) {
			d.struck(2, func(s *scene.Scene) { together(s); s.Hold = 90000 })
			for i := range d.scene.Window.Polls {
				p := &d.scene.Window.Polls[i]
				p.Tasks = slices.DeleteFunc(p.Tasks, func(t evidence.Task) bool { return t.ID == "new-2" })
			}
		}, partial("check.replaced_not", "5").saw("replacements", 1)},
		{"global on that node only", "", struck(1, global), fail("check.replaced_not").says("why", "check.why_global")},
		{"made no service", "", func(d *deployment) { d.struck(2, nil); d.noService() }, fail("check.service_none")},

		{"nodes that can't set up its network", "", sick, open("check.node_trouble")},
	}...))
	requireRefused(t, "replaced", map[string][]string{"rate: 100.5": {"rate check.param_rate"}, "port: p": {"port check.param_no_var"}})
}
