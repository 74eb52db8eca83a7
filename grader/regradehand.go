package grader

import (
	"maps"
	"slices"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// Limit is points that were set by hand where the maximum that they are of changes with a
// regrade, or is below them.
type Limit struct {
	ID, Name string
	result.Override
	Was    rubric.Points // the maximum until now; 0 where none was known
	Now    rubric.Points // the maximum by the rubric that judges
	Counts rubric.Points // what counts of the points
}

// Cut reports whether there are more points than can count.
func (l *Limit) Cut() bool { return l.Points > l.Now }

// What names what the points are of.
func (l *Limit) What() i18n.Msg { return what(l.Task, l.Check) }

// Target is what to type of it behind a student's ID, to set it anew.
func (l *Limit) Target() string {
	switch {
	case l.Check != "":
		return " " + l.Check
	case l.Task != "":
		return " --task " + l.Task
	}
	return ""
}

// limits notes what becomes of the points that were set for a student by hand.
func (x *Regrading) limits(was, is *result.Student) {
	for _, o := range is.Overrides {
		if o.Excused || o.Gone {
			continue // which is told of all that is gone
		}
		now := is.Score(o.Task, o.Check)
		l := Limit{ID: is.ID, Name: is.Name, Override: o, Was: was.Score(o.Task, o.Check).Max, Now: now.Max, Counts: now.Points}
		if l.Cut() || l.Was > 0 && l.Was != l.Now {
			x.Limits = append(x.Limits, l)
		}
	}
}

// alone adds the students whom no run has and who have something set by hand.
func (x *Regrading) alone(history map[string][]result.Change, known map[string]result.Student) {
	for _, id := range slices.Sorted(maps.Keys(history)) {
		if _, ok := known[id]; ok || !x.j.Has(id) {
			continue
		}
		s := result.Student{ID: id, Name: x.names[id]}
		s.Annotate(history[id], x.j.Rubric)
		s.Complete(x.j.Rubric)
		if x.j.Narrow() {
			s.Only(x.j.Concerns)
		}
		if len(s.Overrides) > 0 {
			x.ByHand = append(x.ByHand, s)
			x.limits(&result.Student{ID: id}, &s)
		}
	}
}
