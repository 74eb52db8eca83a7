package check

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// reach is what all servers of a configuration lead to.
type reach struct {
	tasks  map[string]bool // own running tasks that have a server, by ID
	moved  []end           // addresses of tasks that swarm has replaced
	wrong  []end
	again  []again
	listed []string
	slots  int // servers that share the service's name and follow it
	once   int // servers that looked it up once, at the start
	vague  int // servers whose address only the container knows
	idle   int // disabled and backup servers
}

// again is a server that leads where one above leads already.
type again struct {
	server haproxy.Server
	first  int // line of the one above, its own where it is several in one
}

// key ends the name of the message that tells of it.
func (a again) key() string {
	if a.first == a.server.Line.Num {
		return "several"
	}
	return "again"
}

func (v *View) reach(px *evidence.Proxy, svc *evidence.Service, public string, port int) reach {
	r := reach{tasks: map[string]bool{}}
	first := map[string]int{}
	add := func(s haproxy.Server, slots int) {
		r.listed = append(r.listed, clip(s.Name+" "+s.Addr.Text, 80))
		if s.Disabled || s.Backup || s.Weight == 0 {
			r.idle++
			return
		}
		e := v.end(px, svc, s, port)
		switch {
		case e.why != "":
			r.wrong = append(r.wrong, e)
		case e.moved != nil:
			r.moved = append(r.moved, e)
		case e.task != nil:
			if r.tasks[e.task.ID] {
				r.again = append(r.again, again{s, first[e.task.ID]})
			} else {
				r.tasks[e.task.ID], first[e.task.ID] = true, s.Line.Num
				if slots > 1 {
					r.again = append(r.again, again{s, s.Line.Num})
				}
			}
		case s.Line.Env:
			r.vague += slots
		case s.Resolvers != "":
			r.slots += slots
		default:
			r.once += slots
		}
	}
	for _, be := range v.backends(px, public) {
		for _, s := range be.Servers {
			add(s, 1)
		}
		for _, t := range be.Templates {
			add(t.Server, max(t.Count(), 1))
		}
	}
	return r
}

// follows says how a moved task would be found again.
func (r *reach) follows() string {
	switch {
	case r.slots > 0:
		return "resolvers"
	case r.once > 0:
		return "at-start"
	}
	return "static"
}

// cover gives the running tasks that no server leads to. Servers that follow
// the service's name share its addresses out among them; those that looked it
// up once may have found any, so that answers tell, where there are some.
func (v *View) cover(r *reach, svc *evidence.Service) (missing []*evidence.Task) {
	for _, t := range v.Running(svc) {
		if !r.tasks[t.ID] {
			missing = append(missing, t)
		}
	}
	if r.slots >= len(missing)+len(r.tasks) {
		return nil
	}
	// Each address that was right before an outage stood for a task that is now
	// another.
	for _, e := range r.moved {
		i := slices.IndexFunc(missing, func(t *evidence.Task) bool {
			return t.Slot == e.moved.Slot && (t.Slot != 0 || t.NodeID == e.moved.NodeID)
		})
		if i >= 0 {
			missing = slices.Delete(missing, i, i+1)
		}
	}
	if r.slots+r.once+r.vague == 0 || len(missing) == 0 {
		return missing
	}
	if tr := v.Through(); tr != nil {
		t := v.tally(svc, tr)
		return slices.DeleteFunc(missing, func(task *evidence.Task) bool { return t.own[task.ID] > 0 })
	}
	return missing[min(len(missing), r.slots+r.once+r.vague):]
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
