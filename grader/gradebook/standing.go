package gradebook

import (
	"context"
	"fmt"
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// Policy says which attempt at a task counts.
type Policy string

const (
	Best  Policy = "best"
	Last  Policy = "last"
	First Policy = "first"
)

// Attempt is one student's verdicts on one task in one run.
type Attempt struct {
	Run      Run // the run that observed; its verdicts may be a regrade's
	Task     string
	Verdicts []judge.Verdict
	// Points, Max and Ungraded are [judge.Total]'s.
	Points, Max, Ungraded rubric.Points
	// Tries is how many attempts the student has at the task.
	Tries int
}

// complete reports whether every check was graded.
func (a *Attempt) complete() bool {
	return !slices.ContainsFunc(a.Verdicts, func(v judge.Verdict) bool { return v.Outcome == check.Ungraded })
}

// Standing is what counts for one student: an attempt a task, by task ID.
type Standing struct {
	Student  Student // of the newest run the student is in; no hashes
	Attempts map[string]Attempt
}

// Standing chooses, for every student and task of a lab (a rubric's ID), the
// attempt that counts. Students come in the order of the roster; one who was
// never judged has no attempts.
//
// An attempt is what one observing run found of a task; the newest finished
// regrade of the run replaces its verdicts. It is complete if no check of it is
// ungraded. Shares are points of the most that the attempt's rubric gives.
//
//   - best: the greatest share of points won. Of equal ones a complete attempt,
//     then the one with least ungraded, then the later. So one with ungraded
//     checks counts above a complete one only if what was graded is already
//     worth more.
//   - last: the last complete attempt. If none is complete, the one with the
//     smallest share ungraded, of equal ones the later.
//   - first: likewise the first complete one, of equal ones the earlier.
//
// With every policy an attempt that our side spoilt never takes points away,
// nor does, with last and first, one at a task that the student did not have up.
func (g *Gradebook) Standing(ctx context.Context, lab string, policy Policy) ([]Standing, error) {
	runs, err := g.Runs(ctx)
	if err != nil {
		return nil, err
	}
	slices.Reverse(runs) // oldest first
	judgedBy := make(map[string]string)
	for _, r := range runs {
		if r.Regrades != "" && r.Status == Finished {
			judgedBy[r.Regrades] = r.ID
		}
	}
	var all []Standing
	index := make(map[string]int)
	tries := make(map[string]map[string][]Attempt) // student, task
	for _, r := range runs {
		if r.RubricID != lab || r.Regrades != "" {
			continue
		}
		from := r.ID
		if by, ok := judgedBy[r.ID]; ok {
			from = by
		}
		students, err := g.Students(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		for _, s := range students {
			i, ok := index[s.ID]
			if !ok {
				i = len(all)
				index[s.ID] = i
				all = append(all, Standing{Attempts: make(map[string]Attempt)})
				tries[s.ID] = make(map[string][]Attempt)
			}
			all[i].Student = Student{ID: s.ID, Name: s.Name, Position: s.Position, Progress: s.Progress}
		}
		verdicts, err := g.Verdicts(ctx, from)
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", from, err)
		}
		for student, vs := range verdicts {
			for _, a := range split(r, vs) {
				tries[student][a.Task] = append(tries[student][a.Task], a)
			}
		}
	}
	for i := range all {
		for task, attempts := range tries[all[i].Student.ID] {
			chosen := choose(policy, attempts)
			chosen.Tries = len(attempts)
			all[i].Attempts[task] = chosen
		}
	}
	slices.SortStableFunc(all, func(a, b Standing) int { return a.Student.Position - b.Student.Position })
	return all, nil
}

// split makes an attempt of each task among a student's verdicts.
func split(r Run, vs []judge.Verdict) []Attempt {
	var attempts []Attempt
	for _, v := range vs {
		i := slices.IndexFunc(attempts, func(a Attempt) bool { return a.Task == v.Task })
		if i < 0 {
			i = len(attempts)
			attempts = append(attempts, Attempt{Run: r, Task: v.Task})
		}
		attempts[i].Verdicts = append(attempts[i].Verdicts, v)
	}
	for i := range attempts {
		a := &attempts[i]
		a.Points, a.Max, a.Ungraded = judge.Total(a.Verdicts)
	}
	return attempts
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
		if d := compareShares(later.Points, later.Max, earlier.Points, earlier.Max); d != 0 {
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
