package grader

import (
	"context"
	"errors"

	"swarmgrade/grader/check"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/rubric"
)

// findings are computed from stored evidence: of one run, or for "" of what
// was last observed of each student at each task. Those of one task are
// looked at together.
func findings(ctx context.Context, rub *rubric.Rubric, book *gradebook.Gradebook, run string) ([]finding.Finding, error) {
	runs, err := book.Runs(ctx) // the newest first
	if err != nil {
		return nil, err
	}
	var tasks []string
	cases := map[string][]finding.Case{}
	seen := map[[2]string]bool{}
	for _, r := range runs {
		if run != "" && r.ID != run {
			continue
		}
		students, err := book.Students(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		for _, s := range students {
			key := [2]string{r.Task, s.ID}
			if s.Bundle == "" || seen[key] {
				continue
			}
			c, err := book.Case(ctx, r.ID, s.ID)
			if errors.Is(err, gradebook.ErrNotFound) || errors.Is(err, gradebook.ErrDamaged) { // which is told at the end
				continue
			}
			if err != nil {
				return nil, err
			}
			seen[key] = true
			if cases[r.Task] == nil {
				tasks = append(tasks, r.Task)
			}
			cases[r.Task] = append(cases[r.Task], finding.Case{Case: c, Hash: s.Bundle})
		}
	}
	var out []finding.Finding
	for _, task := range tasks {
		out = append(out, finding.Class(check.NamesOf(rub), cases[task], check.Images(rub)...)...)
	}
	finding.Sort(out)
	return out, nil
}
