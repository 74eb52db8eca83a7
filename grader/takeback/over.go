package takeback

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/width"

	"swarmgrade/grader/sheetfile"
)

// maxOver are kept of what was typed over; the others are counted.
const maxOver = 200

// Over is a cell that shows something else than when the workbook was written, and that
// is not read: it is counted, or the roster's.
type Over struct {
	Sheet, Ref string
	ID, Name   string // whose row it is
	Head       Head
	Was, Now   string // "" for a blank one
}

// Overs are the cells that were typed over, those of the sheet that is filled in first.
type Overs struct {
	Cells []Over
	More  int // that are not among Cells
}

func (o *Overs) add(cell Over) {
	if len(o.Cells) < maxOver {
		o.Cells = append(o.Cells, cell)
		return
	}
	o.More++
}

// overs compares the sheets with what they showed. What can't be compared (a sheet that was
// renamed or can't be read, a column whose heading is gone) is passed over: nothing of it is
// taken in any case.
func (w *Workbook) overs(ctx context.Context, b *sheetfile.Book, sheets []sheetfile.Sheet) error {
	for i := range w.Origin.Tables {
		t := &w.Origin.Tables[i]
		name := t.Sheet
		if name == w.Origin.Sheet {
			name = w.Sheet // as it is called now
		}
		k := slices.IndexFunc(sheets, func(s sheetfile.Sheet) bool { return s.Name == name && name != SheetName })
		if k < 0 {
			continue
		}
		c := newComparing(t, name)
		row := c.row
		if t.isDetails() {
			row = w.Origin.checking(c).row
		}
		if err := b.Cells(sheets[k], row, func(sheetfile.Span) {}); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			continue
		}
		c.renamed()
		if name == w.Sheet {
			w.Torn = c.stays.torn(slices.ContainsFunc(w.Entries, func(e Entry) bool { return !e.Keys[2].blank() }))
		}
		for _, o := range c.found {
			w.Overs.add(o)
		}
		w.Overs.More += c.more
	}
	return nil
}

// comparing is the reading of a sheet whose cells are compared.
type comparing struct {
	t     *Table
	sheet string
	by    map[string]*Row // by ID
	seen  map[string]bool
	id    int // indices of headings, -1 for none
	name  int
	cols  []int // by heading, from 1; nil before the headings were found
	tried int   // rows that may have been them

	stays     staying
	strangers []stranger
	found     []Over
	more      int
}

// stranger is a row with an ID that nobody has.
type stranger struct{ id, name, ref string }

func newComparing(t *Table, sheet string) *comparing {
	c := &comparing{t: t, stays: staying{t: t}, sheet: sheet, by: make(map[string]*Row, len(t.Rows)), seen: map[string]bool{}}
	for i := range t.Rows {
		c.by[t.Rows[i].ID] = &t.Rows[i]
	}
	c.id, c.name = t.index(WhatID), t.index(WhatName)
	return c
}

// row takes a row of the sheet, and reports whether to go on.
func (c *comparing) row(n int, _ bool, cells []sheetfile.Cell) bool {
	if c.id < 0 || c.cols == nil {
		return c.begin(cells)
	}
	get := func(head int) sheetfile.Cell { return c.get(cells, head) }
	id := bareID(get(c.id).Text)
	was := c.by[id]
	if was == nil {
		if name := line(get(c.name).Text); name != "" && len(c.strangers) < maxRows {
			c.strangers = append(c.strangers, stranger{id, name, sheetfile.Name(c.cols[c.id], n)})
		}
		return true
	}
	if c.seen[id] {
		return true
	}
	c.seen[id] = true
	c.stays.add(was, get)
	c.compare(n, was, get)
	return true
}

// begin takes a row before the headings were found, and reports whether to go on.
func (c *comparing) begin(cells []sheetfile.Cell) bool {
	if c.id < 0 {
		return false
	}
	if len(cells) > 0 {
		c.tried++
	}
	c.heads(cells)
	return c.cols != nil || c.tried < headRows
}

// get is the cell of a row under a heading; a blank one if there is none.
func (c *comparing) get(cells []sheetfile.Cell, head int) sheetfile.Cell {
	if head < 0 || c.cols[head] == 0 {
		return sheetfile.Cell{}
	}
	i, ok := slices.BinarySearchFunc(cells, c.cols[head], func(c sheetfile.Cell, col int) int { return c.Col - col })
	if !ok {
		return sheetfile.Cell{}
	}
	return cells[i]
}

