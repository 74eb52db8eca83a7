// Package check judges: each kind of check is a pure function from evidence to
// a result, in a file of its own, listed in [All].
//
// Nothing here reaches the network, a clock, the file system or chance. A
// check that wants evidence which nobody collected answers [Ungraded]; it
// never guesses, and no answer is never a pass.
package check

import (
	"sort"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// Outcome is how a check ended.
type Outcome string

const (
	Pass     Outcome = "pass"
	Partial  Outcome = "partial"  // given by the judge, from the credit
	Fail     Outcome = "fail"     // the student's to mend
	Blocked  Outcome = "blocked"  // given by the judge: a check it needs failed
	Ungraded Outcome = "ungraded" // our side's fault: neither lost nor won
)

// Outcomes are all of them, best first.
var Outcomes = []Outcome{Pass, Partial, Fail, Blocked, Ungraded}

// Facts are what was observed or expected: JSON values with stable keys.
type Facts map[string]any

// Result is what a check says. Outcome is Pass, Fail or Ungraded.
type Result struct {
	Outcome  Outcome
	Measure  *Measure
	Observed Facts
	Expected Facts
	// Message says what was seen and wanted; Hint what to do next, with the
	// student's own names and ports in it.
	Message i18n.Msg
	Hint    i18n.Msg
}

// Measure is how far a check that did not pass got: Got of Want units for
// credit per unit, Got alone as the value for bands and linear credit.
type Measure struct{ Got, Want float64 }

// Input is what a check judges on.
type Input struct {
	Case evidence.Case
	// View indexes the case for this student.
	View *sight.View
	// Task is the one that is judged, for hints that speak of more than one of
	// its checks; nil is none.
	Task *rubric.Task
	// Vars are the student's names and ports.
	Vars map[string]string
}

// Kind is a kind of check.
type Kind struct {
	Name string
	// NewParams gives a pointer to its parameters, defaults set.
	NewParams func() any
	// Needs says what evidence it wants.
	Needs func(params any) []Need
	// Judge is pure.
	Judge func(in *Input, params any) Result
	// Measures says that results carry a Measure.
	Measures bool
}

// define makes a kind whose parameters have the type P.
func define[P any](name string, measures bool, defaults P,
	needs func(p *P) []Need, judge func(in *Input, p *P) Result,
) Kind {
	return Kind{
		Name:      name,
		Measures:  measures,
		NewParams: func() any { p := defaults; return &p },
		Needs:     func(p any) []Need { return needs(p.(*P)) },
		Judge: func(in *Input, p any) Result {
			in.View.TurnTo(serviceOf(needs(p.(*P))))
			return judge(in, p.(*P))
		},
	}
}

// serviceOf is the service that needs are about, "" if they are about none.
func serviceOf(needs []Need) string {
	for _, n := range needs {
		if n.Service != "" {
			return n.Service
		}
	}
	return ""
}

// Set is the kinds that exist; it serves the rubric loader.
type Set struct{}

// Names are all kinds, sorted.
func (Set) Names() []string {
	names := make([]string, 0, len(All()))
	for _, k := range All() {
		names = append(names, k.Name)
	}
	sort.Strings(names)
	return names
}

// NewParams gives the parameters of a kind, defaults set.
func (Set) NewParams(kind string) (any, bool) {
	k, ok := Find(kind)
	if !ok {
		return nil, false
	}
	return k.NewParams(), true
}

// Measures reports whether a kind can earn partial credit.
func (Set) Measures(kind string) bool {
	k, ok := Find(kind)
	return ok && k.Measures
}

// Find gives a kind by name.
func Find(name string) (Kind, bool) {
	for _, k := range All() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// sparing makes a judge of what runs leave open, rather than fail, what a node
// in trouble has spoilt for a service: no student can cause that. service picks
// the variable that the service's name is in.
func sparing[P any](service func(p *P) string, judge func(in *Input, p *P) Result) func(*Input, *P) Result {
	return func(in *Input, p *P) Result {
		r := judge(in, p)
		svc := in.View.Service(service(p))
		if r.Outcome != Fail || svc == nil {
			return r
		}
		if node, words := in.View.Spoilt(svc); words != "" {
			r.Outcome, r.Measure = Ungraded, nil
			r.Message = i18n.M("check.node_trouble", "node", node, "error", clip(words, 160))
			r.Hint = i18n.M("check.node_trouble_hint", "node", node)
		} else if node != "" {
			r.Outcome, r.Measure = Ungraded, nil
			r.Message = i18n.M("check.node_deaf", "node", node, "service", svc.Name)
			r.Hint = i18n.M("check.node_trouble_hint", "node", node)
		}
		return r
	}
}
