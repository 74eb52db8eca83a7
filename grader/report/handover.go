package report

import (
	"fmt"
	"strings"
	"unicode"

	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// State says whether there is a score to hand over.
type State int

// Given is a score, Open is none yet, Excused says that nothing of the student's
// counts.
const (
	Given State = iota
	Open
	Excused
)

// Handed is a student's score as other systems take it, where one maximum is the
// whole class's.
type Handed struct {
	State  State
	Points rubric.Points // of [Options.OutOf]; only if Given
	// Shared says that a part was excused, so that Points are the same share of the
	// whole maximum as the student's are of what was left.
	Shared bool
}

// For is o made ready for a class: what is the same for all of its students is
// found out once.
func (o Options) For(d *result.Data) Options {
	if o.class != nil {
		d = o.class
	}
	if o.of == d {
		return o
	}
	o.of, o.columns, o.whole, o.people = d, d.Columns(), 0, peopleOf(d, o.Lang)
	for _, c := range o.columns {
		o.whole += c.Max
	}
	if d.AnyApart() { // what others' rubric gives is nobody else's maximum
		o.whole = labMax(d)
		return o
	}
	for i := range d.Students { // tasks that nobody was judged on count too
		if s := &d.Students[i]; s.Whole() == nil {
			t := s.Tally()
			o.whole = max(o.whole, t.Max+o.excused(d, s))
		}
	}
	return o
}

// known is how much of a score's maximum something is known of, be it that it was not
// handed in.
func known(t result.Tally) rubric.Points { return t.Max - t.NotYet }

// full is what the lab gives, of which some may not be graded yet.
func (o Options) full(d *result.Data) rubric.Points { return o.For(d).whole }

// OutOf is the maximum that scores are handed over of.
func (o Options) OutOf(d *result.Data) rubric.Points {
	if o.Scale > 0 {
		return o.Scale
	}
	return o.full(d)
}

// Hand gives the score to hand over. One that is open, or of a part of the lab only, is
// none, unless AllowUngraded and something of it is decided: what nobody could judge is
// never 0. Who was judged by another rubric than the class's has what is final by that one,
// and the same share of what scores are handed over of.
func (o Options) Hand(d *result.Data, s *result.Student) Handed {
	t, full := s.Tally(), o.full(d)
	left := full - o.excused(d, s)
	if s.Whole() != nil {
		left = max(left, t.Max)
	}
	apart := len(d.Apart(s)) > 0
	if apart {
		left = t.Max
	}
	open := t.Open || t.NotYet > 0 || t.Max < left
	switch {
	case t.Excused, left <= 0 && full > 0:
		return Handed{State: Excused}
	case left <= 0: // nobody of the class was graded on anything
		return Handed{State: Open}
	case open && (!o.AllowUngraded || t.OpenPoints >= known(t)):
		return Handed{State: Open}
	}
	h := Handed{Points: t.Points, Shared: left != full && !apart || apart && o.excused(d, s) > 0}
	if out := o.OutOf(d); out != left {
		h.Points = share(t.Points, out, left)
	}
	return h
}

// share is points of old as points of new, to the nearest hundredth.
func share(points, new, old rubric.Points) rubric.Points {
	return rubric.PointsOf(points.Float() * new.Float() / old.Float())
}

// excused is how much of the class's maximum does not count for a student.
func (o Options) excused(d *result.Data, s *result.Student) (sum rubric.Points) {
	if len(s.Overrides) == 0 {
		return 0
	}
	columns := o.columns
	if o.of != d {
		columns = d.Columns()
	}
	listed := map[string]bool{}
	for _, c := range columns {
		listed[c.Check], listed["task "+c.Task] = true, true
		set, _ := s.Override(c.Check)
		if task := s.Task(c.Task); set.Excused || task.Excused {
			sum += c.Max
		}
	}
	for _, x := range s.Overrides { // of what nobody was judged on
		switch {
		case !x.Excused || x.Gone:
		case x.Check != "" && !listed[x.Check] && !s.Task(x.Task).Excused, x.Check == "" && x.Task != "" && !listed["task "+x.Task]:
			sum += x.Max
		}
	}
	return sum
}

// remarks is what a student is told beside the score, in one line: where points were
// lost and why.
func (o Options) remarks(d *result.Data, s *result.Student, h Handed) string {
	lines := []string{o.Lang.T("transfer.score", "points", h.Points.String(), "max", o.OutOf(d).String())}
	for _, p := range o.parts(d, s, h.Points) {
		switch {
		case p.converts:
			lines = append(lines, o.Lang.T("transfer.converted", "name", p.name, "text", p.first()))
		case p.state == adjusts:
			lines = append(lines, o.Lang.T("transfer.adjusted", "name", p.name, "points", withSign(p.points), "text", p.first()))
		case s.Above(p.task, p.check) != nil: // it does not count
		case p.state == failed || p.state == waits:
			lines = append(lines, o.Lang.T("transfer.lost", "name", p.name, "points", fmt.Sprintf("%s/%s", p.points, p.max), "text", p.first()))
		case p.state == ungraded:
			lines = append(lines, o.Lang.T("transfer.not_graded", "name", p.name))
		}
	}
	if s.Remark != "" {
		lines = append(lines, o.told(s.Remark))
	}
	return bounded(strings.Join(lines, o.Lang.T("transfer.next")))
}

// inert is text from outside as one line in a file that other programs read: valid,
// without control characters, without marks that turn a line around or that nobody
// sees. The joiners are needed by some scripts' names.
func inert(s string) string {
	return oneLine(strings.Map(func(r rune) rune {
		switch {
		case r == 0x200c || r == 0x200d:
			return r
		case unicode.In(r, unicode.Zl, unicode.Zp):
			return ' '
		case unicode.In(r, unicode.Cf, unicode.Co), r == 0xfffe, r == 0xffff:
			return '�'
		}
		return r
	}, strings.ToValidUTF8(strings.ReplaceAll(s, "\r", " "), "�")))
}
