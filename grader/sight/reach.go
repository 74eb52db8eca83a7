package sight

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// Reach is what all servers of a configuration lead to.
type Reach struct {
	Tasks  map[string]bool // own running tasks that have a server, by ID
	Moved  []Destination   // addresses of tasks that swarm has replaced
	Wrong  []Destination
	Again  []Repeat
	Listed []string
	Slots  int // servers that share the service's name and follow it
	Once   int // servers that looked it up once, at the start
	Vague  int // servers whose address only the container knows
	Idle   int // disabled and backup servers
}

// Repeat is a server that leads where one above leads already.
type Repeat struct {
	Server haproxy.Server
	First  int // line of the one above, its own where it is several in one
}

// How is "several" for a line that is several servers in one, else "again".
func (r Repeat) How() string {
	if r.First == r.Server.Line.Num {
		return "several"
	}
	return "again"
}

// Reach follows all servers that a HAProxy's public port leads to; port is the
// one that the service's containers listen on.
func (v *View) Reach(px *evidence.Proxy, svc *evidence.Service, public string, port int) Reach {
	r := Reach{Tasks: map[string]bool{}}
	first := map[string]int{}
	add := func(be *haproxy.Proxy, s haproxy.Server, slots int) {
		r.Listed = append(r.Listed, clip(s.Name+" "+s.Addr.Text, 80))
		if be.Idle(s) {
			r.Idle++
			return
		}
		e := v.Destination(px, svc, s, port)
		switch {
		case e.Why != "":
			r.Wrong = append(r.Wrong, e)
		case e.Moved != nil:
			r.Moved = append(r.Moved, e)
		case e.Task != nil:
			if r.Tasks[e.Task.ID] {
				r.Again = append(r.Again, Repeat{s, first[e.Task.ID]})
			} else {
				r.Tasks[e.Task.ID], first[e.Task.ID] = true, s.Line.Num
				if slots > 1 {
					r.Again = append(r.Again, Repeat{s, s.Line.Num})
				}
			}
		case s.Line.Env:
			r.Vague += slots
		case s.Resolvers != "":
			r.Slots += slots
		default:
			r.Once += slots
		}
	}
	for _, be := range v.Backends(px, public) {
		for _, s := range be.Servers {
			add(be, s, 1)
		}
		for _, t := range be.Templates {
			add(be, t.Server, max(t.Count(), 1))
		}
	}
	return r
}

// Follows says how a moved task would be found again.
func (r *Reach) Follows() string {
	switch {
	case r.Slots > 0:
		return "resolvers"
	case r.Once > 0:
		return "at-start"
	}
	return "static"
}

// Uncovered gives the running tasks that no server leads to. Servers that follow
// the service's name share its addresses out among them; those that looked it
// up once may have found any, so that answers tell, where there are some.
func (v *View) Uncovered(r *Reach, svc *evidence.Service) (missing []*evidence.Task) {
	for _, t := range v.Running(svc) {
		if !r.Tasks[t.ID] {
			missing = append(missing, t)
		}
	}
	if r.Slots >= len(missing)+len(r.Tasks) {
		return nil
	}
	// Each address that was right before an outage stood for a task that is now
	// another.
	for _, e := range r.Moved {
		i := slices.IndexFunc(missing, func(t *evidence.Task) bool {
			return t.Slot == e.Moved.Slot && (t.Slot != 0 || t.NodeID == e.Moved.NodeID)
		})
		if i >= 0 {
			missing = slices.Delete(missing, i, i+1)
		}
	}
	if r.Slots+r.Once+r.Vague == 0 || len(missing) == 0 {
		return missing
	}
	if tr := v.Through(); tr != nil {
		t := v.Tally(svc, tr)
		return slices.DeleteFunc(missing, func(task *evidence.Task) bool { return t.Own[task.ID] > 0 })
	}
	return missing[min(len(missing), r.Slots+r.Once+r.Vague):]
}

// Gone is a server of the student's HAProxy whose task swarm has replaced since
// it was written down, or nil.
func (v *View) Gone(svc *evidence.Service, public string) *Destination {
	px := v.Proxy()
	if px == nil {
		return nil
	}
	for _, be := range v.Backends(px, public) {
		for _, s := range be.Servers {
			if be.Idle(s) {
				continue
			}
			if e := v.Destination(px, svc, s, s.Port()); e.Moved != nil {
				return &e
			}
		}
	}
	return nil
}