// heads looks for the headings in a row: most of them, the IDs' among them. Of headings that
// are alike the order tells, where there are as many as there were.
func (c *comparing) heads(cells []sheetfile.Cell) {
	where, before := map[string][]int{}, map[string][]int{} // columns, and indices, by heading
	for _, cell := range cells[:min(len(cells), maxColumns)] {
		head := line(cell.Text)
		where[head] = append(where[head], cell.Col)
	}
	for i, h := range c.t.Heads {
		head := line(h.Text)
		before[head] = append(before[head], i)
	}
	cols, n := make([]int, len(c.t.Heads)), 0
	for head, indices := range before {
		if head == "" || len(where[head]) != len(indices) {
			continue
		}
		for k, i := range indices {
			cols[i] = where[head][k]
			n++
		}
	}
	if cols[c.id] > 0 && 2*n > len(cols) {
		c.cols = cols
	}
}

// compare notes the cells of a student's row that are not as they were. What a formula
// comes to follows from the others, so that it says something only where they are as they were.
func (c *comparing) compare(n int, was *Row, get func(int) sheetfile.Cell) {
	var typed, counted []Over
	moved := false // something else in the row is not as it was
	for i, h := range c.t.Heads {
		if h.What == Else || h.What == WhatID || c.cols[i] == 0 {
			continue
		}
		cell := get(i)
		if same(h, cell, was.text(i)) {
			continue
		}
		o := Over{
			Sheet: c.sheet, Ref: sheetfile.Name(c.cols[i], n), ID: was.ID, Head: h,
			Was: clip(line(was.text(i))), Now: clip(line(shown(Cell{Cell: cell}))),
		}
		if c.name >= 0 {
			o.Name = clip(line(was.text(c.name)))
		}
		switch {
		case h.What == WhatInput:
			moved = true
		case h.Computed && cell.Formula:
			counted = append(counted, o)
		default:
			typed = append(typed, o)
			moved = moved || h.What == WhatPoints || h.What == WhatShare
		}
	}
	if !moved {
		typed = append(typed, counted...)
	}
	for _, o := range typed {
		c.note(o)
	}
}

func (c *comparing) note(o Over) {
	if len(c.found) < maxOver {
		c.found = append(c.found, o)
		return
	}
	c.more++
}

// renamed finds the IDs that were typed over: rows that nobody's ID is in, with the name of
// just one student who has none.
func (c *comparing) renamed() {
	if c.name < 0 || len(c.strangers) == 0 {
		return
	}
	absent := map[string]*Row{}
	for i := range c.t.Rows {
		r := &c.t.Rows[i]
		if c.seen[r.ID] {
			continue
		}
		name := line(r.text(c.name))
		if _, several := absent[name]; several {
			absent[name] = nil
			continue
		}
		absent[name] = r
	}
	for _, s := range c.strangers {
		if r := absent[s.name]; r != nil {
			absent[s.name] = nil
			c.note(Over{Sheet: c.sheet, Ref: s.ref, ID: r.ID, Name: clip(s.name), Head: c.t.Heads[c.id], Was: clip(r.ID), Now: clip(s.id)})
		}
	}
}

// bareID is an ID as a cell has it, without what programs put before it.
func bareID(text string) string {
	return sheetfile.Trim(strings.TrimLeft(sheetfile.Trim(text), "'"))
}

// Tolerances within which numbers are the same: below a hundredth of a point, and below what
// a share is rounded to.
const (
	pointsOff = 0.001
	shareOff  = 0.0001
)

// same reports whether a cell shows what it showed, in whatever format.
func same(h Head, c sheetfile.Cell, was string) bool {
	now := shown(Cell{Cell: c})
	if bare(now) == bare(was) || line(now) == line(was) {
		return true
	}
	if c.Formula && (sheetfile.Trim(c.Text) == "" || c.Kind == sheetfile.Error) {
		return h.Computed // it was not saved, or looks at what is gone
	}
	if h.What != WhatPoints && h.What != WhatShare && h.What != WhatInput {
		return false
	}
	a, okA := number(now)
	b, okB := number(was)
	if okA && okB {
		off := pointsOff
		if h.What == WhatShare {
			off = shareOff
		}
		return math.Abs(a-b) < off
	}
	return !okA && !okB && folded(now) == folded(was)
}

func folded(s string) string { return strings.ToLower(line(width.Fold.String(s))) }

// number reads points, or a share that may stand as a percentage.
func number(s string) (float64, bool) {
	text := folded(s)
	share, percent := strings.CutSuffix(text, "%")
	text = strings.TrimSpace(strings.TrimSuffix(share, "分"))
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || strings.ContainsAny(text, "xXpP_") {
		return 0, false
	}
	if percent {
		f /= 100
	}
	return f, true
}
