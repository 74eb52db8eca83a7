package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/report"
	"swarmgrade/grader/rubric"
)

func newRegradeCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f classFlags
	var run string
	var dry bool
	c := &cobra.Command{Use: "regrade --class CLASS", Short: lang.T("cli.regrade_short"), Args: cobra.NoArgs}
	f.register(a, c)
	c.Flags().StringVar(&run, "run", "", lang.T("cli.flag_run"))
	c.Flags().BoolVar(&dry, "dry-run", false, lang.T("cli.flag_regrade_dry"))
	c.RunE = func(c *cobra.Command, _ []string) error {
		j, err := a.open(c.Context(), &f)
		if err != nil {
			return err
		}
		defer lean(len(j.Class.Students), memoryRun)()
		x, err := j.Regrade(c.Context(), run, dry)
		if x == nil {
			return err
		}
		v := regraded{x, j, dry}
		if a.json {
			return errors.Join(a.printJSON(v.json()), err)
		}
		a.sayRegrade(v)
		return err
	}
	return c
}

// regraded is what a regrade came to, to be shown.
type regraded struct {
	*grader.Regrading
	j   *grader.Job
	dry bool
}

// sayRegrade prints what was judged anew, whose total changes and how, the rest
// in a line, and what became of it.
func (a *app) sayRegrade(x regraded) {
	lang := a.lang()
	say := func(key string, pairs ...any) { fmt.Fprintln(a.Stdout, diag.Plain(lang.T("record."+key, pairs...))) }
	say("regrade_head", "attempts", x.Attempts, "students", x.Students, "runs", len(x.Anew), "rubric", grader.RubricName(x.j.Rubric.ID, x.j.Rubric.Version, x.j.Rubric.SHA256))
	for _, r := range slices.SortedFunc(maps.Values(x.Was), func(a, b gradebook.Run) int { return strings.Compare(b.ID, a.ID) }) {
		if r.RubricSHA256 != x.j.Rubric.SHA256 {
			say("regrade_before", "rubric", grader.RubricName(r.RubricID, r.RubricVersion, r.RubricSHA256))
		}
	}
	totals := 0
	var inside []string
	for _, c := range x.Changes {
		if c.By() == 0 {
			inside = append(inside, c.ID)
			continue
		}
		totals++
		was, _, _ := judge.Total(c.Was)
		is, _, _ := judge.Total(c.Is)
		fmt.Fprintln(a.Stdout, diag.Plain(lang.T("cli.regrade_student", "id", c.ID, "name", c.Name,
			"was", totalText(c.Was), "is", totalText(c.Is), "diff", signed(is-was))))
		if counted := c.Counted; counted[0].Points != was || counted[1].Points != is {
			fmt.Fprintln(a.Stdout, diag.Plain(lang.T("hand.regrade_counts", "was", report.ScoreText(lang, counted[0]), "is", report.ScoreText(lang, counted[1]))))
		}
		for _, k := range c.Checks {
			fmt.Fprintln(a.Stdout, diag.Plain(checkText(lang, k)))
		}
	}
	if len(inside) > 0 {
		say("regrade_inside", "n", len(inside), "students", grader.ClipList(inside, 20))
	}
	say("regrade_same", "n", x.Same, "changed", totals)
	a.sayKept(x)
	switch {
	case x.dry:
		say("regrade_dry")
	case len(x.Stored) == 0:
		say("regrade_nothing")
	default:
		ids := make([]string, len(x.Stored))
		for i, r := range x.Stored {
			ids[i] = r.ID
		}
		say("regrade_stored", "runs", grader.ClipList(ids, 10), "class", x.j.Class.Name)
	}
}

// listedKept is how many lines of what was set by hand are shown.
const listedKept = 20

