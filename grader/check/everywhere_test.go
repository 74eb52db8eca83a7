package check_test

import (
	"testing"

	"swarmgrade/grader/rubric"
)

// globally puts one task of s01 on each node, as a global service has them.
func globally(change func(d *deployment)) func(d *deployment) {
	return func(d *deployment) {
		d.svc().Mode, d.svc().Replicas = "global", 0
		for i := range d.snap.Tasks {
			if t := &d.snap.Tasks[i]; t.ServiceID == "svc-s01" {
				t.Slot = 0
			}
		}
		if change != nil {
			change(d)
		}
	}
}

// leave takes the task of s01 off a node.
func leave(node string) func(d *deployment) {
	return func(d *deployment) {
		for i := range d.snap.Tasks {
			if t := &d.snap.Tasks[i]; t.ServiceID == "svc-s01" && t.NodeID == node {
				t.Desired, t.State = "shutdown", "shutdown"
			}
		}
	}
}

// availability drains or pauses the first node.
func availability(word string, also ...func(d *deployment)) func(d *deployment) {
	return func(d *deployment) {
		d.snap.Nodes[0].Availability = word
		for _, f := range also {
			f(d)
		}
	}
}

func TestServiceGlobal(t *testing.T) {
	requireKind(t, "service-global", viaNodes, rubric.Credit{PerUnit: true}, []kase{
		{"global", "", globally(nil), pass("check.global_ok").saw("nodes", 3)},
		{"a drained node has none", "", globally(availability("drain", leave("node-1"))), pass("check.global_ok").saw("nodes", 2)},
		{"nor has one that is down", "", globally(func(d *deployment) { d.snap.Nodes[0].State = "down"; leave("node-1")(d) }), pass("check.global_ok").saw("nodes", 2)},

		{"three replicas that are everywhere by chance", "", nil, fail("check.global_mode").saw("mode", "replicated")},
		{"a node without", "", globally(leave("node-2")), partial("check.global_missing", "6.66").saw("missing", []string{"manager-2"})},
		{"constraints keep it from a node", "", globally(func(d *deployment) {
			leave("node-3")(d)
			d.svc().Constraints = []string{"node.hostname!=manager-3"}
		}), partial("check.global_constrained", "6.66").saw("missing", []string{"manager-3"})},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},
	})
	requireRefused(t, "service-global", map[string][]string{"service: s": {"service check.param_no_var"}})
}

func TestNodesDrained(t *testing.T) {
	requireKind(t, "nodes-drained", viaNodes, rubric.Credit{}, []kase{
		{"a manager is drained", "", availability("drain", leave("node-1")), pass("check.drained_ok").saw("drained", []string{"manager-1"})},
		{"a worker, where that is asked for", "role: worker", func(d *deployment) {
			d.snap.Nodes[2].Role = "worker"
			d.snap.Nodes[2].Availability = "drain"
			leave("node-3")(d)
		}, pass("check.drained_ok")},

		{"none is", "", nil, fail("check.drained_few").saw("drained", []string{})},
		{"paused is not drained", "", availability("pause"), fail("check.drained_few")},
		{"one, where two are asked for", "at_least: 2", availability("drain", leave("node-1")), fail("check.drained_few")},
		{"a worker is drained", "", func(d *deployment) { d.snap.Nodes[0].Role = "worker"; availability("drain", leave("node-1"))(d) }, fail("check.drained_few")},
		{"a task is there yet", "", availability("drain"), fail("check.drained_left").saw("still_there", []string{"manager-1"})},
		{"nothing runs elsewhere", "", availability("drain", leave("node-1"), leave("node-2"), leave("node-3")), fail("check.drained_nothing")},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},
	})
	requireRefused(t, "nodes-drained", map[string][]string{
		"role: leader": {"role check.param_role"},
		"at_least: 0":  {"at_least check.param_count"},
		"service: s":   {"service check.param_no_var"},
	})
}
