package report

import (
	"fmt"
	"strings"
	"unicode"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
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

// part is an entry of a list of what a score is made of.
type part struct {
	task, check string // of a check
	name, text  string
	points, max rubric.Points
	state       partState
	// converts says that the points are no loss or gain: they make the same share of
	// another maximum.
	converts bool
}

type partState int

const (
	passed partState = iota
	failed
	waits // for another check
	ungraded
	excused
	adjusts // what is no check: lateness, points by hand
)

// judgedPart is a check as it counts.
func (o Options) judgedPart(d *result.Data, s *result.Student, v judge.Verdict) part {
	score := s.Score(v.Task, v.Check)
	p := part{
		task: v.Task, check: v.Check, name: inert(checkTitle(d, v.Check, o.Lang)),
		points: score.Points, max: score.Max, text: o.told(o.Lang.Text(v.Message)),
	}
	for _, line := range o.Lang.Lines(o.hintOf(v.Hint)) {
		p.text += "\n" + o.told(line)
	}
	p.text = strings.TrimSpace(bounded(p.text))
	above := s.Task(v.Task).Excused
	switch {
	case score.Excused || above:
		p.state, p.points, p.max = excused, 0, 0
	case score.Open:
		p.state = ungraded
	case score.ByHand && score.Points >= score.Max, !score.ByHand && v.Outcome == check.Pass:
		p.state = passed
	case !score.ByHand && v.Outcome == check.Blocked:
		p.state = waits
	default:
		p.state = failed
	}
	if set, ok := s.Override(v.Check); ok {
		p.text = o.byHand(set)
	} else if up := s.Above(v.Task, v.Check); above && up != nil {
		p.text = o.byHand(*up)
	}
	return p
}

// byHand is what a student is told of points that were set by hand: why, not by whom.
func (o Options) byHand(set result.Override) string {
	key := "report.overridden"
	if set.Excused {
		key = "transfer.excused"
	}
	return o.told(o.Lang.T(key, "reason", set.Reason))
}

// first is the first line of what is said: what was seen, without what to do next.
func (p part) first() string {
	line, _, _ := strings.Cut(p.text, "\n")
	return line
}

// withSign is points as programs write them, with their sign.
func withSign(p rubric.Points) string {
	if p > 0 {
		return "+" + p.String()
	}
	return p.String()
}

// maxWords bounds what is said at one place, in bytes.
const maxWords = 6000

// bounded is text cut to maxWords.
func bounded(s string) string {
	if len(s) <= maxWords {
		return s
	}
	return strings.ToValidUTF8(s[:maxWords], "") + "…"
}

// checkParts are the checks; of what is ungraded nothing counts.
func (o Options) checkParts(d *result.Data, s *result.Student) []part {
	var out []part
	for _, v := range s.Verdicts {
		p := o.judgedPart(d, s, v)
		if p.state == ungraded {
			p.points = 0
		}
		out = append(out, p)
	}
	return out
}

// parts are what a score that is handed over is made of; they add up to it. Beside
// the checks there is what lateness took off, what was set by hand above the checks,
// and what makes up for parts that are excused.
func (o Options) parts(d *result.Data, s *result.Student, whole rubric.Points) []part {
	out := o.checkParts(d, s)
	var sum rubric.Points
	for _, p := range out {
		sum += p.points
	}
	t := s.Tally()
	adjust := func(points rubric.Points, name, text string) {
		if points != 0 {
			sum += points
			out = append(out, part{name: name, text: o.told(text), points: points, state: adjusts})
		}
	}
	var late []string
	for _, a := range s.Attempts {
		if line := lateLine(o.Lang, s, a); line != "" {
			late = append(late, line)
		}
	}
	adjust(-t.Late, o.Lang.T("transfer.part_late"), strings.Join(late, o.Lang.T("transfer.next")))
	if t.Late == 0 && forgiven(s, "") { // it is 0 by hand
		out = append(out, part{name: o.Lang.T("transfer.part_late"), text: o.told(strings.Join(late, o.Lang.T("transfer.next"))), state: adjusts})
	}
	var hand []string
	for _, x := range s.Overrides {
		if _, judged := s.Verdict(x.Check); !judged && !x.Gone {
			text := inert(x.Reason)
			if x.Excused {
				text = o.byHand(x)
			}
			hand = append(hand, text)
		}
	}
	adjust(t.Points-sum, o.Lang.T("transfer.part_by_hand"), strings.Join(hand, o.Lang.T("transfer.next")))
	key := "transfer.part_scaled"
	if o.excused(d, s) > 0 {
		key = "transfer.part_shared"
	}
	name := o.Lang.T(key)
	if len(d.Apart(s)) > 0 {
		name = o.Lang.T("apart.part")
	}
	n := len(out)
	adjust(whole-sum, name, o.Lang.T(key+"_text",
		"points", t.Points.String(), "max", t.Max.String(), "whole", whole.String(), "full", o.OutOf(d).String()))
	for i := range out[n:] {
		out[n+i].converts = true
	}
	return out
}

// checkTitle is a check's, its ID where the rubric no longer has it.
func checkTitle(d *result.Data, id string, lang i18n.Lang) string {
	if c, ok := d.Rubric.Check(id); ok {
		return c.Title.In(lang)
	}
	return id
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
