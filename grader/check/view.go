package check

import (
	"net/netip"
	"slices"
	"sort"
	"strings"
	"sync"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/mention"
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
	// later is the view of what followed the fault window, nil if nothing did.
	later *View
	names Names
	about string // the variable of the service that it speaks of
	// clientAddrs are what the student's containers see of HAProxy, once it was
	// asked for.
	clientAddrs []string
}

// Index is what all students of a run share: the snapshot by key.
type Index struct {
	Snap       *evidence.Snapshot
	service    map[string]*evidence.Service
	tasks      map[string][]*evidence.Task // by service ID, newest last
	ready      map[string]bool             // by node ID
	publishers map[int][]*evidence.Service // by published port
	container  map[string]*evidence.Task   // by the ID's first 12 characters
	address    map[netip.Addr]*evidence.Task
	sole       map[netip.Addr]*evidence.Task // addresses of one task and nobody else
	byID       map[string]*evidence.Service
	known      func() *mention.Known
}

// NewIndex indexes a snapshot; a nil one gives an empty index.
func NewIndex(s *evidence.Snapshot) *Index {
	x := &Index{
		Snap:       s,
		service:    map[string]*evidence.Service{},
		tasks:      map[string][]*evidence.Task{},
		ready:      map[string]bool{},
		publishers: map[int][]*evidence.Service{},
		container:  map[string]*evidence.Task{},
		address:    map[netip.Addr]*evidence.Task{},
		byID:       map[string]*evidence.Service{},
		sole:       mention.Addresses(s),
		known:      sync.OnceValue(func() *mention.Known { return mention.New(s) }),
	}
	if s == nil {
		return x
	}
	for i := range s.Services {
		svc := &s.Services[i]
		x.service[svc.Name] = svc
		x.byID[svc.ID] = svc
		for _, p := range svc.Ports {
			if p.Published > 0 {
				x.publishers[p.Published] = append(x.publishers[p.Published], svc)
			}
		}
	}
	for i := range s.Tasks {
		t := &s.Tasks[i]
		x.tasks[t.ServiceID] = append(x.tasks[t.ServiceID], t)
		if len(t.ContainerID) >= shortID {
			x.container[t.ContainerID[:shortID]] = t
		}
		if t.Desired != "running" {
			continue // its address may have been given to another
		}
		for _, a := range addresses(t) {
			x.address[a] = t
		}
	}
	for _, ts := range x.tasks {
		sort.SliceStable(ts, func(i, j int) bool { return ts[i].Created < ts[j].Created })
	}
	for _, n := range s.Nodes {
		x.ready[n.ID] = n.State == "ready"
	}
	return x
}

// NewView joins a case with the indexes of its snapshots; after is nil without
// a second one. Vars are the student's names and ports, with "id" and "name"
// added.
func NewView(c evidence.Case, before, after *Index, vars map[string]string) *View {
	v := &View{c: c, vars: vars, idx: before, after: after, proxies: settled(c)}
	return v.With(usual)
}

// With gives the view a rubric's names, in place of the usual ones.
func (v *View) With(n Names) *View {
	v.names, v.about = n, n.Service
	return v
}

// turnTo makes the service under a variable the one that the view speaks of; ""
// is the one behind the balancer.
func (v *View) turnTo(nameVar string) {
	if nameVar == "" {
		nameVar = v.names.Service
	}
	if nameVar != v.about {
		v.about, v.clientAddrs = nameVar, nil
	}
}

// subjectPort is the port that the service which the view speaks of should
// publish.
func (v *View) subjectPort() string { return v.vars[v.names.Ports[v.about]] }

// subject is the service that the view speaks of, or nil.
func (v *View) subject() *evidence.Service { return v.Service(v.about) }

// Service is the student's service under its derived name, or nil.
func (v *View) Service(nameVar string) *evidence.Service {
	return v.idx.service[v.vars[nameVar]]
}

// Running are the tasks that really run: newest of their slot, wanted running,
// running, on a node that is ready. Stale tasks of a lost node, which still
// say "running", are not among them.
func (v *View) Running(svc *evidence.Service) []*evidence.Task {
	return v.idx.running(svc)
}

func (x *Index) running(svc *evidence.Service) []*evidence.Task {
	if svc == nil {
		return nil
	}
	var out []*evidence.Task
	for _, t := range x.tasks[svc.ID] {
		if t.Desired == "running" && t.State == "running" && x.ready[t.NodeID] {
			out = append(out, t)
		}
	}
	return out
}

