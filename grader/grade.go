package grader

import (
	"context"
	"slices"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/roster"
)

// GradeOptions are what a class's run can be asked for.
type GradeOptions struct {
	// NoFault leaves everything out that takes a fault.
	NoFault bool
	// Yes gives leave for the plan's faults, so that nobody is asked.
	Yes bool
	// Resume goes on with the run that was interrupted.
	Resume bool
	// Agree looks at what is about to be done to the cluster and goes before Yes and the
	// grader's Ask: an error of its own ends the run before anything is sent or recorded.
	Agree func(*observe.Plan) error
	// Undo, once it is closed, has the fault that is in force undone at once, and no other made:
	// what waits for it stays open, and the run goes on. nil never is.
	Undo <-chan struct{}
}

// Graded is what became of grading.
type Graded struct {
	Run string
	// Nothing says that there was no run to go on with: Run is the class's
	// newest, which was finished at Finished.
	Nothing  bool
	Finished time.Time
}

// Preview is what a run would do.
type Preview struct {
	Plan     *observe.Plan
	Snapshot *evidence.Snapshot
	Span     observe.Span
}

// Plan reads the cluster and says what a run would do; nobody is sent anything.
func (j *Job) Plan(ctx context.Context, noFault bool) (Preview, error) {
	x, err := j.begin(ctx, time.Now())
	if err != nil {
		return Preview{}, err
	}
	defer x.conn.Close()
	x.chooseFaults(noFault)
	return Preview{Plan: x.plan, Snapshot: x.snap, Span: x.plan.Span(x.snap, j.Class.Settings.Parallel, j.Class.Settings.Rate)}, nil
}

// Grade observes the class, judges what it saw and stores all of it as it comes, so
// that a run that is interrupted can be gone on with. The error says what kept it
// from ending; students of whom something stayed open are no error.
func (j *Job) Grade(ctx context.Context, opt GradeOptions) (got Graded, err error) {
	var book *gradebook.Gradebook
	resumed := ""
	defer func() {
		if book != nil {
			err = j.closeBook(book, err)
		}
	}()
	if opt.Resume {
		if book, err = j.openStored(ctx, false); err != nil {
			return got, err
		}
		run, again, err := j.unfinished(ctx, book)
		if err != nil || !again {
			return Graded{Run: run.ID, Nothing: true, Finished: run.Finished}, err
		}
		resumed = run.ID
	}
	if err := j.heal(ctx); err != nil {
		return got, err
	}
	x, err := j.begin(ctx, time.Now())
	if err != nil {
		return got, err
	}
	defer x.conn.Close()
	x.undo = opt.Undo
	x.chooseFaults(opt.NoFault)
	if err := x.tryFaults(ctx); err != nil {
		return got, err
	}
	if err := x.consent(ctx, opt); err != nil {
		return got, err
	}
	if book == nil {
		if book, err = j.g.writable(ctx, j.bookPath()); err != nil {
			return got, err
		}
	}
	if resumed != "" {
		j.g.note("cli.resuming", "run", resumed)
		_, err = book.Resume(ctx, resumed)
		x.run = resumed
	} else {
		var r gradebook.Run
		r, err = book.BeginRun(ctx, j.record(x.start))
		x.run = r.ID
	}
	if err != nil {
		return got, err
	}
	j.g.tell(Recorded{x.run})
	x.keep, x.helps = book, true
	if err = x.alone(ctx); err == nil {
		err = x.observe(ctx)
	}
	status := gradebook.Finished
	if err != nil {
		status = gradebook.Interrupted
	}
	// What was done is recorded also when the run was interrupted.
	if ferr := book.FinishRun(context.WithoutCancel(ctx), x.run, status, time.Now()); err == nil {
		err = ferr
	}
	if err != nil && ctx.Err() != nil {
		j.g.note("cli.resume_with", "class", j.Class.Name)
	}
	return Graded{Run: x.run}, err
}

// record is how a run begins in the gradebook.
func (j *Job) record(start time.Time) gradebook.Begin {
	b := gradebook.Begin{
		Class: j.Class.Name, Task: j.TaskKey(), Rubric: j.Rubric, RosterSHA256: j.Class.RosterSHA256,
		Tool: j.g.Tool, Started: start,
		Options: j.options(j.rules(), j.Has),
	}
	for i, s := range j.Class.Students {
		if j.Has(s.ID) {
			b.Students = append(b.Students, gradebook.Student{ID: s.ID, Name: s.Name, Position: i})
		}
	}
	return b
}

