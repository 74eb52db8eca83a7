package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/rubric"
)

type verdict = judge.Verdict

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
		j, book, err := a.stored(c.Context(), &f)
		if err != nil {
			return err
		}
		defer book.Close()
		return a.regrade(c.Context(), j, book, run, dry)
	}
	return c
}

// regrade judges the evidence of a run anew and prints who gains or loses
// what. The old verdicts stay in the gradebook's history.
func (a *app) regrade(ctx context.Context, j *job, book *gradebook.Gradebook, id string, dry bool) error {
	from, err := observedRun(ctx, j, book, id)
	if err != nil {
		return err
	}
	if j.taskArg == "" { // as it was observed then
		j.tasks = observe.Auto
	}
	old, err := book.Verdicts(ctx, from.ID)
	if err != nil {
		return err
	}
	students, err := book.Students(ctx, from.ID)
	if err != nil {
		return err
	}
	jd := judge.New(j.rub)
	fresh := make(map[string][]verdict, len(students))
	changed := 0
	for _, s := range students {
		c, err := book.Case(ctx, from.ID, s.ID)
		if err != nil {
			return err
		}
		fresh[s.ID] = jd.Verdicts(j.observed(c), c, s.Bundle)
		if a.diff(s, old[s.ID], fresh[s.ID]) {
			changed++
		}
	}
	lang := a.lang()
	fmt.Fprintln(a.Stdout, lang.T("cli.regrade_sum", "n", changed, "students", len(students), "run", from.ID))
	if dry {
		return nil
	}
	run, err := book.BeginRegrade(ctx, from.ID, gradebook.Begin{
		Class: j.class.Name, Rubric: j.rub, RosterSHA256: j.class.RosterSHA256, Tool: version(), Started: time.Now(),
	})
	if err != nil {
		return err
	}
	for _, s := range students {
		if err := book.SaveVerdicts(ctx, run.ID, s.ID, fresh[s.ID]); err != nil {
			return err
		}
	}
	return book.FinishRun(ctx, run.ID, gradebook.Finished, time.Now())
}

// observedRun is the run named, or the newest finished one that observed.
func observedRun(ctx context.Context, j *job, book *gradebook.Gradebook, id string) (gradebook.Run, error) {
	runs, err := book.Runs(ctx)
	if err != nil {
		return gradebook.Run{}, err
	}
	for _, r := range runs {
		if r.ID == id || (id == "" && r.Regrades == "" && r.Status == gradebook.Finished) {
			return r, nil
		}
	}
	return gradebook.Run{}, usageHint(i18n.M("cli.no_run", "run", id, "class", j.class.Name),
		i18n.M("cli.no_run_hint", "class", j.class.Name))
}

// diff prints the checks whose points changed, and reports whether any did.
func (a *app) diff(s gradebook.Student, old, fresh []verdict) bool {
	before := make(map[string]verdict, len(old))
	for _, v := range old {
		before[v.Check] = v
	}
	was, _, _ := judge.Total(old)
	is, _, _ := judge.Total(fresh)
	changed := false
	lang := a.lang()
	for _, v := range fresh {
		o, ok := before[v.Check]
		if ok && o.Points == v.Points && o.Outcome == v.Outcome && o.Max == v.Max {
			continue
		}
		if !changed {
			fmt.Fprintln(a.Stdout, diag.Plain(lang.T("cli.regrade_student", "id", s.ID, "name", s.Name,
				"was", was.String(), "is", is.String(), "diff", signed(is-was))))
			changed = true
		}
		fmt.Fprintln(a.Stdout, diag.Plain(lang.T("cli.regrade_check", "check", v.Check,
			"was", given(o), "wasmax", o.Max.String(), "is", given(v), "ismax", v.Max.String(),
			"message", v.Message)))
	}
	return changed
}

// given is a verdict's points, "?" where nothing is decided.
func given(v verdict) string {
	if v.Outcome == check.Ungraded {
		return "?"
	}
	return v.Points.String()
}

func signed(p rubric.Points) string {
	if p >= 0 {
		return "+" + p.String()
	}
	return p.String()
}
