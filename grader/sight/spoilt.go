package sight

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/trouble"
)

// Spoilt names a node whose engine could not set up a task of the service, with
// the engine's words, or one that refuses the service's published port.
func (v *View) Spoilt(svc *evidence.Service) (node, words string) {
	for _, s := range v.c.Snapshots() {
		x := v.indexOf(s)
		if slices.ContainsFunc(x.tasks[svc.ID], ofEngine) {
			if node, words = spoiltAmong(x.refused()[svc.ID], x.troubled()); node != "" {
				return node, words
			}
		}
	}
	if w := v.c.Window(); w != nil {
		if x := v.readings.Of(w); x.Any(svc.ID, ofEngine) {
			if node, words = spoiltAmong(x.Refused(svc.ID, v.c.Before)); node != "" {
				return node, words
			}
		}
	}
	return v.deaf(svc), ""
}

// ofEngine reports whether an engine could not set up a task.
func ofEngine(t *evidence.Task) bool { return trouble.OfEngine(t.Error) }

// refusedTasks are the tasks that an engine could not set up, by service and in the order that they are listed.
func refusedTasks(s *evidence.Snapshot) map[string][]*evidence.Task {
	out := map[string][]*evidence.Task{}
	for i := range s.Tasks {
		if t := &s.Tasks[i]; ofEngine(t) {
			out[t.ServiceID] = append(out[t.ServiceID], t)
		}
	}
	return out
}

// spoiltAmong is the first node in trouble that could not set up one of some tasks, with its words.
func spoiltAmong(failed []*evidence.Task, among []trouble.Node) (node, words string) {
	for _, n := range among {
		if i := slices.IndexFunc(failed, func(t *evidence.Task) bool { return t.NodeID == n.ID }); i >= 0 {
			return n.Hostname, failed[i].Error
		}
	}
	return "", ""
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
