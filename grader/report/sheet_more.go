package report

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

func (b *book) wrap(text string) excelize.Cell { return textCell(text, b.st.wrap, b.st.wrapQuoted) }

func (s *sheet) heads(keys []string) error {
	row := make([]any, len(keys))
	for i, key := range keys {
		row[i] = excelize.Cell{StyleID: s.b.st.head, Value: s.b.t(key)}
	}
	return s.add(row)
}

// Columns of the rubric that are on paper; what is said of the run is over those right
// of the label.
const rubricPrinted = 4

// rubric lists every check of the rubric, graded here or not, and under it where the
// results come from, so that both share a page.
func (b *book) rubric() error {
	st := b.st
	var checks []*rubric.Check
	for _, task := range b.d.Rubric.Tasks {
		checks = append(checks, task.Checks...)
	}
	rows := b.runRows()
	s, err := b.open(paper{
		name: b.t("sheet_rubric"), widths: []float64{32, 48, 7, 22, 22, 40}, rows: len(checks) + len(rows) + 5, portrait: true, printed: rubricPrinted, least: smallest,
	})
	if err != nil {
		return err
	}
	if err := s.heads([]string{"task_heading", "check", "max", "check_id", "kind", "needs"}); err != nil {
		return err
	}
	var sum rubric.Points
	for _, task := range b.d.Rubric.Tasks {
		for _, c := range task.Checks {
			sum += c.Points
			if err := s.add([]any{
				textCell(oneLine(task.Title.In(b.lang)), st.text, st.textQuoted), b.wrap(c.Title.In(b.lang)), excelize.Cell{StyleID: st.points, Value: c.Points.Float()},
				textCell(c.ID, st.text, st.textQuoted), textCell(c.Kind, st.text, st.textQuoted),
				textCell(strings.Join(c.Needs, ", "), st.text, st.textQuoted),
			}); err != nil {
				return err
			}
		}
	}
	if len(checks) > 0 {
		label := excelize.Cell{StyleID: st.label, Value: b.t("sum")}
		blank := excelize.Cell{StyleID: st.label}
		if err := s.add([]any{label, blank, excelize.Cell{
			StyleID: st.total, Formula: "ROUND(SUM(C2:" + ref(3, len(checks)+1) + "),2)", Value: sum.Float(),
		}}); err != nil {
			return err
		}
	}
	if err := s.gap(); err != nil {
		return err
	}
	if err := b.run(s, rows); err != nil {
		return err
	}
	s.onPaper = s.row - 1 // how the workbook is used is for a screen
	return s.end()
}

// run says where the results come from; how it is used comes last, off paper.
func (b *book) run(s *sheet, rows [][2]string) error {
	add := func(style int, label string, value excelize.Cell) error {
		row := make([]any, rubricPrinted)
		row[0] = excelize.Cell{StyleID: style, Value: label}
		high, err := s.across(row, value, 2, rubricPrinted)
		if err != nil {
			return err
		}
		return s.put(row, high, 0)
	}
	if err := add(b.st.head, b.t("item"), excelize.Cell{StyleID: b.st.head, Value: b.t("value")}); err != nil {
		return err
	}
	for _, r := range rows {
		if err := add(b.st.label, b.t(r[0]), b.wrap(r[1])); err != nil {
			return err
		}
	}
	return nil
}

// runRows are what is known of where the results come from, as keys of labels with what
// they label; the last is how the workbook is used.
func (b *book) runRows() [][2]string {
	d, rub := b.d, b.d.Rubric
	task := d.Run.Task
	if task == "auto" {
		task = b.t("task_auto")
	}
	both := func(a, b string) string { return strings.TrimSpace(a + "  " + b) }
	rows := [][2]string{
		{"run_class", both(d.Class, d.Title)},
		{"run_lab", rub.Title.In(b.lang)},
		{"run_part", partText(b.lang, b.o.Part)},
		{"run_id", d.Run.ID},
		{"run_task", task},
		{"run_status", b.word("status_", d.Run.Status)},
		{"run_policy", b.word("policy_", d.Run.Policy)},
		{"run_started", clock(d.Run.Started)},
		{"run_finished", clock(d.Run.Finished)},
		{"run_tool", d.Run.Tool},
		{"run_rubric", both(rub.ID+" v"+strconv.Itoa(rub.Version), rub.SHA256)},
		{"run_roster_hash", d.Run.RosterSHA256},
		{"run_regrades", d.Run.Regrades},
		{"run_students", strconv.Itoa(len(d.Students))},
		{"run_late", b.latePolicy()},
	}
	for _, s := range d.Sets {
		key := "run_set_text"
		if s.Regrade != "" {
			key = "run_set_again"
		}
		rows = append(rows, [2]string{"run_set", b.t(key, "run", s.Run, "regrade", s.Regrade, "observed", clock(s.Observed),
			"judged", clock(s.Judged), "rubric", s.RubricID+" v"+strconv.Itoa(s.RubricVersion), "hash", s.RubricSHA256, "attempts", s.Attempts)})
	}
	sum := result.Summarize(d)
	rows = append(rows, [2]string{"run_yet", Text{Lang: b.lang}.yetAll("missing.run_yet_text", d, &sum)})
	if ids := left(d); len(ids) > 0 {
		rows = append(rows, [2]string{"run_left", strings.Join(ids, ", ")})
	}
	if text, hint := apartText(b.lang, d); text != "" {
		rows = append(rows, [2]string{"run_apart", text + " → " + hint})
	}
	if len(d.Unseen) > 0 {
		rows = append(rows, [2]string{"run_unseen", strings.Join(d.Unseen, ", ")})
	}
	for _, f := range d.Faults {
		text := b.t("run_fault_text", "kind", f.Kind, "target", f.Target, "injected", clock(f.Injected), "restored", clock(f.Restored))
		switch {
		case f.Injected.IsZero():
			text = faultLine(b.lang, f)
		case f.Restored.IsZero():
			text = b.t("run_fault_open", "kind", f.Kind, "target", f.Target, "injected", clock(f.Injected))
		}
		rows = append(rows, [2]string{"run_fault", text})
	}
	rows = append(rows, [2]string{"run_note", b.t("run_note_text")})
	return slices.DeleteFunc(rows, func(r [2]string) bool { return r[1] == "" })
}

// word says one of a fixed set of words; one that the catalogs do not have
// stays as it is.
func (b *book) word(prefix, word string) string {
	if _, ok := b.lang.Raw("report." + prefix + word); ok {
		return b.t(prefix + word)
	}
	return word
}

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04:05 -07:00")
}

// className is what a class is called.
func className(d *result.Data) string {
	if d.Title != "" {
		return d.Title
	}
	return d.Class
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02")
}
