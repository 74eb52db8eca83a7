package check

import (
	"slices"
	"strings"
	"time"

	"swarmgrade/grader/evidence"
)

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
	if ready, known := v.idx.ready[old.NodeID]; known && !ready || old.State == "orphaned" {
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

// gone is a server of the student's HAProxy whose task swarm has replaced since
// it was written down, or nil.
func (v *View) gone(svc *evidence.Service, public string) *end {
	px := v.Proxy()
	if px == nil {
		return nil
	}
	for _, be := range v.backends(px, public) {
		for _, s := range be.Servers {
			if s.Disabled || s.Backup || s.Weight == 0 {
				continue
			}
			if e := v.end(px, svc, s, s.Port()); e.moved != nil {
				return &e
			}
		}
	}
	return nil
}

// portOf is the port of an address.
func portOf(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }
