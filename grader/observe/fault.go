package observe

import (
	"net"
	"slices"
	"strconv"
	"time"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/recovery"
)

// Watch is what a fault window is to see of one student. Gap, if set, says why
// there will be none.
type Watch struct {
	Service *evidence.Service
	Port    int
	Rate    float64 // probes a second, 0 for the usual
	Gap     *evidence.Gap
}

// Fault is one fault of a plan and whom it concerns.
type Fault struct {
	action.Step
	// LimitMS is how long after the injection a recovery is waited for.
	LimitMS int64
}

// window plans a student's part in a fault window. A service that cannot be
// probed is not worth a fault; the checks before say why.
func (x *lookup) window(s *Student, need check.Need) {
	port := number(s.Vars[need.Port])
	svc := x.service[s.Vars[need.Service]]
	switch {
	case svc == nil:
		s.skip(need.Load(), "no-service")
	case !publishes(svc, port):
		s.skip(need.Load(), "not-published")
	case x.running[svc.ID] == 0:
		s.skip(need.Load(), "nothing-running")
	default:
		s.Watch = &Watch{Service: svc, Port: port, Rate: need.Rate}
	}
}

// NeedsFault reports whether some student's evidence takes a fault.
func (p *Plan) NeedsFault() bool {
	return slices.ContainsFunc(p.Students, func(s Student) bool { return s.Watch != nil && s.Watch.Gap == nil })
}

// Hit is how many students the planned faults are observed for.
func (p *Plan) Hit() int {
	n := 0
	for _, f := range p.Faults {
		n += len(f.Students)
	}
	return n
}

// LeaveOut plans no fault, and nothing to be done to anybody's service; why is a
// gap's code.
func (p *Plan) LeaveOut(why, detail string) {
	p.leaveActions(why)
	p.LeaveFaults(why, detail)
}

// LeaveFaults plans no fault; why is a gap's code.
func (p *Plan) LeaveFaults(why, detail string) {
	p.Faults = nil
	for i := range p.Students {
		if w := p.Students[i].Watch; w != nil && w.Gap == nil {
			w.Gap = &evidence.Gap{What: "window", Code: why, Detail: detail}
		}
	}
}

// ChooseFaults plans the fewest faults that hit every student who is to be
// watched. Whoever none can hit gets a gap with the reason; its detail is the
// host name of the node that the reason is about.
func (p *Plan) ChooseFaults(snap *evidence.Snapshot, rules action.Rules) {
	var concerned []action.Concern
	for i := range p.Students {
		if w := p.Students[i].Watch; w != nil && w.Gap == nil {
			concerned = append(concerned, action.Concern{Student: p.Students[i].Who.ID, Service: w.Service.ID})
		}
	}
	chosen := action.Choose(snap, concerned, rules)
	for _, m := range chosen.Missed {
		if s := p.student(m.Student); s != nil {
			s.Watch.Gap = &evidence.Gap{What: "window", Code: m.Code, Detail: m.Node}
		}
	}
	p.Faults = nil
	for _, step := range chosen.Steps {
		p.Faults = append(p.Faults, Fault{
			Step: step, LimitMS: limitMS(step.Fault, p.watched(step.Students), snap.Swarm),
		})
	}
}

// maxDelay is the longest restart delay that a class waits for: one student
// who asks for an hour must not keep a node down for an hour.
const maxDelay = time.Minute

// limitMS is how long after the injection a recovery is waited for.
func limitMS(a evidence.Action, services []*evidence.Service, swarm evidence.Swarm) int64 {
	speed := swarm.Speed()
	limit := recovery.LimitMS(a, services, swarm, speed)
	if a.Kind == action.Update { // has a bound of its own
		return limit
	}
	slowest := &evidence.Service{Restart: evidence.RestartPolicy{DelayMS: maxDelay.Milliseconds()}}
	return min(limit, recovery.LimitMS(a, []*evidence.Service{slowest}, swarm, speed))
}

