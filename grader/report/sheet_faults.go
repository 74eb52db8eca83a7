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

// Columns of the fault windows. The pictures stand on pictureColumns blank ones, which
// are on paper; what is right of them is not.
const (
	faultDown       = 5
	faultReplaced   = 6
	faultRecovered  = 7
	faultPrinted    = 9
	pictureColumns  = 5
	faultWindow     = faultPrinted + pictureColumns + 3
	faultStretches  = faultWindow + 2
	listedStretches = 4
)

// mostPictured bounds the students in a picture, and those whose requests are read for
// one: each lies in the gradebook by itself.
const mostPictured = 60

// faults is a row for each student who was, or should have been, in a fault
// window, with a strip that shows it, and the class's faults below. Without any there
// is no sheet.
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
		b.longest(10, func(s *result.Student) string { return s.ID }),
		min(b.longest(8, func(s *result.Student) string { return oneLine(s.Name) }), 16), 10, 6.5, 7, 7, 8, 7, 7,
	}
	for range pictureColumns {
		widths = append(widths, 8)
	}
	widths[1] = b.within(widths, 1, nameLeast, (paperShort-2*sideMargin)/smallest)
	widths = append(widths, 10, 60, 9)
	for range listedStretches + 1 {
		widths = append(widths, 9)
	}
	s, err := b.open(paper{
		name: b.t("sheet_faults"), widths: widths, rows: len(rows) + 1 + len(b.d.Faults), lead: 2,
		printed: faultPrinted + pictureColumns, portrait: true, least: smallest,
	})
	if err != nil {
		return err
	}
	if err := s.add(b.faultHeads()); err != nil {
		return err
	}
	var pictured []*result.Timeline
	for i := range b.d.Students {
		vs, ok := rows[i]
		if !ok {
			continue
		}
		student := &b.d.Students[i]
		x := b.picture(student, s.row)
		if x != nil {
			pictured = append(pictured, x)
		}
		if err := s.add(b.faultRow(student, vs, x, s.row+1)); err != nil {
			return err
		}
	}
	if err := s.filter(faultWindow); err != nil {
		return err
	}
	if err := b.f.AddIgnoredErrors(s.name, "A2:"+ref(1, s.row), excelize.IgnoredErrorsNumberStoredAsText); err != nil {
		return err
	}
	if err := b.stretchChart(s); err != nil {
		return err
	}
	for _, f := range b.d.Faults {
		if err := s.add([]any{textCell(faultLine(b.lang, f), st.text, st.textQuoted)}); err != nil {
			return err
		}
	}
	s.reserve(1, leastChart)
	if err := b.answers(s, pictured); err != nil {
		return err
	}
	return s.end()
}

// picture is the fault window of the student in a row; nil for one that is not at hand.
// Marks come out also where such a record is damaged: only its picture is missing.
func (b *book) picture(s *result.Student, row int) *result.Timeline {
	if row > mostPictured {
		return nil
	}
	x, err := b.o.timeline(s)
	if err != nil {
		return nil
	}
	return x
}

func (b *book) faultHeads() []any {
	var out []any
	head := func(key string) {
		c := excelize.Cell{StyleID: b.st.head}
		if key != "" {
			c.Value = b.t(key)
		}
		out = append(out, c)
	}
	for _, key := range []string{
		"id", "name", "fault_target", "fault_hit", "fault_down", "fault_replaced", "fault_recovered", "fault_failed", "fault_outage", "fault_picture",
	} {
		head(key)
	}
	for range pictureColumns - 1 {
		head("")
	}
	for _, key := range []string{"fault_answering", "fault_result", "fault_window"} {
		head(key)
	}
	out = append(out, nil)
	for _, key := range stretches {
		head(key.name)
	}
	return out
}

func (b *book) faultRow(s *result.Student, vs []judge.Verdict, x *result.Timeline, row int) []any {
	st, f := b.st, merged(vs)
	hit := "" // nothing of the service's was hit, or nobody knows
	if n, ok := number(f["hit"]); ok {
		before, _ := number(f["before"])
		hit = oneDecimal(n) + " / " + oneDecimal(before)
	}
	target, _ := f["target"].(string)
	out := []any{
		textCell(s.ID, st.text, st.textQuoted), textCell(oneLine(s.Name), st.text, st.textQuoted),
		textCell(target, st.text, st.textQuoted), excelize.Cell{StyleID: st.points, Value: hit},
		b.figure(f, "down_s"), b.figure(f, "replaced_s"), b.figure(f, "recovered_s"), b.share(f, "failed_share"), b.figure(f, "outage_s"),
	}
	for range pictureColumns {
		out = append(out, nil)
	}
	window := excelize.Cell{StyleID: st.points}
	if x != nil {
		window.Value = round2(max(x.To, 0))
	}
	out = append(out, b.figure(f, "answering_s"), textCell(oneLine(b.lang.Text(vs[0].Message)), st.text, st.textQuoted), window, nil)
	return append(out, b.stretchCells(f, x, row)...)
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