// Wanted are the tasks that the managers mean to have, in whatever state.
func (v *View) Wanted(svc *evidence.Service) []*evidence.Task {
	var out []*evidence.Task
	for _, t := range v.idx.tasks[svc.ID] {
		if t.Desired == "running" || t.Desired == "ready" || t.Desired == "accepted" {
			out = append(out, t)
		}
	}
	return out
}

// Troubles are the engine's words on tasks of a service that did not come to
// run, newest first, each once.
func (v *View) Troubles(svc *evidence.Service) []string {
	ts := v.idx.tasks[svc.ID]
	var out []string
	for i := len(ts) - 1; i >= 0 && len(out) < 5; i-- {
		t := ts[i]
		text := t.Error
		if text == "" && t.State == "pending" {
			text = t.Message
		}
		if text != "" && t.State != "running" && t.State != "complete" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// story is what the fault window, which must be there, shows of the service that
// it watched.
func (v *View) story(svc *evidence.Service) *recovery.Story {
	if v.told == nil {
		s := recovery.Read(v.c.Window, v.c.Bundle.Probing, svc, v.c.Before.Swarm)
		v.told = &s
	}
	return v.told
}

// Stable reports whether the service had the same running tasks when the load
// ended as when it began. Without a second snapshot that is unknown.
func (v *View) Stable(svc *evidence.Service) (stable, known bool) {
	if v.after == nil {
		return false, false
	}
	return slices.Equal(ids(v.idx.running(svc)), ids(v.after.running(svc))), true
}

func ids(ts []*evidence.Task) []string {
	out := make([]string, 0, len(ts))
	for _, t := range ts {
		out = append(out, t.ID)
	}
	slices.Sort(out)
	return out
}

// ReadyNodes are the nodes that are up, by host name.
func (v *View) ReadyNodes() []evidence.Node {
	var out []evidence.Node
	for _, n := range v.idx.Snap.Nodes {
		if n.State == "ready" {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(a, b evidence.Node) int { return strings.Compare(a.Hostname, b.Hostname) })
	return out
}

// NodeName is a node's host name.
func (v *View) NodeName(id string) string {
	for _, n := range v.idx.Snap.Nodes {
		if n.ID == id {
			return n.Hostname
		}
	}
	return id
}

// Alike are services that may be the student's under another name: those that
// carry the student's ID, publish the student's port or are on the student's
// network, and names that differ only in case, dashes or leading zeros.
func (v *View) Alike(nameVar, portVar string) []string {
	want := squash(v.vars[nameVar])
	var out []string
	for i := range v.idx.Snap.Services {
		s := &v.idx.Snap.Services[i]
		same := squash(s.Name) == want || slices.Contains(s.Env, "STUDENT_ID="+v.vars["id"])
		for _, p := range s.Ports {
			same = same || (p.Published > 0 && itoa(p.Published) == v.vars[portVar])
		}
		for _, id := range s.Networks {
			same = same || v.networkName(id) == v.vars[v.names.Network] && s.Name != v.vars[v.names.Balancer] && !strings.Contains(s.Image, "haproxy")
		}
		// One that is there under its name is no other's.
		same = same && !v.ownName(s.Name)
		if same && s.Name != v.vars[nameVar] {
			out = append(out, s.Name)
		}
	}
	return out[:min(len(out), 5)]
}

// ownName reports whether a service of the student's is called so.
func (v *View) ownName(name string) bool {
	for service := range v.names.Ports {
		if v.vars[service] == name {
			return true
		}
	}
	return false
}

// separators is built once: names are compared each with each.
var separators = strings.NewReplacer("-", "", "_", "", ".", "")

// NearlySame reports whether two names differ in no more than case, dashes and
// leading zeros.
func NearlySame(a, b string) bool { return a == b || squash(a) == squash(b) }

// squash drops what people get wrong in a name.
func squash(s string) string {
	s = separators.Replace(strings.ToLower(s))
	head := strings.TrimRight(s, "0123456789")
	digits := strings.TrimLeft(s[len(head):], "0")
	return head + digits
}

// addresses are a task's addresses in every network, without prefix length.
func addresses(t *evidence.Task) []netip.Addr {
	var out []netip.Addr
	for _, a := range t.Addresses {
		if p, err := netip.ParsePrefix(a.Address); err == nil {
			out = append(out, p.Addr())
		} else if ip, err := netip.ParseAddr(a.Address); err == nil {
			out = append(out, ip)
		}
	}
	return out
}
