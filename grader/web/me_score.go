package web

import (
	"context"
	"slices"
	"time"

	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// scorePart is the score that counts, in brief, and by when it is due.
type scorePart struct {
	page.Student
	None bool   // nothing was graded yet
	When string // it was graded
	Due  []string
	// Over says that it is late by now.
	Over bool
}

func (q *Request) scorePart(ctx context.Context, s *result.Student, one *page.Student, pager *report.Pager) (scorePart, error) {
	p := scorePart{Student: *one, None: len(s.Verdicts) == 0 && !s.Damaged, When: pager.When(s)}
	if p.None {
		p.When = ""
	}
	class, err := q.Desk().Class(ctx)
	if err != nil {
		return p, err
	}
	p.Due, p.Over = q.due(class.Late, s.ID, time.Now())
	return p, nil
}

// due says by when a student's work is due, and what lateness costs.
func (q *Request) due(l *result.Late, student string, now time.Time) (lines []string, over bool) {
	if l == nil || l.Due.IsZero() {
		return nil, false
	}
	due, own := l.Dues[student]
	if !own {
		due = l.Due
	}
	when := due.Format("2006-01-02 15:04")
	key := "web.due"
	if own {
		key = "web.due_own"
	}
	late := l.Of(student, now)
	switch left := due.Add(l.Grace).Sub(now); {
	case late != nil:
		lines = append(lines, q.Lang.T("web.due_over", "when", when, "days", late.Days, "percent", percent(late)))
	case due.Before(now):
		lines = append(lines, q.Lang.T("web.due_grace", "when", when, "left", q.left(left)))
	default:
		lines = append(lines, q.Lang.T(key, "when", when, "left", q.left(due.Sub(now))))
	}
	if l.PerDay.Hundredths <= 0 {
		return lines, late != nil
	}
	rule := "web.due_rule"
	if l.Cap.Hundredths > 0 {
		rule = "web.due_rule_cap"
	}
	return append(lines, q.Lang.T(rule, "per_day", q.amount(l.PerDay), "cap", q.amount(l.Cap))), late != nil
}

// percent is what part of the points lateness takes, rounded up to a hundredth.
func percent(l *result.Lateness) string {
	return rubric.Points((l.Num*100*100 + l.Den - 1) / l.Den).String()
}

func (q *Request) amount(a result.Amount) string {
	key := "web.amount_points"
	if a.Percent {
		key = "web.amount_percent"
	}
	return q.Lang.T(key, "n", rubric.Points(a.Hundredths).String())
}

// left is a time that is left, in one unit, rounded down.
func (q *Request) left(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return q.Lang.T("web.left_days", "n", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return q.Lang.T("web.left_hours", "n", int(d.Hours()))
	}
	return q.Lang.T("web.left_minutes", "n", max(0, int(d.Minutes())))
}

// gradedPart is what was found when the student was graded, with what they may ask about it.
type gradedPart struct {
	page.Student
	Folded bool // what was found since stands above
	Asks   map[string]*askPart
	// Others are requests about what is not shown as lost.
	Others []threadPart
	Asking string // how many requests wait, and how many there may be
}

func (q *Request) gradedPart(s *result.Student, one *page.Student, pager *report.Pager) gradedPart {
	p := gradedPart{Student: *one}
	p.Notes = slices.DeleteFunc(slices.Clone(p.Notes), func(n page.Note) bool { return n.Kind == "request" }) // they have threads
	q.addAsks(&p, s, pager)
	return p
}
