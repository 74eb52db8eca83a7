package observe

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/rubric"
)

// Auto, in place of tasks, grades each student on what they have up.
var Auto = []string{"auto"}

// Recognise gives the tasks of a rubric that a student has up, by what the
// snapshot shows under the student's names; none if nothing of theirs stands.
//
// A service with the wrong name can't be told from none. Where the balancer
// stands alone, the first task that has a balancer is meant: it then says that
// the service is missing.
func Recognise(rub *rubric.Rubric, vars map[string]string, snap *evidence.Snapshot) []string {
	i := slices.IndexFunc(snap.Services, func(s evidence.Service) bool {
		for _, t := range rub.Tasks {
			if t.When != nil && vars[t.When.Service] == s.Name {
				return true
			}
		}
		return false
	})
	var out []string
	for _, t := range rub.Tasks {
		w := t.When
		if w == nil {
			continue
		}
		balanced := w.Balancer == "" || len(haproxy.Find(snap, vars[w.Balancer], []int{number(vars[w.Port])})) > 0
		switch {
		case i >= 0 && vars[w.Service] == snap.Services[i].Name:
			if (w.EndpointMode == "" || w.EndpointMode == snap.Services[i].EndpointMode) && balanced {
				out = append(out, t.ID)
			}
		case i < 0 && w.Balancer != "" && balanced && len(out) == 0:
			out = append(out, t.ID)
		}
	}
	return out
}
