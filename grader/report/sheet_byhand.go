package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/check"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// handed is what of a class was done by hand, so that columns nobody needs are
// not there.
type handed struct {
	points  bool // of a check or a task, by hand or excused
	tasks   bool // of a task
	excused bool
	open    bool // something is not decided
	history int  // entries
}

func byHandOf(d *result.Data) (h handed) {
	for i := range d.Students {
		s := &d.Students[i]
		for _, t := range s.Tallies() {
			h.open = h.open || t.Open
		}
		for _, o := range s.Overrides {
			h.points = h.points || o.Check != "" || o.Task != ""
			h.tasks = h.tasks || o.Check == "" && o.Task != ""
			h.excused = h.excused || o.Excused
		}
		h.history += len(s.History)
	}
	return h
}

// counted are the cells behind the automatic points: what makes the final score of
// them, and that score, as a formula over them.
func (b *book) counted(l layout, s *result.Student, row int) []any {
	st := b.st
	all := s.Tally()
	var undecided, byHand, late rubric.Points
	open := false
	for _, t := range s.Tallies() {
		undecided, byHand, late, open = undecided+t.OpenPoints, byHand+t.ByHandPoints(), late+t.Late, open || t.Open
	}
	number := func(p rubric.Points, shown bool) excelize.Cell {
		c := excelize.Cell{StyleID: st.points}
		if shown {
			c.Value = p.Float()
		}
		return c
	}
	var out []any
	if l.open > 0 {
		out = append(out, number(undecided, open))
	}
	if l.byHand > 0 {
		out = append(out, number(byHand, byHand != 0))
	}
	if l.late > 0 {
		off := number(-late, late != 0)
		if late == 0 && forgiven(s, "") {
			off.Value = b.lang.T("hand.forgiven") // which sums pass over
		}
		out = append(out, off)
	}
	most := all.Max - all.NotYet // a run of one task is not a poor one of three
	max := number(most, all.Excused || most > 0)
	if all.NotYet > 0 { // a total that is typed is of the whole lab
		max.Formula = fmt.Sprintf(`IF(ISNUMBER(%s),%s,%s)`, ref(l.override, row), all.Max, most)
	}
	out = append(out, max)
	override := excelize.Cell{StyleID: st.inputPoints}
	for _, o := range s.Overrides {
		switch {
		case o.Check != "" || o.Task != "":
		case o.Excused:
			override.Value = b.lang.T("hand.excused")
		default:
			override.Value = all.Points.Float()
		}
	}
	final := excelize.Cell{StyleID: st.total, Value: any(all.Points.Float()), Formula: b.finalFormula(l, row, b.notFinal(s))}
	rate := excelize.Cell{StyleID: st.percent, Value: "", Formula: shareFormula(ref(l.counts(), row), ref(l.max, row))}
	switch {
	case all.Excused:
		final.Value = b.lang.T("hand.excused")
	case all.Open:
		final.Value = b.t("ungraded")
	case b.notFinal(s):
		final.Value = b.t("not_final")
	}
	if !all.Excused && !all.Open && most > 0 {
		rate.Value = round4(all.Points.Float() / most.Float())
	}
	key := textCell(s.ID, st.text, st.textQuoted)
	return append(out, textCell(clip(b.scoreCause(s, l.causeRoom), 2*l.causeRoom-2), st.wrap, st.wrapQuoted), key, override, key,
		textCell(b.reasons(s), st.inputText, st.inputTextQuoted), final, rate, key, textCell(s.Remark, st.inputText, st.inputTextQuoted))
}

// cause is the check that lost most, in words that fit; what was seen of it is on the
// task's sheet.
func (b *book) cause(s *result.Student, room int) string {
	if s.Left {
		one := *s
		one.Left = false
		mark := b.lang.T("enrolled.left_mark")
		return oneLine(mark + "  " + b.cause(&one, max(room-width(mark)-2, 8)))
	}
	text := Text{Lang: b.lang}.mainReason(s)
	v, lost := reason(s)
	if s.Damaged || !lost || lateMost(s) > 0 || v.Outcome == check.Ungraded || slices.ContainsFunc(s.Overrides, func(o result.Override) bool { return o.Check == "" && o.Task == "" }) {
		return text
	}
	title := v.Check
	if c, ok := b.d.Rubric.Check(v.Check); ok {
		title = c.Title.In(b.lang)
	}
	more := 0
	for _, x := range s.Verdicts {
		_, set := s.Override(x.Check)
		if x.Check != v.Check && !set && s.Above(x.Task, x.Check) == nil && (x.Outcome == check.Fail || x.Outcome == check.Partial || x.Outcome == check.Blocked) {
			more++
		}
	}
	key := "cause"
	if more > 0 {
		key = "cause_more"
	}
	say := func(title string) string {
		return oneLine(b.t(key, "check", title, "points", (v.Max - v.Points).String(), "n", more))
	}
	text = say(title)
	if over := width(text) - room; over > 0 { // the points stay
		text = say(clip(oneLine(title), max(width(oneLine(title))-over, 8)))
	}
	return text
}

