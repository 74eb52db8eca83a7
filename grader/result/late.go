package result

import (
	"time"

	"swarmgrade/grader/rubric"
)

// Late is what a class takes off for work that was handed in late. What counts
// as the handing in is the start of the run that observed an attempt.
type Late struct {
	Due    time.Time
	Grace  time.Duration // after Due, without any loss
	PerDay Amount
	Cap    Amount // the most that is taken off; none is everything
	// Total is the most that the whole lab gives: points taken off are of it,
	// and each task loses its part.
	Total rubric.Points
	// Dues are the students with a due time of their own, by ID.
	Dues map[string]time.Time
}

// Amount is a share of the points that can be had, or points of the whole lab,
// both in hundredths.
type Amount struct {
	Hundredths int64
	Percent    bool
}

// Lateness is how late an attempt was, and what part of the task's points it
// costs: Num of Den.
type Lateness struct {
	Due  time.Time // the student's own
	At   time.Time // when it was handed in
	Days int       // whole days that had begun after Due and Grace
	Num  int64
	Den  int64
}

// Of tells how late a student's attempt was; nil for one in time. It is also
// right for a nil Late: nothing is late where nothing is due.
func (l *Late) Of(student string, at time.Time) *Lateness {
	if l == nil {
		return nil
	}
	due, ok := l.Dues[student]
	if !ok {
		due = l.Due
	}
	over := at.Sub(due.Add(l.Grace))
	if over <= 0 {
		return nil
	}
	const day = 24 * time.Hour
	late := &Lateness{Due: due, At: at, Days: int((over-1)/day) + 1}
	late.Num, late.Den = l.part(l.PerDay)
	if late.Num > 0 && int64(late.Days) >= (late.Den+late.Num-1)/late.Num { // no product is too large
		late.Num, late.Den = 1, 1
	} else {
		late.Num *= int64(late.Days)
	}
	if num, den := l.part(l.Cap); l.Cap.Hundredths > 0 && num*late.Den < late.Num*den {
		late.Num, late.Den = num, den
	}
	return late
}

// part is an amount as a part of all points, at most 1.
func (l *Late) part(a Amount) (num, den int64) {
	den = 100 * 100
	if !a.Percent {
		den = int64(l.Total)
	}
	if den <= 0 || a.Hundredths >= den {
		return 1, 1
	}
	return max(0, a.Hundredths), den
}

// Deduct is what is taken off points of most: never more than there are, and
// rounded down to a hundredth. A nil Lateness takes nothing.
func (l *Lateness) Deduct(points, most rubric.Points) rubric.Points {
	if l == nil || most <= 0 || points <= 0 {
		return 0
	}
	return min(points, rubric.Points(int64(most)*l.Num/l.Den))
}
