package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/mention"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/report"
	"swarmgrade/loadgen"
)

// runFlags are those of grading a class.
type runFlags struct {
	classFlags
	exportFlags
	dryRun  bool
	resume  bool
	noFault bool
	yes     bool // inject faults without asking
}

func (f *runFlags) register(a *app, c *cobra.Command) {
	lang := a.lang()
	f.classFlags.register(a, c)
	f.registerLoad(a, c)
	f.exportFlags.register(a, c)
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, lang.T("cli.flag_dry_run"))
	c.Flags().BoolVar(&f.resume, "resume", false, lang.T("cli.flag_resume"))
	c.Flags().BoolVar(&f.noFault, "no-fault", false, lang.T("cli.flag_no_fault"))
	c.Flags().BoolVarP(&f.yes, "yes", "y", false, lang.T("cli.flag_yes"))
}

// grade is the main job: observe, judge, store, export.
func (a *app) grade(ctx context.Context, f *runFlags) error {
	j, err := a.load(ctx, &f.classFlags)
	if err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	a.rosterNotes(j.class)
	if f.resume && !f.dryRun {
		return a.resume(ctx, j, f)
	}
	return a.run(ctx, j, f, nil, "")
}

// run grades a class; book and resumed are those of a run to go on with.
func (a *app) run(ctx context.Context, j *job, f *runFlags, book *gradebook.Gradebook, resumed string) error {
	start := time.Now()
	at := func() int64 { return time.Since(start).Milliseconds() }
	if !f.dryRun {
		if err := a.heal(ctx, j); err != nil {
			return err
		}
	}
	cl, err := a.connect(ctx, j)
	if err != nil {
		return err
	}
	defer cl.Close()
	snap, err := cl.Snapshot(ctx, at)
	if err != nil {
		return err
	}
	a.sayCuts(j, snap)
	plan := observe.NewPlan(j.rub, j.tasks, j.students, j.vars, snap)
	a.chooseFaults(j, f.noFault, cl, plan, snap)
	if f.dryRun {
		return a.showPlan(j, plan, snap)
	}
	if err := a.tryFaults(ctx, j, cl, plan, snap); err != nil {
		return err
	}
	if err := a.consent(ctx, j, f.yes, plan); err != nil {
		return err
	}
	if book == nil {
		if book, err = a.writable(ctx, j.bookPath()); err != nil {
			return err
		}
		defer book.Close()
	}
	run, err := a.begin(ctx, j, book, resumed, start)
	if err != nil {
		return err
	}
	err = a.observe(ctx, j, cl, book, run.ID, plan, snap, start)
	status := gradebook.Finished
	if err != nil {
		status = gradebook.Interrupted
	}
	// What was done is recorded also when the run was interrupted.
	done := context.WithoutCancel(ctx)
	if ferr := book.FinishRun(done, run.ID, status, time.Now()); err == nil {
		err = ferr
	}
	if err != nil {
		if ctx.Err() != nil {
			a.ui.note(a.lang().T("cli.resume_with", "class", j.class.Name))
		}
		return err
	}
	return a.results(ctx, j, f, book, run.ID)
}

// begin starts a run, or takes up the unfinished one that is to be resumed.
func (a *app) begin(ctx context.Context, j *job, book *gradebook.Gradebook, resumed string, start time.Time) (gradebook.Run, error) {
	if resumed != "" {
		a.ui.note(a.lang().T("cli.resuming", "run", resumed))
		return book.Resume(ctx, resumed)
	}
	b := gradebook.Begin{
		Class: j.class.Name, Task: j.taskKey(), Rubric: j.rub, RosterSHA256: j.class.RosterSHA256,
		Tool: version(), Started: start,
		Options: map[string]any{"parallel": j.class.Settings.Parallel, "rate": j.class.Settings.Rate},
	}
	for i, s := range j.class.Students {
		if slices.ContainsFunc(j.students, func(x rosterStudent) bool { return x.ID == s.ID }) {
			b.Students = append(b.Students, gradebook.Student{ID: s.ID, Name: s.Name, Position: i})
		}
	}
	return book.BeginRun(ctx, b)
}

