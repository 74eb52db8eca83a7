package gradebook

import (
	"context"
	"fmt"
	"slices"

	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
)

// Policy says which attempt at a task counts.
type Policy string

const (
	Best  Policy = "best"
	Last  Policy = "last"
	First Policy = "first"
)

// Rules say which attempts count, and for how much.
type Rules struct {
	Attempts Policy
	// Late is what is taken off for lateness, nil for nothing.
	Late *result.Late
	// Also are changes that are taken for stored already, to see what would come
	// of them.
	Also []Change
}

// Standing is what counts for one student: an attempt a task, by task ID.
type Standing struct {
	Student  Student // of the newest run the student is in; no hashes
	Attempts map[string]Attempt
	// Looks are what runs saw the student at.
	Looks []result.Look
	// Damaged says that not all of the student's records can be told; there
	// are no attempts then.
	Damaged bool
}

// Standing chooses, for every student and task of a lab (a rubric's ID), the
// attempt that counts. Students come in the order of the roster; one who was
// never judged has no attempts.
//
// An attempt is what one observing run found of a task; the verdicts are those
// of the newest regrade of the run, under a rubric of the lab, that the student
// is in, or else the run's own. It is complete if no check of it is
// ungraded. Shares are points of the most that the attempt's rubric gives.
//
//   - best: the greatest share of points won, less what lateness takes off, so that
//     a poor attempt in time may count above a good one that was too late. Of equal ones a complete attempt,
//     then the one with least ungraded, then the later. So one with ungraded
//     checks counts above a complete one only if what was graded is already
//     worth more.
//   - last: the last complete attempt. If none is complete, the one with the
//     smallest share ungraded, of equal ones the later.
//   - first: likewise the first complete one, of equal ones the earlier.
//
// What was set by hand does not change which attempt counts.
//
// With every policy an attempt that our side spoilt never takes points away,
// nor does, with last and first, one at a task that the student did not have up.
func (g *Gradebook) Standing(ctx context.Context, lab string, rules Rules) ([]Standing, error) {
	return g.StandingWith(ctx, lab, rules, Run{}, nil)
}

// StandingWith is [Gradebook.Standing] as it will be once runs are judged anew:
// as is a run of the rubric that judges.
func (g *Gradebook) StandingWith(ctx context.Context, lab string, rules Rules, as Run, anew []Regrade) ([]Standing, error) {
	return still(ctx, g, func(ctx context.Context) ([]Standing, error) {
		history, err := g.history(ctx, lab, rules)
		if err != nil {
			return nil, err
		}
		return g.standing(ctx, lab, rules, history, as, anew)
	})
}

// history is what was done by hand in a lab, and what the rules add to that.
func (g *Gradebook) history(ctx context.Context, lab string, rules Rules) (map[string][]result.Change, error) {
	history, err := g.Changes(ctx, lab)
	if err != nil {
		return nil, err
	}
	for _, c := range rules.Also {
		if c.Lab == lab {
			history[c.Student] = append(history[c.Student], c.Change)
		}
	}
	return history, nil
}

func (g *Gradebook) standing(ctx context.Context, lab string, rules Rules, history map[string][]result.Change, as Run, anew []Regrade) ([]Standing, error) {
	runs, err := g.Runs(ctx)
	if err != nil {
		return nil, err
	}
	var all []Standing
	index := make(map[string]int)
	tries := make(map[string]map[string][]Attempt) // student, task
	for _, r := range slices.Backward(runs) {      // oldest first
		if r.Regrades != "" {
			continue
		}
		verdicts, judged, err := g.effective(ctx, runs, r, lab, as, anew)
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", r.ID, err)
		}
		if r.RubricID != lab && len(verdicts) == 0 {
			continue
		}
		students, err := g.Students(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		for _, s := range students {
			if _, again := verdicts[s.ID]; r.RubricID != lab && !again {
				continue
			}
			i, ok := index[s.ID]
			if !ok {
				i = len(all)
				index[s.ID] = i
				all = append(all, Standing{Attempts: make(map[string]Attempt)})
				tries[s.ID] = make(map[string][]Attempt)
			}
			all[i].Student = Student{ID: s.ID, Name: s.Name, Position: s.Position, Progress: s.Progress}
		}
		looks := result.LookedFor(verdicts)
		for student, vs := range verdicts {
			if tries[student] == nil {
				g.suspect(r.ID, student) // their row in the run that observed is gone
				continue
			}
			s := &all[index[student]]
			s.Looks = append(s.Looks, looks[student])
			for _, a := range split(r, judged[student], vs) {
				a.lateness(rules, student, history[student])
				tries[student][a.Task] = append(tries[student][a.Task], a)
			}
		}
	}
	if err := g.orphans(ctx, runs); err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Damaged = g.isSuspect(all[i].Student.ID); all[i].Damaged {
			continue
		}
		for task, attempts := range tries[all[i].Student.ID] {
			chosen := choose(rules.Attempts, attempts)
			chosen.Tries = len(attempts)
			all[i].Attempts[task] = chosen
		}
	}
	slices.SortStableFunc(all, func(a, b Standing) int { return a.Student.Position - b.Student.Position })
	return all, nil
}

// Effective gives, by student, the verdicts of an observing run that count under
// a lab's rubrics, and the run that they are from; runs are all, newest first.
func (g *Gradebook) Effective(ctx context.Context, runs []Run, r Run, lab string) (map[string][]judge.Verdict, map[string]Run, error) {
	type both struct {
		verdicts map[string][]judge.Verdict
		judged   map[string]Run
	}
	got, err := still(ctx, g, func(ctx context.Context) (b both, err error) {
		b.verdicts, b.judged, err = g.effective(ctx, runs, r, lab, Run{}, nil)
		return b, err
	})
	return got.verdicts, got.judged, err
}

// effective gives, by student, the verdicts that count of an observing run and
// the run that they are from. What a newer regrade has taken the place of is not
// read.
func (g *Gradebook) effective(ctx context.Context, runs []Run, r Run, lab string, as Run, anew []Regrade) (map[string][]judge.Verdict, map[string]Run, error) {
	verdicts, judged := make(map[string][]judge.Verdict), make(map[string]Run)
	take := func(from Run, vs map[string][]judge.Verdict) {
		for student, list := range vs {
			if _, ok := verdicts[student]; !ok {
				verdicts[student], judged[student] = list, from
			}
		}
	}
	for _, x := range anew {
		if x.Of == r.ID && as.RubricID == lab {
			take(as, x.Verdicts)
		}
	}
	for _, from := range runs { // newest first
		regrades := from.Regrades == r.ID && from.Status == Finished
		if from.RubricID != lab || !regrades && from.ID != r.ID {
			continue
		}
		students, err := g.Students(ctx, from.ID)
		if err != nil {
			return nil, nil, err
		}
		students = slices.DeleteFunc(students, func(s Student) bool { _, ok := verdicts[s.ID]; return ok })
		vs, err := g.verdicts(ctx, from.ID, students)
		if err != nil {
			return nil, nil, err
		}
		take(from, vs)
	}
	return verdicts, judged, nil
}

// orphans suspects the students of runs whose own row cannot be told, nor so
// whether it would count.
func (g *Gradebook) orphans(ctx context.Context, runs []Run) error {
	all, err := pairs(ctx, g.reader(ctx), "SELECT DISTINCT run, student FROM students")
	if err != nil {
		return g.explain(err)
	}
	known := make(map[string]bool, len(runs))
	for _, r := range runs {
		known[r.ID] = true
	}
	for _, p := range all {
		if !known[p[0]] {
			g.suspect(p[0], p[1])
		}
	}
	return nil
}
