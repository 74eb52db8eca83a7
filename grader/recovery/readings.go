package recovery

import (
	"net/netip"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/mention"
)

// Readings are a window's polls sorted by service, so that they are gone through once for a class and
// not once for each of its services. Nobody may change the window's polls meanwhile.
type Readings struct {
	of map[string][]reading // by the service's ID, in the order of polls
	// Whose containers there were, by the default host name, and whose addresses.
	names     map[string]whose
	addresses map[netip.Addr]whose

	polls   []evidence.Poll
	struck  string   // the node that was made to fail, by ID
	refused *refused // see Refused
}

// reading is what one poll says of one service.
type reading struct {
	poll  int
	tasks []*evidence.Task
	gone  []string
}

// whose is a service, or that several had it; the zero value is nobody's.
type whose struct {
	service        string
	known, several bool
}

// another reports whether another service than one had it.
func (w whose) another(service string) bool {
	return w.several || w.known && w.service != service
}

// Sort sorts a window's readings; a nil window gives none.
func Sort(w *evidence.Window) *Readings {
	x := &Readings{of: map[string][]reading{}, names: map[string]whose{}, addresses: map[netip.Addr]whose{}}
	if w == nil {
		return x
	}
	x.polls, x.struck = w.Polls, w.Fault.NodeID
	service := map[string]string{} // by the task's ID
	for i := range w.Polls {
		p := &w.Polls[i]
		for k := range p.Tasks {
			t := &p.Tasks[k]
			service[t.ID] = t.ServiceID
			r := x.at(t.ServiceID, i)
			r.tasks = append(r.tasks, t)
			if len(t.ContainerID) >= mention.ShortID {
				had(x.names, t.ContainerID[:mention.ShortID], t.ServiceID)
			}
			for _, a := range t.Addresses {
				if ip, ok := mention.Addr(a.Address); ok {
					had(x.addresses, ip, t.ServiceID)
				}
			}
		}
		for _, id := range p.GoneTasks {
			if of, known := service[id]; known {
				r := x.at(of, i)
				r.gone = append(r.gone, id)
			}
		}
	}
	return x
}

// Any reports whether a task of a service was seen in a state that is asked for.
func (x *Readings) Any(service string, is func(*evidence.Task) bool) bool {
	for _, r := range x.of[service] {
		if slices.ContainsFunc(r.tasks, is) {
			return true
		}
	}
	return false
}

// at is what a poll says of a service, begun if it says nothing yet.
func (x *Readings) at(service string, poll int) *reading {
	all := x.of[service]
	if len(all) == 0 || all[len(all)-1].poll != poll {
		all = append(all, reading{poll: poll})
		x.of[service] = all
	}
	return &all[len(all)-1]
}

func had[K comparable](m map[K]whose, key K, service string) {
	w := m[key]
	if !w.known {
		w.known, w.service = true, service
	}
	w.several = w.several || w.service != service
	m[key] = w
}
