package grader

import (
	"context"
	"errors"
	"slices"

	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/result"
)

// timelines reads the fault windows of a class one by one; who took part in which
// run is read once.
type timelines struct {
	book *gradebook.Gradebook
	runs []runBundles
	read bool
}

// runBundles are a run's students with the hashes of their evidence.
type runBundles struct {
	id      string
	bundles map[string]string
}

// of is the fault window that a student's verdicts rest on, from the newest run that
// holds their evidence; nil if there is none.
func (t *timelines) of(ctx context.Context, s *result.Student) (*result.Timeline, error) {
	if !t.read {
		if err := t.load(ctx); err != nil {
			return nil, err
		}
	}
	for _, r := range t.runs {
		bundle := r.bundles[s.ID]
		if bundle == "" || !slices.ContainsFunc(s.Verdicts, func(v verdict) bool { return v.Evidence == bundle }) {
			continue
		}
		c, err := t.book.Case(ctx, r.id, s.ID)
		if errors.Is(err, gradebook.ErrNotFound) || errors.Is(err, gradebook.ErrDamaged) { // one drawing is no reason to write nothing
			continue
		}
		if err != nil {
			return nil, err
		}
		if line := result.NewTimeline(c); line != nil {
			return line, nil
		}
	}
	return nil, nil
}

func (t *timelines) load(ctx context.Context) error {
	runs, err := t.book.Runs(ctx)
	if err != nil {
		return err
	}
	for _, r := range runs {
		students, err := t.book.Students(ctx, r.ID)
		if err != nil {
			return err
		}
		one := runBundles{id: r.ID, bundles: make(map[string]string, len(students))}
		for _, s := range students {
			one.bundles[s.ID] = s.Bundle
		}
		t.runs = append(t.runs, one)
	}
	t.read = true
	return nil
}
