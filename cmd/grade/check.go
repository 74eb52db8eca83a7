package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// checkFlags are those of a self-check.
type checkFlags struct {
	classFlags
	fault bool // kill one own container
	yes   bool // without asking
}

func newCheckCmd(a *app) *cobra.Command {
	var f checkFlags
	lang := a.lang()
	c := &cobra.Command{
		Use: "check STUDENT", Short: lang.T("cli.check_short"), Long: lang.T("cli.check_long"),
		Args: cobra.ExactArgs(1),
	}
	f.register(a, c)
	f.registerLoad(a, c)
	completeArg(c, func() []string { return f.studentNames(a, c) })
	_ = c.Flags().MarkHidden("students")
	c.Flags().BoolVar(&f.fault, "fault", false, lang.T("observe.kill_flag"))
	c.Flags().BoolVarP(&f.yes, "yes", "y", false, lang.T("cli.flag_yes"))
	c.RunE = func(c *cobra.Command, args []string) error { return a.selfCheck(c.Context(), &f, args[0]) }
	return c
}

// selfCheck grades one student as the class is graded, and says each check as soon
// as it is known. Nothing is stored.
func (a *app) selfCheck(ctx context.Context, f *checkFlags, id string) error {
	j, err := a.grader().OpenOwn(ctx, f.sel(), id)
	if err != nil {
		return err
	}
	if err := a.speakOf(j); err != nil {
		return err
	}
	who := j.Students[0]
	service := j.Vars[who.ID][check.NamesOf(j.Rubric).Service]
	if j.Class.File == grader.NoClass {
		a.sayWords("cli.check_head_alone", "student", who.ID, "service", service)
	} else {
		a.sayWords("cli.check_head", "student", who.ID, "name", who.Name, "class", j.Class.Name, "service", service)
	}
	if grader.IsSample(j.Class) {
		a.sayWords("cli.check_sample", "class", j.Class.Name)
	}
	listing := report.NewListing(a.Stdout, j.Rubric, a.ui.text())
	var unsaid error
	if !a.json {
		a.planned = func(plan *observe.Plan) { a.sayTasks(j, plan) }
		a.known = func(v judge.Verdict) {
			a.ui.clear()
			if err := listing.Add(v); unsaid == nil {
				unsaid = err
			}
		}
	}
	got, err := j.Check(ctx, grader.CheckOptions{Kill: f.fault, Yes: f.yes})
	if err != nil {
		return err
	}
	if unsaid != nil {
		return unsaid
	}
	if !a.json {
		if err := listing.Close(); err != nil {
			return err
		}
	}
	return a.conclude(j, got)
}

// sayTasks says which tasks a student was taken to be at, where nobody asked
// for one.
func (a *app) sayTasks(j *grader.Job, plan *observe.Plan) {
	s := plan.Students[0]
	other := j.Rubric.Tasks[0].ID // what a flag could ask for instead
	for _, t := range j.Rubric.Tasks {
		if !slices.Contains(s.Tasks, t.ID) {
			other = t.ID
			break
		}
	}
	switch {
	case !slices.Equal(j.Tasks, observe.Auto):
	case len(s.NotUp) == len(s.Tasks) && s.Told == "":
		a.sayWords("cli.check_tasks_none", "n", len(s.Tasks), "tasks", s.Tasks, "other", other, "service", s.Vars[check.NamesOf(j.Rubric).Service])
	case s.Told != "":
		a.sayWords("cli.check_tasks_told", "n", len(s.Tasks), "tasks", s.Tasks, "other", other, "network", s.Told)
	default:
		a.sayWords("cli.check_tasks", "n", len(s.Tasks), "tasks", s.Tasks, "other", other)
	}
}

// sayWords says a sentence among the results, wrapped, to people only.
func (a *app) sayWords(key string, pairs ...any) {
	if !a.json {
		fmt.Fprintln(a.Stdout, a.ui.text().Wrapped(a.lang().T(key, pairs...)))
	}
}

// conclude sums up: what to mend first, and the exit status.
func (a *app) conclude(j *grader.Job, got grader.Checked) error {
	verdicts, who := got.Verdicts, j.Students[0]
	if a.json {
		err := report.JSON(a.Stdout, &result.Data{
			Class: j.Class.Name, Title: j.Class.Title, Rubric: j.Rubric,
			Run:      result.Run{Task: strings.Join(got.Tasks, ","), Status: "finished", Tool: version(), Started: got.Started, Finished: got.Finished},
			Students: []result.Student{{ID: who.ID, Name: who.Name, Verdicts: verdicts}},
		}, a.lang())
		if err != nil {
			return err
		}
	}
	// What nobody tried is no part of the sum.
	tried := slices.DeleteFunc(slices.Clone(verdicts), func(v judge.Verdict) bool {
		return got.Untried && v.Outcome == check.Ungraded && grader.WaitsFor(j.Rubric, v.Check, "window", "episode/")
	})
	points, most, ungraded := judge.Total(tried)
	_, _, later := judge.Total(verdicts)
	open, all := countOpen(tried), countOpen(verdicts)
	mend, waiting := report.Todo(tried)
	if !a.json {
		fmt.Fprintln(a.Stdout)
	}
	if most -= ungraded; all > 0 {
		a.sayWords("cli.check_sum_open", "points", points.String(), "max", most.String(), "n", all, "open", later.String())
	} else {
		a.sayWords("cli.check_sum", "points", points.String(), "max", most.String())
	}
	a.sayLeft(j, got.Tasks)
	switch {
	case mend > 0 && waiting > 0:
		a.sayWords("cli.check_mend_first", "n", mend, "waiting", waiting)
		return &diag.Failure{Code: diag.Mend}
	case mend > 0:
		a.sayWords("cli.check_mend", "n", mend)
		return &diag.Failure{Code: diag.Mend}
	case open > 0:
		return &diag.Failure{
			Code: diag.Open,
			Msg:  i18n.M("cli.check_open", "n", open, "points", ungraded.String()), Hint: i18n.M("check.ungraded_hint"),
		}
	case all > 0:
		a.sayWords("cli.check_good_open", "n", all)
	default:
		a.sayWords("cli.check_good")
	}
	return nil
}

// sayLeft says which tasks of the lab were not looked at, where nobody asked for
// one: their points are wanted too.
func (a *app) sayLeft(j *grader.Job, looked []string) {
	var left []string
	var points rubric.Points
	for _, t := range j.Rubric.Tasks {
		if !slices.Contains(looked, t.ID) {
			left, points = append(left, t.ID), points+t.Points
		}
	}
	if slices.Equal(j.Tasks, observe.Auto) && len(left) > 0 {
		a.sayWords("missing.check_left", "n", len(left), "tasks", left, "points", points.String(), "max", j.Rubric.Points.String())
	}
}

func countOpen(vs []judge.Verdict) (n int) {
	for _, v := range vs {
		if v.Outcome == check.Ungraded {
			n++
		}
	}
	return n
}
