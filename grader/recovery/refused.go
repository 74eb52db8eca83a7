package recovery

import (
	"maps"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/trouble"
)

// refused is what engines could not set up within a window, found once for all of its services.
type refused struct {
	before *evidence.Snapshot
	nodes  []trouble.Node
	of     map[string][]*evidence.Task // by service
}

// Refused are the tasks of a service that engines could not set up within the window, by ID, without those on the
// node that was made to fail; and the nodes of a snapshot, the one of before, that were in trouble then, be it for
// this service or for others. What went wrong stays known, whatever a task came to afterwards. It is not for concurrent use.
func (x *Readings) Refused(service string, before *evidence.Snapshot) ([]*evidence.Task, []trouble.Node) {
	if x.refused == nil || x.refused.before != before {
		x.refused = x.refusals(before)
	}
	return x.refused.of[service], x.refused.nodes
}

func (x *Readings) refusals(before *evidence.Snapshot) *refused {
	last := map[string]*evidence.Task{}
	for i := range x.polls {
		for k := range x.polls[i].Tasks {
			t := &x.polls[i].Tasks[k]
			old := last[t.ID]
			if t.NodeID != x.struck && (trouble.OfEngine(t.Error) || old == nil || !trouble.OfEngine(old.Error)) {
				last[t.ID] = t
			}
		}
	}
	r := &refused{before: before, of: map[string][]*evidence.Task{}}
	tasks := make([]evidence.Task, 0, len(last))
	for _, t := range slices.SortedFunc(maps.Values(last), func(a, b *evidence.Task) int { return strings.Compare(a.ID, b.ID) }) {
		tasks = append(tasks, *t)
		if trouble.OfEngine(t.Error) {
			r.of[t.ServiceID] = append(r.of[t.ServiceID], t)
		}
	}
	r.nodes = trouble.Among(tasks, before)
	return r
}
