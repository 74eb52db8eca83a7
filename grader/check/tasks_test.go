package check_test

import (
	"testing"

	"swarmgrade/grader/evidence"
)

func TestServiceReplicas(t *testing.T) {
	replicas := func(n int) func(d *deployment) { return func(d *deployment) { d.svc().Replicas = n } }
	global := func(on int) func(d *deployment) {
		return func(d *deployment) { d.svc().Mode, d.svc().Replicas = "global", 0; d.lose(on) }
	}
	requireKind(t, "service-replicas", viaNodes, perUnit, []kase{
		{"three of two", "", nil, pass("check.replicas_ok").saw("replicas", 3).asked("replicas_at_least", 2)},
		{"five of five", "at_least: 5", replicas(5), pass("check.replicas_ok").says("n", 5)},
		{"global on three nodes", "at_least: 3", global(3), pass("check.replicas_ok").saw("mode", "global")},
		{"asked for, though none runs", "", func(d *deployment) { d.lose(0) }, pass("check.replicas_ok")},
		{"under other variables", "service: web, at_least: 3", (*deployment).otherVars, pass("check.replicas_ok")},

		{"forgot the replicas", "", replicas(1), partial("check.replicas_few", "5").saw("replicas", 1)},
		{"three of five", "at_least: 5", nil, partial("check.replicas_few", "6").says("want", 5)},
		{"scaled it to nothing", "", replicas(0), fail("check.replicas_few")},
		{"global, where one node alone takes it", "at_least: 4", global(1), partial("check.replicas_few", "2.5")},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},
	})
	requireRefused(t, "service-replicas", map[string][]string{
		"at_least: 0":                  {"at_least check.param_count"},
		"at_least: 1001":               {"at_least check.param_count"},
		"service: serv, at_least: -2":  {"service check.param_no_var", "at_least check.param_count"},
		"service: web, at_least: 1000": nil,
	})
}

// every changes each of the student's tasks.
func every(change func(t *evidence.Task)) func(d *deployment) {
	return func(d *deployment) {
		for _, t := range d.own() {
			change(t)
		}
	}
}

const vxlan = `network sandbox join failed: subnet sandbox join failed for "10.0.0.0/24": error creating vxlan interface: file exists`

func TestTasksRunning(t *testing.T) {
	third := func(desired, state, err string) func(d *deployment) {
		return func(d *deployment) {
			x := d.own()[2]
			x.Desired, x.State, x.Error = desired, state, err
		}
	}
	const image = "No such image: whoami-for-swarm:u01"
	requireKind(t, "tasks-running", viaNodes, perUnit, []kase{
		{"all three", "", nil, pass("check.running_ok").saw("running", 3).asked("running", 3)},
		{"after one that failed", "", func(d *deployment) {
			old := task("s01", 1, "10.0.0.90/24")
			old.ID, old.Desired, old.State, old.Error = "task-old", "shutdown", "failed", "task: non-zero exit (1)"
			d.snap.Tasks = append(d.snap.Tasks, old)
		}, pass("check.running_ok")},
		{"global on three nodes", "at_least: 3", func(d *deployment) { d.svc().Mode, d.svc().Replicas = "global", 0 }, pass("check.running_ok")},
		{"under other variables", "service: web, at_least: 2", (*deployment).otherVars, pass("check.running_ok")},

		{"fewer than the rubric asks for", "at_least: 4", nil, partial("check.running_few", "7.5").asked("running", 4)},
		{"an image that one node lacks", "", third("ready", "rejected", image), partial("check.running_trouble", "6.66").says("error", image)},
		{"a constraint that no node meets", "", func(d *deployment) {
			every(func(t *evidence.Task) {
				t.State, t.NodeID, t.Error = "pending", "", "no suitable node (scheduling constraints not satisfied on 3 nodes)"
			})(d)
			d.svc().Constraints = []string{"node.labels.disk==ssd"}
		}, fail("check.running_trouble").saw("states", map[string]int{"pending": 3})},
		{"waits for memory that no node has", "", third("running", "pending", "no suitable node (insufficient resources on 3 nodes)"), partial("check.running_trouble", "6.66")},
		{"a health check that never passes", "", func(d *deployment) {
			every(func(t *evidence.Task) { t.State = "starting" })(d)
			d.svc().Health = &evidence.HealthCheck{Test: []string{"CMD", "false"}}
		}, fail("check.running_few").saw("states", map[string]int{"starting": 3})},
		{"restart condition none, and one ended", "", func(d *deployment) {
			d.svc().Restart.Condition = "none"
			third("shutdown", "complete", "")(d)
		}, partial("check.running_few", "6.66")},
		{"scaled it to nothing", "", func(d *deployment) { d.svc().Replicas = 0; d.lose(0) }, fail("check.running_few").saw("running", 0)},
		{"a task that a lost node still reports", "", third("shutdown", "running", ""), partial("check.running_few", "6.66").saw("running", 2)},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},

		{"never placed, for want of addresses", "", third("running", "new", ""), open("check.running_stuck").says("n", 1).saw("states", map[string]int{"new": 1, "running": 2})},
		{"not yet placed, but a moment later", "", func(d *deployment) {
			d.meanwhile(func(*evidence.Snapshot) {})
			third("running", "new", "")(d)
		}, partial("check.running_few", "6.66")},
		{"a node that can't set up its network", "", third("running", "rejected", vxlan), open("check.node_trouble").says("node", "manager-3")},
		{"too many tasks to be read", "", func(d *deployment) {
			d.snap.Gaps = []evidence.Gap{{What: "tasks/svc-s01", Code: "too-large", Detail: "9000"}}
		}, open("check.cut_own").says("n", 9000)},
		{"a classmate's too many tasks", "", func(d *deployment) {
			d.snap.Gaps = []evidence.Gap{{What: "tasks/svc-s02", Code: "too-large", Detail: "9000"}}
		}, pass("check.running_ok")},
	})
	requireRefused(t, "tasks-running", map[string][]string{
		"at_least: 0": {"at_least check.param_count"}, "service: s": {"service check.param_no_var"},
	})
}

