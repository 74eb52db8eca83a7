package desk

import (
	"context"
	"errors"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/result"
)

func (r *real) has(ctx context.Context, student, task string) error {
	return r.read(ctx, func(j *grader.Job) error {
		if _, err := grader.TasksOf(j.Rubric, task); err != nil {
			return err
		}
		return known(j, student)
	})
}

func (r *real) check(ctx context.Context, student string, o CheckOptions, tell func(grader.Event)) (grader.Checked, error) {
	j, err := r.job(ctx, []string{student}, o.Task, tell)
	if errors.As(err, new(diag.Problems)) { // which are an instructor's to know, see unread
		return grader.Checked{}, refusal(diag.Open, "unread")
	}
	if err != nil {
		return grader.Checked{}, err
	}
	// Those at once share what the class may be asked a second.
	if s := &j.Class.Settings; s.Rate > 0 {
		s.Rate = max(1, s.Rate/r.o.AtOnce)
	}
	return j.Check(ctx, grader.CheckOptions{Kill: o.Kill, Yes: true})
}

func (r *real) saveTrial(ctx context.Context, student string, c grader.Checked) error {
	return r.read(ctx, func(j *grader.Job) error { return j.SaveTrial(ctx, student, c) })
}

func (r *real) busy(ctx context.Context) (yes bool) {
	_ = r.read(ctx, func(j *grader.Job) error { // a check itself will say what is the matter
		yes = j.Busy(ctx)
		return nil
	})
	return yes
}

func (r *real) checking(ctx context.Context) (done func(), err error) {
	err = r.read(ctx, func(j *grader.Job) (err error) {
		done, err = j.Checking(ctx)
		return err
	})
	return done, err
}

func (r *real) plan(ctx context.Context, o RunOptions) (*Plan, error) {
	j, resumes, err := r.runJob(ctx, o, nil)
	if err != nil {
		return nil, err
	}
	p, err := j.Plan(ctx, o.NoFault)
	if err != nil {
		return nil, err
	}
	return &Plan{Job: j, Preview: p, Fingerprint: fingerprint(p.Plan), Resumes: resumes}, nil
}

// runJob is the job of a run; one that is gone on with has the tasks and the students
// that it was begun with.
func (r *real) runJob(ctx context.Context, o RunOptions, tell func(grader.Event)) (j *grader.Job, resumes string, err error) {
	task := joined(o.Tasks)
	if o.Resume {
		all, err := r.runs(ctx)
		run, ok := unfinished(all)
		if err == nil && !ok {
			err = refusal("nothing", "no_resume")
		}
		if err != nil {
			return nil, "", err
		}
		resumes, task = run.ID, run.Task
	}
	if j, err = r.job(ctx, o.Students, task, tell); err != nil || !o.Resume {
		return j, resumes, err
	}
	return j, resumes, j.AsBegun(ctx, resumes)
}

func (r *real) grade(ctx context.Context, o RunOptions, agree func(*observe.Plan) error, undo <-chan struct{}, tell func(grader.Event)) (grader.Graded, error) {
	j, _, err := r.runJob(ctx, o, tell)
	if err == nil {
		err = r.stored(j)
	}
	if err != nil {
		return grader.Graded{}, err
	}
	defer r.hurt(j)
	return j.Grade(ctx, grader.GradeOptions{NoFault: o.NoFault, Resume: o.Resume, Agree: agree, Undo: undo})
}

func (r *real) left(ctx context.Context) (all []*action.Stuck, err error) {
	err = r.read(ctx, func(j *grader.Job) error {
		all, err = j.Left()
		return err
	})
	return all, err
}

func (r *real) heal(ctx context.Context, tell func(grader.Event)) error {
	j, err := r.job(ctx, nil, "", tell)
	if err != nil {
		return err
	}
	return j.Heal(ctx)
}

func (r *real) mark(ctx context.Context) (mark string, err error) {
	err = r.read(ctx, func(j *grader.Job) (err error) {
		mark, err = j.Mark(ctx)
		return err
	})
	return mark, err
}

func (r *real) scores(ctx context.Context) (d *result.Data, err error) {
	err = r.read(ctx, func(j *grader.Job) (err error) {
		if graded, err := j.Graded(ctx); err != nil || !graded {
			d = j.Ungraded()
			return err
		}
		d, err = j.Scores(ctx, "")
		if err == nil && j.Damage() == nil {
			r.damaged(nil) // it was mended, or another put in its place
		}
		return err
	})
	return d, err
}

func (r *real) timelines(ctx context.Context, next func() *result.Student, done func(*result.Timeline, error)) error {
	return r.read(ctx, func(j *grader.Job) error { return j.Timelines(ctx, next, done) })
}

func (r *real) lastTrials(ctx context.Context) (all map[string]gradebook.Trial, err error) {
	err = r.read(ctx, func(j *grader.Job) (err error) {
		all, err = j.LastTrials(ctx)
		return err
	})
	return all, err
}

func (r *real) runs(ctx context.Context) (all []grader.RunInfo, err error) {
	err = r.read(ctx, func(j *grader.Job) error {
		graded, err := j.Graded(ctx)
		if err != nil || !graded {
			return err
		}
		all, err = j.Runs(ctx)
		return err
	})
	return all, err
}
