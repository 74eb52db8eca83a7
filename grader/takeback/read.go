package takeback

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/sheetfile"
)

// Limits of a workbook that is taken back.
const (
	MaxBytes   = 64 << 20
	maxRows    = 50_000 // with something in them
	headRows   = 12     // titles may have been put above the headings
	maxOrigin  = 60_000 // rows of the hidden sheet
	maxColumns = 1000   // headings that are looked at
	maxSheets  = 40
	maxShown   = 2_000_000 // texts of what cells showed; nothing is said of more
)

var limits = sheetfile.Limits{Unpacked: 128 << 20, Text: 64 << 20}

// Workbook is what was read of a workbook.
type Workbook struct {
	File   string // its name in messages
	Origin Origin
	Sheet  string // that was read, as it is called now
	// Entries are the rows below the headings in which anything is, in their order.
	Entries []Entry
	// Added are headings that were not there when it was exported; their columns are not read.
	Added []string
	// Torn says that cells with words of their own stayed where they were while IDs were sorted.
	Torn bool
	// Copies are the rows of other sheets with the same headings in which something else
	// was typed.
	Copies []Copy
	// Overs are cells that were typed over and are not read.
	Overs Overs
}

// Entry is a row of the sheet.
type Entry struct {
	Row                              int
	ID, Name, Override, Reason, Note Cell    // Note is the remark
	Keys                             [3]Cell // see KeyBefore
	// Merged says that one of its cells was merged with another row's.
	Merged bool
}

// Cell is a cell with its place; a blank one has its place too.
type Cell struct {
	sheetfile.Cell
	Ref string // "N5"; "" if there is no such column
}

func (c Cell) blank() bool { return !c.Formula && sheetfile.Trim(c.Text) == "" }

// At names a cell in messages: file:sheet!cell.
func (w *Workbook) At(ref string) diag.Pos {
	return diag.Pos{File: w.File + ":" + w.AtSheet(w.Sheet, ref)}
}

// AtSheet names a cell of a sheet in messages: sheet!cell.
func (w *Workbook) AtSheet(sheet, ref string) string {
	if strings.ContainsAny(sheet, " '!:") {
		sheet = "'" + strings.ReplaceAll(sheet, "'", "''") + "'"
	}
	return sheet + "!" + ref
}

// HeadOf is the heading of a column that is read, by its key.
func (w *Workbook) HeadOf(key string) string {
	for _, c := range w.Origin.Columns {
		if c.Key == key {
			return clip(line(c.Head))
		}
	}
	return key
}

// Read reads a workbook that was exported and filled in. file is its name in messages.
// The error is a [diag.Problems], or that of ctx.
func Read(ctx context.Context, data []byte, file string) (*Workbook, error) {
	if !bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return nil, whole(file, "no_workbook")
	}
	parts, err := sheetfile.Unzip(data, limits)
	return readFile(ctx, parts, err, file)
}

func readFile(ctx context.Context, parts sheetfile.Parts, err error, file string) (*Workbook, error) {
	var w *Workbook
	if err == nil {
		w, err = read(ctx, parts, file)
	}
	if err == nil {
		return w, nil
	}
	var problems diag.Problems
	var place *sheetfile.BadPlace
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &problems):
		return nil, problems
	case errors.Is(err, sheetfile.ErrUnfolds):
		return nil, whole(file, "too_much")
	case errors.As(err, &place):
		return nil, whole(file, "bad_place", "place", clip(place.Text))
	}
	return nil, whole(file, "unreadable", "detail", err.Error())
}

func whole(file, key string, pairs ...any) diag.Problems {
	c := complain(key, pairs...)
	return diag.Problems{{Pos: diag.Pos{File: file}, Msg: c.msg, Hint: c.hint}}
}

func read(ctx context.Context, parts sheetfile.Parts, file string) (*Workbook, error) {
	b, err := sheetfile.Open(ctx, parts, limits)
	if err != nil {
		return nil, err
	}
	w := &Workbook{File: file}
	sheets := b.Sheets()
	i := slices.IndexFunc(sheets, func(s sheetfile.Sheet) bool { return s.Name == SheetName })
	if i < 0 {
		return nil, whole(file, "no_origin", "sheet", SheetName)
	}
	if err := w.origin(b, sheets[i]); err != nil {
		return nil, err
	}
	switch {
	case w.Origin.Schema != Schema && strings.HasPrefix(w.Origin.Schema, "swarmgrade-workbook/"):
		return nil, whole(file, "newer", "schema", clip(w.Origin.Schema))
	case w.Origin.Schema != Schema || w.Origin.Class == "" || w.Origin.Lab == "" || w.Origin.Run == "" || len(w.Origin.Columns) == 0:
		return nil, whole(file, "no_origin", "sheet", SheetName)
	}
	if err := w.filled(b, sheets); err != nil {
		return nil, err
	}
	if err := w.copies(b, sheets); err != nil {
		return nil, err
	}
	return w, w.overs(ctx, b, sheets)
}

// stateWide is how many texts a row of the hidden sheet has at least.
const stateWide = 8

// origin reads the hidden sheet.
func (w *Workbook) origin(b *sheetfile.Book, s sheetfile.Sheet) error {
	n := 0
	err := b.Cells(s, func(_ int, _ bool, cells []sheetfile.Cell) bool {
		row := make([]string, stateWide, max(stateWide, min(len(cells), maxColumns+2)))
		for _, c := range cells {
			if c.Col > maxColumns+2 {
				break
			}
			for len(row) < c.Col {
				row = append(row, "")
			}
			row[c.Col-1] = tidy(c.Text)
		}
		w.Origin.add(row)
		if row[0] != rowCells {
			n++
		}
		return n <= maxOrigin && len(w.Origin.Columns) <= maxColumns
	}, func(sheetfile.Span) {})
	if err == nil && (n > maxOrigin || len(w.Origin.Columns) > maxColumns) {
		err = sheetfile.ErrUnfolds
	}
	return err
}

// filled finds the sheet that was filled in, and reads it: the one of the name that it
// was exported under, or else the only one with its headings.
func (w *Workbook) filled(b *sheetfile.Book, sheets []sheetfile.Sheet) error {
	var found []*table
	for _, s := range sheets[:min(len(sheets), maxSheets)] {
		if s.Name == SheetName {
			continue
		}
		t := &table{w: w, sheet: s.Name, hidden: s.Hidden}
		if err := b.Cells(s, t.row, t.merge); err != nil {
			return err
		}
		if t.long {
			return whole(w.File, "too_many", "sheet", clip(s.Name), "limit", maxRows)
		}
		if !t.found {
			continue
		}
		if s.Name == w.Origin.Sheet {
			found = []*table{t}
			break
		}
		if !s.Hidden {
			found = append(found, t)
		}
	}
	switch {
	case len(found) == 0:
		var heads []string
		for _, c := range w.Origin.Columns {
			if c.Key != "" && !optional(c.Key) {
				heads = append(heads, line(c.Head))
			}
		}
		return whole(w.File, "no_heads", "sheet", clip(w.Origin.Sheet), "heads", heads, "rows", headRows)
	case len(found) > 1:
		names := make([]string, len(found))
		for i, t := range found {
			names[i] = clip(t.sheet)
		}
		return whole(w.File, "sheets", "sheets", names)
	}
	t := found[0]
	w.Sheet = t.sheet
	if len(t.problems) > 0 {
		return t.places()
	}
	t.spread()
	w.Entries, w.Added = t.entries, t.added
	return nil
}
