package result

import (
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/rubric"
)

// Summary is a class at a glance. Only students who have a final score count
// in the mean, the median and the full marks.
type Summary struct {
	Students int
	Graded   int // who have a final score
	// Open are the IDs of those with something ungraded, or of whom nothing is known.
	Open []string
	// Partial are those of whom tasks are not graded yet and all else is; SoFar is the mean
	// share, from 0 to 1, that they have of what is.
	Partial      []string
	SoFar        float64
	Mean, Median float64
	// Full are those with all points of the lab: every task of it is graded.
	Full int
	// NotHandedIn and NotYet are tasks and the students whose they are not, in the
	// rubric's order: those that count nothing, and those that are not graded yet.
	NotHandedIn, NotYet []Lack
	// Excused are those of whom nothing counts.
	Excused int
	// Checks are in the order of the columns.
	Checks []Rate
}

// Rate is how a check went over the class.
type Rate struct {
	Column
	// Passed of Judged students pass it; the ungraded are in neither.
	Passed, Judged int
}

// Lack is a task that students have no attempt at, and their IDs.
type Lack struct {
	Task     string
	Max      rubric.Points
	Students []string
	// All says that nobody has one, of those that anything is known of.
	All bool
}

// Share is the part that passes, 1 if nobody was judged.
func (r Rate) Share() float64 {
	if r.Judged == 0 {
		return 1
	}
	return float64(r.Passed) / float64(r.Judged)
}

// Summarize counts a class.
func Summarize(d *Data) Summary {
	s := Summary{Students: len(d.Students)}
	rates := make(map[string]*Rate)
	columns := d.Columns()
	s.Checks = make([]Rate, len(columns))
	for i, c := range columns {
		s.Checks[i].Column = c
		rates[c.Check] = &s.Checks[i]
	}
	var finals []rubric.Points
	var sum rubric.Points
	for _, st := range d.Students {
		for _, v := range st.Verdicts {
			if v.Outcome == check.Ungraded {
				continue
			}
			rates[v.Check].Judged++
			if v.Outcome == check.Pass {
				rates[v.Check].Passed++
			}
		}
		t := st.Tally()
		switch {
		case t.Excused:
			s.Excused++
			continue
		case t.Open:
			s.Open = append(s.Open, st.ID)
			continue
		case !t.Final():
			s.Partial = append(s.Partial, st.ID)
			s.SoFar += t.Points.Float() / (t.Max - t.NotYet).Float() // else it would be open
			continue
		}
		final := t.Points
		finals = append(finals, final)
		sum += final
		if final >= t.Max {
			s.Full++
		}
	}
	s.NotHandedIn, s.NotYet = lacks(d, false), lacks(d, true)
	if n := len(s.Partial); n > 0 {
		s.SoFar /= float64(n)
	}
	s.Graded = len(finals)
	if s.Graded == 0 {
		return s
	}
	slices.Sort(finals)
	s.Mean = sum.Float() / float64(s.Graded)
	s.Median = (finals[(s.Graded-1)/2] + finals[s.Graded/2]).Float() / 2
	return s
}

// Worst gives up to n checks that not everybody passes, the lowest share first.
func (s *Summary) Worst(n int) []Rate {
	worst := slices.DeleteFunc(slices.Clone(s.Checks), func(r Rate) bool { return r.Share() == 1 })
	slices.SortStableFunc(worst, func(a, b Rate) int { // a.Passed/a.Judged against b's, without rounding
		return a.Passed*b.Judged - b.Passed*a.Judged
	})
	return worst[:min(n, len(worst))]
}

// lacks gathers the tasks that students lack.
func lacks(d *Data, notYet bool) (out []Lack) {
	known := 0
	for i := range d.Students {
		st := &d.Students[i]
		if len(st.Verdicts)+len(st.Overrides) > 0 {
			known++
		}
		for _, m := range st.Lacking(notYet) {
			k := slices.IndexFunc(out, func(l Lack) bool { return l.Task == m.Task })
			if k < 0 {
				k = len(out)
				out = append(out, Lack{Task: m.Task, Max: m.Max})
			}
			out[k].Students = append(out[k].Students, st.ID)
		}
	}
	order := func(l Lack) int {
		return slices.IndexFunc(d.Rubric.Tasks, func(t rubric.Task) bool { return t.ID == l.Task })
	}
	slices.SortStableFunc(out, func(a, b Lack) int { return order(a) - order(b) })
	for i := range out {
		out[i].All = len(out[i].Students) == known
	}
	return out
}
