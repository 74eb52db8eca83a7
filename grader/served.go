package grader

import (
	"context"
	"slices"

	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/result"
	"swarmgrade/grader/roster"
)

// Graded reports whether there is a run of the lab, before which there is nothing to report.
func (j *Job) Graded(ctx context.Context) (yes bool, err error) {
	err = j.readingPage(ctx, func(book *gradebook.Gradebook) error {
		runs, err := book.Runs(ctx)
		yes = slices.ContainsFunc(runs, func(r gradebook.Run) bool { return r.RubricID == j.Rubric.ID })
		return err
	})
	return yes, noneYet(err)
}

// Ungraded is what there is to report before the first run: who is graded on what.
func (j *Job) Ungraded() *result.Data {
	d := &result.Data{Class: j.Class.Name, Rubric: j.Rubric, Late: j.Due()}
	for _, s := range j.Students {
		d.Students = append(d.Students, result.Student{ID: s.ID, Name: s.Name})
	}
	addRoster(d, j.Class)
	return d
}

// Due is what the class takes off for lateness, and by when; nil for nothing.
func (j *Job) Due() *result.Late { return j.rules().Late }

// AsBegun has the job mean the students that an interrupted run was begun with, as [Job.Grade]
// does when it goes on with it.
func (j *Job) AsBegun(ctx context.Context, run string) error {
	return j.reading(ctx, func(book *gradebook.Gradebook) error {
		members, err := book.Students(ctx, run)
		j.Students = slices.DeleteFunc(slices.Clone(j.Class.Students), func(s roster.Student) bool {
			return !slices.ContainsFunc(members, func(m gradebook.Student) bool { return m.ID == s.ID })
		})
		return err
	})
}
