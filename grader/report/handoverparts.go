package report

import (
	"strings"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

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
