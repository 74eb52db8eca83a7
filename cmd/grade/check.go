package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/report"
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

// selfCheck grades one student with the class's rubric and judge, and says
// each check as soon as it is known. Nothing is stored.
func (a *app) selfCheck(ctx context.Context, f *checkFlags, id string) error {
	j, err := a.ownJob(ctx, &f.classFlags, id)
	if err != nil {
		return err
	}
	who := j.students[0]
	a.sayWords("cli.check_head", "student", who.ID, "name", who.Name,
		"class", j.class.Name, "service", j.vars[who.ID]["service"])
	if isSample(j.class) {
		a.sayWords("cli.check_sample", "class", j.class.Name)
	}
	start := time.Now()
	at := func() int64 { return time.Since(start).Milliseconds() }
	cl, err := a.connect(ctx, j)
	if err != nil {
		return err
	}
	defer cl.Close()
	before, err := cl.Snapshot(ctx, at)
	if err != nil {
		return err
	}
	a.sayCuts(j, before)
	plan := observe.NewPlan(j.rub, j.tasks, j.students, j.vars, before)
	a.sayTasks(j, plan)
	j.tasks = plan.Students[0].Tasks
	if err := a.chooseKill(ctx, f, plan, before); err != nil {
		return err
	}
	loader, err := newLoader(j, start, before)
	if err != nil {
		return err
	}
	bar := a.ui.progress("cli.progress", 1, plan.Requests())
	defer bar.stop()
	r := observe.Runner{Cluster: cl, Loader: loader, Store: noStore{}, At: at, Parallel: 1, Progress: bar.step}
	s := &plan.Students[0]
	bundle, err := r.Static(ctx, s, before)
	if err != nil {
		return err
	}
	c := evidence.Case{Bundle: bundle, Before: before}
	said := &spoken{Listing: report.NewListing(a.Stdout, j.rub, a.ui.text()), checks: map[string]bool{}}
	if err := a.say(j, c, said, "load/", "window"); err != nil {
		return err
	}
	if err := r.Drive(ctx, s, bundle, r.Unreachable(ctx, plan)); err != nil {
		return err
	}
	bar.stop()
	if c.After, err = cl.Snapshot(ctx, at); err != nil && ctx.Err() != nil {
		return err
	}
	if s.Watch != nil && s.Watch.Gap != nil {
		bundle.Gaps = append(bundle.Gaps, *s.Watch.Gap)
	}
	if len(plan.Faults) > 0 {
		if err := a.say(j, c, said, "window"); err != nil {
			return err
		}
		if err := a.watchKill(ctx, j, cl, &r, loader, plan, &c); err != nil {
			return err
		}
	}
	if err := a.say(j, c, said); err != nil {
		return err
	}
	if err := said.Close(); err != nil {
		return err
	}
	return a.conclude(j, c, start)
}

// sayTasks says which tasks a student was taken to be at, where nobody asked
// for one.
func (a *app) sayTasks(j *job, plan *observe.Plan) {
	s := plan.Students[0]
	switch {
	case !slices.Equal(j.tasks, observe.Auto):
	case len(s.NotUp) == len(s.Tasks) && s.Told == "":
		a.sayWords("cli.check_tasks_none", "tasks", s.Tasks, "service", s.Vars["service"])
	case s.Told != "":
		a.sayWords("cli.check_tasks_told", "tasks", s.Tasks, "network", s.Told)
	default:
		a.sayWords("cli.check_tasks", "tasks", s.Tasks)
	}
}

// sayWords says a sentence among the results, wrapped, to people only.
func (a *app) sayWords(key string, pairs ...any) {
	if !a.json {
		fmt.Fprintln(a.Stdout, a.ui.text().Wrapped(a.lang().T(key, pairs...)))
	}
}

// spoken is what a self-check has said so far.
type spoken struct {
	*report.Listing
	checks map[string]bool
}

// say goes on with the verdicts, in the rubric's order, up to the first that
// waits for evidence that is still to come.
func (a *app) say(j *job, c evidence.Case, said *spoken, toCome ...string) error {
	if a.json {
		return nil
	}
	for _, v := range judge.New(j.rub).Verdicts(j.tasks, c, "") {
		if waitsFor(j, v.Check, toCome...) {
			return nil
		}
		if said.checks[v.Check] {
			continue
		}
		said.checks[v.Check] = true
		if err := said.Add(v); err != nil {
			return err
		}
	}
	return nil
}

// waitsFor reports whether a check, or one that it needs, asks for evidence
// whose name begins with one of the prefixes.
func waitsFor(j *job, id string, prefixes ...string) bool {
	c, ok := j.rub.Check(id)
	if !ok {
		return false
	}
	if kind, ok := check.Find(c.Kind); ok {
		for _, n := range kind.Needs(c.Params) {
			if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(n.What, p) }) {
				return true
			}
		}
	}
	return slices.ContainsFunc(c.Needs, func(n string) bool { return waitsFor(j, n, prefixes...) })
}

// conclude sums up: what to mend first, and the exit status.
func (a *app) conclude(j *job, c evidence.Case, start time.Time) error {
	verdicts := judge.New(j.rub).Verdicts(j.tasks, c, "")
	who := j.students[0]
	if a.json {
		err := report.JSON(a.Stdout, &report.Data{
			Class: j.class.Name, Title: j.class.Title, Rubric: j.rub,
			Run:      report.Run{Task: j.taskKey(), Status: "finished", Tool: version(), Started: start, Finished: time.Now()},
			Students: []report.Student{{ID: who.ID, Name: who.Name, Verdicts: verdicts}},
		}, a.lang())
		if err != nil {
			return err
		}
	}
	// What nobody tried is no part of the sum.
	_, untried := c.Bundle.Gap("window")
	tried := slices.DeleteFunc(slices.Clone(verdicts), func(v judge.Verdict) bool {
		return untried && v.Outcome == check.Ungraded && waitsFor(j, v.Check, "window")
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

func countOpen(vs []judge.Verdict) (n int) {
	for _, v := range vs {
		if v.Outcome == check.Ungraded {
			n++
		}
	}
	return n
}

// noStore keeps nothing.
type noStore struct{}

func (noStore) Traces(context.Context, string) ([]evidence.Trace, error) { return nil, nil }
func (noStore) SaveTrace(context.Context, string, *evidence.Trace) error { return nil }
