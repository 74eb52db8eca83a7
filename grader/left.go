package grader

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/roster"
)

// withLeft is the class with the students whom its gradebook knows and its roster does not
// have any more behind the others; the class itself where there is no gradebook to be read.
func (j *Job) withLeft(ctx context.Context) *roster.Class {
	out := *j.Class
	out.Students = slices.Clip(slices.Clone(out.Students))
	err := j.reading(ctx, func(book *gradebook.Gradebook) error {
		d, err := j.standingBy(ctx, book, j.rules())
		if err != nil {
			return err
		}
		for i := range d.Students {
			if s := &d.Students[i]; s.Left {
				out.Students = append(out.Students, roster.Student{ID: s.ID, Name: s.Name})
			}
		}
		return nil
	})
	if err != nil { // which whoever reads it next says
		return j.Class
	}
	return &out
}

// runOptions are what a run was begun with, as the gradebook keeps it.
type runOptions struct {
	Parallel int `json:"parallel,omitempty"`
	Rate     int `json:"rate,omitempty"`
	// Dues are the due times of their own that students of the run had then, by ID; nil
	// in a run of a program that did not keep them, or where nothing is due.
	Dues map[string]time.Time `json:"dues,omitempty"`
	Due  bool                 `json:"due,omitempty"` // something was due, so that no entry is no time of one's own
}

// options are those of a run of some students, by rules.
func (j *Job) options(rules gradebook.Rules, in func(id string) bool) runOptions {
	o := runOptions{Parallel: j.Class.Settings.Parallel, Rate: j.Class.Settings.Rate}
	if rules.Late == nil {
		return o
	}
	o.Due = true
	for id, at := range rules.Late.Dues {
		if in(id) {
			if o.Dues == nil {
				o.Dues = map[string]time.Time{}
			}
			o.Dues[id] = at
		}
	}
	return o
}

// rulesOf are [Job.rules] where a gradebook is at hand: who is not on the roster any more
// keeps the due time of their own that they had when they were last graded or judged, as the
// column that it stood in is gone with them.
func (j *Job) rulesOf(ctx context.Context, book *gradebook.Gradebook) (gradebook.Rules, error) {
	rules := j.rules()
	if rules.Late == nil {
		return rules, nil
	}
	decided := make(map[string]bool, len(j.Class.Students))
	for _, s := range j.Class.Students {
		decided[s.ID] = true
	}
	runs, err := book.Runs(ctx)
	if err != nil {
		return rules, err
	}
	late := *rules.Late
	late.Dues = maps.Clone(late.Dues)
	for _, r := range runs { // newest first
		var o runOptions
		if err := json.Unmarshal(r.Options, &o); err != nil || !o.Due {
			continue // not known
		}
		students, err := book.Students(ctx, r.ID)
		if err != nil {
			return rules, err
		}
		for _, s := range students {
			if decided[s.ID] {
				continue
			}
			decided[s.ID] = true
			if at, ok := o.Dues[s.ID]; ok {
				if late.Dues == nil {
					late.Dues = map[string]time.Time{}
				}
				late.Dues[s.ID] = at
			}
		}
	}
	rules.Late = &late
	return rules, nil
}