// observe collects the evidence of everybody who has none yet, and judges.
func (a *app) observe(ctx context.Context, j *job, cl cluster, book *gradebook.Gradebook, run string,
	plan *observe.Plan, snap *evidence.Snapshot, start time.Time,
) error {
	if err := a.remeasure(ctx, book, run, plan, snap); err != nil {
		return err
	}
	before, err := book.PutSnapshot(ctx, snap)
	if err != nil {
		return err
	}
	if err := book.SaveBefore(ctx, run, before); err != nil {
		return err
	}
	if err := pending(ctx, book, run, plan); err != nil {
		return err
	}
	loader, err := newLoader(j, start, snap)
	if err != nil {
		return err
	}
	bar := a.ui.progress("cli.progress", len(plan.Students), plan.Requests())
	defer bar.stop()
	r := observe.Runner{
		Cluster: cl, Loader: loader, Store: bookStore{book, run}, Run: run,
		At:       func() int64 { return time.Since(start).Milliseconds() },
		Parallel: j.class.Settings.Parallel, Progress: bar.step,
	}
	bundles, err := a.loads(ctx, &r, cl, book, plan, snap)
	bar.stop()
	if err != nil {
		return err
	}
	x := faultRun{a: a, j: j, cl: cl, book: book, r: &r, prober: loader, plan: plan, bundles: bundles, start: start}
	if err := x.windows(ctx, snap); err != nil {
		return err
	}
	for _, b := range bundles {
		if _, err := book.SaveBundle(ctx, run, b); err != nil {
			return err
		}
	}
	a.ui.note(a.lang().T("cli.judging", "n", len(bundles)))
	return judgeRun(ctx, j, book, run)
}

// loads observes everything that comes before a fault, of all students of whom
// an interrupted try has not kept it. The bundles are in the plan's order.
func (a *app) loads(ctx context.Context, r *observe.Runner, cl cluster, book *gradebook.Gradebook,
	plan *observe.Plan, snap *evidence.Snapshot,
) ([]*evidence.Bundle, error) {
	bundles := make([]*evidence.Bundle, len(plan.Students))
	var rest observe.Plan
	var place []int
	for i, s := range plan.Students {
		draft, err := book.Draft(ctx, r.Run, s.Who.ID)
		if err != nil {
			return nil, err
		}
		if bundles[i] = draft; draft == nil {
			rest.Students, place = append(rest.Students, s), append(place, i)
		}
	}
	if len(place) == 0 {
		return bundles, nil
	}
	observed, err := r.Observe(ctx, &rest, snap)
	if err != nil {
		return nil, err
	}
	after, err := a.after(ctx, cl, book, r.At)
	if err != nil {
		return nil, err
	}
	fresh := make([]*evidence.Bundle, len(observed))
	for k, o := range observed {
		b := o.Bundle
		b.After = after
		if after == "" {
			b.Gaps = append(b.Gaps, evidence.Gap{What: "snapshot/after", Code: "unreachable"})
		}
		if w := o.Plan.Watch; w != nil && w.Gap != nil {
			b.Gaps = append(b.Gaps, *w.Gap)
		}
		fresh[k], bundles[place[k]] = b, b
	}
	if len(plan.Faults) == 0 {
		return bundles, nil
	}
	return bundles, book.SaveDrafts(ctx, r.Run, fresh)
}

// after takes the closing snapshot. A cluster that is gone by then leaves it
// out; what was observed is still worth judging.
func (a *app) after(ctx context.Context, cl cluster, book *gradebook.Gradebook, at func() int64) (string, error) {
	snap, err := cl.Snapshot(ctx, at)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		a.ui.note(a.lang().T("cli.no_after", "error", err.Error()))
		return "", nil
	}
	return book.PutSnapshot(ctx, snap)
}

// pending leaves only those students in the plan whose bundle is not stored
// yet, and tells each the snapshot that their evidence began with.
func pending(ctx context.Context, book *gradebook.Gradebook, run string, plan *observe.Plan) error {
	students, err := book.Students(ctx, run)
	if err != nil {
		return err
	}
	stored := make(map[string]gradebook.Student, len(students))
	for _, s := range students {
		stored[s.ID] = s
	}
	plan.Students = slices.DeleteFunc(plan.Students, func(s observe.Student) bool {
		got, ok := stored[s.Who.ID]
		return !ok || got.Bundle != ""
	})
	for i := range plan.Students {
		plan.Students[i].Before = stored[plan.Students[i].Who.ID].Before
	}
	return nil
}