func TestTasksNodes(t *testing.T) {
	together := every(func(t *evidence.Task) { t.NodeID = "node-1" })
	pinned := func(d *deployment) {
		together(d)
		d.svc().Constraints = []string{"node.hostname==manager-1"}
	}
	bound := func(constraints ...string) func(d *deployment) {
		return func(d *deployment) {
			together(d)
			d.svc().Constraints = constraints
			d.snap.Nodes[0].Labels, d.snap.Nodes[1].Labels = map[string]string{"disk": "ssd"}, map[string]string{"disk": "ssd"}
		}
	}
	drained := func(s *evidence.Snapshot) { s.Nodes[1].Availability, s.Nodes[2].Availability = "drain", "drain" }
	all := []string{"manager-1", "manager-2", "manager-3"}
	requireKind(t, "tasks-nodes", viaNodes, perUnit, []kase{
		{"on three", "", nil, pass("check.nodes_ok").saw("nodes", all).asked("nodes_at_least", 2)},
		{"on as many as there are", "at_least: 7", nil, pass("check.nodes_ok").asked("nodes_at_least", 3)},
		{"two replicas where three nodes are asked for", "at_least: 3", func(d *deployment) { d.svc().Replicas = 2; d.lose(2) }, pass("check.nodes_ok").asked("nodes_at_least", 2)},
		{"put together by swarm", "at_least: 3", together, pass("check.nodes_swarm").saw("placed_by_swarm", true)},
		{"together, the other nodes being drained", "", func(d *deployment) { together(d); drained(d.snap) }, pass("check.nodes_swarm")},
		{"put together by swarm, though bound to nodes that would all do", "at_least: 3", bound("node.role == manager", "node.hostname!=worker-9"), pass("check.nodes_swarm")},
		{"put together by swarm on one of the two nodes with a disk", "", bound("node.labels.disk==ssd"), pass("check.nodes_swarm")},
		{"bound to managers, of which one alone takes tasks", "", func(d *deployment) { bound("node.role==manager")(d); drained(d.snap) }, pass("check.nodes_swarm")},
		{"under other variables", "service: web, at_least: 3", (*deployment).otherVars, pass("check.nodes_ok")},

		{"bound to two nodes, of three", "at_least: 3", bound("node.labels.disk==ssd"), partial("check.nodes_pinned", "3.33")},
		{"bound to all nodes but those that do", "", bound("node.role==manager", "node.id!=node-2", "node.hostname!=manager-3"), partial("check.nodes_pinned", "5")},
		{"bound to what the evidence does not tell", "", bound("engine.labels.os==linux"), partial("check.nodes_pinned", "5")},
		{"bound to two nodes, one of which is down", "", func(d *deployment) { bound("node.labels.disk==ssd")(d); d.snap.Nodes[1].State = "down" }, partial("check.nodes_pinned", "5")},
		{"pinned to a node", "", pinned, partial("check.nodes_pinned", "5").saw("constraints", []string{"node.hostname==manager-1"})},
		{"pinned to a node, of three", "at_least: 3", pinned, partial("check.nodes_pinned", "3.33").asked("nodes_at_least", 3)},
		{"one replica", "", func(d *deployment) { d.svc().Replicas = 1; d.lose(1) }, partial("check.nodes_single", "5").says("node", "manager-1")},
		{"an image that the other nodes lack", "", func(d *deployment) {
			together(d)
			no := task("s01", 2, "10.0.0.90/24")
			no.ID, no.NodeID, no.Desired, no.State, no.Error = "task-no", "node-2", "shutdown", "rejected", "No such image: whoami-for-swarm:u01"
			d.snap.Tasks = append(d.snap.Tasks, no)
		}, partial("check.nodes_refused", "5").says("error", "No such image: whoami-for-swarm:u01")},
		{"none runs", "", every(func(t *evidence.Task) { t.State = "pending" }), fail("check.nodes_none").saw("nodes", []string{})},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},

		{"a node that can't set up its network", "", func(d *deployment) {
			together(d)
			d.svc().Replicas = 1
			d.own()[1].State, d.own()[1].NodeID, d.own()[1].Error = "rejected", "node-2", vxlan
		}, open("check.node_trouble").says("node", "manager-2")},
	})
	requireRefused(t, "tasks-nodes", map[string][]string{
		"at_least: 0": {"at_least check.param_count"}, "service: s": {"service check.param_no_var"},
	})
}
