package roster

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/i18n"
)

// Limits of a workbook: unpacked size, sheets looked at, columns of a row.
const (
	maxUnzipped = 64 << 20
	maxSheets   = 20
	maxColumns  = 256
)

var allDigits = regexp.MustCompile(`^[0-9]+$`)

// xlsx reads the one worksheet that has a heading.
func (r *reader) xlsx(data []byte) {
	f, err := excelize.OpenReader(bytes.NewReader(data),
		excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped})
	if err != nil {
		r.whole(i18n.M("roster.bad_workbook", "detail", err.Error()), i18n.M("roster.save_as_hint"))
		return
	}
	defer f.Close()
	var found, first []row
	var sheets []string
	names := f.GetSheetList()
	for _, name := range names[:min(len(names), maxSheets)] {
		rows, ok := r.sheet(f, name)
		if !ok {
			return
		}
		if first == nil {
			first = rows
		}
		if at, _ := findHeading(rows); at >= 0 {
			found = rows
			sheets = append(sheets, name)
		}
	}
	switch len(sheets) {
	case 0:
		r.rows(first)
	case 1:
		r.rows(found)
	default:
		r.whole(i18n.M("roster.sheets", "names", sheets), i18n.M("roster.sheets_hint"))
	}
}

// sheet reads a worksheet twice, as stored and as shown: only both together
// tell a number that lost digits, or one that the format pads with zeros, from
// text. excelize's cell types would need the whole sheet in memory.
func (r *reader) sheet(f *excelize.File, name string) ([]row, bool) {
	stored, err := f.Rows(name)
	if err != nil {
		return nil, true // a chart or macro sheet
	}
	defer stored.Close()
	shown, err := f.Rows(name)
	if err != nil {
		return nil, true
	}
	defer shown.Close()
	var rows []row
	for n := 1; stored.Next() && shown.Next(); n++ {
		raw, err := stored.Columns(excelize.Options{RawCellValue: true})
		if err == nil {
			var text []string
			if text, err = shown.Columns(); err == nil && len(raw) > 0 {
				rows = append(rows, sheetRow(n, raw, text))
			}
		}
		if err != nil {
			r.whole(i18n.M("roster.bad_workbook", "detail", err.Error()), i18n.M("roster.save_as_hint"))
			return nil, false
		}
		if len(raw) > maxColumns {
			r.whole(i18n.M("roster.wide_sheet", "sheet", clip(name), "row", n, "limit", maxColumns), i18n.M("roster.wide_sheet_hint"))
			return nil, false
		}
		if len(rows) > MaxStudents+headingRows+1 {
			break // rows says that there are too many
		}
	}
	if err := stored.Error(); err != nil {
		r.whole(i18n.M("roster.bad_workbook", "detail", err.Error()), i18n.M("roster.save_as_hint"))
		return nil, false
	}
	return rows, true
}

// sheetRow joins the cells to a line, so that messages can show it.
func sheetRow(n int, raw, shown []string) row {
	w := row{line: n, cells: make([]cell, len(raw))}
	var line strings.Builder
	col := 1
	for i, text := range raw {
		if i > 0 {
			line.WriteString(" | ")
			col += 3
		}
		c := cell{col: col}
		c.text, c.bad = cellValue(text, at(shown, i))
		if ref, err := excelize.CoordinatesToCellName(i+1, n); err == nil {
			c.ref = ref
		}
		oneLine := strings.Map(func(r rune) rune {
			if r == '\n' || r == '\r' {
				return ' '
			}
			return r
		}, c.text)
		line.WriteString(oneLine)
		col += len([]rune(oneLine))
		w.cells[i] = c
	}
	w.source = line.String()
	return w
}

func at(s []string, i int) string {
	if i < len(s) {
		return s[i]
	}
	return ""
}

// cellValue is the text that a cell stands for. Excel keeps 15 digits of a
// number: one that is longer has lost some, which shows in that it is rounded
// for display while text is not.
func cellValue(raw, shown string) (string, *complaint) {
	if !allDigits.MatchString(raw) || raw == shown {
		return raw, nil
	}
	if allDigits.MatchString(shown) && strings.TrimLeft(shown, "0") == strings.TrimLeft(raw, "0") {
		return shown, nil // a format such as 0000000000
	}
	if len(raw) > 15 {
		return raw, &complaint{i18n.M("roster.lost_digits", "id", raw), i18n.M("roster.text_cells_hint")}
	}
	return raw, nil
}
