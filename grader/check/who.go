package check

import (
	"net/netip"

	"swarmgrade/grader/evidence"
)

// shortID is how many characters of a container's ID are its default host
// name.
const shortID = 12

// Standing is what an answer's identity amounts to.
type Standing string

const (
	own       Standing = "own"       // a running task of the student's service
	stale     Standing = "stale"     // a task of theirs that should be gone
	foreign   Standing = "foreign"   // a task of another service
	unknown   Standing = "unknown"   // names a container that no engine knows
	anonymous Standing = "anonymous" // names nobody
)

// author is who gave an answer, as far as the cluster bears it out.
type author struct {
	Standing Standing
	Task     *evidence.Task
	Service  string // name of the service, for a foreign one
}

// Author ties what an answer claims to a task that the managers know. A page
// can print anything, so a host name must be a container's ID, unless the
// service sets host names of its own; then the addresses decide. Claims that
// contradict each other count for nobody.
func (v *View) Author(r evidence.Responder, svc *evidence.Service) author {
	if r.Hostname == "" && len(r.Addresses) == 0 {
		return author{Standing: anonymous}
	}
	for _, idx := range v.indexes() {
		if a := idx.author(r, svc); a.Standing != unknown {
			return a
		}
	}
	return author{Standing: unknown}
}

// indexes are the snapshots before and after the load: a task may have come
// up in between.
func (v *View) indexes() []*Index {
	if v.after == nil {
		return []*Index{v.idx}
	}
	return []*Index{v.idx, v.after}
}

func (x *Index) author(r evidence.Responder, svc *evidence.Service) author {
	var byName *evidence.Task
	if len(r.Hostname) >= shortID {
		byName = x.container[r.Hostname[:shortID]]
	}
	if byName == nil && r.Hostname != "" && svc.Hostname == "" && !x.setsHostname(r) {
		return author{Standing: unknown}
	}
	byAddress, some := x.byAddresses(r.Addresses)
	t := byName
	switch {
	case t == nil:
		t = byAddress
	case some && byAddress != t:
		return author{Standing: unknown}
	}
	if t == nil {
		return author{Standing: unknown}
	}
	a := author{Task: t}
	switch {
	case t.ServiceID != svc.ID:
		a.Standing = foreign
		if s := x.byID[t.ServiceID]; s != nil {
			a.Service = s.Name
		}
	case t.Desired == "running" && t.State == "running":
		a.Standing = own
	default:
		a.Standing = stale
	}
	return a
}

// setsHostname reports whether the addresses lead to a service with host names
// of its own, so that a foreign answer is named as such.
func (x *Index) setsHostname(r evidence.Responder) bool {
	t, _ := x.byAddresses(r.Addresses)
	if t == nil {
		return false
	}
	s := x.byID[t.ServiceID]
	return s != nil && s.Hostname != ""
}

// byAddresses gives the one task that the known addresses belong to; some says
// that at least one was known, and then no task means that they disagree.
// Addresses in networks local to a node are known to nobody here.
func (x *Index) byAddresses(list []string) (task *evidence.Task, some bool) {
	for _, s := range list {
		ip, err := netip.ParseAddr(s)
		if err != nil {
			continue
		}
		t, ok := x.address[ip]
		if !ok {
			continue
		}
		if some && t != task {
			return nil, true
		}
		task, some = t, true
	}
	return task, some
}

// tally sorts the answers of traces by who gave them.
type tally struct {
	sent, failed int
	own          map[string]int // by task ID
	foreign      map[string]int // by service name
	stale        int
	unknown      int
	anonymous    int
	sample       string // of the first unknown or anonymous answer
	errors       map[string]int
}

func (v *View) tally(svc *evidence.Service, traces ...*evidence.Trace) tally {
	t := tally{own: map[string]int{}, foreign: map[string]int{}, errors: map[string]int{}}
	for _, tr := range traces {
		t.sent += tr.Sent
		t.failed += tr.Failed()
		for _, e := range tr.Errors {
			t.errors[e.Class] += e.Count
		}
		for _, r := range tr.Responders {
			a := v.Author(r, svc)
			switch a.Standing {
			case own:
				t.own[a.Task.ID] += r.Count
			case foreign:
				t.foreign[a.Service] += r.Count
			case stale:
				t.stale += r.Count
			case unknown:
				t.unknown += r.Count
				t.note(r.Hostname)
			case anonymous:
				t.anonymous += r.Count
				t.note(r.Sample)
			}
		}
	}
	return t
}

func (t *tally) note(s string) {
	if t.sample == "" {
		t.sample = s
	}
}

// ownTotal is the number of answers by the student's running tasks.
func (t *tally) ownTotal() int {
	n := 0
	for _, c := range t.own {
		n += c
	}
	return n
}
