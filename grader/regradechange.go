package grader

import (
	"cmp"
	"slices"

	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
)

// Change is what a regrade changes of what counts for a student.
type Change struct {
	ID, Name string
	Was, Is  []verdict
	Checks   []CheckChange
	// Counted are what counted before and counts now, with what was set by hand and
	// less what lateness takes off.
	Counted [2]result.Score
}

// CheckChange is what a regrade changes of one check.
type CheckChange struct{ Was, Is *verdict } // one of them may be nil

// By is by how much the total changes.
func (c *Change) By() int64 {
	was, _, _ := judge.Total(c.Was)
	is, _, _ := judge.Total(c.Is)
	return int64(is - was)
}

// compare finds what changes for whom, the greatest change of a total first.
func (x *Regrading) compare(before, after []gradebook.Standing, history map[string][]result.Change) {
	was := make(map[string]result.Student, len(before))
	for _, s := range before {
		was[s.Student.ID] = x.counted(s, history)
	}
	for _, s := range after {
		is := x.counted(s, history)
		old := was[s.Student.ID]
		if len(is.Overrides) > 0 && x.j.Has(is.ID) {
			x.ByHand = append(x.ByHand, is)
			x.limits(&old, &is)
		}
		if !slices.ContainsFunc(x.Anew, func(r gradebook.Regrade) bool { _, ok := r.Verdicts[s.Student.ID]; return ok }) {
			continue
		}
		x.Students++
		c := Change{
			ID: s.Student.ID, Name: is.Name, Was: old.Verdicts, Is: is.Verdicts,
			Counted: [2]result.Score{old.Score("", ""), is.Score("", "")},
		}
		c.Checks = changedChecks(c.Was, c.Is)
		if len(c.Checks) == 0 {
			x.Same++
			continue
		}
		x.Changes = append(x.Changes, c)
	}
	x.alone(history, was)
	slices.SortStableFunc(x.Changes, func(a, b Change) int { return cmp.Compare(max(b.By(), -b.By()), max(a.By(), -a.By())) })
}

func changedChecks(was, is []verdict) []CheckChange {
	find := func(vs []verdict, id string) *verdict {
		if i := slices.IndexFunc(vs, func(v verdict) bool { return v.Check == id }); i >= 0 {
			return &vs[i]
		}
		return nil
	}
	var out []CheckChange
	for i := range is {
		o := find(was, is[i].Check)
		if o == nil || o.Points != is[i].Points || o.Outcome != is[i].Outcome || o.Max != is[i].Max {
			out = append(out, CheckChange{o, &is[i]})
		}
	}
	for i := range was {
		if find(is, was[i].Check) == nil {
			out = append(out, CheckChange{&was[i], nil})
		}
	}
	return out
}
