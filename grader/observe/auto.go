package observe

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// Auto, in place of tasks, grades each student on what they have up.
var Auto = []string{"auto"}

// Recognised is what a student seems to be at.
type Recognised struct {
	// Up are the tasks of which everything that tells them stands.
	Up []string
	// Begun are those of which something stands and something is missing: the
	// balancer, or the endpoint mode where the network tells the task and the
	// published port another one.
	Begun []string
	// Network is the overlay in use that told a task in spite of the service's
	// endpoint mode, "" if none had to.
	Network string
	// Service says whether there is a service under the student's name.
	Service bool
}

// Recognise tells the tasks of a rubric that a student has up, by what the
// snapshot shows under the student's names. A service with the wrong name
// can't be told from none.
//
// A task's own network tells it where the endpoint mode is wrong, which is
// the mistake that is made most: alone, if the service publishes nothing
// through the mesh, as the other tasks want; beside them if it does. The other
// way round a service in the task's mode that is on no network but publishes a
// port may be meant for the other tasks.
func Recognise(rub *rubric.Rubric, vars map[string]string, snap *evidence.Snapshot) Recognised {
	return newLookup(snap).recognise(rub, vars)
}

func (x *lookup) recognise(rub *rubric.Rubric, vars map[string]string) Recognised {
	var r Recognised
	var other []string // tasks of another endpoint mode
	var told []string  // those of them that their network tells
	astray, published := false, false
	for _, t := range rub.Tasks {
		w := t.When
		if w == nil {
			continue
		}
		svc := x.service[vars[w.Service]]
		if svc == nil {
			continue
		}
		r.Service = true
		network := ""
		if w.Network != "" {
			network = x.overlay(rub, vars, svc, vars[w.Network])
		}
		switch {
		case w.EndpointMode != "" && w.EndpointMode != svc.EndpointMode:
			other = append(other, t.ID)
			if network != "" {
				told, r.Network = append(told, t.ID), network
			}
		case w.Balancer == "" || len(x.balancers(w, vars)) > 0:
			r.Up = append(r.Up, t.ID)
			astray = astray || w.Network != "" && network == "" && len(svc.Networks) == 0 && len(svc.Ports) > 0
		default:
			r.Begun = append(r.Begun, t.ID)
		}
		published = published || meshed(svc)
	}
	switch {
	case len(told) > 0 && !published:
		r.Up, r.Begun = told, nil
	case len(told) > 0:
		r.Begun = append(r.Begun, told...)
	case astray:
		r.Begun = append(r.Begun, other...)
	}
	return r
}

func (x *lookup) balancers(w *rubric.When, vars map[string]string) []haproxy.Ref {
	return x.find.Find(vars[w.Balancer], []int{number(vars[w.Port])})
}

func meshed(svc *evidence.Service) bool {
	return slices.ContainsFunc(svc.Ports, func(p evidence.Port) bool { return p.Published > 0 && p.Mode != "host" })
}

// overlay is the name of the network in use that tells a task: the wanted one,
// or one of nearly that name, that the service or a balancer of the rubric is
// on; else any overlay that a service is on which nobody could reach
// otherwise. "" if there is none.
func (x *lookup) overlay(rub *rubric.Rubric, vars map[string]string, svc *evidence.Service, want string) string {
	used := slices.Clone(svc.Networks)
	var names []string // of networks that an engine knows no ID for yet
	for _, t := range rub.Tasks {
		if t.When == nil || t.When.Balancer == "" {
			continue
		}
		for _, ref := range x.balancers(t.When, vars) {
			if c := x.containers[ref.ID]; c != nil {
				for _, n := range c.Networks {
					used, names = append(used, n.NetworkID), append(names, n.Name)
				}
			}
			if s := x.index.ServiceByID(ref.ID); s != nil {
				used = append(used, s.Networks...)
			}
		}
	}
	if len(used) == 0 {
		return ""
	}
	some := ""
	for i := range x.snap.Networks {
		n := &x.snap.Networks[i]
		if n.Ingress || !slices.Contains(used, n.ID) && !slices.Contains(names, n.Name) {
			continue
		}
		if sight.NearlySame(n.Name, want) {
			return n.Name
		}
		if n.Driver == "overlay" && slices.Contains(svc.Networks, n.ID) && !meshed(svc) {
			some = n.Name
		}
	}
	return some
}

// recognise gives each student of the plan the tasks to grade. Who has no
// service is graded on what the class is at, so that nothing done is no empty
// row: on all tasks that somebody has up, or else on the first.
func (p *Plan) recognise(rub *rubric.Rubric, x *lookup) {
	var missing []*Student
	class := map[string]bool{}
	for i := range p.Students {
		s := &p.Students[i]
		r := x.recognise(rub, s.Vars)
		for _, t := range r.Up {
			class[t] = true
		}
		if !r.Service {
			missing = append(missing, s)
			continue
		}
		s.take(rub, func(t string) bool { return slices.Contains(r.Up, t) || slices.Contains(r.Begun, t) })
		s.NotUp, s.Told = r.Begun, r.Network
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
