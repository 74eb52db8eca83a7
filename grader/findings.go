package grader

import (
	"context"
	"errors"
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/gradebook"
)

// findings are computed from stored evidence: of one run, or for "" of what
// was last observed of each student at each task. Those of one task are
// looked at together.
func (j *Job) findings(ctx context.Context, book *gradebook.Gradebook, run string) ([]finding.Finding, error) {
	runs, err := book.Runs(ctx) // the newest first
	if err != nil {
		return nil, err
	}
	var tasks []string
	for _, r := range runs {
		if (run == "" || r.ID == run) && !slices.Contains(tasks, r.Task) {
			tasks = append(tasks, r.Task)
		}
	}
	var out []finding.Finding
	for _, task := range tasks {
		took := slices.DeleteFunc(slices.Clone(runs), func(r gradebook.Run) bool { return r.Task != task || run != "" && r.ID != run })
		cases, err := j.observedIn(ctx, book, took)
		if err != nil {
			return nil, err
		}
		out = append(out, finding.Class(check.NamesOf(j.Rubric), cases, check.Images(j.Rubric)...)...)
	}
	finding.Sort(out)
	return out, nil
}

// observedIn are the newest cases of each student that some runs hold, the newest
// run first. A class's evidence is large: what is gathered of one task goes before the next.
func (j *Job) observedIn(ctx context.Context, book *gradebook.Gradebook, runs []gradebook.Run) ([]finding.Case, error) {
	var cases []finding.Case
	seen := map[string]bool{}
	for _, r := range runs {
		students, err := book.Students(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		done, over := j.g.stage(Looking, len(students))
		for _, s := range students {
			done(s.ID)
			if s.Bundle == "" || seen[s.ID] {
				continue
			}
			c, err := book.Case(ctx, r.ID, s.ID)
			if errors.Is(err, gradebook.ErrNotFound) || errors.Is(err, gradebook.ErrDamaged) { // which is told at the end
				continue
			}
			if err != nil {
				over()
				return nil, err
			}
			seen[s.ID] = true
			finding.Slim(c.Bundle)
			cases = append(cases, finding.Case{Case: c, Hash: s.Bundle})
		}
		over()
	}
	return cases, nil
}
