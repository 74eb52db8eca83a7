package roster

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/i18n"
)

// Limits of a workbook. Everything in it is read as a stream and within them,
// so that nothing has to be believed of what it says of itself.
const (
	maxParts    = 2000 // files in the zip
	maxUnzipped = 48 << 20
	maxTokens   = 6_000_000 // tags and texts of all parts that are read
	maxSheets   = 20        // looked at
	maxColumns  = 256
	maxStrings  = 500_000 // shared
	maxStyles   = 65_536
	maxMerged   = 10_000
	sheetRows   = 1 << 20 // what Excel has
	sheetCols   = 1 << 14
)

var allDigits = regexp.MustCompile(`^[0-9]+$`)

var (
	errUnfolds  = errors.New("unfolds to too much")
	errNoPart   = errors.New("it is no workbook, or a part of it is missing")
	errDeclared = errors.New("it declares entities or a document type")
)

// parts gives the parts of a workbook by lower-case name: fs.ErrNotExist or
// what else keeps one from being read.
type parts func(name string) (io.ReadCloser, error)

// xlsx reads the one worksheet that has a heading.
func (r *reader) xlsx(data []byte) {
	r.xlsxParts(unzip(data))
}

func (r *reader) xlsxParts(open parts, err error) {
	if err == nil {
		err = r.workbook(open)
	}
	switch {
	case err == nil, r.ctx.Err() != nil:
	case errors.Is(err, errUnfolds):
		r.whole(i18n.M("roster.too_much", "cells", maxCells, "limit", maxUnzipped>>20), i18n.M("roster.too_much_hint"))
	default:
		r.whole(i18n.M("roster.bad_workbook", "detail", err.Error()), i18n.M("roster.save_as_hint"))
	}
}

// unzip opens a zip file. A directory of more entries than a workbook has is
// refused before it is read.
func unzip(data []byte) (parts, error) {
	if bytes.Count(data, []byte("PK\x01\x02")) > maxParts {
		return nil, errUnfolds
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	files := make(map[string]*zip.File, len(z.File))
	for _, f := range z.File {
		files[strings.ToLower(strings.ReplaceAll(f.Name, `\`, "/"))] = f
	}
	return func(name string) (io.ReadCloser, error) {
		f := files[name]
		if f == nil {
			return nil, errNoPart
		}
		if f.UncompressedSize64 > maxUnzipped {
			return nil, errUnfolds
		}
		return f.Open()
	}, nil
}

// workbook reads the parts that a roster is in.
func (r *reader) workbook(open parts) error {
	b := &book{open: open, ctx: r.ctx, left: maxUnzipped}
	if err := b.contents(); err != nil {
		return err
	}
	type table struct {
		name   string
		rows   []row
		hidden []int
		merged []span
	}
	var first, bare *table // a heading alone is bare
	var found []table
	for _, s := range b.sheets[:min(len(b.sheets), maxSheets)] {
		// Rows of all sheets count against the limits.
		t := table{name: s.name}
		ok, err := b.sheet(r, s, &t.rows, &t.hidden, &t.merged)
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
		return errNoPart
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
func (b *book) sheet(r *reader, s sheetPart, rows *[]row, hidden *[]int, merged *[]span) (bool, error) {
	good := true
	err := b.cells(s.part, func(n int, isHidden bool, cells []sheetCell) bool {
		if len(cells) == 0 {
			return true
		}
		if last := cells[len(cells)-1].col; last > maxColumns {
			r.whole(i18n.M("roster.wide_sheet", "sheet", clip(s.name), "row", n, "limit", maxColumns), i18n.M("roster.wide_sheet_hint"))
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
	}, func(m span) { *merged = append(*merged, m) })
	var where *badPlace
	if errors.As(err, &where) {
		r.whole(i18n.M("roster.bad_place", "sheet", clip(s.name), "place", clip(where.text)), i18n.M("roster.bad_place_hint"))
		return false, nil
	}
	return good, err
}

// sheetRow joins the cells to a line, so that messages can show it.
func sheetRow(n int, cells []sheetCell) row {
	w := row{line: n, cells: make([]cell, cells[len(cells)-1].col)}
	for _, c := range cells {
		w.cells[c.col-1] = cell{text: c.text, bad: c.bad}
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

// cellName is a cell as Excel calls it, "B5".
func cellName(col, line int) string {
	name := ""
	for ; col > 0; col = (col - 1) / 26 {
		name = string(rune('A'+(col-1)%26)) + name
	}
	return name + itoa(line)
}

// cellColumn is the column and the row of a reference such as "B5"; false if
// it is none, or beyond what a worksheet has.
func cellColumn(ref string) (col, line int, ok bool) {
	ref = strings.ReplaceAll(ref, "$", "")
	i := 0
	for ; i < len(ref) && i < 4; i++ {
		c := ref[i] | 0x20
		if c < 'a' || c > 'z' {
			break
		}
		col = col*26 + int(c-'a') + 1
	}
	line, err := strconv.Atoi(ref[i:])
	return col, line, err == nil && col >= 1 && col <= sheetCols && line >= 1 && line <= sheetRows
}

// partPath is where a relation of a part leads to.
func partPath(from, target string) string {
	target = strings.ToLower(strings.ReplaceAll(target, `\`, "/"))
	if !strings.HasPrefix(target, "/") {
		target = path.Join(path.Dir(from), target)
	}
	return strings.TrimPrefix(path.Clean(target), "/")
}
