package main

import (
	"maps"
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

type regradeJSON struct {
	Schema   string           `json:"schema"`
	Class    string           `json:"class"`
	Rubric   rubricJSON       `json:"rubric"`
	Before   []rubricJSON     `json:"rubrics_before"`
	DryRun   bool             `json:"dry_run"`
	Runs     []regradeRun     `json:"runs"`
	Attempts int              `json:"attempts"`
	Students int              `json:"students"`
	Same     int              `json:"unchanged"`
	Changes  []regradeStudent `json:"changed"`
	ByHand   []regradeKept    `json:"by_hand,omitempty"`
	Carried  int              `json:"carried_over,omitempty"`
}

type rubricJSON struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
	SHA256  string `json:"sha256"`
}

// regradeRun is a run whose evidence was judged; Stored is "" if it was not
// stored, since nothing is new or for a dry run.
type regradeRun struct {
	Of       string `json:"of"`
	Students int    `json:"students"`
	Stored   string `json:"stored,omitempty"`
}

type regradeStudent struct {
	ID   string        `json:"id"`
	Name string        `json:"name"`
	Was  rubric.Points `json:"was"`
	Is   rubric.Points `json:"is"`
	// Ungraded is how much of the most was and is not decided, so that the points
	// are no final score.
	WasUngraded rubric.Points  `json:"was_ungraded,omitempty"`
	IsUngraded  rubric.Points  `json:"is_ungraded,omitempty"`
	Checks      []regradeCheck `json:"checks"`
	// Counted are what counted and counts, where that is not what was judged.
	CountedWas *result.Score `json:"counted_was,omitempty"`
	CountedIs  *result.Score `json:"counted_is,omitempty"`
}

// regradeKept is what was set by hand and stays in force; Gone says that the rubric
// has no such check or task.
type regradeKept struct {
	ID      string        `json:"id"`
	Task    string        `json:"task,omitempty"`
	Check   string        `json:"check,omitempty"`
	Points  rubric.Points `json:"points"`
	Excused bool          `json:"excused,omitempty"`
	Gone    bool          `json:"gone,omitempty"`
	Reason  string        `json:"reason"`
	// MaxWas and Max are the maximum of the points until now and from now on, where it
	// changes or is below them; Counts is what counts of them then.
	MaxWas *rubric.Points `json:"max_was,omitempty"`
	Max    *rubric.Points `json:"max,omitempty"`
	Counts *rubric.Points `json:"counts,omitempty"`
}

type regradeCheck struct {
	ID  string       `json:"id"`
	Was *regradeSide `json:"was"`
	Is  *regradeSide `json:"is"`
}

type regradeSide struct {
	Outcome check.Outcome `json:"outcome"`
	Points  rubric.Points `json:"points"`
	Max     rubric.Points `json:"max"`
}

func (x regraded) json() regradeJSON {
	rub := x.j.Rubric
	out := regradeJSON{
		Schema: "swarmgrade-regrade/1", Class: x.j.Class.Name, Rubric: rubricJSON{rub.ID, rub.Version, rub.SHA256}, DryRun: x.dry,
		Before: []rubricJSON{}, Runs: []regradeRun{}, Attempts: x.Attempts, Students: x.Students, Same: x.Same, Changes: []regradeStudent{},
	}
	for _, sha := range slices.Sorted(maps.Keys(x.Was)) {
		r := x.Was[sha]
		out.Before = append(out.Before, rubricJSON{r.RubricID, r.RubricVersion, r.RubricSHA256})
	}
	for _, r := range x.Anew {
		run := regradeRun{Of: r.Of, Students: len(r.Verdicts)}
		for _, s := range x.Stored {
			if s.Regrades == r.Of {
				run.Stored = s.ID
			}
		}
		out.Runs = append(out.Runs, run)
	}
	out.Carried = x.Carried
	for _, s := range x.ByHand {
		for _, o := range s.Overrides {
			kept := regradeKept{ID: s.ID, Task: o.Task, Check: o.Check, Points: o.Points, Excused: o.Excused, Gone: o.Gone, Reason: o.Reason}
			for i := range x.Limits {
				if l := &x.Limits[i]; l.ID == s.ID && l.Task == o.Task && l.Check == o.Check {
					kept.MaxWas, kept.Max, kept.Counts = &l.Was, &l.Now, &l.Counts
				}
			}
			out.ByHand = append(out.ByHand, kept)
		}
	}
	side := func(v *judge.Verdict) *regradeSide {
		if v == nil {
			return nil
		}
		return &regradeSide{v.Outcome, v.Points, v.Max}
	}
	for _, c := range x.Changes {
		s := regradeStudent{ID: c.ID, Name: c.Name, Checks: []regradeCheck{}}
		s.Was, _, s.WasUngraded = judge.Total(c.Was)
		s.Is, _, s.IsUngraded = judge.Total(c.Is)
		if c.Counted[0].Points != s.Was || c.Counted[1].Points != s.Is {
			s.CountedWas, s.CountedIs = &c.Counted[0], &c.Counted[1]
		}
		for _, k := range c.Checks {
			id := k.Was
			if k.Is != nil {
				id = k.Is
			}
			s.Checks = append(s.Checks, regradeCheck{id.Check, side(k.Was), side(k.Is)})
		}
		out.Changes = append(out.Changes, s)
	}
	return out
}
