package grader

import (
	"context"
	"errors"

	"swarmgrade/grader/gradebook"
)

// SaveTrial keeps what a self-check of a student of the class came to. Check gives all
// that a face has to hand in.
func (j *Job) SaveTrial(ctx context.Context, student string, c Checked) (err error) {
	if _, ok := j.student(student); !ok {
		return j.noStudent(student)
	}
	book, err := j.openPage(ctx)
	if err != nil {
		return err
	}
	return j.closeBook(book, book.SaveTrial(ctx, gradebook.Trial{
		Lab: j.Rubric.ID, Student: student, Tasks: c.Tasks, Started: c.Started, Finished: c.Finished,
		RubricSHA256: j.Rubric.SHA256, Verdicts: c.Verdicts, Untried: c.Untried,
	}))
}

// Trials are a student's self-checks that are kept, the newest first.
func (j *Job) Trials(ctx context.Context, student string) (out []gradebook.Trial, err error) {
	if _, ok := j.student(student); !ok {
		return nil, j.noStudent(student)
	}
	err = j.readingPage(ctx, func(book *gradebook.Gradebook) (err error) {
		out, err = book.Trials(ctx, j.Rubric.ID, student)
		return err
	})
	return out, noneYet(err)
}

// LastTrials are the newest self-check of each student who is in the class.
func (j *Job) LastTrials(ctx context.Context) (out map[string]gradebook.Trial, err error) {
	err = j.readingPage(ctx, func(book *gradebook.Gradebook) (err error) {
		out, err = book.LastTrials(ctx, j.Rubric.ID)
		return err
	})
	for id := range out {
		if _, ok := j.student(id); !ok {
			delete(out, id)
		}
	}
	return out, noneYet(err)
}

// Mark is what there is to report of the class as it is now, cheap to ask for: as long as
// it is the same, so is what [Job.Scores] and [Job.Requests] give. "" before there is a gradebook.
func (j *Job) Mark(ctx context.Context) (mark string, err error) {
	err = j.readingPage(ctx, func(book *gradebook.Gradebook) (err error) {
		mark, err = book.Mark(ctx)
		return err
	})
	return mark, noneYet(err)
}

// noneYet takes it for nothing that there is no gradebook yet.
func noneYet(err error) error {
	if errors.Is(err, gradebook.ErrNotFound) {
		return nil
	}
	return err
}
