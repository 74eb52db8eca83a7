package report

import (
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/check"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// details is a row a student and check: what was seen, what was wanted, what
// to do next, and the hash of the evidence.
func (b *book) details() error {
	st := b.st
	rows := 1
	for _, s := range b.d.Students {
		rows += len(s.Verdicts)
	}
	keys := []string{
		"id", "name", "task_heading", "check", "outcome", "points", "max", "message", "hint", "observed", "expected",
		"check_id", "evidence",
	}
	hand := byHandOf(b.d).points
	if hand {
		keys = append(keys, "by_hand_points", "override_reason")
	}
	widths := []float64{
		b.longest(12, func(s *result.Student) string { return s.ID }),
		b.longest(10, func(s *result.Student) string { return oneLine(s.Name) }), 6, 24, 11, 9, 7, 36, 36, 26, 22, 22, 22,
	}
	if hand {
		widths = append(widths, 9, 30)
	}
	s, err := b.open(b.t("sheet_details"), widths, rows, 2)
	if err != nil {
		return err
	}
	if err := s.heads(keys); err != nil {
		return err
	}
	titles := make(map[string]string)
	for _, c := range b.columns {
		titles[c.Check] = c.Title.In(b.lang)
	}
	for i := range b.d.Students {
		student := &b.d.Students[i]
		id, name := textCell(student.ID, st.text, st.textQuoted), textCell(oneLine(student.Name), st.text, st.textQuoted)
		for _, v := range student.Verdicts {
			points := excelize.Cell{StyleID: st.points, Value: v.Points.Float()}
			if v.Outcome == check.Ungraded {
				points = excelize.Cell{StyleID: st.ungraded, Value: b.t("ungraded")}
			}
			row := []any{
				id, name,
				textCell(v.Task, st.text, st.textQuoted), b.wrap(titles[v.Check]),
				excelize.Cell{StyleID: st.outcome[v.Outcome], Value: b.t("outcome_" + string(v.Outcome))},
				points, excelize.Cell{StyleID: st.points, Value: v.Max.Float()},
				b.wrap(b.lang.Text(v.Message)), b.wrap(b.lang.Text(v.Hint)),
				b.wrap(facts(b.lang, v.Observed, true)), b.wrap(facts(b.lang, v.Expected, true)),
				textCell(v.Check, st.text, st.textQuoted), textCell(v.Evidence, st.text, st.textQuoted),
			}
			if o, set := student.Override(v.Check); set {
				set := excelize.Cell{StyleID: st.total, Value: any(o.Points.Float())}
				if o.Excused {
					set.Value = b.lang.T("hand.excused")
				}
				row = append(row, set, b.wrap(o.Reason))
			}
			if err := s.add(row); err != nil {
				return err
			}
		}
	}
	if err := s.filter(); err != nil {
		return err
	}
	if rows > 1 {
		if err := b.f.AddIgnoredErrors(s.name, "A2:"+ref(3, rows), excelize.IgnoredErrorsNumberStoredAsText); err != nil {
			return err
		}
	}
	return s.Flush()
}

func (b *book) wrap(text string) excelize.Cell { return textCell(text, b.st.wrap, b.st.wrapQuoted) }

func (s *sheet) heads(keys []string) error {
	row := make([]any, len(keys))
	for i, key := range keys {
		row[i] = excelize.Cell{StyleID: s.b.st.head, Value: s.b.t(key)}
	}
	return s.add(row)
}

// rubric lists every check of the rubric, graded here or not.
func (b *book) rubric() error {
	st := b.st
	var checks []*rubric.Check
	for _, task := range b.d.Rubric.Tasks {
		checks = append(checks, task.Checks...)
	}
	s, err := b.open(b.t("sheet_rubric"), []float64{30, 20, 40, 8, 22, 40}, len(checks)+2, 0)
	if err != nil {
		return err
	}
	if err := s.heads([]string{"task_heading", "check_id", "check", "max", "kind", "needs"}); err != nil {
		return err
	}
	var sum rubric.Points
	for _, task := range b.d.Rubric.Tasks {
		for _, c := range task.Checks {
			sum += c.Points
			if err := s.add([]any{
				b.wrap(task.Title.In(b.lang)), textCell(c.ID, st.text, st.textQuoted), b.wrap(c.Title.In(b.lang)),
				excelize.Cell{StyleID: st.points, Value: c.Points.Float()}, b.wrap(c.Kind),
				b.wrap(strings.Join(c.Needs, ", ")),
			}); err != nil {
				return err
			}
		}
	}
	if len(checks) > 0 {
		label := excelize.Cell{StyleID: st.label, Value: b.t("sum")}
		blank := excelize.Cell{StyleID: st.label}
		if err := s.add([]any{label, blank, blank, excelize.Cell{
			StyleID: st.total, Formula: "SUM(D2:" + ref(4, len(checks)+1) + ")", Value: sum.Float(),
		}}); err != nil {
			return err
		}
	}
	return s.Flush()
}

// run says where the results come from.
func (b *book) run() error {
	d, rub := b.d, b.d.Rubric
	rows := [][2]string{
		{"run_class", strings.TrimSpace(d.Class + "  " + d.Title)},
		{"run_lab", rub.Title.In(b.lang)},
		{"run_id", d.Run.ID},
		{"run_task", d.Run.Task},
		{"run_status", b.word("status_", d.Run.Status)},
		{"run_policy", b.word("policy_", d.Run.Policy)},
		{"run_started", clock(d.Run.Started)},
		{"run_finished", clock(d.Run.Finished)},
		{"run_tool", d.Run.Tool},
		{"run_rubric", rub.ID + " v" + strconv.Itoa(rub.Version)},
		{"run_rubric_hash", rub.SHA256},
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
	if d.Run.Task == "auto" {
		rows[3][1] = b.t("task_auto")
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
	s, err := b.open(b.t("sheet_run"), []float64{20, 84}, len(rows)+1, 0)
	if err != nil {
		return err
	}
	if err := s.heads([]string{"item", "value"}); err != nil {
		return err
	}
	for _, r := range rows {
		if r[1] == "" {
			continue
		}
		if err := s.add([]any{excelize.Cell{StyleID: b.st.label, Value: b.t(r[0])}, b.wrap(r[1])}); err != nil {
			return err
		}
	}
	return s.Flush()
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
