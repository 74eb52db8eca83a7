package desk

import (
	"context"
	"sync"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/result"
)

// app is the application as a desk works with it; tests stand in for it.
type app interface {
	// listen says whom to tell what of the gradebook is damaged, nil once nothing is, and alarms.
	listen(damaged func(error), alarmed func(*diag.Failure))
	// has refuses a student, or a task, that there is none of; "" is none.
	has(ctx context.Context, student, task string) error
	check(ctx context.Context, student string, o CheckOptions, tell func(grader.Event)) (grader.Checked, error)
	saveTrial(ctx context.Context, student string, c grader.Checked) error
	// busy reports whether a run of the class goes on, by whatever program; checking tells
	// those programs that a check does, until done.
	busy(ctx context.Context) bool
	checking(ctx context.Context) (done func(), err error)
	plan(ctx context.Context, o RunOptions) (*Plan, error)
	grade(ctx context.Context, o RunOptions, agree func(*observe.Plan) error, undo <-chan struct{}, tell func(grader.Event)) (grader.Graded, error)
	// left is what a program that is gone has not undone; heal undoes it.
	left(ctx context.Context) ([]*action.Stuck, error)
	heal(ctx context.Context, tell func(grader.Event)) error
	// mark is what there is to report as it stands; trials and links are not in it.
	mark(ctx context.Context) (string, error)
	scores(ctx context.Context) (*result.Data, error)
	timelines(ctx context.Context, next func() *result.Student, done func(*result.Timeline, error)) error
	lastTrials(ctx context.Context) (map[string]gradebook.Trial, error)
	runs(ctx context.Context) ([]grader.RunInfo, error)
	// read has something read with a job of the whole class; with opens the class for one operation.
	read(ctx context.Context, do func(*grader.Job) error) error
	with(ctx context.Context, students []string, task string, do func(*grader.Job) error) error
}

// real is the application itself.
type real struct {
	o       Options
	damaged func(error)
	alarmed func(*diag.Failure)
	unread  func(error) // why the class cannot be read anew, nil once it can

	mu   sync.Mutex
	open []opened // jobs that nobody uses, to read with
	// good is the class as it was read last; booked says that it had a gradebook.
	good   *grader.Job
	booked bool
}

// opened is a job to read with, and when it was opened: class files are edited.
type opened struct {
	job *grader.Job
	at  time.Time
}

// A job is read with for as long, and so many are kept.
const (
	jobLasts = 2 * time.Second
	jobsKept = 8
)

func (r *real) listen(damaged func(error), alarmed func(*diag.Failure)) {
	r.damaged, r.alarmed = damaged, alarmed
}

// hurt hands on what a job found of the gradebook.
func (r *real) hurt(j *grader.Job) {
	if err := j.Damage(); err != nil && r.damaged != nil {
		r.damaged(err)
	}
}

// grader makes a grader that tells the desk too.
func (r *real) grader(tell func(grader.Event)) *grader.Grader {
	g := r.o.Grader()
	g.Ask = nil
	before := g.Tell
	g.Tell = func(e grader.Event) {
		if before != nil {
			before(e)
		}
		if a, ok := e.(grader.Alarm); ok && r.alarmed != nil {
			r.alarmed(a.Failure)
		}
		if tell != nil {
			tell(e)
		}
	}
	return g
}

func (r *real) job(ctx context.Context, students []string, task string, tell func(grader.Event)) (*grader.Job, error) {
	sel := r.o.Select
	if len(students) > 0 {
		sel.Students = students
	}
	if task != "" {
		sel.Task = task
	}
	return r.grader(tell).Open(ctx, sel)
}

func (r *real) with(ctx context.Context, students []string, task string, do func(*grader.Job) error) error {
	j, err := r.job(ctx, students, task, nil)
	if err == nil {
		err = r.stored(j)
	}
	if err != nil {
		return err
	}
	defer r.hurt(j)
	return do(j)
}

// read has do read with a job of the whole class that may have been used before.
func (r *real) read(ctx context.Context, do func(*grader.Job) error) error {
	j, err := r.take(ctx)
	if err != nil {
		return err
	}
	if err = r.stored(j.job); err != nil {
		return err
	}
	err = do(j.job)
	r.hurt(j.job)
	if time.Since(j.at) > jobLasts {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.open) < jobsKept {
		r.open = append(r.open, j)
	}
	return err
}

func (r *real) take(ctx context.Context) (opened, error) {
	r.mu.Lock()
	for len(r.open) > 0 {
		j := r.open[len(r.open)-1]
		r.open = r.open[:len(r.open)-1]
		if time.Since(j.at) <= jobLasts {
			r.mu.Unlock()
			return j, nil
		}
	}
	r.mu.Unlock()
	at := time.Now()
	j, err := r.job(ctx, nil, "", nil)
	return r.lastGood(ctx, opened{j, at}, err)
}

// lastGood is what was opened; while the class cannot be read, since somebody edits its files, it is the class as it
// was read last, and those who are at it go on.
func (r *real) lastGood(ctx context.Context, j opened, err error) (opened, error) {
	if err != nil && ctx.Err() != nil {
		return j, err
	}
	if r.unread != nil {
		r.unread(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.good = j.job
		return j, nil
	}
	if r.good == nil {
		return j, err
	}
	j.job = r.good
	return j, nil
}

// stored refuses to go on without a gradebook where there was one: nobody is nobody because it is away for a moment,
// and nothing is begun anew in its place.
func (r *real) stored(j *grader.Job) error {
	file, has := j.HasBook()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.booked = r.booked || has
	if r.booked && !has {
		return refusal("away", "book_away", "file", file)
	}
	return nil
}
