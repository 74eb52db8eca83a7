package action

import (
	"cmp"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/trouble"
)

// ChooseOne picks the one node of a role that takes a running task of most of the
// students concerned: of equal ones not the leader, nor the one that serves, and then
// the first by host name. It may take nobody's. Of managers another one must be left
// that is reachable and takes tasks. It only reads the snapshot.
//
// Without one, code is why, in the words of [Missed]: "node-down", "node-sick" or
// "node-updating", about the node, or "no-node".
func ChooseOne(snap *evidence.Snapshot, concerned []Concern, rules Rules, role string) (a evidence.Action, code, node string) {
	c := newChooser(snap, concerned, rules)
	if down := c.down(); down != "" {
		return a, "node-down", down
	}
	if sick := trouble.Nodes(snap); len(sick) > 0 {
		return a, "node-sick", sick[0].Hostname
	}
	var list []candidate
	code = "no-node"
	for i, n := range snap.Nodes {
		if n.Role != role || n.State != "ready" || c.lastManager(i) {
			continue
		}
		switch c.spared(i) {
		case "":
			list = append(list, c.candidate(i))
		case "node-updating":
			code, node = "node-updating", n.Hostname
		}
	}
	if len(list) == 0 {
		return a, code, node
	}
	best := slices.MinFunc(list, func(p, q candidate) int {
		m, n := snap.Nodes[p.node], snap.Nodes[q.node]
		return cmp.Or(
			cmp.Compare(len(q.covers), len(p.covers)), slices.Compare(p.soft[:], q.soft[:]),
			cmp.Compare(m.Hostname, n.Hostname), cmp.Compare(m.ID, n.ID))
	})
	return c.fault(best.node), "", ""
}

// lastManager reports whether a node is the only manager that takes tasks.
func (c *chooser) lastManager(i int) bool {
	return c.snap.Nodes[i].Role == manager && !slices.ContainsFunc(c.snap.Nodes, func(o evidence.Node) bool {
		return o.ID != c.snap.Nodes[i].ID && o.Role == manager && o.State == "ready" && o.Reachability == "reachable" && o.Availability == active
	})
}
