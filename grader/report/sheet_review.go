package report

import (
	"strings"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/result"
)

// span is the columns that a cell of a list takes.
type span struct{ from, to int }

// Columns of what an instructor should look at: on a sheet by itself, and over the columns
// of the changes by hand; the last is not on paper.
var (
	findingsAlone = []span{{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}, {7, 7}}
	findingsAbove = []span{{1, 1}, {2, 3}, {4, 5}, {6, 6}, {7, 10}, {11, 11}, {12, 12}}
)

// changePrinted are the columns of the changes by hand, all of which are on paper.
const changePrinted = 11

// review is what an instructor should look at and every change by hand. Both are short
// in most classes and share a sheet, so that they share its paper; a class that has only
// one of them has that alone, and one without either has no sheet.
func (b *book) review() error {
	found, changed := len(b.d.Findings), byHandOf(b.d).history
	switch {
	case found == 0 && changed == 0:
		return nil
	case changed == 0:
		s, err := b.open(paper{
			name: b.t("sheet_findings"), widths: []float64{8, 24, 26, 7, 56, 56, 22}, rows: found + 2, printed: 6, least: smallest,
		})
		if err != nil {
			return err
		}
		if err := b.findings(s, findingsAlone); err != nil {
			return err
		}
		return s.end()
	}
	p := paper{
		name: b.t("sheet_changes"), rows: changed + 1, lead: 4, least: smallest, widths: []float64{
			18, 10, b.longest(12, func(s *result.Student) string { return s.ID }), b.longest(8, func(s *result.Student) string { return oneLine(s.Name) }),
			20, 9, 9, 9, 9, 9, 40,
		},
	}
	if found > 0 {
		p.name, p.rows, p.lead, p.printed, p.loose = b.t("sheet_review"), p.rows+found+4, 0, changePrinted, true
		p.widths[changePrinted-1] = 52
	}
	p.widths[changePrinted-1] = b.within(p.widths, changePrinted-1, 24, (paperLong-2*sideMargin)/smallest)
	if found > 0 {
		p.widths = append(p.widths, 22)
	}
	s, err := b.open(p)
	if err != nil {
		return err
	}
	if found > 0 {
		if err := b.findings(s, findingsAbove); err != nil {
			return err
		}
		for _, row := range [][]any{nil, {excelize.Cell{StyleID: b.st.label, Value: b.t("sheet_changes")}}} {
			if err := s.add(row); err != nil {
				return err
			}
		}
	}
	if err := b.changes(s); err != nil {
		return err
	}
	return s.end()
}

// findings lists what an instructor should look at.
func (b *book) findings(s *sheet, spans []span) error {
	add := func(cells ...excelize.Cell) error {
		row, high := make([]any, spans[len(spans)-1].to), s.textHeight(1)
		for i, c := range cells {
			h, err := s.across(row, c, spans[i].from, spans[i].to)
			if err != nil {
				return err
			}
			high = max(high, h)
		}
		return s.put(row, high, 0)
	}
	var heads []excelize.Cell
	for _, key := range []string{"severity", "finding", "students", "task_heading", "message", "evidence_where", "evidence"} {
		heads = append(heads, excelize.Cell{StyleID: b.st.head, Value: b.t(key)})
	}
	if err := add(heads...); err != nil {
		return err
	}
	for _, f := range b.d.Findings {
		var where, hashes []string
		for _, e := range f.Evidence {
			where = append(where, oneLine(refText(e)))
			hashes = append(hashes, e.Bundle)
		}
		if err := add(
			b.wrap(b.lang.Text(f.Kind.Severity().Text())), b.wrap(b.lang.Text(f.Kind.Title())),
			b.wrap(oneLine(strings.Join(called(b.d, f.Students), ", "))), textCell(oneLine(f.Task), b.st.text, b.st.textQuoted),
			b.wrap(oneLine(b.lang.Text(f.Message))), b.wrap(strings.Join(where, "\n")), b.wrap(strings.Join(uniq(hashes), "\n")),
		); err != nil {
			return err
		}
	}
	return s.add([]any{excelize.Cell{StyleID: b.st.note, Value: b.t("findings_note")}})
}

// changes lists every change by hand, a row each, and lets it be filtered.
func (b *book) changes(s *sheet) error {
	st := b.st
	if err := s.heads([]string{
		"change_when", "change_who", "id", "name", "change_what", "change_kind", "change_before", "change_after", "change_total_before",
		"change_total_after", "change_reason",
	}); err != nil {
		return err
	}
	head := s.row
	text := func(s string) excelize.Cell { return textCell(oneLine(s), st.text, st.textQuoted) }
	for i := range b.d.Students {
		student := &b.d.Students[i]
		for _, c := range student.History {
			when, e, why := "", c.Effect, c.Reason
			if !c.When.IsZero() {
				when = c.When.Format("2006-01-02 15:04:05")
			}
			row := []any{
				text(when), text(c.Who), textCell(student.ID, st.text, st.textQuoted), text(student.Name), text(target(b.lang, c.Task, c.Check)),
				text(b.word("kind_", string(c.Kind))),
			}
			if c.Kind == result.Remark {
				row[4], why = text(""), c.Text
			}
			for _, score := range []result.Score{e.Before, e.After, e.TotalBefore, e.TotalAfter} {
				if c.Kind == result.Remark || e == (result.Effect{}) {
					row = append(row, text(""))
					continue
				}
				row = append(row, text(ScoreText(b.lang, score)))
			}
			if err := s.add(append(row, b.wrap(why))); err != nil {
				return err
			}
		}
	}
	if err := b.f.AutoFilter(s.name, ref(1, head)+":"+ref(changePrinted, s.row), nil); err != nil {
		return err
	}
	return b.f.AddIgnoredErrors(s.name, ref(1, head+1)+":"+ref(4, s.row), excelize.IgnoredErrorsNumberStoredAsText)
}
