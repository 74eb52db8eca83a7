package report

import (
	"slices"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
)

// windowKinds are the kinds of check that look at a fault window.
var windowKinds = []string{"recovers", "replaced", "available", "outage"}

// windowVerdicts are a student's verdicts on a fault window.
func windowVerdicts(d *result.Data, s *result.Student) []judge.Verdict {
	var out []judge.Verdict
	for _, v := range s.Verdicts {
		if c, ok := d.Rubric.Check(v.Check); ok && slices.Contains(windowKinds, c.Kind) {
			out = append(out, v)
		}
	}
	return out
}

// faults is a row for each student who was, or should have been, in a fault
// window, and the class's faults below. Without any there is no sheet.
func (b *book) faults() error {
	st := b.st
	rows := make(map[int][]judge.Verdict)
	for i := range b.d.Students {
		if vs := windowVerdicts(b.d, &b.d.Students[i]); len(vs) > 0 {
			rows[i] = vs
		}
	}
	if len(rows) == 0 {
		return nil
	}
	widths := []float64{
		b.longest(12, func(s *result.Student) string { return s.ID }),
		b.longest(10, func(s *result.Student) string { return oneLine(s.Name) }), 13, 10, 10, 10, 10, 10, 10, 12, 60,
	}
	s, err := b.open(b.t("sheet_faults"), widths, len(rows)+1+len(b.d.Faults), 2)
	if err != nil {
		return err
	}
	if err := s.heads([]string{
		"id", "name", "fault_target", "fault_hit", "fault_down", "fault_replaced", "fault_answering", "fault_recovered",
		"fault_failed", "fault_outage", "fault_result",
	}); err != nil {
		return err
	}
	for i := range b.d.Students {
		vs, ok := rows[i]
		if !ok {
			continue
		}
		student := &b.d.Students[i]
		f := merged(vs)
		hit := "" // nothing of the service's was hit, or nobody knows
		if n, ok := number(f["hit"]); ok {
			before, _ := number(f["before"])
			hit = oneDecimal(n) + " / " + oneDecimal(before)
		}
		target, _ := f["target"].(string)
		if err := s.add([]any{
			textCell(student.ID, st.text, st.textQuoted), textCell(oneLine(student.Name), st.text, st.textQuoted),
			textCell(target, st.text, st.textQuoted), excelize.Cell{StyleID: st.points, Value: hit},
			b.figure(f, "down_s"), b.figure(f, "replaced_s"), b.figure(f, "answering_s"), b.figure(f, "recovered_s"),
			b.share(f, "failed_share"), b.figure(f, "outage_s"), b.wrap(b.lang.Text(vs[0].Message)),
		}); err != nil {
			return err
		}
	}
	if err := s.filter(); err != nil {
		return err
	}
	if err := b.f.AddIgnoredErrors(s.name, "A2:"+ref(1, s.row), excelize.IgnoredErrorsNumberStoredAsText); err != nil {
		return err
	}
	for _, f := range b.d.Faults {
		if err := s.add([]any{textCell(faultLine(b.lang, f), st.text, st.textQuoted)}); err != nil {
			return err
		}
	}
	return s.Flush()
}

// merged joins the facts of several verdicts on one window.
func merged(vs []judge.Verdict) check.Facts {
	out := check.Facts{}
	for _, v := range vs {
		for k, x := range v.Observed {
			if x != nil {
				out[k] = x
			}
		}
	}
	return out
}

// figure is a cell with seconds, "–" where the moment did not come.
func (b *book) figure(f check.Facts, key string) excelize.Cell {
	if n, ok := number(f[key]); ok {
		return excelize.Cell{StyleID: b.st.points, Value: n}
	}
	return excelize.Cell{StyleID: b.st.blocked, Value: "–"}
}

func (b *book) share(f check.Facts, key string) excelize.Cell {
	if n, ok := number(f[key]); ok {
		return excelize.Cell{StyleID: b.st.percent, Value: n}
	}
	return excelize.Cell{StyleID: b.st.blocked, Value: "–"}
}

// number reads a fact, which was stored as JSON or comes right from a check.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	}
	return 0, false
}
