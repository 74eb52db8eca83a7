package recovery

import (
	"maps"
	"slices"
	"strings"
	"time"

	"swarmgrade/grader/evidence"
)

// view is what one reading shows of a service.
type view struct {
	asked, seen int64 // when the reading was asked for and had come
	down        bool  // the target is
	ready       map[string]bool
	newest      []*evidence.Task // of each slot, by slot
	running     []*evidence.Task // those that run as they should
}

// replay gives the last reading from before the fault (nil without one), and
// all later ones up to the end.
func (r *reader) replay() (base *view, after []view) {
	ready := map[string]bool{}
	target := evidence.Node{}
	tasks := map[string]*evidence.Task{}
	own := r.all.of[r.svc.ID]
	for i := range r.w.Polls {
		var said reading
		if len(own) > 0 && own[0].poll == i {
			said, own = own[0], own[1:]
		}
		p := &r.w.Polls[i]
		if p.Error != "" {
			continue
		}
		for k := range p.Nodes {
			n := &p.Nodes[k]
			ready[n.ID] = n.State == "ready"
			if n.ID == r.w.Fault.NodeID {
				target = *n
			}
		}
		for _, t := range said.tasks {
			tasks[t.ID] = t
		}
		for _, id := range said.gone {
			delete(tasks, id)
		}
		v := view{asked: p.At, seen: p.At + p.Took, ready: maps.Clone(ready), newest: newest(tasks)}
		if r.w.Restoring >= 0 && v.seen > r.end {
			break
		}
		before := v.asked <= r.w.Injecting && (v.seen <= r.w.Injecting || base == nil)
		if !before {
			v.down = r.isDown(target, tasks)
		}
		for _, t := range v.newest {
			if before && standing(&v, t) || !before && r.good(&v, t) {
				v.running = append(v.running, t)
			}
		}
		if !before {
			after = append(after, v)
			continue
		}
		base, r.old = &v, map[string]bool{}
		for id := range tasks {
			r.old[id] = true
		}
	}
	r.final = slices.Collect(maps.Values(tasks))
	return base, after
}

// troubles are the engine's words on tasks made after the fault that did not
// come to run, newest first, each once.
func (r *reader) troubles() []string {
	slices.SortFunc(r.final, func(a, b *evidence.Task) int {
		if newer(a, b) {
			return -1
		}
		return 1
	})
	var out []string
	for _, t := range r.final {
		text := t.Error
		if text == "" && t.State == "pending" {
			text = t.Message
		}
		fine := r.old[t.ID] || t.State == "running" || t.State == "complete"
		if text != "" && !fine && !slices.Contains(out, text) && len(out) < 5 {
			out = append(out, text)
		}
	}
	return out
}

// isDown reports whether the fault's target is seen to be gone.
func (r *reader) isDown(target evidence.Node, tasks map[string]*evidence.Task) bool {
	switch r.w.Fault.Kind {
	case "task-kill", "container-kill":
		t := tasks[r.w.Fault.TaskID]
		return t == nil || t.Desired != "running" || t.State != "running"
	case "update": // it has begun
		for id := range tasks {
			if !r.old[id] {
				return true
			}
		}
		return false
	case "node-drain":
		return target.Availability == "drain"
	case "command":
		return target.State == "down" || target.Availability == "drain"
	}
	return target.State == "down"
}

// standing is a task that runs: wanted running, running, in a container, on a
// node that is ready.
func standing(v *view, t *evidence.Task) bool {
	return t.Desired == "running" && t.State == "running" && t.ContainerID != "" && v.ready[t.NodeID]
}

// good is a task that stands where the fault is not.
func (r *reader) good(v *view, t *evidence.Task) bool {
	return standing(v, t) && !r.hits(t)
}

// newest gives the last task of each slot (of each node, in a global service),
// in order. A stale task of a lost node, which still says "running", is not the
// last of its slot once it has a successor, and wanted shut down before.
func newest(tasks map[string]*evidence.Task) []*evidence.Task {
	type place struct {
		slot int
		node string
	}
	last := map[place]*evidence.Task{}
	for _, t := range tasks {
		at := place{slot: t.Slot}
		if t.Slot == 0 {
			at.node = t.NodeID
		}
		if old := last[at]; old == nil || newer(t, old) {
			last[at] = t
		}
	}
	return slices.SortedFunc(maps.Values(last), func(a, b *evidence.Task) int {
		if a.Slot != b.Slot {
			return a.Slot - b.Slot
		}
		return strings.Compare(a.NodeID, b.NodeID)
	})
}

func newer(a, b *evidence.Task) bool {
	at, errA := time.Parse(time.RFC3339Nano, a.Created)
	bt, errB := time.Parse(time.RFC3339Nano, b.Created)
	switch {
	case errA == nil && errB == nil && !at.Equal(bt):
		return at.After(bt)
	case (a.Desired == "running") != (b.Desired == "running"):
		return a.Desired == "running"
	}
	return a.ID > b.ID
}

// run is a time in which the same tasks ran, all that are wanted.
type run struct {
	after    int64 // the reading before it was asked for then: it had not begun
	from, to int64 // first seen, and first seen to be over; to is the end's, if it lasted
	lasted   bool
	tasks    []string
	unread   []evidence.Stretch // between two readings, as the grader's machine was late
}

// runs finds when the target was down and all was in place, and notes the
// first moment of Down.
func (r *reader) runs(s *Story, views []view) []run {
	var out []run
	open := false
	before := r.w.Injecting
	for i := range views {
		v := &views[i]
		if v.down && s.Down < 0 {
			s.Down = v.seen
		}
		whole := s.Down >= 0 && s.Wanted > 0 && len(v.running) >= s.Wanted && r.replaced(s, v)
		ids := make([]string, 0, len(v.running))
		for _, t := range v.running {
			ids = append(ids, t.ID)
		}
		if open && (!whole || !slices.Equal(out[len(out)-1].tasks, ids)) {
			out[len(out)-1].to, out[len(out)-1].lasted = v.seen, false
			open = false
		}
		if open && r.unread(before, v.seen) {
			last := &out[len(out)-1]
			last.unread = append(last.unread, evidence.Stretch{From: before, To: v.seen})
		}
		if whole && !open {
			out = append(out, run{after: before, from: v.seen, to: r.end, lasted: true, tasks: ids})
			open = true
		}
		before = v.asked
	}
	return out
}

// replaced reports whether each place that was hit has a new task that runs; a
// global service's has none elsewhere to have.
func (r *reader) replaced(s *Story, v *view) bool {
	if global(r.svc) && r.w.Fault.Kind != "update" {
		return true
	}
	for _, h := range s.Hit {
		if !slices.ContainsFunc(v.running, func(t *evidence.Task) bool { return t.Slot == h.Slot && t.ID != h.Task }) {
			return false
		}
	}
	return true
}
