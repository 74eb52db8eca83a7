package action

import (
	"context"
	"slices"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// Scope is whom an action concerns.
type Scope int

const (
	// Class actions hit a node: one at a time, and the whole class watches.
	Class Scope = iota
	// Student actions change a student's own service and nothing else; those of
	// many students are in force side by side.
	Student
	// Own actions add something of the grader's own to a cluster and change nothing that
	// is there, so that they are in nobody's way.
	Own
)

// Kind is a kind of action, in a file of its own, listed in [All].
type Kind struct {
	Name  string
	Scope Scope
	// Says is the key of the sentence that is said when it is about to be done; ""
	// says nothing.
	Says string
	// New makes what does it, as the class file wants it. c may be nil where only
	// what a person would type is asked for. The error is a *[diag.Failure].
	New func(spec roster.Fault, c Cluster) (Injector, error)
	// TakesEngine says that the target's engine goes, and with it its endpoint, its
	// vote and what runs there outside of the swarm.
	TakesEngine bool
	// Enters says that the target's address must be known.
	Enters bool
	// Heals says that the swarm undoes it by itself: nothing is to be remembered,
	// and nobody else is touched.
	Heals bool
	// Was is what stands on a target before, which undoing gives back; nil if
	// nothing is.
	Was func(n evidence.Node) string
	// Back says what is missing until it is wholly undone; nil waits for the node.
	Back func(ctx context.Context, c Cluster, a evidence.Action) error

	// NewParams gives a pointer to the parameters of a rubric's action, defaults
	// set; nil of a kind that no rubric can ask for.
	NewParams func() any
	// Aim is how a [Student] action is done to a service of a snapshot, which is nil
	// if there is none, or the code of the gap that it leaves.
	Aim func(params any, snap *evidence.Snapshot, svc *evidence.Service, student string) (a evidence.Action, code string)
	// Role is what a node must be, manager or worker, that a rubric's [Class] action
	// hits; see [ChooseOne].
	Role func(params any) string
	// Holds reports whether the target still is as the action made it; nil where
	// nothing is to stay so.
	Holds func(ctx context.Context, c Cluster, a evidence.Action) (bool, error)
}

// Find gives a kind by name.
func Find(name string) (Kind, bool) {
	i := slices.IndexFunc(All(), func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return All()[i], true
}

// kindOf is the kind of an action, the zero one for a word that nobody knows.
func kindOf(a evidence.Action) Kind {
	k, _ := Find(a.Kind)
	return k
}

// KindOf is the kind of fault that a class asks for. One that says nothing
// drains the node: that needs nothing but the API.
func KindOf(spec roster.Fault) string {
	if spec.Kind == "" {
		return NodeDrain
	}
	return spec.Kind
}

// New makes what does an action of a kind. The error is a *[diag.Failure].
func New(kind string, spec roster.Fault, c Cluster) (Injector, error) {
	if k, ok := Find(kind); ok {
		return k.New(spec, c)
	}
	return nil, &diag.Failure{Code: "config", Msg: i18n.M("fault.bad_kind", "kind", kind), Hint: i18n.M("fault.bad_kind_hint")}
}
