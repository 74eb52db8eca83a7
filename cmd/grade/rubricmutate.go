package main

import (
	"slices"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// wrongJudge is right but for one check: all pass it, or nobody does.
type wrongJudge struct {
	check  string
	passes bool
}

// wrongJudges says of each whether a sample deployment has noticed it.
type wrongJudges struct {
	noticed map[wrongJudge]bool
	checks  []string // in the rubric's order
}

// mutate judges a class's evidence again with each check wrong in both ways, as far as
// nobody has noticed that yet: a deployment notices if the check was judged as it states
// and now is not. What only comes of it in other checks is no proof of this one.
func (x *sample) mutate(r *rubricResult, got grader.Trial) {
	w := &r.wrong
	if w.noticed == nil {
		w.noticed = map[wrongJudge]bool{}
	}
	task, _ := x.rub.Task(x.task)
	for _, c := range task.Checks {
		if !slices.Contains(w.checks, c.ID) {
			w.checks = append(w.checks, c.ID)
		}
		for _, passes := range []bool{true, false} {
			m := wrongJudge{c.ID, passes}
			w.noticed[m] = w.noticed[m] || slices.ContainsFunc(x.seats, func(s deployments.Seat) bool {
				return m.noticedBy(s, got)
			})
		}
	}
}

func (m wrongJudge) noticedBy(seat deployments.Seat, got grader.Trial) bool {
	asStated := func(vs []judge.Verdict) bool {
		i := slices.IndexFunc(vs, func(v judge.Verdict) bool { return v.Check == m.check })
		return i >= 0 && len(differences(seat.Deployment, vs[i:i+1])) == 0
	}
	return asStated(got.Verdicts[seat.ID]) && !asStated(got.Again(seat.ID, m.amend))
}

// amend turns the outcome over. What is ungraded stays so: a deployment that states it
// proves nothing of who passes.
func (m wrongJudge) amend(c *rubric.Check, r check.Result) check.Result {
	if c.ID != m.check {
		return r
	}
	switch {
	case m.passes && r.Outcome == check.Fail:
		r.Outcome = check.Pass
	case !m.passes && r.Outcome == check.Pass:
		r.Outcome, r.Measure = check.Fail, nil
	}
	return r
}

// unnoticed are the checks that a judge could get wrong and no deployment would show it;
// never are those that nobody need pass, always those that everybody might.
func (w *wrongJudges) unnoticed() (checks, never, always []string) {
	for _, c := range w.checks {
		n, a := !w.noticed[wrongJudge{c, false}], !w.noticed[wrongJudge{c, true}]
		if n {
			never = append(never, c)
		}
		if a {
			always = append(always, c)
		}
		if n || a {
			checks = append(checks, c)
		}
	}
	return checks, never, always
}
