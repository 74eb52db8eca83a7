package report

import (
	"fmt"
	"io"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
)

// What a table may be cut to, in columns.
const (
	maxName     = 16
	narrowName  = 10  // below 100 columns
	minReason   = 20  // with less, marks give way to a task's points
	plainReason = 160 // when nobody looks at a terminal
	worstChecks = 3
	listedOpen  = 10
)

// Table writes a class to a screen: a line a student with a mark for each
// check and the main reason, then the class at a glance. It fits the width:
// marks give way to points a task, then the reason goes, then the tasks.
func Table(w io.Writer, d *result.Data, t Text) error {
	var b strings.Builder
	b.WriteString(t.paint(clipTo(heading(d, t.Lang), t.Width), bold) + "\n\n")
	groups := tasks(d.Columns())
	if len(d.Students) > 0 {
		rows, right, legend := t.rows(d, groups)
		grid(&b, rows, right)
		b.WriteString("\n")
		t.wrapped(&b, "", strings.Split(t.Lang.T(legend, "class", oneLine(d.Class), "task", firstTask(groups)), "  "))
	}
	t.summary(&b, d)
	_, err := io.WriteString(w, b.String())
	return err
}

func heading(d *result.Data, lang i18n.Lang) string {
	parts := []string{d.Class}
	if d.Title != "" && d.Title != d.Class {
		parts = append(parts, d.Title)
	}
	parts = append(parts, d.Rubric.Title.In(lang))
	if !d.Run.Started.IsZero() {
		parts = append(parts, d.Run.Started.Format("2006-01-02 15:04"))
	}
	return oneLine(strings.Join(parts, " · "))
}

func clipTo(s string, columns int) string {
	if columns <= 0 {
		return s
	}
	return clip(s, columns)
}

// rows builds the table in the fullest form that fits, and names what says what its
// signs mean.
func (t Text) rows(d *result.Data, groups [][]result.Column) (rows [][]cell, right map[int]bool, legend string) {
	const ofMarks, ofPoints = "report.legend", "report.legend_points"
	lead, right := t.lead(d), map[int]bool{2: true}
	marks, points := join(lead, t.marks(d, groups)), join(lead, t.taskPoints(d, groups))
	pointsRight := map[int]bool{2: true}
	for i := range groups {
		pointsRight[3+i] = true
	}
	marksRoom, pointsRoom := t.room(marks), t.room(points)
	switch {
	case marksRoom >= minReason:
		return t.withReason(d, marks, marksRoom), right, ofMarks
	case pointsRoom >= minReason:
		return withoutRuler(t.withReason(d, points, pointsRoom)), pointsRight, ofPoints
	case marksRoom >= -2: // the gap before the reason is not needed
		return marks, right, ofMarks
	case pointsRoom >= -2:
		return withoutRuler(points), pointsRight, ofPoints
	}
	return withoutRuler(lead), right, ofPoints
}

// room is how many columns are left for the reason.
func (t Text) room(rows [][]cell) int {
	if t.Width <= 0 {
		return plainReason
	}
	used := 0
	for i := range rows[0] {
		col := 0
		for _, row := range rows {
			col = max(col, width(row[i].plain))
		}
		used += col + 2
	}
	return t.Width - used
}

func (t Text) withReason(d *result.Data, rows [][]cell, columns int) [][]cell {
	rows[0] = append(rows[0], t.head("report.reason"))
	for i := range d.Students {
		rows[i+2] = append(rows[i+2], plainCell(clip(t.mainReason(&d.Students[i]), columns)))
	}
	return rows
}

// withoutRuler drops the second row, which numbers the marks.
func withoutRuler(rows [][]cell) [][]cell { return append(rows[:1:1], rows[2:]...) }

func join(a, b [][]cell) [][]cell {
	out := make([][]cell, len(a))
	for i := range a {
		out[i] = append(append([]cell{}, a[i]...), b[i]...)
	}
	return out
}

// lead is ID, name and points; the second row is the ruler's.
func (t Text) lead(d *result.Data) [][]cell {
	name := maxName
	if t.Width > 0 && t.Width < 100 {
		name = narrowName
	}
	points := t.head("report.points") // two columns beside the number are for a mark
	points.plain, points.shown = points.plain+"  ", points.shown+"  "
	rows := [][]cell{
		{t.head("report.id"), t.head("report.name"), points},
		{plainCell(""), plainCell(""), plainCell("")},
	}
	for i := range d.Students {
		s := &d.Students[i]
		rows = append(rows, []cell{
			plainCell(oneLine(s.ID)), plainCell(clip(oneLine(s.Name), name)), plainCell(t.score(s)),
		})
	}
	return rows
}

func (t Text) head(key string) cell {
	text := t.Lang.T(key)
	return cell{text, t.paint(text, bold)}
}

// marks is a column a task with a mark a check, under a ruler of their numbers.
func (t Text) marks(d *result.Data, groups [][]result.Column) [][]cell {
	heads, ruler := []cell{}, []cell{}
	for _, g := range groups {
		text := t.Lang.T("report.task", "task", g[0].Task)
		heads = append(heads, cell{text, t.paint(text, bold)})
		digits := ""
		for _, c := range g {
			digits += fmt.Sprint(c.N % 10)
		}
		ruler = append(ruler, cell{digits, t.paint(digits, dim)})
	}
	rows := [][]cell{heads, ruler}
	for i := range d.Students {
		var row []cell
		for _, g := range groups {
			var c cell
			for _, col := range g {
				v, ok := d.Students[i].Verdict(col.Check)
				if _, set := d.Students[i].Override(col.Check); set {
					c.plain, c.shown = c.plain+byHand, c.shown+t.paint(byHand, bold)
					continue
				}
				if !ok {
					c.plain, c.shown = c.plain+absent, c.shown+absent
					continue
				}
				c.plain, c.shown = c.plain+mark(v.Outcome), c.shown+t.paintMark(v.Outcome)
			}
			row = append(row, c)
		}
		rows = append(rows, row)
	}
	return rows
}