// sayKept prints what was set by hand, and that it stays in force; what the rubric
// has no place for comes first.
func (a *app) sayKept(x regraded) {
	lang := a.lang()
	var gone, kept []string
	for i := range x.ByHand {
		s := &x.ByHand[i]
		for _, o := range s.Overrides {
			line := "  " + diag.Plain(s.ID) + "  " + report.OverrideLine(lang, s, o)
			if o.Gone {
				gone = append(gone, line)
			} else {
				kept = append(kept, line)
			}
		}
	}
	if x.Carried > 0 {
		fmt.Fprintln(a.Stdout, diag.Plain(lang.T("hand.regrade_carried", "n", x.Carried, "lab", x.lab(), "rubric", x.j.Rubric.ID)))
	}
	if x.sayList(a, "hand.regrade_gone", gone) {
		fmt.Fprintln(a.Stdout, diag.Plain(lang.T("hand.regrade_gone_hint", "class", x.j.Class.Name, "flags", x.j.RubricFlag())))
	}
	x.sayList(a, "hand.regrade_kept", kept)
	a.sayLimits(x)
}

// sayList prints a list under its heading, as far as it is shown; it reports whether there is any.
func (x regraded) sayList(a *app, heading string, lines []string) bool {
	if len(lines) == 0 {
		return false
	}
	fmt.Fprintln(a.Stdout, a.lang().T(heading, "n", len(lines)))
	for _, line := range lines[:min(len(lines), listedKept)] {
		fmt.Fprintln(a.Stdout, line)
	}
	if more := len(lines) - listedKept; more > 0 {
		fmt.Fprintln(a.Stdout, "  "+diag.Plain(a.lang().T("hand.list_more", "n", more, "class", x.j.Class.Name)))
	}
	return true
}

// sayLimits prints whose points by hand are above their maximum now, or of another maximum
// than they were set for, and what to type.
func (a *app) sayLimits(x regraded) {
	lang := a.lang()
	var cut, other []string
	example := ""
	for i := range x.Limits {
		l := &x.Limits[i]
		was := l.Was.String()
		if l.Was == 0 {
			was = "?"
		}
		pairs := []any{"student", l.ID, "name", l.Name, "what", l.What(), "points", l.Points.String(), "was", was, "max", l.Now.String(), "counts", l.Counts.String()}
		if l.Cut() {
			cut = append(cut, diag.Plain(lang.T("hand.regrade_cut_line", pairs...)))
		} else {
			other = append(other, diag.Plain(lang.T("hand.regrade_max_line", pairs...)))
		}
		if example == "" || l.Cut() && len(cut) == 1 {
			example = l.ID + l.Target()
		}
	}
	x.sayList(a, "hand.regrade_cut", cut)
	x.sayList(a, "hand.regrade_max", other)
	if example != "" {
		fmt.Fprintln(a.Stdout, diag.Plain(lang.T("hand.regrade_cut_hint", "class", x.j.Class.Name, "flags", x.j.RubricFlag(), "student", example)))
	}
}

// lab is the one that results were of until now.
func (x regraded) lab() string {
	for _, r := range x.Was {
		return r.RubricID
	}
	return ""
}

// totalText are the points of verdicts, with "?" while some are open: no final score.
func totalText(vs []judge.Verdict) string {
	points, _, ungraded := judge.Total(vs)
	if ungraded > 0 {
		return points.String() + "?"
	}
	return points.String()
}

// checkText says what changes of one check.
func checkText(lang i18n.Lang, k grader.CheckChange) string {
	v := k.Is
	if v == nil {
		v = &judge.Verdict{Check: k.Was.Check, Message: i18n.M("record.check_gone")}
	}
	return lang.T("cli.regrade_check", "check", v.Check, "was", given(k.Was), "wasmax", mostOf(k.Was),
		"is", given(k.Is), "ismax", mostOf(k.Is), "message", v.Message)
}

// given is a verdict's points, "?" where nothing is decided, "-" where there is
// none.
func given(v *judge.Verdict) string {
	switch {
	case v == nil:
		return "-"
	case v.Outcome == check.Ungraded:
		return "?"
	}
	return v.Points.String()
}

func mostOf(v *judge.Verdict) string {
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
