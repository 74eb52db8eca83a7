package roster

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"slices"
	"strings"

	"golang.org/x/text/width"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// Form is a workbook of somebody else's that is read cell by cell, within the bounds
// of rosters, to be changed in a few places.
type Form struct {
	b *book
	// Zip is the file itself, of members with different names.
	Zip *zip.Reader
	// Sheets are the names of the worksheets that a person sees.
	Sheets []string
}

// Place is where a tag stands in a member of the zip, in bytes of what it unfolds to.
type Place struct {
	Part     string
	From, To int64
}

// Area is a range of cells, from 1.
type Area struct{ Col1, Row1, Col2, Row2 int }

// FormRow is a row of a worksheet, with cells that are blank.
type FormRow struct {
	N     int
	Tag   Place // of its start
	Cells []FormCell
}

// FormCell is a cell of a worksheet.
type FormCell struct {
	Col  int
	Text string // as a person reads it
	// Number and Formula say what it holds; Lost, that digits of a number are lost.
	Number, Formula, Lost bool
	Place                 Place
	Prefix, Style         string // of its tag
}

// FormTable is a worksheet.
type FormTable struct {
	Sheet  string
	Rows   []FormRow
	Merged []Area
	// Formulas says that it has any.
	Formulas bool
}

// OpenForm opens a workbook. file is its name in messages; the error is a
// [diag.Failure] of code Usage, or that of ctx.
func OpenForm(ctx context.Context, data []byte, file string) (*Form, error) {
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case len(data) > MaxRosterBytes:
		return nil, diag.Misuse(i18n.M("roster.file_too_big", "path", file), i18n.M("roster.file_too_big_hint"))
	case bytes.HasPrefix(data, []byte("\xD0\xCF\x11\xE0")):
		return nil, diag.Misuse(i18n.M("roster.old_excel"), i18n.M("roster.save_as_hint"))
	}
	open, err := unzip(data)
	if err != nil {
		return nil, formError(ctx, err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, formError(ctx, err)
	}
	seen := map[string]bool{}
	for _, f := range z.File {
		if name := partName(f.Name); seen[name] {
			return nil, formError(ctx, errTwice)
		}
		seen[partName(f.Name)] = true
	}
	b := &book{open: open, ctx: ctx, left: maxUnzipped}
	if err := b.contents(); err != nil {
		return nil, formError(ctx, err)
	}
	f := &Form{b: b, Zip: z}
	for _, s := range b.sheets {
		f.Sheets = append(f.Sheets, s.name)
	}
	return f, nil
}

var errTwice = errors.New("two parts of it have one name")

func formError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errUnfolds):
		return diag.Misuse(i18n.M("roster.too_much", "cells", maxCells, "limit", maxUnzipped>>20), i18n.M("roster.too_much_hint"))
	}
	return diag.Misuse(i18n.M("roster.bad_workbook", "detail", err.Error()), i18n.M("roster.save_as_hint"))
}

