package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
)

// Columns of the details; what is on paper ends with the message.
const (
	detailPrinted = 8
	detailKey     = 15
)

// keyMark parts the ID from the task in the hidden column that links look for.
const keyMark = " · "

// detailRow is a verdict as the details show it.
type detailRow struct {
	v judge.Verdict
	// folded is one that lost nothing, or whose words stand in another row.
	folded bool
	// spared is one that lost something, and is folded away to spare paper.
	spared  bool
	message string
}

// lostIn reports whether the details show something of a student's task.
func lostIn(s *result.Student, task string) bool {
	return slices.ContainsFunc(s.Verdicts, func(v judge.Verdict) bool {
		_, set := s.Override(v.Check)
		return v.Task == task && (set || v.Outcome != check.Pass)
	})
}

// detailsOf are the rows of a student's task: first what lost points, then, folded,
// what passed. What waits for another check is told with that one; of several that are
// open for the same reason, the first stands for all.
func (b *book) detailsOf(s *result.Student, task string) []detailRow {
	vs := ofTask(s.Verdicts, task)
	waiting, open := map[string][]judge.Verdict{}, map[string][]judge.Verdict{}
	cause := func(v judge.Verdict) string {
		if _, set := s.Override(v.Check); set || v.Outcome != check.Blocked {
			return ""
		}
		return b.causeOf(vs, v.Check, map[string]bool{})
	}
	openFor := func(v judge.Verdict) string {
		if _, set := s.Override(v.Check); set || v.Outcome != check.Ungraded {
			return ""
		}
		return b.lang.Text(v.Message)
	}
	for _, v := range vs {
		if id := cause(v); id != "" {
			waiting[id] = append(waiting[id], v)
		}
		if why := openFor(v); why != "" {
			open[why] = append(open[why], v)
		}
	}
	var shown, folded []detailRow
	for _, v := range vs {
		row := detailRow{v: v, message: b.lang.Text(v.Message)}
		_, set := s.Override(v.Check)
		same := open[openFor(v)]
		if v.Outcome == check.Pass && !set || cause(v) != "" || len(same) > 1 && same[0].Check != v.Check {
			row.folded = true
			folded = append(folded, row)
			continue
		}
		if len(same) > 1 {
			_, most, _ := judge.Total(same)
			row.message = b.t("open_together", "n", len(same), "max", most.String(), "why", row.message)
		}
		if more := waiting[v.Check]; len(more) > 0 {
			_, most, _ := judge.Total(more)
			row.message = b.t("wait_together", "n", len(more), "max", most.String(), "why", row.message)
		}
		shown = append(shown, row)
	}
	return append(shown, folded...)
}

// causeOf is the failed check of a task that another waits for in the end; "" if it is
// not among these verdicts.
func (b *book) causeOf(vs []judge.Verdict, id string, visited map[string]bool) string {
	c, ok := b.d.Rubric.Check(id)
	if !ok || visited[id] {
		return ""
	}
	visited[id] = true
	for _, need := range c.Needs {
		i := slices.IndexFunc(vs, func(v judge.Verdict) bool { return v.Check == need })
		switch {
		case i < 0:
		case vs[i].Outcome == check.Fail:
			return need
		case vs[i].Outcome == check.Blocked:
			if found := b.causeOf(vs, need, visited); found != "" {
				return found
			}
		}
	}
	return ""
}

// detailRows is how many rows the details have, with the heading.
func (b *book) detailRows() int {
	rows := 1
	for i := range b.d.Students {
		rows += len(b.d.Students[i].Verdicts)
	}
	return rows
}

