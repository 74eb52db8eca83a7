// Package sight reads a case: what a student has up, who gave which answer, where
// a HAProxy leads, and how far any of that can be believed. A [View] is one
// student's case, an [Index] one snapshot, which all students of a run share.
//
// It gives what was seen, and words for it, but no result: what a case earns is
// for package check, what an instructor should look at for package finding.
// Nothing here reaches the network, a clock, the file system or chance.
package sight

import (
	"maps"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/recovery"
)

// View indexes a case for one student. It serves one judge at a time.
type View struct {
	c     evidence.Case
	vars  map[string]string
	idx   *Index
	after *Index // nil without a second snapshot
	// proxies are the bundle's, with the state that lasts.
	proxies []evidence.Proxy
	// parsed are the configurations, so that each is parsed once.
	parsed map[*evidence.Proxy]*haproxy.Config
	told   *recovery.Story // once it was read
	// within are the views of episodes that were asked for; index gives the index
	// of a snapshot.
	within map[string]*View
	index  func(*evidence.Snapshot) *Index
	// readings are the class's of each window, sorted.
	readings Readings
	names    Names
	kills    int
	about    string         // the variable of the service that it speaks of
	taken    *haproxy.Proxy // the backend that it takes requests to come to, nil for all that may
	// clientAddrs are what the student's containers see of HAProxy, once it was
	// asked for.
	clientAddrs []string
}

// NewView joins a case with the indexes of its snapshots; after is nil without
// a second one. Vars are the student's names and ports, with "id" and "name"
// added.
func NewView(c evidence.Case, before, after *Index, vars map[string]string) *View {
	v := &View{c: c, vars: vars, idx: before, after: after, proxies: settled(c, before, after)}
	return v.With(Usual)
}

// With gives the view a rubric's names, in place of the usual ones.
func (v *View) With(n Names) *View {
	v.names, v.about = n, n.Service
	return v
}

// TurnTo makes the service under a variable the one that the view speaks of; ""
// is the one behind the balancer.
func (v *View) TurnTo(nameVar string) {
	if nameVar == "" {
		nameVar = v.names.Service
	}
	if nameVar != v.about {
		v.about, v.clientAddrs = nameVar, nil
	}
}

// SubjectPort is the port that the service which the view speaks of should
// publish.
func (v *View) SubjectPort() string { return v.vars[v.names.Ports[v.about]] }

// Subject is the service that the view speaks of, or nil.
func (v *View) Subject() *evidence.Service { return v.Service(v.about) }

// SubjectName is the name that the service which the view speaks of should have.
func (v *View) SubjectName() string { return v.vars[v.about] }

// Names are the rubric's names.
func (v *View) Names() Names { return v.names }

// Bundle is what was observed of the student.
func (v *View) Bundle() *evidence.Bundle { return v.c.Bundle }

// Snap is the snapshot of before the load.
func (v *View) Snap() *evidence.Snapshot { return v.idx.Snap }

// Service is the student's service under its derived name, or nil.
func (v *View) Service(nameVar string) *evidence.Service {
	return v.idx.Services[v.vars[nameVar]]
}

// ServiceNamed is anybody's service of a name, or nil.
func (v *View) ServiceNamed(name string) *evidence.Service { return v.idx.Services[name] }

// ServiceByID is anybody's service by its ID, or nil.
func (v *View) ServiceByID(id string) *evidence.Service { return v.idx.byID[id] }

// Story is what the fault window, which must be there, shows of the service that
// it watched.
func (v *View) Story(svc *evidence.Service) *recovery.Story {
	if v.told == nil {
		s := v.readings.Of(v.c.Window()).Read(v.c.Window(), v.c.Bundle.Probing(), svc, v.c.Before.Swarm)
		v.told = &s
	}
	return v.told
}

// Readings are those of windows, sorted by service, by the windows' polls: an action of each student's own may
// share them. A nil one keeps none. It is not for concurrent use.
type Readings map[*evidence.Poll]*recovery.Readings

// maxReadings is how many windows' are kept: a class has few of its own, and one of each student's own is
// asked for once.
const maxReadings = 8

// Of are those of a window.
func (r Readings) Of(w *evidence.Window) *recovery.Readings {
	if r == nil || w == nil || len(w.Polls) == 0 {
		return recovery.Sort(w)
	}
	x := r[&w.Polls[0]]
	if x == nil {
		x = recovery.Sort(w)
		if len(r) >= maxReadings {
			clear(r)
		}
		r[&w.Polls[0]] = x
	}
	return x
}

// WithReadings has the view share sorted readings with those of a class's other students.
func (v *View) WithReadings(r Readings) *View {
	v.readings = r
	return v
}

// Names are the variables that hold the names and ports of what a rubric's
// students build: one balancer and its port, the service behind it, the network
// of both.
type Names struct {
	Service, Balancer, Frontend, Network string
	// Ports are what services publish, by the variables of all that checks are
	// about, Service among them.
	Ports map[string]string
}

// Owned are the variables whose values name what is one student's alone.
func (n Names) Owned() []string { return append(slices.Sorted(maps.Keys(n.Ports)), n.Balancer) }

// Usual are the names where a rubric says nothing of them.
var Usual = Names{
	Service: "service", Balancer: "haproxy", Frontend: "frontend", Network: "network",
	Ports: map[string]string{"service": "published"},
}

// Through is the load on the student's balancer, nil if there was none; of
// several the one on its own port.
func (v *View) Through() *evidence.Trace {
	var first *evidence.Trace
	for i := range v.c.Bundle.Traces {
		tr := &v.c.Bundle.Traces[i]
		if tr.Target.Kind == "haproxy" && (first == nil || PortOf(tr.Target.Address) == v.vars[v.names.Frontend]) {
			first = tr
		}
	}
	return first
}

// clip is at most the first n characters of a text.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}
