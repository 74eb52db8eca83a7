package grader

import (
	"context"
	"errors"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// Ask records a student's request to look again: at a check, a task (Check is ""), or the
// whole lab (Task is "" as well). It has one word, of which the text and the time count;
// the lab is the job's. Refusals are [diag.Failure]s.
func (j *Job) Ask(ctx context.Context, r result.Request) (id int64, err error) {
	if _, ok := j.student(r.Student); !ok {
		return 0, j.noStudent(r.Student)
	}
	r.Lab = j.Rubric.ID
	book, err := j.openPage(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = j.closeBook(book, err) }()
	if err := j.askable(ctx, book, &r); err != nil {
		return 0, err
	}
	for i := range r.Words {
		r.Words[i].Kind = result.RequestAsked
	}
	return book.Ask(ctx, r)
}

// askable refuses what is neither in the rubric nor was judged, and finds a check's task.
func (j *Job) askable(ctx context.Context, book *gradebook.Gradebook, r *result.Request) error {
	if r.Run != "" {
		if _, err := book.Run(ctx, r.Run); errors.Is(err, gradebook.ErrNotFound) {
			return j.noRun(r.Run)
		} else if err != nil {
			return err
		}
	}
	switch c, ok := j.Rubric.Check(r.Check); {
	case r.Check == "":
		if _, ok := j.Rubric.Task(r.Task); r.Task != "" && !ok {
			return diag.Misuse(i18n.M("cli.no_task", "task", r.Task, "rubric", j.Rubric.ID), i18n.M("cli.no_task_hint", "tasks", j.taskIDs()))
		}
		return nil
	case ok && (r.Task == "" || r.Task == c.Task):
		r.Task = c.Task
		return nil
	}
	s := &result.Student{ID: r.Student} // a check that the rubric had when they were judged
	if d, err := j.standingNow(ctx, book); err == nil {
		for i := range d.Students {
			if d.Students[i].ID == r.Student {
				s = &d.Students[i]
			}
		}
	}
	task, err := j.taskOf(s, r.Task, r.Check)
	r.Task = task
	return err
}

// Answer adds an instructor's word to a request.
func (j *Job) Answer(ctx context.Context, id int64, w result.Word) error {
	w.Student = false
	return j.addWord(ctx, "", id, w)
}

// Say adds a student's own word to their request, or with [result.RequestWithdrawn] takes
// it back. A request of somebody else's is none.
func (j *Job) Say(ctx context.Context, student string, id int64, w result.Word) error {
	w.Student = true
	return j.addWord(ctx, student, id, w)
}

// addWord adds to a request of a student, or of whomever for "".
func (j *Job) addWord(ctx context.Context, student string, id int64, w result.Word) error {
	book, err := j.openPage(ctx)
	if err != nil {
		return err
	}
	r, err := book.Request(ctx, id)
	if err == nil && (r.Lab != j.Rubric.ID || student != "" && r.Student != student) || errors.Is(err, gradebook.ErrNotFound) {
		err = diag.Misuse(i18n.M("requests.none", "id", id), i18n.M("requests.none_hint"))
	}
	if err == nil {
		err = book.Answer(ctx, id, w)
	}
	return j.closeBook(book, err)
}

// Requests are all of the class, the oldest first.
func (j *Job) Requests(ctx context.Context) (out []result.Request, err error) {
	err = j.readingPage(ctx, func(book *gradebook.Gradebook) (err error) {
		out, err = book.Requests(ctx, j.Rubric.ID)
		return err
	})
	return out, noneYet(err)
}

// noStudent says that a student is not in the class.
func (j *Job) noStudent(id string) error {
	return diag.Misuse(i18n.M("cli.no_student", "student", id, "class", j.Class.Name), i18n.M("cli.no_student_hint", "file", j.Class.Roster))
}
