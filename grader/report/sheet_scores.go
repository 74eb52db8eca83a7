package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/takeback"
)

// layout is where the columns of the scores are, counted from 1.
type layout struct {
	columns   []scoreColumn
	automatic int
	open      int
	// What an instructor's hand adds, what lateness takes off, and a maximum of the
	// student's own, where there is any; 0 where there is none in the class.
	byHand   int
	late     int
	own      int
	override int
	reason   int
	final    int
	remark   int
}

// scoreColumn is a check, or the subtotal after the checks of a task.
type scoreColumn struct {
	at       int
	subtotal bool
	check    result.Column // of a subtotal the task's first check
	from, to int           // what a subtotal adds up
	max      rubric.Points // of a subtotal the task's
}

const leadColumns = 3 // ID, name, class

func (b *book) layout() layout {
	var l layout
	at := leadColumns
	for _, g := range tasks(b.columns) {
		from := at + 1
		var sum rubric.Points
		for _, c := range g {
			at++
			sum += c.Max
			l.columns = append(l.columns, scoreColumn{at: at, check: c, max: c.Max})
		}
		at++
		l.columns = append(l.columns, scoreColumn{at: at, subtotal: true, check: g[0], from: from, to: at - 1, max: sum})
	}
	next := func() int { at++; return at }
	l.automatic, l.open = next(), next()
	by := byHandOf(b.d)
	if by.points {
		l.byHand = next()
	}
	if b.d.Late != nil {
		l.late = next()
	}
	if by.excused {
		l.own = next()
	}
	l.override, l.reason, l.final, l.remark = next(), next(), next(), next()
	return l
}

func (b *book) totalMax() (sum rubric.Points) {
	for _, c := range b.columns {
		sum += c.Max
	}
	return sum
}

// scores is the sheet that becomes the class's marks.
func (b *book) scores() error {
	l := b.layout()
	name := b.t("sheet_scores")
	widths, heads := b.scoreHeads(l)
	b.recordHeads(name, heads, map[string]int{
		takeback.ID: 1, takeback.Name: 2, takeback.Override: l.override, takeback.Reason: l.reason, takeback.Remark: l.remark,
	})
	s, err := b.open(name, widths, len(b.d.Students)+1, 2)
	if err != nil {
		return err
	}
	if err := s.add(heads); err != nil {
		return err
	}
	for i := range b.d.Students {
		row, err := b.scoreRow(l, &b.d.Students[i], i+2)
		if err != nil {
			return err
		}
		if err := s.add(row); err != nil {
			return err
		}
	}
	if err := s.filter(); err != nil {
		return err
	}
	if err := b.scoreRules(name, l); err != nil {
		return err
	}
	return s.Flush()
}

func (b *book) scoreHeads(l layout) (widths []float64, heads []any) {
	st := b.st
	head := func(text string, wide float64, style int) {
		widths = append(widths, wide)
		heads = append(heads, excelize.Cell{StyleID: style, Value: text})
	}
	head(b.t("id"), b.longest(12, func(s *result.Student) string { return s.ID }), st.head)
	head(b.t("name"), b.longest(10, func(s *result.Student) string { return oneLine(s.Name) }), st.head)
	head(b.t("class"), b.longest(8, func(*result.Student) string { return b.d.Class }), st.head)
	for _, c := range l.columns {
		if c.subtotal {
			head(b.t("subtotal", "task", c.check.Task, "max", c.max.String()), 9, st.headTask)
		} else {
			head(b.t("column", "title", c.check.Title.In(b.lang), "max", c.max.String()), 9, st.head)
		}
	}
	head(b.t("automatic", "max", b.totalMax().String()), 10, st.headTask)
	head(b.t("open_points"), 10, st.head)
	if l.byHand > 0 {
		head(b.t("by_hand"), 10, st.head)
	}
	if l.late > 0 {
		head(b.t("late"), 10, st.head)
	}
	if l.own > 0 {
		head(b.t("own_max"), 10, st.head)
	}
	head(b.t("override"), 9, st.headInput)
	head(b.t("override_reason"), 18, st.headInput)
	head(b.t("final"), 9, st.headTask)
	head(b.t("remark"), 16, st.headInput)
	for _, h := range b.d.Headings {
		head(cellText(oneLine(h)), b.longest(8, func(s *result.Student) string { return oneLine(s.Columns[h]) }), st.head)
	}
	return widths, heads
}

// longest is the width that shows a text of every student, within reason.
func (b *book) longest(least float64, of func(*result.Student) string) float64 {
	for i := range b.d.Students {
		least = max(least, float64(width(cellText(of(&b.d.Students[i]))))+3)
	}
	return min(least, 28)
}

func (b *book) scoreRow(l layout, s *result.Student, row int) ([]any, error) {
	st := b.st
	out := []any{
		textCell(s.ID, st.text, st.textQuoted), textCell(oneLine(s.Name), st.text, st.textQuoted),
		textCell(b.d.Class, st.text, st.textQuoted),
	}
	var subtotals []string
	for _, c := range l.columns {
		if !c.subtotal {
			out = append(out, b.scoreCell(s, c.check.Check))
			continue
		}
		span, style := ref(c.from, row)+":"+ref(c.to, row), st.subtotal
		if s.TaskSet(c.check.Task) {
			style = st.replaced
		}
		out = append(out, excelize.Cell{
			StyleID: style, Value: b.sum(ofTask(s.Verdicts, c.check.Task), ""),
			Formula: fmt.Sprintf(`IF(COUNTA(%[1]s)=0,"",IF(COUNT(%[1]s)=0,"%[2]s",SUM(%[1]s)))`, span, b.t("ungraded")),
		})
		subtotals = append(subtotals, ref(c.at, row))
	}
	automatic := excelize.Cell{StyleID: st.subtotal, Value: b.sum(s.Verdicts, b.t("ungraded"))}
	if len(subtotals) > 0 {
		automatic.Formula = fmt.Sprintf(`IF(COUNT(%[1]s)=0,"%[2]s",SUM(%[1]s))`, strings.Join(subtotals, ","), b.t("ungraded"))
	}
	out = append(out, automatic)
	out = append(out, b.counted(l, s, row)...)
	for _, h := range b.d.Headings {
		out = append(out, textCell(oneLine(s.Columns[h]), st.text, st.textQuoted))
	}
	return out, nil
}

