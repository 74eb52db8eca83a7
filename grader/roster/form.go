package roster

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/text/width"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sheetfile"
)

// Form is a workbook of somebody else's that is read cell by cell, within the bounds
// of rosters, to be changed in a few places.
type Form struct {
	ctx  context.Context // of all reading
	book *sheetfile.Book
	// Zip is the file itself, of members with different names.
	Zip *zip.Reader
	// Sheets are the names of the worksheets that a person sees.
	Sheets []string
	seen   []sheetfile.Sheet
}

// Area is a range of cells, from 1.
type Area = sheetfile.Span

// FormRow is a row of a worksheet, with cells that are blank.
type FormRow struct {
	N     int
	Tag   sheetfile.Place // of its start
	Cells []FormCell
}

// FormCell is a cell of a worksheet.
type FormCell struct {
	Col  int
	Text string // as a person reads it
	// Number and Formula say what it holds; Lost, that digits of a number are lost.
	Number, Formula, Lost bool
	sheetfile.CellTag
}

// FormTable is a worksheet.
type FormTable struct {
	Sheet  string
	Rows   []FormRow
	Merged []Area
	Rules  []sheetfile.Rule // of what may be typed into cells
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
		return nil, diag.Misuse(i18n.M("fill.large", "file", file), i18n.M("fill.too_much_hint"))
	case bytes.HasPrefix(data, []byte("\xD0\xCF\x11\xE0")):
		return nil, diag.Misuse(i18n.M("roster.old_excel"), i18n.M("roster.save_as_hint"))
	}
	open, err := sheetfile.Unzip(data, bookLimits)
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
	b, err := sheetfile.Open(ctx, open, bookLimits)
	if err != nil {
		return nil, formError(ctx, err)
	}
	f := &Form{ctx: ctx, book: b, Zip: z}
	for _, s := range b.Sheets() {
		if !s.Hidden && len(f.seen) < maxSheets {
			f.seen, f.Sheets = append(f.seen, s), append(f.Sheets, s.Name)
		}
	}
	return f, nil
}

var errTwice = errors.New("two parts of it have one name")

func formError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, sheetfile.ErrUnfolds):
		return diag.Misuse(i18n.M("fill.too_much", "cells", maxCells, "limit", maxUnzipped>>20), i18n.M("fill.too_much_hint"))
	}
	return diag.Misuse(i18n.M("roster.bad_workbook", "detail", err.Error()), i18n.M("roster.save_as_hint"))
}

// partName is a member's name as relations name it.
func partName(name string) string { return strings.ToLower(strings.ReplaceAll(name, `\`, "/")) }

// Member is the member of the zip that a place is in.
func (f *Form) Member(p sheetfile.Place) *zip.File {
	i := slices.IndexFunc(f.Zip.File, func(z *zip.File) bool { return partName(z.Name) == p.Part })
	if i < 0 {
		return nil
	}
	return f.Zip.File[i]
}

// Recompute is where the workbook says how its formulas are computed, or could.
func (f *Form) Recompute() (at sheetfile.Place, prefix string) { return f.book.Recompute() }

// Shows is how cells of a style show numbers.
func (f *Form) Shows(style string) sheetfile.Shown { return f.book.Shows(style) }

// Computed gives the cells of all worksheets, hidden ones too, that formulas make the
// value of.
func (f *Form) Computed(each func(sheetfile.Computed)) error {
	n := 0
	for _, s := range f.book.Sheets() {
		err := f.book.Computed(s, func(c sheetfile.Computed) {
			if n++; n <= maxCells {
				each(c)
			}
		})
		if err == nil && n > maxCells {
			err = sheetfile.ErrUnfolds
		}
		if err != nil {
			return formError(f.ctx, err)
		}
	}
	return nil
}

// Read reads the i-th worksheet.
func (f *Form) Read(i int) (*FormTable, error) {
	t := &FormTable{Sheet: f.Sheets[i]}
	cells, size := 0, 0
	err := f.book.Placed(f.seen[i], func(r sheetfile.PlacedRow) bool {
		row := FormRow{N: r.N, Tag: r.Tag}
		for i, c := range r.Cells {
			row.Cells = append(row.Cells, FormCell{
				Col: c.Col, Text: sheetfile.Trim(c.Text), Number: c.Kind == sheetfile.Number && c.Text != "", Formula: c.Formula, Lost: c.LostDigits,
				CellTag: r.Tags[i],
			})
			t.Formulas = t.Formulas || c.Formula
			size += len(c.Text)
		}
		cells += len(r.Cells)
		if len(row.Cells) > 0 {
			t.Rows = append(t.Rows, row)
		}
		return cells <= maxCells && size <= maxText
	}, func(a Area) { t.Merged = append(t.Merged, a) }, func(r sheetfile.Rule) { t.Rules = append(t.Rules, r) })
	if err == nil && (cells > maxCells || size > maxText) {
		err = sheetfile.ErrUnfolds
	}
	if err != nil {
		return nil, formError(f.ctx, err)
	}
	return t, nil
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

// PlainHeading is a heading without case, spaces and punctuation, and without
// remarks in brackets.
func PlainHeading(text string) string {
	return heading(bracket.ReplaceAllString(required.ReplaceAllString(sheetfile.Trim(text), ""), ""))
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