// taskPoints is a column a task with its points.
func (t Text) taskPoints(d *result.Data, groups [][]result.Column) [][]cell {
	heads, blanks := []cell{}, []cell{}
	for _, g := range groups {
		text := t.Lang.T("report.task", "task", g[0].Task)
		heads = append(heads, cell{text, t.paint(text, bold)})
		blanks = append(blanks, plainCell(""))
	}
	rows := [][]cell{heads, blanks}
	for i := range d.Students {
		var row []cell
		for _, g := range groups {
			row = append(row, plainCell(t.taskScore(&d.Students[i], g[0].Task)))
		}
		rows = append(rows, row)
	}
	return rows
}

func ofTask(vs []judge.Verdict, task string) []judge.Verdict {
	var out []judge.Verdict
	for _, v := range vs {
		if v.Task == task {
			out = append(out, v)
		}
	}
	return out
}

// summary says how the class did; while anything is ungraded it says so, and
// how to have it graded.
func (t Text) summary(b *strings.Builder, d *result.Data) {
	s := result.Summarize(d)
	b.WriteString("\n")
	if s.Graded > 0 {
		t.sentence(b, t.Lang.T("report.summary", "students", s.Students, "graded", s.Graded,
			"mean", oneDecimal(s.Mean), "median", oneDecimal(s.Median), "full", s.Full), "")
	} else {
		fmt.Fprintln(b, t.Lang.T("report.summary_none", "students", s.Students))
	}
	if text := soFarText(t.Lang, &s); text != "" {
		t.sentence(b, text, "")
	}
	if s.Excused > 0 {
		fmt.Fprintln(b, t.Lang.T("hand.summary", "n", s.Excused))
	}
	if len(s.Open) > 0 {
		ids := make([]string, 0, len(s.Open))
		for _, id := range s.Open {
			ids = append(ids, oneLine(id))
		}
		key := "report.open"
		if len(s.Open) > listedOpen {
			key = "report.open_many"
		}
		t.sentence(b, t.Lang.T(key, "n", len(s.Open), "ids", ids[:min(len(ids), listedOpen)]), magenta)
		fmt.Fprintln(b, "    → "+t.Lang.T("report.open_hint", "class", oneLine(d.Class), "only", OnlyStudents(ids)))
	}
	if text, hint := apartText(t.Lang, d); text != "" {
		t.sentence(b, text, magenta)
		fmt.Fprintln(b, "    → "+hint)
	}
	t.onRoster(b, d)
	t.lacking(b, d, &s)
	for _, f := range d.Faults {
		line := oneLine(faultLine(t.Lang, f))
		if f.Injected.IsZero() { // the reason is not cut
			fmt.Fprintln(b, line)
			if !f.Mend.Empty() {
				fmt.Fprintln(b, "    → "+oneLine(t.Lang.Text(f.Mend)))
			}
			continue
		}
		t.sentence(b, line, "")
	}
	if worst := s.Worst(worstChecks); len(worst) > 0 {
		t.worst(b, worst)
	}
	t.byHand(b, d)
	t.asked(b, d)
}

// soFarText says of how many there is no final score yet since tasks of theirs are not
// graded, and how they do so far; "" if there are none.
func soFarText(lang i18n.Lang, s *result.Summary) string {
	if len(s.Partial) == 0 {
		return ""
	}
	return lang.T("report.summary_so_far", "n", len(s.Partial), "share", oneDecimal(100*s.SoFar)+"%")
}

// worst are the checks that fewest pass.
func (t Text) worst(b *strings.Builder, worst []result.Rate) {
	fmt.Fprintln(b, t.Lang.T("report.worst"))
	var rows [][]cell
	for _, r := range worst {
		rows = append(rows, []cell{
			plainCell(fmt.Sprintf("  %s.%d", oneLine(r.Task), r.N)),
			plainCell(fmt.Sprintf("%d/%d", r.Passed, r.Judged)),
			plainCell(clipTo(oneLine(r.Title.In(t.Lang)), t.Width-20)),
		})
	}
	grid(b, rows, map[int]bool{1: true})
}

// faultLine says in one line what was made to fail, and for how long.
func faultLine(lang i18n.Lang, f result.Fault) string {
	if f.Injected.IsZero() {
		line := lang.T("report.fault_not_injected", "kind", f.Kind, "target", f.Target)
		if !f.Why.Empty() {
			line = lang.T("report.fault_not_injected_why", "kind", f.Kind, "target", f.Target, "why", f.Why)
		}
		return line
	}
	if f.Restored.IsZero() {
		return lang.T("report.fault_open", "kind", f.Kind, "target", f.Target, "injected", clock(f.Injected))
	}
	return lang.T("report.fault_line", "kind", f.Kind, "target", f.Target, "injected", clock(f.Injected),
		"seconds", oneDecimal(f.Restored.Sub(f.Injected).Seconds()))
}

func oneDecimal(f float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0")
}

// mostTyped is how many students a command to type names.
const mostTyped = 200

// OnlyStudents is the flag that has a command be for some students, with the space before
// it, as a shell takes it; none for more of them than anybody types: the command is whole
// without it too.
func OnlyStudents(ids []string) string {
	if len(ids) == 0 || len(ids) > mostTyped {
		return ""
	}
	return " --students " + diag.ShellWord(strings.Join(ids, ","))
}