// scoreCause is the main reason, behind what keeps the score from being final.
func (b *book) scoreCause(s *result.Student, room int) string {
	if apart := b.d.Apart(s); len(apart) > 0 {
		return b.lang.T("apart.short", "rubric", rubricName(apart[0])) + b.lang.T("transfer.next") + b.ownCause(s, room)
	}
	return b.ownCause(s, room)
}

// ownCause is the same, whatever rubric it is by.
func (b *book) ownCause(s *result.Student, room int) string {
	if _, lost := reason(s); !lost || !b.notFinal(s) {
		return b.cause(s, room)
	}
	var tasks []string
	for _, m := range s.Lacking(true) {
		tasks = append(tasks, oneLine(m.Task))
	}
	key := "not_final_cause"
	if len(tasks) == 0 {
		key = "not_final_cause_part"
	}
	return b.t(key, "tasks", tasks, "why", b.cause(s, room))
}

// notFinal reports whether a student has points, and other systems get none since not all
// of the lab is graded; see [Options.Hand].
func (b *book) notFinal(s *result.Student) bool {
	if t := s.Tally(); t.Open || t.Excused || s.Whole() != nil { // a total by hand is final
		return false
	}
	o := b.o
	o.AllowUngraded = false
	return o.Hand(b.d, s).State == Open
}

// counts is the column of what the statistics count.
func (l layout) counts() int {
	if l.soFar > 0 {
		return l.soFar
	}
	return l.final
}

// soFar is the final score, else the points of what is graded.
func (b *book) soFar(l layout, s *result.Student, row int) excelize.Cell {
	c := excelize.Cell{StyleID: b.st.points, Value: any(""), Formula: fmt.Sprintf(`IF(ISNUMBER(%[1]s),%[1]s,"")`, ref(l.final, row))}
	if b.notFinal(s) {
		parts, sum := l.addends(row)
		c.Formula = fmt.Sprintf(`IF(ISNUMBER(%[1]s),%[1]s,IF(OR(%[1]s=%[2]s,COUNT(%[3]s)=0),"",ROUND(SUM(%[4]s),2)))`,
			ref(l.final, row), quoteText(b.lang.T("hand.excused")), parts, sum)
	}
	if t := s.Tally(); !t.Open && !t.Excused {
		c.Value = t.Points.Float()
	}
	return c
}

// addends are the cells that a score is the sum of: some of parts has to be a number.
func (l layout) addends(row int) (parts, sum string) {
	parts = ref(l.automatic, row)
	if l.byHand > 0 {
		parts += "," + ref(l.byHand, row)
	}
	sum = parts
	if l.late > 0 {
		sum += "," + ref(l.late, row)
	}
	return parts, sum
}

// finalFormula is the override, else what the columns before it come to, or that not all is
// graded yet. It looks at its own row alone.
func (b *book) finalFormula(l layout, row int, notFinal bool) string {
	parts, sum := l.addends(row)
	count := fmt.Sprintf(`IF(COUNT(%s)=0,"%s",ROUND(SUM(%s),2))`, parts, b.t("ungraded"), sum)
	if notFinal {
		count = quoteText(b.t("not_final"))
	}
	if l.open > 0 {
		count = fmt.Sprintf(`IF(ISNUMBER(%s),"%s",%s)`, ref(l.open, row), b.t("ungraded"), count)
	}
	if l.excused {
		count = fmt.Sprintf(`IF(AND(ISNUMBER(%[1]s),N(%[1]s)=0),"%[2]s",%[3]s)`, ref(l.max, row), b.lang.T("hand.excused"), count)
	}
	return fmt.Sprintf(`IF(ISNUMBER(%[1]s),%[1]s,IF(%[1]s=%[2]s,%[2]s,%[3]s))`, ref(l.override, row), quoteText(b.lang.T("hand.excused")), count)
}

// reasons says why points were set: that of the total alone where the total is set,
// since that is what the column takes; else each with what it is of.
func (b *book) reasons(s *result.Student) string {
	var parts []string
	for _, o := range s.Overrides {
		if o.Check == "" && o.Task == "" {
			return o.Reason
		}
		points := o.Points.String()
		if o.Excused {
			points = b.lang.T("hand.excused")
		}
		parts = append(parts, fmt.Sprintf("%s %s → %s: %s", target(b.lang, o.Task, o.Check), judgedText(b.lang, s, o), points, o.Reason))
	}
	return strings.Join(parts, "; ")
}
