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

// layout is where the columns of the scores are, counted from 1. Row 1 is the
// headings, the students follow.
type layout struct {
	class     string // the roster's column that is shown as the class; "" for the class's own name
	tasks     []int
	automatic int
	// What is not decided, what an instructor's hand adds, what lateness takes off; 0
	// where there is none in the class.
	open   int
	byHand int
	late   int
	max    int // the most that the student could get
	// What an instructor types in, and what follows.
	cause    int
	override int
	reason   int
	final    int
	rate     int
	remark   int
	// The student's ID once more, hidden before and between the columns that are filled in,
	// so that who reads them back sees that only a part of the table was sorted.
	keyBefore, keyWithin, keyAmong int
	more                           []string // the roster's other columns, behind the remark
	// What the statistics count of scores that are not final, off paper; 0 where all are.
	soFar   int
	excused bool
	// causeRoom is what fits into a line of the main reason, in columns of a terminal's
	// width.
	causeRoom int
}

const leadColumns = 3 // ID, name, class

// classHeadings are the words over the column that tells which administrative class
// a student is of; a course's class is made up of several.
var classHeadings = []string{"行政班", "行政班级", "班级", "所在班级", "班级名称", "class", "section"}

func (b *book) layout() layout {
	l := layout{more: slices.Clone(b.d.Headings)}
	for _, words := range classHeadings {
		i := slices.IndexFunc(l.more, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), words) })
		if i >= 0 {
			l.class = l.more[i]
			l.more = slices.Delete(l.more, i, i+1)
			break
		}
	}
	at := leadColumns
	next := func() int { at++; return at }
	for range b.taskSheets {
		l.tasks = append(l.tasks, next())
	}
	l.automatic = next()
	by := byHandOf(b.d)
	l.excused = by.excused
	if by.open {
		l.open = next()
	}
	if by.points {
		l.byHand = next()
	}
	if b.d.Late != nil {
		l.late = next()
	}
	l.max, l.cause, l.keyBefore, l.override, l.keyWithin, l.reason = next(), next(), next(), next(), next(), next()
	l.final, l.rate, l.keyAmong, l.remark = next(), next(), next(), next()
	for i := range b.d.Students {
		if b.notFinal(&b.d.Students[i]) {
			l.soFar = l.remark + len(l.more) + 1
			break
		}
	}
	return l
}

// totalMax is what the whole lab gives, with tasks that have no column yet.
func (b *book) totalMax() (sum rubric.Points) {
	if b.d.AnyApart() {
		return labMax(b.d)
	}
	for _, c := range b.columns {
		sum += c.Max
	}
	for _, t := range b.d.Rubric.Tasks {
		if !slices.ContainsFunc(b.columns, func(c result.Column) bool { return c.Task == t.ID }) {
			sum += t.Points
		}
	}
	return sum
}

// The least scales of the score sheet on paper: 10 points become 9, or less where that
// keeps a class of 60 on three pages.
const (
	readable    = 0.9
	leastScores = 0.76
	scorePages  = 3 // of a class of classStudents
	mostLines   = 3 // of a row
)

// scores is the sheet that becomes the class's marks.
func (b *book) scores() error {
	l := b.layout()
	name := b.scoresName()
	widths, heads := b.scoreHeads(l)
	b.recordHeads(name, heads, map[string]int{
		takeback.ID: 1, takeback.Name: 2, takeback.Override: l.override, takeback.Reason: l.reason, takeback.Remark: l.remark,
		takeback.KeyBefore: l.keyBefore, takeback.KeyWithin: l.keyWithin, takeback.KeyAmong: l.keyAmong,
	})
	b.recordTable(name, heads, b.scoreColumns(l, len(heads)))
	l.causeRoom = b.room(widths[l.cause-1])
	printed := l.remark
	const wide = (paperLong - 2*sideMargin) / readable
	for printed < l.remark+len(l.more) && b.points(widths[:printed+1]) <= wide {
		printed++
	}
	s, err := b.open(paper{
		name: name, widths: widths, rows: len(b.d.Students) + 1, lead: 2, printed: printed, least: readable,
		most: scorePages * b.classes(), tight: leastScores, lines: mostLines,
		title: b.t("score_title", "class", className(b.d)), foot: b.t("sign"),
	})
	if err != nil {
		return err
	}
	if err := s.add(heads); err != nil {
		return err
	}
	for i := range b.d.Students {
		row := b.scoreRow(l, &b.d.Students[i], i+2)
		b.recordRow(b.d.Students[i].ID, row)
		if err := s.add(row); err != nil {
			return err
		}
		if err := b.scoreLinks(l, &b.d.Students[i], i+2); err != nil {
			return err
		}
	}
	if err := s.filter(len(widths)); err != nil {
		return err
	}
	if err := b.scoreRules(name, l); err != nil {
		return err
	}
	return s.end()
}

