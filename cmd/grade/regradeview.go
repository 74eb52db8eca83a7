package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// sayRegrade prints what was judged anew, whose total changes and how, the rest
// in a line, and what became of it.
func (a *app) sayRegrade(x *regrading) {
	lang := a.lang()
	say := func(key string, pairs ...any) { fmt.Fprintln(a.Stdout, diag.Plain(lang.T("record."+key, pairs...))) }
	say("regrade_head", "attempts", x.attempts, "students", x.students, "runs", len(x.anew), "rubric", rubricName(x.j.rub.ID, x.j.rub.Version, x.j.rub.SHA256))
	for _, r := range slices.SortedFunc(maps.Values(x.was), func(a, b gradebook.Run) int { return strings.Compare(b.ID, a.ID) }) {
		if r.RubricSHA256 != x.j.rub.SHA256 {
			say("regrade_before", "rubric", rubricName(r.RubricID, r.RubricVersion, r.RubricSHA256))
		}
	}
	totals := 0
	var inside []string
	for _, c := range x.changes {
		if c.by() == 0 {
			inside = append(inside, c.id)
			continue
		}
		totals++
		was, _, _ := judge.Total(c.was)
		is, _, _ := judge.Total(c.is)
		fmt.Fprintln(a.Stdout, diag.Plain(lang.T("cli.regrade_student", "id", c.id, "name", c.name,
			"was", was.String(), "is", is.String(), "diff", signed(is-was))))
		for _, k := range c.checks {
			fmt.Fprintln(a.Stdout, diag.Plain(k.text(lang)))
		}
	}
	if len(inside) > 0 {
		say("regrade_inside", "n", len(inside), "students", clipList(inside, 20))
	}
	say("regrade_same", "n", x.same, "changed", totals)
	switch {
	case x.dry:
		say("regrade_dry")
	case len(x.stored) == 0:
		say("regrade_nothing")
	default:
		ids := make([]string, len(x.stored))
		for i, r := range x.stored {
			ids[i] = r.ID
		}
		say("regrade_stored", "runs", clipList(ids, 10), "class", x.j.class.Name)
	}
}

// clipList bounds a list of IDs for a line.
func clipList(ids []string, most int) []string {
	if len(ids) > most {
		return append(ids[:most:most], "…")
	}
	return ids
}

func (k checkChange) text(lang i18n.Lang) string {
	v := k.is
	if v == nil {
		v = &verdict{Check: k.was.Check, Message: i18n.M("record.check_gone")}
	}
	return lang.T("cli.regrade_check", "check", v.Check, "was", given(k.was), "wasmax", mostOf(k.was),
		"is", given(k.is), "ismax", mostOf(k.is), "message", v.Message)
}

// rubricName is a rubric as records name it: two of one version may differ.
func rubricName(id string, version int, sha256 string) string {
	hash := strings.TrimPrefix(sha256, "sha256:")
	return fmt.Sprintf("%s v%d (%s)", id, version, hash[:min(8, len(hash))])
}

// given is a verdict's points, "?" where nothing is decided, "-" where there is
// none.
func given(v *verdict) string {
	switch {
	case v == nil:
		return "-"
	case v.Outcome == check.Ungraded:
		return "?"
	}
	return v.Points.String()
}

func mostOf(v *verdict) string {
	if v == nil {
		return "-"
	}
	return v.Max.String()
}

func signed(p rubric.Points) string {
	if p >= 0 {
		return "+" + p.String()
	}
	return p.String()
}

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
	ID     string         `json:"id"`
	Name   string         `json:"name"`
	Was    rubric.Points  `json:"was"`
	Is     rubric.Points  `json:"is"`
	Checks []regradeCheck `json:"checks"`
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

func (x *regrading) json() regradeJSON {
	rub := x.j.rub
	out := regradeJSON{
		Schema: "swarmgrade-regrade/1", Class: x.j.class.Name, Rubric: rubricJSON{rub.ID, rub.Version, rub.SHA256}, DryRun: x.dry,
		Before: []rubricJSON{}, Runs: []regradeRun{}, Attempts: x.attempts, Students: x.students, Same: x.same, Changes: []regradeStudent{},
	}
	for _, sha := range slices.Sorted(maps.Keys(x.was)) {
		r := x.was[sha]
		out.Before = append(out.Before, rubricJSON{r.RubricID, r.RubricVersion, r.RubricSHA256})
	}
	for _, r := range x.anew {
		run := regradeRun{Of: r.Of, Students: len(r.Verdicts)}
		for _, s := range x.stored {
			if s.Regrades == r.Of {
				run.Stored = s.ID
			}
		}
		out.Runs = append(out.Runs, run)
	}
	side := func(v *verdict) *regradeSide {
		if v == nil {
			return nil
		}
		return &regradeSide{v.Outcome, v.Points, v.Max}
	}
	for _, c := range x.changes {
		s := regradeStudent{ID: c.id, Name: c.name, Checks: []regradeCheck{}}
		s.Was, _, _ = judge.Total(c.was)
		s.Is, _, _ = judge.Total(c.is)
		for _, k := range c.checks {
			id := k.was
			if k.is != nil {
				id = k.is
			}
			s.Checks = append(s.Checks, regradeCheck{id.Check, side(k.was), side(k.is)})
		}
		out.Changes = append(out.Changes, s)
	}
	return out
}
