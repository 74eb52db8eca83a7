package grader

import (
	"context"
	"errors"
	"slices"

	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/result"
	"swarmgrade/grader/sight"
)

// AddTimeline draws the fault window that a student's verdicts rest on.
func (j *Job) AddTimeline(ctx context.Context, s *result.Student) error {
	return j.reading(ctx, func(book *gradebook.Gradebook) (err error) {
		s.Timeline, err = (&timelines{book: book}).of(ctx, s)
		return err
	})
}

// Timelines draws the fault windows that students' verdicts rest on, of one after the other until next gives nil;
// what they share is read once. done is told of each.
func (j *Job) Timelines(ctx context.Context, next func() *result.Student, done func(*result.Timeline, error)) error {
	return j.reading(ctx, func(book *gradebook.Gradebook) error {
		t := &timelines{book: book}
		for s := next(); s != nil; s = next() {
			done(t.of(ctx, s))
		}
		return nil
	})
}

// timelines finds fault windows of a gradebook's students: where whose evidence is, is
// looked up once for all of them. It is not for concurrent use.
type timelines struct {
	book *gradebook.Gradebook
	// where are the runs that hold a student's evidence, newest first; nil before
	// the first question.
	where map[string][]bundleAt
	// readings are of the windows, for all of a class.
	readings sight.Readings
}

type bundleAt struct{ run, bundle string }

func (t *timelines) find(ctx context.Context) error {
	runs, err := t.book.Runs(ctx)
	if err != nil {
		return err
	}
	where := map[string][]bundleAt{}
	for _, r := range runs {
		students, err := t.book.Students(ctx, r.ID)
		if err != nil {
			return err
		}
		for _, s := range students {
			if s.Bundle != "" {
				where[s.ID] = append(where[s.ID], bundleAt{r.ID, s.Bundle})
			}
		}
	}
	t.where = where
	return nil
}

// of is the fault window that a student's verdicts rest on, from the newest run
// that holds their evidence; nil if there is none.
func (t *timelines) of(ctx context.Context, s *result.Student) (*result.Timeline, error) {
	if t.where == nil {
		t.readings = sight.Readings{}
		if err := t.find(ctx); err != nil {
			return nil, err
		}
	}
	for _, at := range t.where[s.ID] {
		if !slices.ContainsFunc(s.Verdicts, func(v verdict) bool { return v.Evidence == at.bundle }) {
			continue
		}
		c, err := t.book.Faulted(ctx, at.run, s.ID)
		if errors.Is(err, gradebook.ErrDamaged) || errors.Is(err, gradebook.ErrNotFound) { // which is told at the end
			continue
		}
		if err != nil {
			return nil, err
		}
		if drawn := result.TimelineOf(c, t.readings.Of); drawn != nil {
			return drawn, nil
		}
	}
	return nil, nil
}
