package grader

import (
	"slices"
	"strings"
	"sync"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// known tells verdicts as soon as nothing that is still to be observed can change
// them, in the rubric's order and each once.
type known struct {
	j    *Job
	mu   sync.Mutex
	said map[[2]string]bool // student and check
}

func newKnown(j *Job) *known { return &known{j: j, said: map[[2]string]bool{}} }

// tell goes on with a student's verdicts up to the first that waits for evidence
// whose name begins with one of the prefixes.
func (k *known) tell(c evidence.Case, toCome ...string) {
	var vs []verdict
	for _, v := range judge.New(k.j.Rubric).Verdicts(k.j.observed(c), c, "") {
		if WaitsFor(k.j.Rubric, v.Check, toCome...) {
			break
		}
		vs = append(vs, v)
	}
	k.rest(c.Bundle.Student.ID, vs)
}

// rest tells those that were not told yet.
func (k *known) rest(student string, vs []verdict) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, v := range vs {
		if key := [2]string{student, v.Check}; !k.said[key] {
			k.said[key] = true
			k.j.g.tell(Known{student, v})
		}
	}
}

// WaitsFor reports whether a check, or one that it needs, asks for evidence whose
// name begins with one of the prefixes.
func WaitsFor(rub *rubric.Rubric, id string, prefixes ...string) bool {
	c, ok := rub.Check(id)
	if !ok {
		return false
	}
	for _, n := range check.NeedsOf(c) {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(n.Load(), p) }) {
			return true
		}
	}
	return slices.ContainsFunc(c.Needs, func(n string) bool { return WaitsFor(rub, n, prefixes...) })
}
