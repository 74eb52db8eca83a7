// Package observe collects evidence: it plans what a rubric's checks need to
// see, reads the cluster once for the whole class, and drives load for several
// students at a time. It judges nothing.
package observe

import (
	"net"
	"slices"
	"strconv"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// requestTimeoutMS bounds one request from dial to last byte. HAProxy's own
// connect timeout is often 5 s; an answer later than this helps nobody.
const requestTimeoutMS = 3000

// Plan is what will be observed, before anything is sent to a student.
type Plan struct {
	Students []Student
	// Faults are injected one after the other, once all load is done; then comes
	// what is done to students' own services, also one after the other.
	Faults   []Fault
	Episodes []Episode

	crowd *crowd
}

// Student is what will be observed of one student.
type Student struct {
	Who  roster.Student
	Vars map[string]string
	// Tasks are those of the rubric that are graded; NotUp those of them that
	// the student does not have up, where that was looked for.
	Tasks, NotUp []string
	// Told is the network that told a task where the endpoint mode did not.
	Told string
	// Before is the hash of the snapshot that was taken before this student's
	// first request: of an earlier one than the plan's, in a resumed run.
	Before string
	// Proxies are the HAProxy candidates to read.
	Proxies []haproxy.Ref
	// Names are the names that engines are asked about.
	Names []Name
	// Inside are those that are looked up within their networks too.
	Inside []Name
	// Targets are what load is driven at, one after the other.
	Targets []evidence.Target
	// Watch is what a fault window is to see, nil if the rubric asks for none
	// or there is nothing to see.
	Watch *Watch
	// Skipped say which loads the rubric asks for and are not driven, since
	// there is nothing to drive them at; the checks before them say why.
	Skipped []Skip

	later     []check.Need                // loads that follow a fault
	during    []check.Need                // what is seen while an action is in force
	jars      func(address string) string // that clients have from the load at an address before
	names     sight.Names
	services  []string // the names of those that anything is asked about
	witnesses []evidence.Container
	owner     map[string]string // of each student's HAProxy name, by that name
	look      *lookup           // of the snapshot that the plan was made of
	named     []string          // the targets whose Host header stands in the HAProxy's configuration
	behind    map[string]int    // how many tasks run behind a balancer's target, by its ID
}

// Skip is a load that is not driven. Why is "no-service", "not-published",
// "nothing-running", "no-proxy", "proxy-not-running", "proxy-not-published".
type Skip struct{ Load, Why string }

// Requests is the number of requests of the whole plan, at most.
func (p *Plan) Requests() int {
	n := 0
	for i := range p.Students {
		n += p.Students[i].Requests()
	}
	return n
}

// Inside is the number of students whose names are looked up within their networks.
func (p *Plan) Inside() int {
	return count(p.Students, func(s Student) bool { return len(s.Inside) > 0 })
}

// Requests is the number of requests for one student, at most.
func (s *Student) Requests() int {
	n := 0
	for _, t := range s.Targets {
		n += t.Requests
	}
	return n
}

// Expected is how many of [Plan.Requests] are sent where all is as it should be.
func (p *Plan) Expected() int {
	n := 0
	for i := range p.Students {
		n += p.Students[i].Expected()
	}
	return n
}

// Expected is how many of [Student.Requests] are sent where all is as it should be.
func (s *Student) Expected() int {
	n := 0
	for _, t := range s.Targets {
		n += expected(t)
	}
	return n
}

// NewPlan derives the plan from the rubric's needs and one snapshot. Tasks are
// those to grade, or [Auto]; vars are each student's names and ports by ID.
func NewPlan(rub *rubric.Rubric, tasks []string, students []roster.Student,
	vars map[string]map[string]string, snap *evidence.Snapshot,
) *Plan {
	class := newCrowd(rub, vars)
	idx := knowing(snap, class)
	names := check.NamesOf(rub)
	owner := make(map[string]string, len(vars))
	for id, v := range vars {
		owner[v[names.Balancer]] = id
	}
	p := &Plan{Students: make([]Student, 0, len(students)), crowd: class}
	for _, who := range students {
		p.Students = append(p.Students, Student{Who: who, Vars: vars[who.ID], Tasks: tasks, owner: owner, names: names, look: idx})
	}
	if slices.Equal(tasks, Auto) {
		p.recognise(rub, idx)
	}
	for i := range p.Students {
		idx.plan(&p.Students[i], needsOf(rub, p.Students[i].Tasks))
	}
	p.act(rub, idx)
	return p
}

func (x *lookup) plan(s *Student, needs []check.Need) {
	loads := map[string]int{} // of one way in
	for _, need := range needs {
		loads[need.Load()]++
		if name := s.Vars[need.Service]; name != "" && !slices.Contains(s.services, name) {
			s.services = append(s.services, name)
		}
	}
	for _, need := range needs {
		several := loads[need.Load()] > 1
		if need.After != "" && need.After != evidence.FaultEpisode {
			s.during = append(s.during, need)
			continue
		}
		switch need.Load() {
		case "proxy":
			s.Proxies = x.proxies(s, need)
		case "load/mesh":
			x.mesh(s, need, several)
		case "names":
			x.names(s, need)
		case "inside":
			x.inside(s, need)
		case "window":
			x.window(s, need)
		case "load/later":
			s.later = append(s.later, need)
		}
	}
	for _, need := range needs {
		if need.Balanced() && need.After == "" {
			if len(s.Proxies) == 0 {
				s.Proxies = x.proxies(s, need)
			}
			x.balancer(s, need, loads[need.Load()] > 1)
		}
	}
}

// proxies are what can be meant by a student's balancer. What carries a
// classmate's name is the classmate's, whatever port it has taken.
func (x *lookup) proxies(s *Student, need check.Need) []haproxy.Ref {
	found := slices.DeleteFunc(x.find.Find(s.Vars[need.Balancer], s.ports(need)),
		func(r haproxy.Ref) bool { id, taken := s.owner[r.Name]; return taken && id != s.Who.ID })
	for _, ref := range s.Proxies { // those at the ports of other checks
		if !slices.ContainsFunc(found, func(r haproxy.Ref) bool { return r.ID == ref.ID && r.Name == ref.Name }) {
			found = append(found, ref)
		}
	}
	return found
}

// mesh plans requests to the published port on every node that is up. The
// answers of all nodes are judged together for evenness, but each node must
// show every container by itself.
//
// Where several ports are driven, targets carry theirs.
func (x *lookup) mesh(s *Student, need check.Need, several bool) {
	port := number(s.Vars[need.Port])
	svc := x.service[s.Vars[need.Service]]
	switch {
	case svc == nil:
		s.skip(need.Load(), "no-service")
		return
	case !publishes(svc, port):
		s.skip(need.Load(), "not-published")
		return
	case x.running[svc.ID] == 0:
		s.skip(need.Load(), "nothing-running")
		return
	}
	requests := need.Requests(x.running[svc.ID], len(x.nodes))
	at := ""
	if several {
		at = ":" + strconv.Itoa(port)
	}
	for _, n := range x.nodes {
		t := target("mesh/"+n.Hostname+at, "mesh", n, port, requests)
		t.Numbers = need.Numbers
		if x.sole(port, n.ID, svc.ID) {
			t.Enough = x.enough(svc, need, len(x.nodes))
		}
		s.Targets = append(s.Targets, t)
	}
}

// ports are the port that a need is about and those that may stand for it.
func (s *Student) ports(need check.Need) []int {
	var out []int
	for _, v := range append([]string{need.Port}, need.Or...) {
		if n := number(s.Vars[v]); n > 0 {
			out = append(out, n)
		}
	}
	return out
}

// balancer plans requests to the student's HAProxy: the one under its name,
// else the first that can be meant, at the first port that it publishes.
func (x *lookup) balancer(s *Student, need check.Need, several bool) {
	if len(s.Proxies) == 0 {
		s.skip(need.Load(), "no-proxy")
		return
	}
	at := max(0, slices.IndexFunc(s.Proxies, func(r haproxy.Ref) bool { return r.Matched == "name" }))
	var node *evidence.Node
	port, why := 0, "proxy-not-published"
	for _, p := range s.ports(need) {
		if n, trouble := x.entry(s.Proxies[at], p); trouble == "" || node == nil {
			node, port, why = n, p, trouble
		}
		if node != nil {
			break
		}
	}
	if why != "" {
		s.skip(need.Load(), why)
		return
	}
	k, svc := 0, x.service[s.Vars[need.Service]]
	if svc != nil {
		k = x.running[svc.ID]
	}
	t := target(need.From, need.From, node, port, need.Requests(k, 1))
	t.Numbers = need.Numbers
	if x.sole(port, node.ID, s.Proxies[at].ID) {
		t.Enough = x.enough(svc, need, 1)
	}
	if s.behind == nil {
		s.behind = map[string]int{}
	}
	if need.From == "cookies" || need.From == "returning" {
		t.Cookies = need.Cookies(k)
	}
	if need.From == "returning" && s.jars != nil {
		if t.Cookies.Jars = s.jars(t.Address); t.Cookies.Jars == "" {
			return // no client has a cookie to come back with
		}
	}
	if need.From == "held" {
		t.Holds = need.Holds(k)
	}
	if several {
		t.ID += ":" + strconv.Itoa(port)
	}
	s.behind[t.ID] = k
	switch need.Host {
	case "":
	case check.HostConfigured:
		s.named = append(s.named, t.ID)
	default:
		t.Host = need.Host
	}
	s.Targets = append(s.Targets, t)
}

func (s *Student) skip(load, why string) { s.Skipped = append(s.Skipped, Skip{Load: load, Why: why}) }

func target(id, kind string, n *evidence.Node, port, requests int) evidence.Target {
	return evidence.Target{
		ID: id, Kind: kind, NodeID: n.ID, Path: "/",
		Address:  net.JoinHostPort(n.Address, strconv.Itoa(port)),
		Requests: requests, PerConnection: 1, Workers: 1, TimeoutMS: requestTimeoutMS,
	}
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
