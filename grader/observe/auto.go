package observe

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/rubric"
)

// Auto, in place of tasks, grades each student on what they have up.
var Auto = []string{"auto"}

// Recognised is what a student seems to be at.
type Recognised struct {
	// Up are the tasks of which everything that tells them stands.
	Up []string
	// Begun are those whose service stands as the task wants it, and whose
	// balancer is missing.
	Begun []string
	// Service says whether there is a service under the student's name.
	Service bool
}

// Recognise tells the tasks of a rubric that a student has up, by what the
// snapshot shows under the student's names. A service with the wrong name
// can't be told from none.
func Recognise(rub *rubric.Rubric, vars map[string]string, snap *evidence.Snapshot) Recognised {
	var r Recognised
	for _, t := range rub.Tasks {
		w := t.When
		if w == nil {
			continue
		}
		i := slices.IndexFunc(snap.Services, func(s evidence.Service) bool { return s.Name == vars[w.Service] })
		if i < 0 {
			continue
		}
		r.Service = true
		switch {
		case w.EndpointMode != "" && w.EndpointMode != snap.Services[i].EndpointMode:
		case w.Balancer == "" || len(haproxy.Find(snap, vars[w.Balancer], []int{number(vars[w.Port])})) > 0:
			r.Up = append(r.Up, t.ID)
		default:
			r.Begun = append(r.Begun, t.ID)
		}
	}
	return r
}

// recognise gives each student of the plan the tasks to grade. Who has no
// service is graded on what the class is at, so that nothing done is no empty
// row: on all tasks that somebody has up, or else on the first.
func (p *Plan) recognise(rub *rubric.Rubric, snap *evidence.Snapshot) {
	var missing []*Student
	class := map[string]bool{}
	for i := range p.Students {
		s := &p.Students[i]
		r := Recognise(rub, s.Vars, snap)
		for _, t := range r.Up {
			class[t] = true
		}
		if !r.Service {
			missing = append(missing, s)
			continue
		}
		s.take(rub, func(t string) bool { return slices.Contains(r.Up, t) || slices.Contains(r.Begun, t) })
		s.NotUp = r.Begun
	}
	if len(class) == 0 {
		class[firstTask(rub)] = true
	}
	for _, s := range missing {
		s.take(rub, func(t string) bool { return class[t] })
		s.NotUp = s.Tasks
	}
}

func (s *Student) take(rub *rubric.Rubric, wanted func(task string) bool) {
	s.Tasks = nil
	for _, t := range rub.Tasks {
		if wanted(t.ID) {
			s.Tasks = append(s.Tasks, t.ID)
		}
	}
}

// firstTask is the first that can be recognised.
func firstTask(rub *rubric.Rubric) string {
	return rub.Tasks[max(0, slices.IndexFunc(rub.Tasks, func(t rubric.Task) bool { return t.When != nil }))].ID
}