// KillOne plans the one fault that a self-check may use, for the plan's only
// student: the loss of a container of their own, on a node whose engine can be
// told to. It reports false if there is none.
func (p *Plan) KillOne(snap *evidence.Snapshot) bool {
	if len(p.Students) != 1 || p.Students[0].Watch == nil || p.Students[0].Watch.Gap != nil {
		return false
	}
	s := &p.Students[0]
	x := newLookup(snap)
	for _, t := range snap.Tasks {
		n := x.node[t.NodeID]
		if t.ServiceID != s.Watch.Service.ID || t.Desired != "running" || t.State != "running" || t.ContainerID == "" ||
			n == nil || n.State != "ready" ||
			!slices.ContainsFunc(snap.Endpoints, func(e evidence.Endpoint) bool { return e.Reached && e.NodeID == n.ID }) {
			continue
		}
		p.Faults = []Fault{{
			Step: action.Step{Students: []string{s.Who.ID}, Fault: evidence.Action{
				Kind: action.TaskKill, NodeID: n.ID, Hostname: n.Hostname, Address: n.Address,
				Service: t.ServiceID, TaskID: t.ID, ContainerID: t.ContainerID,
			}},
			LimitMS: limitMS(evidence.Action{Kind: action.TaskKill}, []*evidence.Service{s.Watch.Service}, snap.Swarm),
		}}
		return true
	}
	return false
}

func (p *Plan) student(id string) *Student {
	i := slices.IndexFunc(p.Students, func(s Student) bool { return s.Who.ID == id })
	if i < 0 {
		return nil
	}
	return &p.Students[i]
}

func (p *Plan) watched(ids []string) []*evidence.Service {
	var out []*evidence.Service
	for _, id := range ids {
		if s := p.student(id); s != nil {
			out = append(out, s.Watch.Service)
		}
	}
	return out
}

// probed are the nodes that are ready, as entries to a published port; but that of an
// ID, whose address may be gone while a fault lasts.
func (x *lookup) probed(port int, but string) []evidence.Target {
	var out []evidence.Target
	for _, n := range x.nodes {
		if n.ID != but {
			out = append(out, evidence.Target{
				ID: "mesh/" + n.Hostname, Kind: "mesh", NodeID: n.ID, Path: "/",
				Address: net.JoinHostPort(n.Address, strconv.Itoa(port)), PerConnection: 1, TimeoutMS: probeTimeoutMS,
			})
		}
	}
	return out
}

// Hits are the services that a fault concerns, those of students for whom
// skip is true left out. They are probed through every node that is ready but
// the target, whose address may be gone while the fault lasts.
func (p *Plan) Hits(f *Fault, snap *evidence.Snapshot, skip func(student string) bool) []Watched {
	var out []Watched
	x := newLookup(snap)
	but := ""
	if takesNode(f.Fault.Kind) {
		but = f.Fault.NodeID
	}
	for _, id := range f.Students {
		if s := p.student(id); s != nil && s.Watch != nil && !skip(id) {
			out = append(out, Watched{Student: id, Service: s.Watch.Service, Rate: s.Watch.Rate, Targets: x.probed(s.Watch.Port, but)})
		}
	}
	return out
}

// takesNode reports whether a kind of action may take a node's address away.
func takesNode(kind string) bool {
	k, ok := action.Find(kind)
	return !ok || !k.Heals
}

// After plans the load that follows a fault, for every student whose bundle has
// a probing (bundles in the plan's order, nil for students who are done), and
// gives the bundles that it is to be added to, in the order of the new plan.
// settled is a snapshot taken just before.
func (p *Plan) After(bundles []*evidence.Bundle, settled *evidence.Snapshot) (*Plan, []*evidence.Bundle) {
	after := &Plan{}
	var into []*evidence.Bundle
	x := knowing(settled, p.crowd)
	for i, b := range bundles {
		s := &p.Students[i]
		if b == nil || b.Probing() == nil || len(s.later) == 0 {
			continue
		}
		next := Student{Who: s.Who, Vars: s.Vars}
		for _, need := range s.later {
			x.mesh(&next, need, len(s.later) > 1)
		}
		after.Students = append(after.Students, next)
		into = append(into, b)
	}
	return after, into
}
