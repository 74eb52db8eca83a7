package action

import (
	"cmp"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/trouble"
)

// Concern is a student whose service a fault is to hit.
type Concern struct {
	Student string
	Service string // the service's ID; "" if the student has none
}

// Rules bound the choice.
type Rules struct {
	// Kind is the fault's name; what it takes from a node is the [Kind]'s.
	Kind string
	// Serving is the ID of the node whose endpoint answers for the swarm at the
	// moment; like the leader it is spared if another will do.
	Serving string
	// Never are IDs of nodes that must not fail.
	Never []string
	// Now says that the action is about to be done, so that nodes where an update is
	// at risk ([AtRisk]) are spared; of a plan they are only better left alone, since
	// updates come to an end.
	Now bool
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
	Fault    evidence.Action
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
	// a node that is ready), "node-down" (a node is down already), "node-sick"
	// (one is in trouble, see package trouble), "no-room" (no other node could
	// take the tasks over), "quorum", "endpoint" (it would leave no manager to
	// ask), "no-address", "forbidden" (by the rules), "node-updating" (an update is at
	// risk there, see [AtRisk]).
	Code string
	// Node is the host name of the node that the code is about; "" for none.
	Node string
}

// Choose plans the fewest faults that take at least one running task of every
// student concerned, within the rules. It only reads the snapshot.
func Choose(snap *evidence.Snapshot, concerned []Concern, rules Rules) Plan {
	c := newChooser(snap, concerned, rules)
	var plan Plan
	if down := c.down(); down != "" {
		for _, who := range concerned {
			plan.Missed = append(plan.Missed, Missed{Student: who.Student, Code: "node-down", Node: down})
		}
		return plan
	}
	// A second node lost would leave the tasks nowhere good to go.
	if sick := trouble.Nodes(snap); len(sick) > 0 && !c.kind.Heals {
		for _, who := range concerned {
			plan.Missed = append(plan.Missed, Missed{Student: who.Student, Code: "node-sick", Node: sick[0].Hostname})
		}
		return plan
	}
	list := c.candidates()
	step := make([]int, len(concerned)) // which step hits a student, from 1
	for _, i := range cover(list, len(concerned)) {
		cand := list[i]
		s := Step{Fault: c.fault(cand.node)}
		s.Stops, s.Unseen = c.stops(cand.node)
		for _, k := range cand.covers {
			if step[k] == 0 {
				step[k] = len(plan.Steps) + 1
				s.Students = append(s.Students, concerned[k].Student)
			}
		}
		plan.Steps = append(plan.Steps, s)
	}
	for k, who := range concerned {
		if step[k] == 0 {
			plan.Missed = append(plan.Missed, c.missed(k, who))
		}
	}
	return plan
}

type chooser struct {
	snap  *evidence.Snapshot
	rules Rules
	kind  Kind
	// hits are, for each node, the indices of the students that have a task
	// running on it.
	hits [][]int
	on   map[string]int // index of a node by ID
	risk []bool         // of each node whether an update is at risk there
}

func newChooser(snap *evidence.Snapshot, concerned []Concern, rules Rules) *chooser {
	c := &chooser{snap: snap, rules: rules, kind: kindOf(evidence.Action{Kind: rules.Kind}), hits: make([][]int, len(snap.Nodes)), on: map[string]int{}}
	for i, n := range snap.Nodes {
		c.on[n.ID] = i
		c.risk = append(c.risk, !c.kind.Heals && len(AtRisk(snap, n.ID)) > 0)
	}
	byService := map[string][]int{}
	for k, who := range concerned {
		if who.Service != "" {
			byService[who.Service] = append(byService[who.Service], k)
		}
	}
	for _, t := range snap.Tasks {
		i, ok := c.on[t.NodeID]
		if !ok || t.Desired != "running" || t.State != "running" {
			continue
		}
		for _, k := range byService[t.ServiceID] {
			if !slices.Contains(c.hits[i], k) {
				c.hits[i] = append(c.hits[i], k)
			}
		}
	}
	for i := range c.hits {
		slices.Sort(c.hits[i])
	}
	return c
}