// unfinished is the run to go on with, and again is true; else it is the newest, which
// is finished. All who were to be graded then are meant, whoever is asked for now.
func (j *Job) unfinished(ctx context.Context, book *gradebook.Gradebook) (run gradebook.Run, again bool, err error) {
	want := gradebook.Fingerprint{RubricSHA256: j.Rubric.SHA256, RosterSHA256: j.Class.RosterSHA256, Task: j.TaskKey()}
	run, ok, err := book.Unfinished(ctx, want)
	if err != nil {
		return run, false, err
	}
	if !ok {
		return j.nothingToResume(ctx, book, want)
	}
	if run.Status == gradebook.Running { // the lock says so
		_, err := book.Resume(ctx, run.ID)
		return run, false, err
	}
	members, err := book.Students(ctx, run.ID)
	if err != nil {
		return run, false, err
	}
	j.Students = slices.DeleteFunc(slices.Clone(j.Class.Students), func(s roster.Student) bool {
		return !slices.ContainsFunc(members, func(m gradebook.Student) bool { return m.ID == s.ID })
	})
	return run, true, nil
}

// nothingToResume gives the newest run if it is finished; if it is another than would
// be begun now, the failure says why it is not gone on with.
func (j *Job) nothingToResume(ctx context.Context, book *gradebook.Gradebook, want gradebook.Fingerprint) (gradebook.Run, bool, error) {
	runs, err := book.Runs(ctx)
	if err != nil {
		return gradebook.Run{}, false, err
	}
	runs = slices.DeleteFunc(runs, func(r gradebook.Run) bool { return r.Regrades != "" })
	last := runs[0]
	if last.Status == gradebook.Finished {
		return last, false, nil
	}
	var other []i18n.Msg
	got := last.Fingerprint()
	if got.Task != want.Task {
		other = append(other, i18n.M("record.resume_task", "was", got.Task, "is", want.Task))
	}
	if got.RubricSHA256 != want.RubricSHA256 {
		other = append(other, i18n.M("record.resume_rubric", "was", RubricName(last.RubricID, last.RubricVersion, last.RubricSHA256),
			"is", RubricName(j.Rubric.ID, j.Rubric.Version, j.Rubric.SHA256)))
	}
	if got.RosterSHA256 != want.RosterSHA256 {
		other = append(other, i18n.M("record.resume_roster"))
	}
	hint := i18n.M("record.resume_anew", "class", j.Class.Name)
	if len(other) == 1 && got.Task != want.Task {
		hint = i18n.M("record.resume_as", "class", j.Class.Name, "task", got.Task, "flag", j.RubricFlag())
	}
	return last, false, diag.Misuse(i18n.M("record.resume_other", "run", last.ID, "why", other), hint)
}

// remeasure forgets what an interrupted try has measured of students whose
// tasks are others by now. A student whose fault window is over is through with
// the load before it.
func (x *flow) remeasure(ctx context.Context) error {
	members, err := x.keep.Students(ctx, x.run)
	if err != nil {
		return err
	}
	var again []string
	for _, m := range members {
		i := slices.IndexFunc(x.plan.Students, func(s observe.Student) bool { return s.Who.ID == m.ID })
		if i < 0 || m.Bundle != "" || m.Before == "" {
			continue
		}
		draft, err := x.keep.Draft(ctx, x.run, m.ID)
		if err != nil {
			return err
		}
		kept, err := x.keep.Traces(ctx, x.run, m.ID)
		if err != nil {
			return err
		}
		if draft == nil && len(kept) == 0 || draft != nil && draft.Disturbed() {
			continue
		}
		then, err := x.keep.Snapshot(ctx, m.Before)
		if err != nil {
			return err
		}
		if x.plan.Students[i].Moved(then, x.snap) {
			again = append(again, m.ID)
			if err := x.keep.Forget(ctx, x.run, m.ID); err != nil {
				return err
			}
		}
	}
	if len(again) > 0 {
		x.j.g.note("record.measured_again", "n", len(again), "students", ClipList(again, 10))
	}
	return nil
}
