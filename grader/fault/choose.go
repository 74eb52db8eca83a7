package fault

import (
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// Concern is a student whose service a fault is to hit.
type Concern struct {
	Student string
	Service string // the service's ID; "" if the student has none
}

// Rules bound the choice.
type Rules struct {
	// Kind is the fault's. Only node-drain leaves the node's engine, and with
	// it its endpoint, its vote and its stand-alone containers, alive.
	Kind string
	// Serving is the ID of the node whose endpoint answers for the swarm at the
	// moment; like the leader it is spared if another will do.
	Serving string
	// Never are IDs of nodes that must not fail.
	Never []string
}

// Plan is which faults to inject, one at a time, in this order, with the
// cluster healthy in between.
type Plan struct {
	Steps []Step
	// Missed are the students whom no step hits, with the reason; sorted as the
	// concerns were.
	Missed []Missed
}

// Step is one fault and the students that it is observed for. Each student is
// in one step at most: the first that hits a running task of theirs.
type Step struct {
	Fault    evidence.Fault
	Students []string
	// Stops are the stand-alone containers that run on the target and stop with
	// its engine. Unseen is true if they can't be listed, because the class has
	// no endpoint on that node.
	Stops  []evidence.Container
	Unseen bool
}

// Missed is a student whom no fault can hit.
type Missed struct {
	Student string
	// Code is a stable word: "no-service", "not-running" (no task of it runs on
	// a node that is ready), "node-down" (a node is down already), "no-room" (no
	// other node could take the tasks over), "quorum", "endpoint" (it would
	// leave no manager to ask), "no-address", "forbidden" (by the rules).
	Code string
	// Node is the host name of the node that the code is about; "" for none.
	Node string
}

// Msg says why, for people.
func (m Missed) Msg() i18n.Msg {
	switch m.Code {
	case "no-service":
		return i18n.M("fault.miss_no_service")
	case "not-running":
		return i18n.M("fault.miss_not_running")
	case "node-down":
		return i18n.M("fault.miss_node_down", "node", m.Node)
	case "no-room":
		return i18n.M("fault.miss_no_room", "node", m.Node)
	case "quorum":
		return i18n.M("fault.miss_quorum", "node", m.Node)
	case "endpoint":
		return i18n.M("fault.miss_endpoint", "node", m.Node)
	case "no-address":
		return i18n.M("fault.miss_no_address", "node", m.Node)
	}
	return i18n.M("fault.miss_forbidden", "node", m.Node)
}
