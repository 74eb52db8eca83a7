package gradebook

import (
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// Attempt is one student's verdicts on one task in one run.
type Attempt struct {
	Run      Run // the run that observed
	Judged   Run // the run that the verdicts are from: that one, or its regrade
	Task     string
	Verdicts []judge.Verdict
	// Points, Max and Ungraded are [judge.Total]'s.
	Points, Max, Ungraded rubric.Points
	// Tries is how many attempts the student has at the task.
	Tries int
	// Late is how late it was by the start of the run that observed it; nil if it
	// was in time, or an instructor takes it for that.
	Late *result.Lateness
	// Forgiven is what an instructor takes for in time although it was late.
	Forgiven *result.Forgiven
}

// net are the points less what lateness takes off.
func (a *Attempt) net() rubric.Points { return a.Points - a.Late.Deduct(a.Points, a.Max) }

// complete reports whether every check was graded.
func (a *Attempt) complete() bool {
	return !slices.ContainsFunc(a.Verdicts, func(v judge.Verdict) bool { return v.Outcome == check.Ungraded })
}

// split makes an attempt of each task among a student's verdicts.
func split(r, judged Run, vs []judge.Verdict) []Attempt {
	var attempts []Attempt
	for len(vs) > 0 {
		task, n := vs[0].Task, 1
		for n < len(vs) && vs[n].Task == task {
			n++
		}
		if i := slices.IndexFunc(attempts, func(a Attempt) bool { return a.Task == task }); i >= 0 {
			attempts[i].Verdicts = append(attempts[i].Verdicts, vs[:n]...)
		} else {
			attempts = append(attempts, Attempt{Run: r, Judged: judged, Task: task, Verdicts: vs[:n:n]})
		}
		vs = vs[n:]
	}
	for i := range attempts {
		a := &attempts[i]
		a.Points, a.Max, a.Ungraded = judge.Total(a.Verdicts)
	}
	return attempts
}

// lateness finds out how late an attempt was, and whether that counts.
func (a *Attempt) lateness(rules Rules, student string, history []result.Change) {
	late := rules.Late.Of(student, a.Run.Started)
	if by, ok := result.WasOnTime(history, a.Task); ok && late != nil {
		a.Forgiven = &result.Forgiven{Due: late.Due, At: late.At, Days: late.Days, Reason: by.Reason, Who: by.Who, When: by.When}
		return
	}
	a.Late = late
}

// choose gives the attempt that counts; attempts is not empty, oldest first.
func choose(policy Policy, attempts []Attempt) Attempt {
	chosen := attempts[0]
	for _, a := range attempts[1:] {
		if supersedes(policy, &a, &chosen) {
			chosen = a
		}
	}
	return chosen
}

// supersedes reports whether a later attempt takes an earlier one's place.
func supersedes(policy Policy, later, earlier *Attempt) bool {
	if l, e := later.notUp(), earlier.notUp(); policy != Best && l != e {
		return e
	}
	if policy == Best {
		if d := compareShares(later.net(), later.Max, earlier.net(), earlier.Max); d != 0 {
			return d > 0
		}
	}
	if l, e := later.complete(), earlier.complete(); l != e {
		return l
	}
	if d := compareShares(later.Ungraded, later.Max, earlier.Ungraded, earlier.Max); d != 0 {
		return d < 0
	}
	return policy != First
}

// notUp reports whether the student was at another task when the run looked
// for what they had up. Such an attempt counts if there is no other.
func (a *Attempt) notUp() bool { return len(a.Verdicts) > 0 && a.Verdicts[0].NotUp }

// compareShares compares a/of with b/in without rounding; a share of nothing
// is nothing.
func compareShares(a, of, b, in rubric.Points) int {
	if of == 0 {
		a, of = 0, 1
	}
	if in == 0 {
		b, in = 0, 1
	}
	switch x, y := a*in, b*of; {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}
