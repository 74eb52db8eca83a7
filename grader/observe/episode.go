package observe

import (
	"slices"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// Episode is an action of the rubric and the students whose services it is done to,
// side by side; or, where it hits a node, the students whose services are watched.
type Episode struct {
	rubric.Action
	Students []Touched
	// Node is what is done to a node, as far as one was chosen; nil where the action
	// is done to services.
	Node  *evidence.Action
	rules action.Rules // of the choice
}

// Touched is a student whose service an action is done to. Gap, if set, says why it
// is not, or why what was seen meanwhile tells nothing.
type Touched struct {
	Student string
	Action  evidence.Action
	Gap     *evidence.Gap
}

// act plans what is done to students' own services.
func (p *Plan) act(rub *rubric.Rubric, x *lookup) {
	for _, a := range rub.Actions {
		e := Episode{Action: a}
		for i := range p.Students {
			s := &p.Students[i]
			name := ""
			for _, n := range s.during {
				if n.After == a.ID && n.Service != "" {
					name = s.Vars[n.Service]
					break
				}
			}
			if name == "" {
				continue
			}
			e.Students = append(e.Students, touch(a, s.Who.ID, x.snap, x.service[name], false))
			// Whether it may be done shows in the HAProxy that names its tasks.
			if balancer := s.Vars[s.names.Balancer]; balancer != "" && len(s.Proxies) == 0 {
				s.Proxies = x.proxies(s, check.Need{Balancer: s.names.Balancer, Port: s.names.Frontend})
			}
		}
		if len(e.Students) > 0 {
			p.Episodes = append(p.Episodes, e)
		}
	}
}

// touch finds how an action is done to a service, nil for none. One that is being updated
// by the time that it is to be done is left alone: a task that ends meanwhile is to the
// swarm an update that failed, and it may take the student's last change back. Of a plan
// it is concerned, as the update will be over by then.
func touch(a rubric.Action, student string, snap *evidence.Snapshot, svc *evidence.Service, now bool) Touched {
	t := Touched{Student: student}
	kind, ok := action.Find(a.Kind)
	code := "internal"
	switch {
	case ok && svc != nil && svc.Updating() && now:
		code = "updating"
	case ok && (kind.Scope == action.Class || svc != nil && svc.Updating()):
		t.Action, code = concern(a.Kind, svc)
	case ok:
		t.Action, code = kind.Aim(a.Params, snap, svc, student)
	}
	if code != "" {
		t.Gap = &evidence.Gap{What: "action", Code: code}
	}
	return t
}

// Again finds anew, by a later snapshot, how the action is done to the services: a
// student may have changed theirs since. What was left out stays so.
func (e *Episode) Again(snap *evidence.Snapshot) {
	byID := make(map[string]*evidence.Service, len(snap.Services))
	for i := range snap.Services {
		byID[snap.Services[i].ID] = &snap.Services[i]
	}
	for i, t := range e.Students {
		if t.Gap != nil {
			continue
		}
		if svc := byID[t.Action.Service]; svc != nil {
			e.Students[i] = touch(e.Action, t.Student, snap, svc, true)
		} else { // it is not the one that was planned for
			e.Students[i].Gap = &evidence.Gap{What: "action", Code: "changed"}
		}
	}
	if e.Class() {
		e.rules.Now = true
		e.choose(snap)
	}
}

// Spare leaves out whom the action would do harm that lasts: whoever's HAProxy names
// the addresses of the tasks that it replaces. It goes by a snapshot and by what was
// observed of a student, nil for none.
// What is done to a node, nobody can be spared.
func (p *Plan) Spare(e *Episode, snap *evidence.Snapshot, observed func(student string) *evidence.Bundle) {
	if e.Class() {
		return
	}
	index := sight.NewIndex(snap)
	for i := range e.Students {
		t := &e.Students[i]
		s, b := p.student(t.Student), observed(t.Student)
		if t.Gap != nil || s == nil || b == nil {
			continue
		}
		view := sight.NewView(evidence.Case{Bundle: b, Before: snap}, index, nil, s.Vars).With(s.names)
		if svc := view.ServiceByID(t.Action.Service); svc != nil && view.NamesTasks(svc) {
			t.Gap = &evidence.Gap{What: "action", Code: "pinned"}
		}
	}
}

// Watched are the services that are probed from before the action until what it took
// has come back: those of students of whom some check asks for that. They are probed
// through every node that is ready but the one that the action is done to.
func (p *Plan) Watched(e *Episode, snap *evidence.Snapshot) []Watched {
	var out []Watched
	x := newLookup(snap)
	but := ""
	if e.Node != nil {
		but = e.Node.NodeID
	}
	for i := range e.Students {
		t := &e.Students[i]
		s := p.student(t.Student)
		if t.Gap != nil || s == nil {
			continue
		}
		for _, n := range s.during {
			svc := x.service[s.Vars[n.Service]]
			port := number(s.Vars[n.Port])
			if n.After != e.ID || n.Kind != "window" || svc == nil || svc.ID != t.Action.Service || !publishes(svc, port) {
				continue
			}
			out = append(out, Watched{Student: t.Student, Service: svc, Rate: n.Rate, Action: &t.Action, Targets: x.probed(port, but)})
			break
		}
	}
	return out
}

// Miss leaves a student out whom the action was done to, with a gap's code.
func (e *Episode) Miss(student, code string) {
	for i := range e.Students {
		if t := &e.Students[i]; t.Student == student && t.Gap == nil {
			t.Gap = &evidence.Gap{What: "action", Code: code}
		}
	}
}

// Touches is how many students' services the action is done to.
func (e *Episode) Touches() int {
	n := 0
	for _, t := range e.Students {
		if t.Gap == nil {
			n++
		}
	}
	return n
}

// Touches is how many times something is done to a student's service.
func (p *Plan) Touches() int {
	n := 0
	for i := range p.Episodes {
		n += p.Episodes[i].Touches()
	}
	return n
}

func (p *Plan) leaveActions(why string) {
	for i := range p.Episodes {
		p.Episodes[i].LeaveOut(evidence.Gap{What: "action", Code: why})
	}
}

// LeaveOut does the action to nobody, and says why of everybody of whom nothing else
// is said.
func (e *Episode) LeaveOut(why evidence.Gap) {
	e.Node = nil
	for i := range e.Students {
		if e.Students[i].Gap == nil {
			e.Students[i].Gap = &why
		}
	}
}

// During plans what is seen of students while an action is in force, by a snapshot
// taken since; the plan's students are in the order of ids. What was observed of them
// before gives clients their cookies; nil leaves these out.
func (p *Plan) During(episode string, ids []string, snap *evidence.Snapshot, observed func(student string) *evidence.Bundle) *Plan {
	x := knowing(snap, p.crowd)
	out := &Plan{}
	for _, id := range ids {
		s := p.student(id)
		if s == nil {
			continue
		}
		next := Student{Who: s.Who, Vars: s.Vars, Tasks: s.Tasks, names: s.names, owner: s.owner, look: x}
		if observed != nil {
			next.jars = func(address string) string { return jars(observed(id), address) }
		}
		var needs []check.Need
		for _, n := range s.during {
			if n.After == episode && n.Kind != "window" {
				n.After = ""
				needs = append(needs, n)
			}
		}
		if slices.ContainsFunc(needs, func(n check.Need) bool { return n.Balanced() }) {
			next.Proxies = s.Proxies // whatever checks of before take for it
		}
		x.plan(&next, needs)
		out.Students = append(out.Students, next)
	}
	return out
}

// jars are the cookies that clients have got from an address.
func jars(b *evidence.Bundle, address string) string {
	if b == nil {
		return ""
	}
	for i := range b.Traces {
		if t := &b.Traces[i]; t.Target.Kind == "cookies" && t.Target.Address == address {
			return t.Jars()
		}
	}
	return ""
}

// AllRequests is [Plan.Requests] with those that are sent while actions are in
// force, by the plan's own snapshot.
func (p *Plan) AllRequests(snap *evidence.Snapshot) int {
	n := p.Requests()
	for _, e := range p.Episodes {
		n += p.During(e.ID, e.ids(), snap, nil).Requests()
	}
	return n
}

// AllExpected is how many of [Plan.AllRequests] are sent where all is as it should be.
func (p *Plan) AllExpected(snap *evidence.Snapshot) int {
	n := p.Expected()
	for _, e := range p.Episodes {
		n += p.During(e.ID, e.ids(), snap, nil).Expected()
	}
	return n
}

// ids are the students whose services something is done to.
func (e *Episode) ids() []string {
	var out []string
	for _, t := range e.Students {
		if t.Gap == nil {
			out = append(out, t.Student)
		}
	}
	return out
}

// Services are the IDs of the services that an action is done to.
func Services(of []Touched) []string {
	var out []string
	for _, t := range of {
		if !slices.Contains(out, t.Action.Service) {
			out = append(out, t.Action.Service)
		}
	}
	return out
}