// sum is what a formula over these verdicts shows: their points, "ungraded" if
// none of them is graded, none if there are none.
func (b *book) sum(vs []judge.Verdict, none string) any {
	if len(vs) == 0 {
		return none
	}
	if !slices.ContainsFunc(vs, func(v judge.Verdict) bool { return v.Outcome != check.Ungraded }) {
		return b.t("ungraded")
	}
	points, _, _ := judge.Total(vs)
	return points.Float()
}

func (b *book) scoreCell(s *result.Student, id string) excelize.Cell {
	v, ok := s.Verdict(id)
	_, set := s.Override(id)
	switch {
	case !ok:
		return excelize.Cell{StyleID: b.st.empty}
	case set && v.Outcome == check.Ungraded:
		return excelize.Cell{StyleID: b.st.replaced, Value: b.t("ungraded")}
	case set:
		return excelize.Cell{StyleID: b.st.replaced, Value: v.Points.Float()}
	case v.Outcome == check.Ungraded:
		return excelize.Cell{StyleID: b.st.ungraded, Value: b.t("ungraded")}
	case v.Outcome == check.Blocked:
		return excelize.Cell{StyleID: b.st.blocked, Value: v.Points.Float()}
	}
	return excelize.Cell{StyleID: b.st.points, Value: v.Points.Float()}
}

// scoreRules are what guides who fills in the sheet: bounds, colours,
// protection.
func (b *book) scoreRules(name string, l layout) error {
	f, last := b.f, len(b.d.Students)+1
	if last == 1 {
		return b.protect(name)
	}
	span := func(col int) string { return ref(col, 2) + ":" + ref(col, last) }
	total := b.totalMax()

	bounds := excelize.NewDataValidation(true)
	bounds.SetSqref(span(l.override))
	if err := bounds.SetRange(0, total.Float(), excelize.DataValidationTypeDecimal, excelize.DataValidationOperatorBetween); err != nil {
		return err
	}
	bounds.SetInput(b.t("override_title"), b.t("override_prompt", "max", total.String()))
	bounds.SetError(excelize.DataValidationErrorStyleStop, b.t("override_title"), b.t("override_error", "max", total.String()))
	why := excelize.NewDataValidation(true)
	why.SetSqref(span(l.reason))
	why.SetInput(b.t("reason_title"), b.t("reason_prompt"))
	for _, dv := range []*excelize.DataValidation{bounds, why} {
		if err := f.AddDataValidation(name, dv); err != nil {
			return err
		}
	}
	for _, c := range l.columns {
		if err := b.scale(name, span(c.at), c.max); err != nil {
			return err
		}
	}
	for _, at := range []int{l.automatic, l.final} {
		if err := b.scale(name, span(at), total); err != nil {
			return err
		}
	}
	// An override with no reason stands out.
	if err := f.SetConditionalFormat(name, span(l.reason), []excelize.ConditionalFormatOptions{{
		Type: "formula", Format: &b.st.badOverride,
		Criteria: fmt.Sprintf(`AND(ISNUMBER(%s),LEN(TRIM(%s))=0)`, "$"+ref(l.override, 2), "$"+ref(l.reason, 2)),
	}}); err != nil {
		return err
	}
	texts := "A2:" + ref(leadColumns, last)
	if n := len(b.d.Headings); n > 0 {
		texts += " " + ref(l.remark+1, 2) + ":" + ref(l.remark+n, last)
	}
	if err := f.AddIgnoredErrors(name, texts, excelize.IgnoredErrorsNumberStoredAsText); err != nil {
		return err
	}
	return b.protect(name)
}

// scale colours points from nothing to all of max.
func (b *book) scale(name, span string, max rubric.Points) error {
	if max <= 0 {
		return nil
	}
	return b.f.SetConditionalFormat(name, span, []excelize.ConditionalFormatOptions{{
		Type: "3_color_scale", Criteria: "=",
		MinType: "num", MidType: "num", MaxType: "num",
		MinValue: "0", MidValue: (max / 2).String(), MaxValue: max.String(),
		MinColor: "#" + scaleLow, MidColor: "#" + scaleMid, MaxColor: "#" + scaleHigh,
	}})
}

// protect keeps formulas and evidence from slips; filtering, sorting and
// formatting stay allowed, and there is no password.
func (b *book) protect(name string) error {
	return b.f.ProtectSheet(name, &excelize.SheetProtectionOptions{
		AutoFilter: true, Sort: true, FormatCells: true, FormatColumns: true, FormatRows: true,
		SelectLockedCells: true, SelectUnlockedCells: true,
	})
}

// ref names a cell; columns stay far below Excel's limit, since a rubric has
// dozens of checks.
func ref(col, row int) string {
	name, err := excelize.CoordinatesToCellName(col, row)
	if err != nil {
		panic(err)
	}
	return name
}