func (b *book) scoreHeads(l layout) (widths []float64, heads []any) {
	st := b.st
	head := func(text string, wide float64, style int) {
		widths = append(widths, wide)
		heads = append(heads, excelize.Cell{StyleID: style, Value: text})
	}
	head(b.t("id"), b.longest(10, func(s *result.Student) string { return s.ID }), st.head)
	head(b.t("name"), min(b.longest(8, func(s *result.Student) string { return oneLine(s.Name) }), 20), st.head)
	class := b.t("class")
	if l.class != "" {
		class = cellText(oneLine(l.class))
	}
	head(class, min(b.longest(8, func(s *result.Student) string { return b.classOf(l, s) }), 18), st.head)
	for _, t := range b.taskSheets {
		text := b.t("subtotal", "task", clip(oneLine(t.task), 12), "max", t.max.String())
		if t.apart {
			text = b.lang.T("apart.head", "task", clip(oneLine(t.task), 12), "max", t.max.String())
		}
		head(text, 7, st.headTask)
	}
	head(b.t("automatic", "max", b.totalMax().String()), 8, st.headTask)
	if l.open > 0 {
		head(b.t("open_points"), 6.5, st.head)
	}
	if l.byHand > 0 {
		head(b.t("by_hand"), 6.5, st.head)
	}
	if l.late > 0 {
		head(b.t("late"), 6.5, st.head)
	}
	head(b.t("max"), 6, st.head)
	cause := len(widths)
	head(b.t("reason"), 0, st.head)
	head(b.t("key_before"), unseen, st.head)
	head(b.t("override"), 7, st.headInput)
	head(b.t("key_within"), unseen, st.head)
	head(b.t("override_reason"), 12, st.headInput)
	head(b.t("final"), 7, st.headTask)
	head(b.t("rate"), 6.5, st.head)
	head(b.t("key_among"), unseen, st.head)
	head(b.t("remark"), 8, st.headInput)
	// The reason takes what the paper has left.
	room := ((paperLong-2*sideMargin)/readable - b.points(widths)) / b.perDigit()
	widths[cause] = min(max(room, 16), 44)
	more := b.rosterHeads(heads, l.more)
	for i, h := range l.more {
		head(more[i], b.longest(8, func(s *result.Student) string { return oneLine(s.Columns[h]) }), st.head)
	}
	if l.soFar > 0 {
		head(b.t("so_far"), 9, st.head)
	}
	return widths, heads
}

// classOf is the class that a student is of.
func (b *book) classOf(l layout, s *result.Student) string {
	if l.class != "" {
		return oneLine(s.Columns[l.class])
	}
	return b.d.Class
}

// longest is the width that shows a text of every student, within reason.
func (b *book) longest(least float64, of func(*result.Student) string) float64 {
	for i := range b.d.Students {
		least = max(least, float64(width(cellText(of(&b.d.Students[i]))))+2)
	}
	return min(least, 28)
}

func (b *book) scoreRow(l layout, s *result.Student, row int) []any {
	st := b.st
	out := []any{
		textCell(s.ID, st.text, st.textQuoted), b.wrap(oneLine(s.Name)),
		textCell(b.classOf(l, s), st.text, st.textQuoted),
	}
	for _, t := range b.taskSheets {
		out = append(out, b.taskCell(s, t))
	}
	automatic := excelize.Cell{StyleID: st.subtotal, Value: b.sum(s.Verdicts, b.t("ungraded"))}
	if n := len(l.tasks); n > 0 {
		span := ref(l.tasks[0], row) + ":" + ref(l.tasks[n-1], row)
		automatic.Formula = fmt.Sprintf(`IF(COUNT(%[1]s)=0,"%[2]s",ROUND(SUM(%[1]s),2))`, span, b.t("ungraded"))
	}
	out = append(out, automatic)
	out = append(out, b.counted(l, s, row)...)
	for _, h := range l.more {
		out = append(out, textCell(oneLine(s.Columns[h]), st.text, st.textQuoted))
	}
	if l.soFar > 0 {
		out = append(out, b.soFar(l, s, row))
	}
	return out
}

// taskCell is what the checks of a task gave by themselves.
func (b *book) taskCell(s *result.Student, t taskSheet) excelize.Cell {
	c := excelize.Cell{StyleID: b.st.empty}
	vs := ofTask(s.Verdicts, t.task)
	if len(vs) == 0 {
		if text := lackedWord(b.lang, s, t.task); text != "" {
			c.Value = text
		}
		return c
	}
	c.Value = b.sum(vs, "")
	points, most, _ := judge.Total(vs)
	switch _, graded := c.Value.(float64); {
	case s.TaskSet(t.task):
		c.StyleID = b.st.replaced
	case !graded:
		c.StyleID = b.st.ungraded
	default:
		c.StyleID = b.st.linked[band(points, most)]
	}
	return c
}

// scoreLinks lead from the points of a task to the row that they come from. They are
// of the cell, not formulas: who hands in this sheet without the others loses the
// links, and no number. They go with the cell when it is sorted.
func (b *book) scoreLinks(l layout, s *result.Student, row int) error {
	tip := b.t("link_task")
	for i, t := range b.taskSheets {
		at, ok := t.rows[s]
		if !ok || len(ofTask(s.Verdicts, t.task)) == 0 {
			continue
		}
		if err := b.f.SetCellHyperLink(b.scoresName(), ref(l.tasks[i], row), quoteSheet(t.name)+"!"+ref(1, at), "Location",
			excelize.HyperlinkOpts{Tooltip: &tip}); err != nil {
			return err
		}
	}
	return nil
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

// ref names a cell; columns stay far below Excel's limit, since a rubric has
// dozens of checks.
func ref(col, row int) string {
	name, err := excelize.CoordinatesToCellName(col, row)
	if err != nil {
		panic(err)
	}
	return name
}
