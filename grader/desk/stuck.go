package desk

import (
	"context"
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
)

// StuckAt is a check that students fail now.
type StuckAt struct {
	Task, Check string
	N           int
	Students    []string // in the roster's order
}

// Stuck are the checks that most students fail by the newest that is known of each (a check of
// their own that is under way, their newest one, else what counts): most first, then in the
// rubric's order. What only waits for another check is not in it. It is shared.
func (d *Desk) Stuck(ctx context.Context) ([]StuckAt, error) {
	return get(ctx, d.cache, stuckKey, false, func(ctx context.Context) ([]StuckAt, error) {
		c, err := d.Class(ctx)
		if err != nil {
			return nil, err
		}
		standing, err := d.Standing(ctx)
		if err != nil {
			return nil, err
		}
		trials, err := d.LastTrials(ctx)
		if err != nil {
			return nil, err
		}
		newest := map[string][]judge.Verdict{}
		for _, s := range standing.Students {
			newest[s.ID] = s.Verdicts
		}
		for id, t := range trials {
			if s := standing.Run; t.Finished.After(s.Started) {
				newest[id] = t.Verdicts
			}
		}
		for id, own := range d.Checks() {
			if own.Phase == Checking && len(own.Verdicts) > 0 {
				newest[id] = own.Verdicts
			}
		}
		at := map[string]*StuckAt{}
		var all []*StuckAt // in the rubric's order
		for _, t := range c.Rubric.Tasks {
			for _, k := range t.Checks {
				x := &StuckAt{Task: t.ID, Check: k.ID}
				at[k.ID], all = x, append(all, x)
			}
		}
		for _, s := range c.Students {
			for _, v := range newest[s.ID] {
				if x := at[v.Check]; x != nil && v.Outcome == check.Fail && !v.NotUp {
					x.N++
					x.Students = append(x.Students, s.ID)
				}
			}
		}
		slices.SortStableFunc(all, func(a, b *StuckAt) int { return b.N - a.N })
		var out []StuckAt
		for _, x := range all {
			if x.N > 0 {
				out = append(out, *x)
			}
		}
		return out, nil
	})
}
