package takeback

import (
	"slices"

	"swarmgrade/grader/sheetfile"
)

// checking compares a sheet with a row a student and check, the details, with what the
// sheets of the tasks showed of that check; it needs no record of its own rows.
type checking struct {
	*comparing
	tables map[string]*checked // by check
	check  int                 // indices of headings, -1 for none
	points int
	set    int // by hand
}

// checked is a sheet of a task, and the heading of a check on it.
type checked struct {
	by   map[string]*Row // by ID
	head int
	Head
}

// isDetails reports whether a sheet has a row a student and check.
func (t *Table) isDetails() bool { return t.index(WhatCheck) >= 0 }

// index is the first heading that is so, -1 for none.
func (t *Table) index(what What) int {
	return slices.IndexFunc(t.Heads, func(h Head) bool { return h.What == what })
}

func (o *Origin) checking(c *comparing) *checking {
	out := &checking{comparing: c, tables: map[string]*checked{}, check: c.t.index(WhatCheck), points: c.t.index(WhatPoints), set: c.t.index(WhatSet)}
	for i := range o.Tables {
		t := &o.Tables[i]
		if t.isDetails() {
			continue
		}
		by := make(map[string]*Row, len(t.Rows))
		for k := range t.Rows {
			by[t.Rows[k].ID] = &t.Rows[k]
		}
		for k, h := range t.Heads {
			if h.Check != "" && h.What == WhatPoints {
				out.tables[h.Check] = &checked{by, k, h}
			}
		}
	}
	return out
}

// row takes a row of the sheet, and reports whether to go on.
func (c *checking) row(n int, _ bool, cells []sheetfile.Cell) bool {
	if c.id < 0 || c.cols == nil {
		return c.begin(cells)
	}
	t := c.tables[line(c.get(cells, c.check).Text)]
	if t == nil {
		return true
	}
	was := t.by[bareID(c.get(cells, c.id).Text)]
	if was == nil {
		return true
	}
	at := c.points
	if by := (Cell{Cell: c.get(cells, c.set)}); !by.blank() {
		at = c.set // what was set by hand stands on the sheet of the task
	}
	cell := c.get(cells, at)
	// Points that are no number are said in other words there.
	if _, ok := number(shown(Cell{Cell: cell})); at < 0 || c.cols[at] == 0 || !ok || same(t.Head, cell, was.text(t.head)) {
		return true
	}
	c.note(Over{
		Sheet: c.sheet, Ref: sheetfile.Name(c.cols[at], n), ID: was.ID, Name: clip(line(c.get(cells, c.name).Text)), Head: t.Head,
		Was: clip(line(was.text(t.head))), Now: clip(line(shown(Cell{Cell: cell}))),
	})
	return true
}
