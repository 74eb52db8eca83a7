package observe

import (
	"swarmgrade/grader/action"
	"swarmgrade/grader/evidence"
)

// Class reports whether the action hits a node, once for all students concerned.
func (e *Episode) Class() bool {
	k, ok := action.Find(e.Kind)
	return ok && k.Scope == action.Class
}

// concern is a student's part in an action of which it is yet to be chosen how it is done.
func concern(kind string, svc *evidence.Service) (a evidence.Action, code string) {
	if svc == nil {
		return a, "no-service"
	}
	return evidence.Action{Kind: kind, Service: svc.ID, Name: svc.Name}, ""
}

// ChooseNodes picks the node of each action that hits one; serving is the node that
// answers for the swarm. Where there is none, everybody gets a gap with the reason.
func (p *Plan) ChooseNodes(snap *evidence.Snapshot, serving string) {
	for i := range p.Episodes {
		if e := &p.Episodes[i]; e.Class() {
			e.rules = action.Rules{Kind: e.Kind, Serving: serving}
			e.choose(snap)
		}
	}
}

// choose picks the node of a class's action.
func (e *Episode) choose(snap *evidence.Snapshot) {
	e.Node = nil
	var concerned []action.Concern
	for _, t := range e.Students {
		if t.Gap == nil {
			concerned = append(concerned, action.Concern{Student: t.Student, Service: t.Action.Service})
		}
	}
	if len(concerned) == 0 {
		return
	}
	kind, _ := action.Find(e.Kind)
	a, code, node := action.ChooseOne(snap, concerned, e.rules, kind.Role(e.Params))
	if code != "" {
		e.LeaveOut(evidence.Gap{What: "action", Code: code, Detail: node})
		return
	}
	e.Node = &a
	for i := range e.Students {
		if t := &e.Students[i]; t.Gap == nil {
			own := a
			own.Service, own.Name = t.Action.Service, t.Action.Name
			t.Action = own
		}
	}
}

// Done is what is done, as far as it is the same for all students.
func (e *Episode) Done() evidence.Action {
	if e.Node != nil {
		return *e.Node
	}
	return evidence.Action{Kind: e.Kind}
}

// LeaveNodes does no action that hits a node; why is a gap's code.
func (p *Plan) LeaveNodes(why string) {
	for i := range p.Episodes {
		if e := &p.Episodes[i]; e.Class() {
			e.LeaveOut(evidence.Gap{What: "action", Code: why})
		}
	}
}

// Nodes are the host names of the nodes that the rubric's actions hit, as things stand.
func (p *Plan) Nodes() []string {
	var out []string
	for _, e := range p.Episodes {
		if e.Node != nil && e.Touches() > 0 {
			out = append(out, e.Node.Hostname)
		}
	}
	return out
}
