package roster

import (
	"errors"
	"slices"
	"strings"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sheetfile"
)

// Limits of a workbook with a roster in it.
const (
	maxUnzipped = 48 << 20
	maxSheets   = 20 // looked at
	maxColumns  = 256
)

var bookLimits = sheetfile.Limits{Unpacked: maxUnzipped, Text: maxText}

// xlsx reads the one worksheet that has a heading.
func (r *reader) xlsx(data []byte) {
	r.xlsxParts(sheetfile.Unzip(data, bookLimits))
}

func (r *reader) xlsxParts(open sheetfile.Parts, err error) {
	if err == nil {
		err = r.workbook(open)
	}
	switch {
	case err == nil, r.ctx.Err() != nil:
	case errors.Is(err, sheetfile.ErrUnfolds):
		r.whole(i18n.M("roster.too_much", "cells", maxCells, "limit", maxUnzipped>>20), i18n.M("roster.too_much_hint"))
	default:
		r.whole(i18n.M("roster.bad_workbook", "detail", err.Error()), i18n.M("roster.save_as_hint"))
	}
}

// workbook reads the parts that a roster is in.
func (r *reader) workbook(open sheetfile.Parts) error {
	b, err := sheetfile.Open(r.ctx, open, bookLimits)
	if err != nil {
		return err
	}
	// What a person does not see is not what they hand in.
	sheets := slices.DeleteFunc(slices.Clone(b.Sheets()), func(s sheetfile.Sheet) bool { return s.Hidden })
	type table struct {
		name   string
		rows   []row
		hidden []int
		merged []span
	}
	var first, bare *table // a heading alone is bare
	var found []table
	for _, s := range sheets[:min(len(sheets), maxSheets)] {
		// Rows of all sheets count against the limits.
		t := table{name: s.Name}
		ok, err := r.sheet(b, s, &t.rows, &t.hidden, &t.merged)
		if err != nil || !ok {
			return err
		}
		if first == nil {
			first = &t
		}
		switch at, _ := findHeading(t.rows); {
		case at >= 0 && len(t.rows) > at+1:
			found = append(found, t)
		case at >= 0 && bare == nil:
			bare = &t
		}
	}
	switch {
	case first == nil:
		return sheetfile.ErrNoPart
	case len(found) > 1:
		names := make([]string, len(found))
		for i, t := range found {
			names[i] = t.name
		}
		r.whole(i18n.M("roster.sheets", "names", names), i18n.M("roster.sheets_hint"))
		return nil
	case len(found) == 0 && bare != nil:
		found = append(found, *bare)
	case len(found) == 0:
		found = append(found, *first)
	}
	t := found[0]
	r.merged = t.merged
	r.rows(t.rows)
	if at, _ := findHeading(t.rows); at >= 0 {
		r.hidden = slices.DeleteFunc(t.hidden, func(line int) bool { return line <= t.rows[at].line })
	}
	return nil
}

// sheet reads a worksheet into rows; false if r has a problem with it.
func (r *reader) sheet(b *sheetfile.Book, s sheetfile.Sheet, rows *[]row, hidden *[]int, merged *[]span) (bool, error) {
	good := true
	err := b.Cells(s, func(n int, isHidden bool, cells []sheetfile.Cell) bool {
		cells = slices.DeleteFunc(cells, func(c sheetfile.Cell) bool { return trim(c.Text) == "" }) // a formula that shows nothing
		if len(cells) == 0 {
			return true
		}
		if last := cells[len(cells)-1].Col; last > maxColumns {
			r.whole(i18n.M("roster.wide_sheet", "sheet", clip(s.Name), "row", n, "limit", maxColumns), i18n.M("roster.wide_sheet_hint"))
			good = false
			return false
		}
		w := sheetRow(n, cells)
		if !r.room(w) {
			good = false
			return false
		}
		if isHidden {
			*hidden = append(*hidden, n)
		}
		*rows = append(*rows, w)
		return len(*rows) <= MaxStudents+headingRows+1 // rows says that there are too many
	}, func(m sheetfile.Span) {
		if m.FromCol == m.ToCol && m.ToRow > m.FromRow {
			*merged = append(*merged, span{m.FromCol, m.FromRow, m.ToRow})
		}
	})
	var where *sheetfile.BadPlace
	if errors.As(err, &where) {
		r.whole(i18n.M("roster.bad_place", "sheet", clip(s.Name), "place", clip(where.Text)), i18n.M("roster.bad_place_hint"))
		return false, nil
	}
	return good, err
}

// sheetRow joins the cells to a line, so that messages can show it.
func sheetRow(n int, cells []sheetfile.Cell) row {
	w := row{line: n, cells: make([]cell, cells[len(cells)-1].Col)}
	for _, c := range cells {
		in := cell{text: c.Text}
		if c.Moment != "" { // as a person sees it, not a number of days
			in.text = c.Moment
		}
		if c.LostDigits {
			in.bad = &complaint{i18n.M("roster.lost_digits", "id", clip(c.Text)), i18n.M("roster.text_cells_hint")}
		}
		w.cells[c.Col-1] = in
	}
	var line strings.Builder
	col := 1
	for i := range w.cells {
		if i > 0 {
			line.WriteString(" | ")
			col += 3
		}
		w.cells[i].col, w.cells[i].sheet = col, i+1
		for _, r := range w.cells[i].text {
			if r == '\n' || r == '\r' {
				r = ' '
			}
			line.WriteRune(r)
			col++
		}
	}
	w.source = line.String()
	return w
}