// down is the host name of a node that is not ready in a way that matters. The
// entry that a worker leaves when it joined anew under the same name does not.
func (c *chooser) down() string {
	for _, n := range c.snap.Nodes {
		if n.State == "ready" && (n.Role != "manager" || n.Reachability == "reachable") {
			continue
		}
		again := slices.ContainsFunc(c.snap.Nodes, func(o evidence.Node) bool {
			return o.ID != n.ID && o.Hostname == n.Hostname && o.State == "ready"
		})
		if n.Role == "manager" || !again {
			return cmp.Or(n.Hostname, n.ID)
		}
	}
	return ""
}

// candidates are the nodes that may fail and hit somebody, by host name.
func (c *chooser) candidates() []candidate {
	var list []candidate
	for i := range c.snap.Nodes {
		if len(c.hits[i]) == 0 || c.spared(i) != "" {
			continue
		}
		list = append(list, c.candidate(i))
	}
	slices.SortFunc(list, func(a, b candidate) int {
		x, y := c.snap.Nodes[a.node], c.snap.Nodes[b.node]
		return cmp.Or(cmp.Compare(x.Hostname, y.Hostname), cmp.Compare(x.ID, y.ID))
	})
	return list
}

// candidate is a node with whom it hits.
func (c *chooser) candidate(i int) candidate {
	n := c.snap.Nodes[i]
	stops, _ := c.stops(i)
	return candidate{node: i, covers: c.hits[i], soft: [4]int{one(c.risk[i]), one(n.Leader), one(n.ID == c.rules.Serving), len(stops)}}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// spared says why a node may not fail, "" if it may; the words of Missed.
func (c *chooser) spared(i int) string {
	n := c.snap.Nodes[i]
	room, reachable, managers := false, 0, 0
	for _, o := range c.snap.Nodes {
		room = room || o.ID != n.ID && o.State == "ready" && o.Availability == "active"
		if o.Role == manager {
			managers++
			reachable += one(o.Reachability == "reachable")
		}
	}
	switch {
	case slices.Contains(c.rules.Never, n.ID):
		return "forbidden"
	case n.Availability != "active":
		return "not-running"
	case !room:
		return "no-room"
	case c.rules.Now && c.risk[i]:
		return "node-updating"
	case !c.kind.TakesEngine:
		return ""
	case n.Role == manager && reachable-1 < majority(managers):
		return "quorum"
	case !slices.ContainsFunc(c.snap.Endpoints, func(e evidence.Endpoint) bool {
		return e.Reached && e.Manager && e.NodeID != n.ID
	}):
		return "endpoint"
	case c.kind.Enters && n.Address == "":
		return "no-address"
	}
	return ""
}

func (c *chooser) fault(i int) evidence.Action {
	n := c.snap.Nodes[i]
	f := evidence.Action{Kind: c.rules.Kind, NodeID: n.ID, Hostname: n.Hostname, Address: n.Address, Leader: n.Leader}
	if c.kind.Was != nil {
		f.Was = c.kind.Was(n)
	}
	return f
}

// stops are the stand-alone containers that stop with a node's engine.
func (c *chooser) stops(i int) (list []evidence.Container, unseen bool) {
	if !c.kind.TakesEngine {
		return nil, false
	}
	id := c.snap.Nodes[i].ID
	unseen = !slices.ContainsFunc(c.snap.Endpoints, func(e evidence.Endpoint) bool { return e.Reached && e.NodeID == id })
	seen := map[string]bool{}
	for _, k := range c.snap.Containers {
		if k.NodeID == id && !seen[k.ID] && alone(k) {
			seen[k.ID] = true
			list = append(list, k)
		}
	}
	return list, unseen
}

// alone reports whether a container runs and swarm did not make it.
func alone(k evidence.Container) bool { return k.State == "running" && k.TaskID == "" }

// missed finds why no step hits a student.
func (c *chooser) missed(k int, who Concern) Missed {
	m := Missed{Student: who.Student, Code: "not-running"}
	if who.Service == "" {
		m.Code = "no-service"
		return m
	}
	for i, n := range c.snap.Nodes {
		if slices.Contains(c.hits[i], k) {
			m.Code, m.Node = c.spared(i), cmp.Or(n.Hostname, n.ID)
			break
		}
	}
	return m
}