// details is a row a student and check: what was seen, what was wanted, what
// to do next, and the hash of the evidence.
func (b *book) details() error {
	st, hand := b.st, byHandOf(b.d).points
	keys := []string{
		"id", "name", "task_heading", "check", "outcome", "points", "max", "message",
		"hint", "observed", "expected", "check_id", "evidence", "sheet_scores", "key",
	}
	widths := []float64{
		b.longest(10, func(s *result.Student) string { return s.ID }),
		min(b.longest(8, func(s *result.Student) string { return oneLine(s.Name) }), 16), 5, 38, 10, 7, 6, 40,
		40, 26, 22, 20, 22, 9, 20,
	}
	if hand {
		keys, widths = append(keys, "by_hand_points", "override_reason"), append(widths, 9, 30)
	}
	room := ((paperLong-2*sideMargin)/smallest - b.points(widths[:detailPrinted])) / b.perDigit()
	widths[detailPrinted-1] += min(max(room, 0), 58)
	s, err := b.open(paper{
		name: b.t("sheet_details"), widths: widths, rows: b.detailRows(), lead: 2, printed: detailPrinted, least: smallest, grouped: true,
	})
	if err != nil {
		return err
	}
	if err := s.SetColVisible(detailKey, detailKey, false); err != nil {
		return err
	}
	if err := s.heads(keys); err != nil {
		return err
	}
	b.recordDetails(s.name, keys)
	titles := make(map[string]string)
	for _, c := range b.columns {
		titles[c.Check] = c.Title.In(b.lang)
	}
	show, spared := b.foldDetails(s, titles)
	passed := 1
	if spared {
		passed = 2 // what lost points unfolds first
	}
	back := column(b.scoresName(), 1, len(b.d.Students)+1)
	for i := range b.d.Students {
		student := &b.d.Students[i]
		id, name := textCell(student.ID, st.text, st.textQuoted), textCell(oneLine(student.Name), st.text, st.textQuoted)
		for _, d := range b.studentDetails(student, show) {
			row := append([]any{id, name}, b.detailCells(student, d, titles[d.v.Check], s.lines == 1)...)
			if !d.folded {
				row[13] = b.linkTo(b.scoresName(), ref(1, s.row+1), back)
			}
			if hand {
				row = append(row, b.handCells(student, d.v)...)
			}
			var err error
			switch {
			case d.folded:
				err = s.fold(row, passed)
			case d.spared:
				err = s.fold(row, 1)
			default:
				err = s.add(row)
			}
			if err != nil {
				return err
			}
		}
	}
	if err := s.filter(len(widths)); err != nil {
		return err
	}
	if s.row > 1 {
		if err := b.f.AddIgnoredErrors(s.name, "A2:"+ref(3, s.row), excelize.IgnoredErrorsNumberStoredAsText); err != nil {
			return err
		}
	}
	return s.end()
}

// verdictColumns are a student's verdicts, to be grouped by task.
func verdictColumns(s *result.Student) []result.Column {
	var out []result.Column
	for _, v := range s.Verdicts {
		if !slices.ContainsFunc(out, func(c result.Column) bool { return c.Task == v.Task }) {
			out = append(out, result.Column{Task: v.Task})
		}
	}
	return out
}

// detailCells are a verdict's, from the task on. What is not on paper makes no row
// higher; cut is of texts that have one line, whatever their length.
func (b *book) detailCells(s *result.Student, d detailRow, title string, cut bool) []any {
	st, v := b.st, d.v
	points := excelize.Cell{StyleID: st.points, Value: v.Points.Float()}
	if v.Outcome == check.Ungraded {
		points = excelize.Cell{StyleID: st.ungraded, Value: b.t("ungraded")}
	}
	words := b.wrap
	if cut {
		words = func(text string) excelize.Cell { return textCell(text, st.cut, st.cutQuoted) }
	}
	flat := func(text string) excelize.Cell { return textCell(text, st.text, st.textQuoted) }
	return []any{
		flat(v.Task), words(title),
		excelize.Cell{StyleID: st.outcome[v.Outcome], Value: b.t("outcome_" + string(v.Outcome))},
		points, excelize.Cell{StyleID: st.points, Value: v.Max.Float()},
		words(d.message), flat(b.lang.Text(v.Hint)),
		flat(facts(b.lang, v.Observed, true)), flat(facts(b.lang, v.Expected, true)),
		flat(v.Check), flat(v.Evidence), nil, flat(s.ID + keyMark + v.Task),
	}
}

// handCells are what an instructor set for a check, and why.
func (b *book) handCells(s *result.Student, v judge.Verdict) []any {
	o, set := s.Override(v.Check)
	if !set {
		return nil
	}
	points := excelize.Cell{StyleID: b.st.set, Value: any(o.Points.Float())}
	if o.Excused {
		points.Value = b.lang.T("hand.excused")
	}
	return []any{points, textCell(o.Reason, b.st.text, b.st.textQuoted)}
}

// linkTo is a cell that leads to the row of another sheet that has a key, wherever
// the rows of either were sorted to. Nothing is lost where the sheet is gone.
func (b *book) linkTo(sheet, key, where string) excelize.Cell {
	shown := quoteText("→ " + sheet)
	return excelize.Cell{
		StyleID: b.st.link, Value: "→ " + sheet,
		Formula: fmt.Sprintf(`IFERROR(HYPERLINK(%s&MATCH(%s,%s,0),%s),%s)`,
			quoteText("#"+strings.ReplaceAll(quoteSheet(sheet), `"`, "")+"!A"), key, where, shown, quoteText("")),
	}
}
