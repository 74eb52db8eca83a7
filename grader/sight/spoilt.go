package sight

import (
	"maps"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/trouble"
)

// Spoilt names a node whose engine could not set up a task of the service, with
// the engine's words, or one that refuses the service's published port.
func (v *View) Spoilt(svc *evidence.Service) (node, words string) {
	for _, s := range v.c.Snapshots() {
		x := v.indexOf(s)
		if slices.ContainsFunc(x.tasks[svc.ID], ofEngine) {
			if node, words = spoiltAmong(svc, s.Tasks, x.troubled()); node != "" {
				return node, words
			}
		}
	}
	if w := v.c.Window(); w != nil && v.readings.Of(w).Any(svc.ID, ofEngine) {
		tasks := inWindow(w)
		if node, words = spoiltAmong(svc, tasks, trouble.Among(tasks, v.c.Before)); node != "" {
			return node, words
		}
	}
	return v.deaf(svc), ""
}

// ofEngine reports whether an engine could not set up a task.
func ofEngine(t *evidence.Task) bool { return trouble.OfEngine(t.Error) }

// failedBy finds tasks of a service that an engine could not set up.
func failedBy(svc *evidence.Service) func(evidence.Task) bool {
	return func(t evidence.Task) bool { return t.ServiceID == svc.ID && trouble.OfEngine(t.Error) }
}

func spoiltAmong(svc *evidence.Service, tasks []evidence.Task, among []trouble.Node) (node, words string) {
	failed := failedBy(svc)
	for _, n := range among {
		if i := slices.IndexFunc(tasks, func(t evidence.Task) bool { return t.NodeID == n.ID && failed(t) }); i >= 0 {
			return n.Hostname, tasks[i].Error
		}
	}
	return "", ""
}

// inWindow are the tasks of a fault window as they were last seen, by ID,
// without those on the node that was made to fail. What went wrong stays known,
// whatever a task came to afterwards.
func inWindow(w *evidence.Window) []evidence.Task {
	last := map[string]evidence.Task{}
	for _, p := range w.Polls {
		for _, t := range p.Tasks {
			if t.NodeID != w.Fault.NodeID && (trouble.OfEngine(t.Error) || !trouble.OfEngine(last[t.ID].Error)) {
				last[t.ID] = t
			}
		}
	}
	return slices.SortedFunc(maps.Values(last), func(a, b evidence.Task) int { return strings.Compare(a.ID, b.ID) })
}

// deaf names a node that refuses every connection to a port which the service
// publishes on the mesh, while another node leads to the service: whether a
// node listens there is the swarm's work alone.
func (v *View) deaf(svc *evidence.Service) string {
	answered, deaf := false, ""
	for i := range v.c.Bundle.Traces {
		tr := &v.c.Bundle.Traces[i]
		if tr.Target.Kind != "mesh" || tr.Sent == 0 || !v.meshed(svc, tr.Target.Address) {
			continue
		}
		t := v.Tally(svc, tr)
		answered = answered || len(t.Own) > 0
		if t.Errors["refused"] == t.Sent {
			deaf = MeshNode(tr)
		}
	}
	if !answered {
		return ""
	}
	return deaf
}

// meshed reports whether the port of an address is one that the service
// publishes on the mesh, before the load and after it.
func (v *View) meshed(svc *evidence.Service, address string) bool {
	port := PortOf(address)
	on := func(s *evidence.Service) bool {
		p := PublishedPort(s, port)
		return p != nil && p.Mode == "ingress"
	}
	if v.after == nil {
		return on(svc)
	}
	after := v.after.byID[svc.ID]
	return after != nil && on(svc) && on(after)
}
