package sight

import (
	"slices"
	"strings"
	"time"

	"swarmgrade/grader/evidence"
)

// Running are the tasks that really run: newest of their slot, wanted running,
// running, on a node that is ready. Stale tasks of a lost node, which still
// say "running", are not among them.
func (v *View) Running(svc *evidence.Service) []*evidence.Task {
	return v.idx.Running(svc)
}

// Wanted are the tasks that the managers mean to have, in whatever state.
func (v *View) Wanted(svc *evidence.Service) []*evidence.Task {
	var out []*evidence.Task
	for _, t := range v.idx.tasks[svc.ID] {
		if t.Desired == "running" || t.Desired == "ready" || t.Desired == "accepted" {
			out = append(out, t)
		}
	}
	return out
}

// Troubles are the engine's words on tasks of a service that did not come to
// run, newest first, each once.
func (v *View) Troubles(svc *evidence.Service) []string {
	ts := v.idx.tasks[svc.ID]
	var out []string
	for i := len(ts) - 1; i >= 0 && len(out) < 5; i-- {
		t := ts[i]
		text := t.Error
		if text == "" && t.State == "pending" {
			text = t.Message
		}
		if text != "" && t.State != "running" && t.State != "complete" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// Stable reports whether the service had the same running tasks when the load
// ended as when it began. Without a second snapshot that is unknown.
func (v *View) Stable(svc *evidence.Service) (stable, known bool) {
	if v.after == nil {
		return false, false
	}
	return slices.Equal(v.RunningIDs(svc)), true
}

// RunningIDs are the sorted IDs of a service's running tasks when the load began
// and when it ended; the latter are nil without a second snapshot.
func (v *View) RunningIDs(svc *evidence.Service) (before, after []string) {
	if v.after != nil {
		after = ids(v.after.Running(svc))
	}
	return ids(v.idx.Running(svc)), after
}

// Lasting are the tasks that ran both before and after the load: those of
// which an answer can be expected.
func (v *View) Lasting(svc *evidence.Service) []*evidence.Task {
	before := v.Running(svc)
	if v.after == nil {
		return before
	}
	kept := ids(v.after.Running(svc))
	return slices.DeleteFunc(slices.Clone(before), func(t *evidence.Task) bool {
		return !slices.Contains(kept, t.ID)
	})
}

func ids(ts []*evidence.Task) []string {
	out := make([]string, 0, len(ts))
	for _, t := range ts {
		out = append(out, t.ID)
	}
	slices.Sort(out)
	return out
}

// Asked is how many tasks the service wants: for a global one, as many as the
// managers have made for nodes.
func (v *View) Asked(svc *evidence.Service) int {
	if strings.HasPrefix(svc.Mode, "global") {
		return len(v.Wanted(svc))
	}
	return svc.Replicas
}

// Unplaced counts the tasks that the managers have not even begun to place,
// before and after the load: they wait for an address, as when the ingress
// network has none left. The student can do nothing about it.
func (v *View) Unplaced(svc *evidence.Service) int {
	count := func(x *Index) int {
		n := 0
		for _, t := range x.tasks[svc.ID] {
			if t.Desired == "running" && t.State == "new" && t.Error == "" {
				n++
			}
		}
		return n
	}
	n := count(v.idx)
	if v.after != nil {
		n = min(n, count(v.after))
	}
	return n
}

// Refused reports whether tasks of the service were turned down by a node, as
// when the image is missing there. Failed tasks do not count: an engine that
// restarts after an outage leaves some.
func (v *View) Refused(svc *evidence.Service) bool {
	return slices.ContainsFunc(v.idx.tasks[svc.ID], func(t *evidence.Task) bool {
		return t.State == "rejected" && t.Error != ""
	})
}

// Schedulable is the number of nodes that take new tasks.
func (v *View) Schedulable() int {
	n := 0
	for _, node := range v.idx.Snap.Nodes {
		if node.State == "ready" && node.Availability == "active" {
			n++
		}
	}
	return n
}

// Pinned reports whether a service's constraints may be what keeps its tasks
// together: of the nodes that take new tasks they leave fewer than so many, or
// than there are, or the evidence does not tell how many.
func (v *View) Pinned(svc *evidence.Service, want int) bool {
	n := 0
	for _, node := range v.idx.Snap.Nodes {
		fits := node.State == "ready" && node.Availability == "active"
		for _, c := range svc.Constraints {
			meets, known := meets(&node, c)
			if !known {
				return true
			}
			fits = fits && meets
		}
		if fits {
			n++
		}
	}
	return n < min(want, v.Schedulable())
}

// meets reports whether a node meets a constraint such as "node.role==manager";
// known is false where the evidence does not tell.
func meets(n *evidence.Node, constraint string) (meets, known bool) {
	key, value, equal := strings.Cut(constraint, "==")
	if !equal {
		var unequal bool
		if key, value, unequal = strings.Cut(constraint, "!="); !unequal {
			return false, false
		}
	}
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	got := ""
	switch label, labelled := strings.CutPrefix(key, "node.labels."); {
	case labelled:
		got = n.Labels[label]
	case key == "node.id":
		got = n.ID
	case key == "node.hostname":
		got = n.Hostname
	case key == "node.role":
		got = n.Role
	default:
		return false, false
	}
	return strings.EqualFold(got, value) == equal, true
}

// moved reports whether a task that is over was replaced by the swarm itself,
// as when its node went down or its container died, and not because the
// student changed the service. What was written down of it, such as its
// address, was right until then.
//
// A node that comes back reports its old tasks as shut down, just as an update
// leaves them; so times decide: an update is noted in the service when it
// begins and when it is done, after it made its tasks. Both stamps are the
// managers'.
func (v *View) moved(svc *evidence.Service, old *evidence.Task) bool {
	switch old.Desired {
	case "running", "ready", "accepted":
		return false
	}
	if n := v.idx.Nodes[old.NodeID]; n != nil && n.State != "ready" || old.State == "orphaned" {
		return true
	}
	next := v.successor(svc, old)
	switch {
	case next == nil, slices.Contains([]string{"updating", "paused", "rollback_started", "rollback_paused"}, svc.UpdateState):
		return false
	case svc.UpdateState == "":
		return true // there has been no update that would replace a task
	}
	made, err := time.Parse(time.RFC3339Nano, next.Created)
	updated, err2 := time.Parse(time.RFC3339Nano, svc.Updated)
	return err == nil && err2 == nil && made.After(updated)
}

// successor is the task that took the place of one that is over; tasks are
// sorted by age.
func (v *View) successor(svc *evidence.Service, old *evidence.Task) *evidence.Task {
	for _, t := range v.idx.tasks[svc.ID] {
		same := t.Slot == old.Slot && (t.Slot != 0 || t.NodeID == old.NodeID)
		if same && t.ID != old.ID && t.Created > old.Created {
			return t
		}
	}
	return nil
}

// ReadyNodes are the nodes that are up, by host name.
func (v *View) ReadyNodes() []evidence.Node {
	var out []evidence.Node
	for _, n := range v.idx.Ready {
		out = append(out, *n)
	}
	return out
}

// NodeName is a node's host name.
func (v *View) NodeName(id string) string {
	for _, n := range v.idx.Snap.Nodes {
		if n.ID == id {
			return n.Hostname
		}
	}
	return id
}

// Whereabouts are the addresses of tasks in the networks that are theirs to
// use.
func (v *View) Whereabouts(svc *evidence.Service, tasks []*evidence.Task) []string {
	out := []string{}
	for _, t := range tasks {
		for _, a := range t.Addresses {
			if slices.Contains(svc.Networks, a.NetworkID) {
				out = append(out, Bare(a.Address))
				break
			}
		}
	}
	return out
}
