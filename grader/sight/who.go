package sight

import (
	"net/netip"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/mention"
)

// ShortID is how many characters of a container's ID are its default host
// name.
const ShortID = mention.ShortID

// Short is a container's ID as engines show it.
func Short(id string) string { return id[:min(len(id), ShortID)] }

// Standing is what an answer's identity amounts to.
type Standing string

const (
	Own       Standing = "own"       // a running task of the student's service
	Stale     Standing = "stale"     // a task of theirs that should be gone
	Foreign   Standing = "foreign"   // a task of another service
	Unknown   Standing = "unknown"   // names a container that no engine knows
	Forged    Standing = "forged"    // names a task, and the rest of what is known contradicts it
	Anonymous Standing = "anonymous" // names nobody
)

// Author is who gave an answer, as far as the cluster bears it out.
type Author struct {
	Standing Standing
	Task     *evidence.Task
	Service  string // name of the service, for a foreign one
	// Header is the header field that the claim stands in, if that is not the
	// body.
	Header string
	// Why says what contradicts a forged claim: "torn", "address",
	// "stand-alone", "student", or one of the doubts about a HAProxy.
	Why string
}

// Author ties what an answer claims to a task that the managers know, by
// container ID, address and student ID. A page can print anything, so a host
// name must be a container's ID, unless the service sets host names of its
// own, each of one task's; then, or where there is no name, the addresses
// decide. Claims that contradict each other count for nobody.
func (v *View) Author(r evidence.Responder, svc *evidence.Service) Author {
	if r.Torn {
		return Author{Standing: Forged, Why: "torn"}
	}
	r, why := v.claim(r, svc)
	switch {
	case why != "":
		return Author{Standing: Forged, Why: why}
	case r.Hostname == "" && len(r.Addresses) == 0:
		return Author{Standing: Anonymous}
	}
	best := Author{Standing: Unknown}
	for _, idx := range v.indexes() {
		a := idx.author(r, svc)
		if a.Standing == Own && v.anothers(r, svc) {
			a = Author{Standing: Forged, Task: a.Task, Why: "student"}
		}
		switch {
		case a.Standing == Forged:
			best = a // unless the other snapshot bears it out
		case a.Standing != Unknown:
			a.Header = r.Header
			return a
		}
	}
	return best
}

// anothers reports whether an answer shows a student ID that neither the
// service sets nor the student has. Containers of an update that is under way
// or has stopped halfway may show an older value.
func (v *View) anothers(r evidence.Responder, svc *evidence.Service) bool {
	if r.StudentID == "" || strings.EqualFold(r.StudentID, v.vars["id"]) || SameButZeros(r.StudentID, v.vars["id"]) {
		return false
	}
	set := false
	for _, idx := range v.indexes() {
		s := idx.byID[svc.ID]
		if s == nil {
			continue
		}
		value, found, _ := LookupEnv(s, "STUDENT_ID")
		if s.Halfway() || found && strings.Contains(strings.ToLower(value), strings.ToLower(r.StudentID)) {
			return false
		}
		set = set || found && value != ""
	}
	return set
}

func (x *Index) author(r evidence.Responder, svc *evidence.Service) Author {
	byName := x.named(r.Hostname)
	if byName == nil && svc.Hostname != "" {
		byName = x.Hosts(svc)[strings.ToLower(r.Hostname)]
	}
	if byName == nil && r.Hostname != "" && svc.Hostname == "" && !x.setsHostname(r) {
		return Author{Standing: Unknown}
	}
	byAddress, some := x.byAddresses(r.Addresses)
	t := byName
	switch {
	case t == nil && some && byAddress == nil:
		return Author{Standing: Forged, Why: "address"}
	case t == nil:
		t = byAddress
	case some && byAddress != t:
		return Author{Standing: Forged, Task: t, Why: "address"}
	case !some && x.standAlone(t, r.Addresses):
		return Author{Standing: Forged, Task: t, Why: "stand-alone"}
	}
	if t == nil {
		return Author{Standing: Unknown}
	}
	a := Author{Task: t}
	switch {
	case t.ServiceID != svc.ID:
		a.Standing = Foreign
		if s := x.byID[t.ServiceID]; s != nil {
			a.Service = s.Name
		}
	case t.Desired == "running" && t.State == "running":
		a.Standing = Own
	default:
		a.Standing = Stale
	}
	return a
}

// named is the task whose container's ID a host name is: the engine's default
// is its first 12 digits.
func (x *Index) named(host string) *evidence.Task {
	if len(host) < ShortID {
		return nil
	}
	host = strings.ToLower(host)
	t := x.container[host[:ShortID]]
	if t == nil || !strings.HasPrefix(t.ContainerID, host) {
		return nil
	}
	return t
}

// standAlone reports whether one of the addresses is that of a stand-alone
// container beside the task: what prints it is not the task. Addresses on other
// nodes' own networks may repeat, and show nothing.
func (x *Index) standAlone(t *evidence.Task, list []string) bool {
	if len(list) == 0 {
		return false
	}
	for _, address := range list {
		if address != "" && slices.ContainsFunc(x.found().containerText[address], func(c *evidence.Container) bool {
			return c.ServiceID == "" && c.State == "running" && c.NodeID == t.NodeID
		}) {
			return true
		}
	}
	return false
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
// Addresses in networks local to a node are known to nobody here, and one that
// several containers have tells nothing.
func (x *Index) byAddresses(list []string) (task *evidence.Task, some bool) {
	for _, s := range list {
		ip, err := netip.ParseAddr(s)
		if err != nil {
			continue
		}
		t, ok := x.sole[ip]
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