// partName is a member's name as relations name it.
func partName(name string) string { return strings.ToLower(strings.ReplaceAll(name, `\`, "/")) }

// Member is the member of the zip that a place is in.
func (f *Form) Member(p Place) *zip.File {
	i := slices.IndexFunc(f.Zip.File, func(z *zip.File) bool { return partName(z.Name) == p.Part })
	if i < 0 {
		return nil
	}
	return f.Zip.File[i]
}

// Calc is where the workbook says how its formulas are computed, if it does.
func (f *Form) Calc() Place { return f.b.calc }

// Read reads the i-th worksheet.
func (f *Form) Read(i int) (*FormTable, error) {
	part := f.b.sheets[i].part
	t := &FormTable{Sheet: f.Sheets[i]}
	s := &sheetReader{b: f.b, all: true}
	cells, size := 0, 0
	err := s.walk(part, func() bool {
		row := FormRow{N: s.row, Tag: Place{part, s.from, s.to}}
		for _, c := range s.cells {
			row.Cells = append(row.Cells, FormCell{
				Col: c.col, Text: trim(c.text), Number: c.number, Formula: c.counts, Lost: c.bad != nil,
				Place: Place{part, c.from, c.to}, Prefix: c.prefix, Style: c.style,
			})
			t.Formulas = t.Formulas || c.counts
			size += len(c.text)
		}
		cells += len(s.cells)
		if len(row.Cells) > 0 {
			t.Rows = append(t.Rows, row)
		}
		return cells <= maxCells && size <= maxText
	}, func(a Area) { t.Merged = append(t.Merged, a) })
	if err == nil && len(s.path) > 0 && cells <= maxCells && size <= maxText {
		err = errNesting
	}
	if err == nil && (cells > maxCells || size > maxText) {
		err = errUnfolds
	}
	if err != nil {
		return nil, formError(f.b.ctx, err)
	}
	return t, nil
}

var errNesting = errors.New("its tags do not match")

// maxDepth bounds how deep tags are nested.
const maxDepth = 100

// homes are where tags that are read stand, as the tags around them; those that are
// called the same elsewhere, as the anchors of buttons are, mean something else.
var homes = map[string][]string{
	"row": {"worksheet", "sheetData"}, "c": {"worksheet", "sheetData", "row"}, "mergeCell": {"worksheet", "mergeCells"},
	"v": {"worksheet", "sheetData", "row", "c"}, "f": {"worksheet", "sheetData", "row", "c"}, "is": {"worksheet", "sheetData", "row", "c"},
}

// nest follows tags, since what is written into them has to be found again by programs
// that are strict; known is false for one that is not where it belongs.
func (s *sheetReader) nest(t xml.Token) (known bool, err error) {
	at := func(name xml.Name) bool {
		home, ok := homes[name.Local]
		return !ok || slices.Equal(home, s.path)
	}
	switch t := t.(type) {
	case xml.StartElement:
		if len(s.path) >= maxDepth || t.Name.Local == "sheetData" && s.table {
			return false, errNesting
		}
		s.table = s.table || t.Name.Local == "sheetData"
		known = at(t.Name)
		s.path, s.names = append(s.path, t.Name.Local), append(s.names, t.Name)
		return known, nil
	case xml.EndElement:
		last := len(s.names) - 1
		if last < 0 || s.names[last] != t.Name {
			return false, errNesting
		}
		s.path, s.names = s.path[:last], s.names[:last]
		return at(t.Name), nil
	}
	return true, nil
}

// Cell is the one in a column, if it is there.
func (r *FormRow) Cell(col int) (FormCell, bool) {
	i, ok := slices.BinarySearchFunc(r.Cells, col, func(c FormCell, col int) int { return c.Col - col })
	if !ok {
		return FormCell{}, false
	}
	return r.Cells[i], true
}

// ID is what a cell says as an ID: without what only says that it is text.
func (c FormCell) ID() string { return width.Narrow.String(unforced(c.Text)) }

// CellName is a cell as Excel calls it, "B5".
func CellName(col, row int) string { return cellName(col, row) }

// ColumnNumber is the number of a column such as "F", 0 if it is none.
func ColumnNumber(letters string) int {
	col, _, ok := cellColumn(letters + "1")
	if !ok {
		return 0
	}
	return col
}

// PlainHeading is a heading without case, spaces and punctuation, and without
// remarks in brackets.
func PlainHeading(text string) string {
	return heading(bracket.ReplaceAllString(required.ReplaceAllString(trim(text), ""), ""))
}

// IsIDHeading reports whether a text names IDs.
func IsIDHeading(text string) bool { return idHeadings.rank(text) != noHeading }

// IDColumns are the columns of a row whose headings name IDs best; NameColumns those
// that name names.
func (r *FormRow) IDColumns() []int { return r.best(idHeadings) }

// NameColumns are the columns whose headings name names best.
func (r *FormRow) NameColumns() []int { return r.best(nameHeadings) }

func (r *FormRow) best(h headings) []int {
	best, at := noHeading, []int(nil)
	for _, c := range r.Cells {
		switch k := h.rank(c.Text); {
		case k == noHeading || k > best:
		case k < best:
			best, at = k, []int{c.Col}
		default:
			at = append(at, c.Col)
		}
	}
	return at
}
