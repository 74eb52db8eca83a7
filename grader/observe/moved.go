package observe

import (
	"maps"
	"slices"

	"swarmgrade/grader/evidence"
)

// Moved reports whether what answers a student's load is other than it was at
// an earlier snapshot: the running tasks of their service, or their balancer's.
// What was measured then would be held against tasks that are gone.
func (s *Student) Moved(then, now *evidence.Snapshot) bool {
	return !maps.Equal(s.answering(then), s.answering(now))
}

// answering are the containers that answer for a student, by task or container.
func (s *Student) answering(snap *evidence.Snapshot) map[string]string {
	out := make(map[string]string)
	var services []string
	for _, svc := range snap.Services {
		if svc.Name == s.Vars[s.names.Balancer] || slices.Contains(s.services, svc.Name) {
			services = append(services, svc.ID)
		}
	}
	running, _ := runningNow(snap.Tasks, services)
	maps.Copy(out, running)
	for _, c := range snap.Containers {
		if c.State == "running" && c.TaskID == "" && slices.Contains(c.Names, s.Vars[s.names.Balancer]) {
			out[c.ID] = c.ID
		}
	}
	return out
}
