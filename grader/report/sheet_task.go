package report

import (
	"fmt"
	"slices"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/check"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// smallest is the least scale of sheets that explain: 10 points become 7.
const smallest = 0.7

// turned is how many checks a task may have before their titles are turned.
const turned = 6

// Widths of columns under turned titles: two lines beside each other, and points alone.
const (
	turnedWide  = 4.4
	turnedLeast = 3.6
	nameLeast   = 8
)

// narrow makes the columns of many checks, and the names, as narrow as keeps text on
// upright paper readable; who it is the ID tells too, and the cell has all of a name.
func (b *book) narrow(t taskSheet, widths []float64) {
	const wide = (paperShort - 2*sideMargin) / smallest
	over := func() float64 { return (b.points(widths[:t.rate]) - wide) / b.perDigit() }
	if n := len(t.checks); n > turned {
		for i := 2; i < 2+n; i++ {
			widths[i] = max(turnedWide-max(over(), 0)/float64(2+n-i), turnedLeast)
		}
	}
	widths[1] = b.within(widths[:t.rate], 1, nameLeast, wide)
}

// within is how wide, in digits, a column may be for all of them to be within points; at
// least least, if it is wider than that.
func (b *book) within(widths []float64, at int, least, points float64) float64 {
	over := (b.points(widths) - points) / b.perDigit()
	return min(max(widths[at]-max(over, 0), least), widths[at])
}

// tasks writes the sheets of the tasks.
func (b *book) tasks() error {
	for _, t := range b.taskSheets {
		if err := b.task(t); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) task(t taskSheet) error {
	widths, heads, high := b.taskHeads(t)
	printed := t.rate
	if b.points(widths[:t.cause]) <= (paperShort-2*sideMargin)/smallest {
		printed = t.cause
	}
	title := t.name
	if x, ok := b.d.Rubric.Task(t.task); ok {
		title = x.Title.In(b.lang)
	}
	s, err := b.open(paper{
		name: t.name, widths: widths, rows: t.last(), lead: 2, printed: printed, least: smallest, title: title,
		portrait: b.points(widths[:t.rate]) <= (paperShort-2*sideMargin)/smallest+1,
	})
	if err != nil {
		return err
	}
	if err := s.put(heads, high, 0); err != nil {
		return err
	}
	b.recordTable(t.name, heads, t.columns(len(heads)))
	for i, student := range t.students {
		row := b.taskRow(t, student, i+2)
		b.recordRow(student.ID, row)
		if err := s.add(row); err != nil {
			return err
		}
	}
	if err := s.filter(len(widths)); err != nil {
		return err
	}
	if last := t.last(); last > 1 {
		counted := b.untyped("A1:" + ref(len(widths), last))
		if err := b.f.AddDataValidation(t.name, counted); err != nil {
			return err
		}
		for _, at := range []int{t.score, t.rate} {
			if err := b.colours(t.name, ref(at, 2)+":"+ref(at, last), "$"+ref(t.rate, 2), "$"+ref(t.rate, 2), "1"); err != nil {
				return err
			}
		}
		if err := b.f.AddIgnoredErrors(t.name, "A2:"+ref(2, last), excelize.IgnoredErrorsNumberStoredAsText); err != nil {
			return err
		}
	}
	return s.end()
}

// taskHeads are the headings; those of many checks are turned, so that the columns are
// as narrow as points.
func (b *book) taskHeads(t taskSheet) (widths []float64, heads []any, high float64) {
	st := b.st
	head := func(text string, wide float64, style int) {
		widths = append(widths, wide)
		heads = append(heads, excelize.Cell{StyleID: style, Value: text})
	}
	head(b.t("id"), b.longest(10, func(s *result.Student) string { return s.ID }), st.head)
	head(b.t("name"), min(b.longest(8, func(s *result.Student) string { return oneLine(s.Name) }), 20), st.head)
	high = 3*lineHeight + rowSpare
	for _, c := range t.checks {
		title := b.t("column", "title", clip(oneLine(c.Title.In(b.lang)), 60), "max", c.Max.String())
		if len(t.checks) <= turned {
			head(title, 9, st.head)
			high = max(high, float64(linesOf(cellText(title), b.room(9)))*lineHeight+rowSpare)
			continue
		}
		title = oneLine(title)
		head(title, turnedWide, st.headTurned)
		high = max(high, min(float64(width(title))*5.6/2+24, 160))
	}
	if t.sum > 0 {
		head(b.t("sum_of_checks"), 7, st.head)
	}
	if t.set > 0 {
		head(b.t("by_hand_points"), 7, st.head)
	}
	if t.late > 0 {
		head(b.t("late"), 7, st.head)
	}
	head(b.t("points"), 6.5, st.headTask)
	head(b.t("max"), 5, st.head)
	head(b.t("rate"), 6.5, st.head)
	head(b.t("reason"), 50, st.head)
	if t.why > 0 {
		head(b.t("override_reason"), 36, st.head)
	}
	head(b.scoresName(), 9, st.head)
	head(b.t("sheet_details"), 9, st.head)
	b.narrow(t, widths)
	return widths, heads, high
}

func (b *book) taskRow(t taskSheet, s *result.Student, row int) []any {
	st := b.st
	tally := s.Task(t.task)
	span := ref(3, row) + ":" + ref(2+len(t.checks), row)
	out := []any{textCell(s.ID, st.text, st.textQuoted), textCell(oneLine(s.Name), st.text, st.textQuoted)}
	for _, c := range t.checks {
		out = append(out, b.checkCell(s, c.Check))
	}
	open, excused := b.t("ungraded"), b.lang.T("hand.excused")
	sumFormula := fmt.Sprintf(`IF(COUNTA(%[1]s)=0,"",IF(COUNTIF(%[1]s,"%[4]s")>0,"%[2]s",IF(COUNT(%[1]s)=0,"%[3]s",ROUND(SUM(%[1]s),2))))`,
		span, open, excused, b.t("ungraded_short"))
	sum, score := b.checksSum(s, t), any(tally.Points.Float())
	switch {
	case tally.Excused:
		score = excused
	case tally.Open:
		score = open
	case tally.Max == 0 && !s.TaskSet(t.task) && sum == any(""):
		score = ""
	}
	scoreCell := excelize.Cell{StyleID: st.total, Value: score, Formula: sumFormula}
	if t.sum > 0 {
		out = append(out, excelize.Cell{StyleID: st.subtotal, Value: sum, Formula: sumFormula})
		scoreCell.Formula = ref(t.sum, row)
		if t.late > 0 {
			scoreCell.Formula = fmt.Sprintf(`IF(ISNUMBER(%[1]s),ROUND(%[1]s+N(%[2]s),2),%[1]s)`, ref(t.sum, row), ref(t.late, row))
		}
	}
	if t.set > 0 {
		set := excelize.Cell{StyleID: st.set}
		if s.TaskSet(t.task) {
			set.Value = score
		}
		out = append(out, set)
		scoreCell.Formula = fmt.Sprintf(`IF(LEN(%[1]s)>0,%[1]s,%[2]s)`, ref(t.set, row), scoreCell.Formula)
	}
	if t.late > 0 {
		late := excelize.Cell{StyleID: st.points}
		if tally.Late != 0 {
			late.Value = -tally.Late.Float()
		} else if forgiven(s, t.task) {
			late.Value = b.lang.T("hand.forgiven")
		}
		out = append(out, late)
	}
	most := excelize.Cell{StyleID: st.points}
	rate := excelize.Cell{StyleID: st.percent, Value: "", Formula: shareFormula(ref(t.score, row), ref(t.most, row))}
	if tally.Max > 0 || tally.Excused {
		most.Value = tally.Max.Float()
	}
	if _, counts := score.(float64); counts && tally.Max > 0 {
		rate.Value = round4(tally.Points.Float() / tally.Max.Float())
	}
	out = append(out, scoreCell, most, rate, textCell(b.taskCause(s, t.task), st.text, st.textQuoted))
	if t.why > 0 {
		out = append(out, textCell(oneLine(b.reasonsOf(s, t.task)), st.text, st.textQuoted))
	}
	out = append(out, b.linkTo(b.scoresName(), ref(1, row), column(b.scoresName(), 1, len(b.d.Students)+1)))
	if lostIn(s, t.task) {
		out = append(out, b.linkTo(b.t("sheet_details"), ref(1, row)+"&"+quoteText(keyMark+t.task), column(b.t("sheet_details"), detailKey, b.detailRows())))
	}
	return out
}

// checkCell is what a check counts: what was judged, or what an instructor set.
func (b *book) checkCell(s *result.Student, id string) excelize.Cell {
	v, judged := s.Verdict(id)
	o, set := s.Override(id)
	switch {
	case set && o.Excused:
		return excelize.Cell{StyleID: b.st.set, Value: b.lang.T("hand.excused")}
	case set:
		return excelize.Cell{StyleID: b.st.set, Value: s.Score("", id).Points.Float()}
	case !judged:
		return excelize.Cell{StyleID: b.st.empty}
	case v.Outcome == check.Ungraded:
		return excelize.Cell{StyleID: b.st.ungraded, Value: b.t("ungraded_short")}
	case v.Outcome == check.Blocked:
		return excelize.Cell{StyleID: b.st.blocked, Value: v.Points.Float()}
	}
	if v.Points >= v.Max { // what was lost is to stand out
		return excelize.Cell{StyleID: b.st.points, Value: v.Points.Float()}
	}
	return excelize.Cell{StyleID: b.st.rated[band(v.Points, v.Max)], Value: v.Points.Float()}
}

// checksSum is what the formula under the checks of a task comes to.
func (b *book) checksSum(s *result.Student, t taskSheet) any {
	var sum rubric.Points
	n, counted := 0, 0
	for _, c := range t.checks {
		v, judged := s.Verdict(c.Check)
		o, set := s.Override(c.Check)
		switch {
		case set && o.Excused:
			n++
		case set:
			n, counted, sum = n+1, counted+1, sum+s.Score("", c.Check).Points
		case judged && v.Outcome == check.Ungraded:
			return b.t("ungraded")
		case judged:
			n, counted, sum = n+1, counted+1, sum+v.Points
		}
	}
	switch {
	case n == 0:
		return ""
	case counted == 0:
		return b.lang.T("hand.excused")
	}
	return sum.Float()
}

// taskCause says why a task has not all its points.
func (b *book) taskCause(s *result.Student, task string) string {
	one := *s
	one.Verdicts, one.Missing = ofTask(s.Verdicts, task), nil
	one.Attempts = slices.DeleteFunc(slices.Clone(s.Attempts), func(a result.Attempt) bool { return a.Task != task })
	if late := lateMost(&one); late > 0 && !s.TaskSet(task) {
		return b.lang.T("hand.late_reason", "points", late.String())
	}
	v, lost := reason(&one)
	if !lost {
		return ""
	}
	text := Text{Lang: b.lang}.message(v.Message)
	if v.Outcome == check.Ungraded {
		text = b.t("ungraded_because", "reason", text)
	}
	return clip(oneLine(text), 140)
}

// reasonsOf says what was set by hand of a task and its checks.
func (b *book) reasonsOf(s *result.Student, task string) string {
	one := *s
	one.Overrides = slices.DeleteFunc(slices.Clone(s.Overrides), func(o result.Override) bool { return o.Task != task || o.Gone })
	return b.reasons(&one)
}