// judgeRun judges every student of a run from the gradebook, so that what is
// judged is what is stored.
func judgeRun(ctx context.Context, j *job, book *gradebook.Gradebook, run string) error {
	students, err := book.Students(ctx, run)
	if err != nil {
		return err
	}
	jd := judge.New(j.rub)
	for _, s := range students {
		c, err := book.Case(ctx, run, s.ID)
		if err != nil {
			return err
		}
		if err := book.SaveVerdicts(ctx, run, s.ID, jd.Verdicts(j.observed(c), c, s.Bundle)); err != nil {
			return err
		}
	}
	return nil
}

// results shows a finished run and writes the class's files.
func (a *app) results(ctx context.Context, j *job, f *runFlags, book *gradebook.Gradebook, run string) error {
	open, unshown := a.present(ctx, j, book, run)
	// The files are written also when nobody looks at the screen any more.
	_, unwritten := a.export(ctx, j, &f.exportFlags, book)
	if err := errors.Join(unwritten, unshown); err != nil {
		return err
	}
	if len(open) > 0 {
		return &diag.Failure{
			Code: diag.Open,
			Msg:  i18n.M("cli.ungraded", "n", len(open), "students", open[:min(len(open), 10)]),
			Hint: i18n.M("cli.ungraded_hint", "class", j.class.Name),
		}
	}
	return nil
}

// present shows a run on stdout and gives the students of whom something is
// open.
func (a *app) present(ctx context.Context, j *job, book *gradebook.Gradebook, run string) ([]string, error) {
	data, err := runData(ctx, j, book, run)
	if err != nil {
		return nil, err
	}
	if a.json {
		err = report.JSON(a.Stdout, data, a.lang())
	} else {
		err = report.Table(a.Stdout, data, a.ui.text())
	}
	return report.Summarize(data).Open, err
}

// runData is one run, for reports.
func runData(ctx context.Context, j *job, book *gradebook.Gradebook, id string) (*report.Data, error) {
	d, err := book.RunData(ctx, id, j.rub)
	if err != nil {
		return nil, err
	}
	addRoster(d, j.class)
	d.Findings, err = findings(ctx, j.rub, book, id)
	return d, err
}

// taskKey is the task as the gradebook keeps it.
func (j *job) taskKey() string {
	switch {
	case slices.Equal(j.tasks, observe.Auto):
		return j.tasks[0]
	case j.taskArg == "":
		return "all"
	}
	return j.taskArg
}

// observed are the tasks to judge a student on: those asked for that the
// evidence was collected for.
func (j *job) observed(c evidence.Case) []string {
	tasks := strings.FieldsFunc(c.Bundle.Task, func(r rune) bool { return r == ',' })
	return slices.DeleteFunc(tasks, func(t string) bool { return !j.concerns(t) })
}

// concerns reports whether a task is among those asked for.
func (j *job) concerns(task string) bool {
	return slices.Equal(j.tasks, observe.Auto) || slices.Contains(j.tasks, task)
}

// bookStore keeps traces in the gradebook as they come.
type bookStore struct {
	book *gradebook.Gradebook
	run  string
}

func (s bookStore) Traces(ctx context.Context, student string) ([]evidence.Trace, error) {
	return s.book.Traces(ctx, s.run, student)
}

func (s bookStore) SaveTrace(ctx context.Context, student string, t *evidence.Trace) error {
	return s.book.SaveTrace(ctx, s.run, student, t)
}

// newLoader drives load for a class within its one global rate; the snapshot
// says what exists.
func newLoader(j *job, start time.Time, snap *evidence.Snapshot) (loadgen.Loader, error) {
	attributor, err := loadgen.Compile(j.rub.Attribution)
	if err != nil {
		return loadgen.Loader{}, fmt.Errorf("attribution of rubric %s: %w", j.rub.ID, err)
	}
	return loadgen.Loader{Options: loadgen.Options{
		Attribution: attributor, Known: mention.New(snap), Settle: true, Epoch: start, Nonce: loadgen.NewNonce(),
		Limiter: loadgen.NewLimiter(float64(j.class.Settings.Rate)),
	}}, nil
}
