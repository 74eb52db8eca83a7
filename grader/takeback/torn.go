package takeback

import (
	"slices"

	"swarmgrade/grader/sheetfile"
)

// torn refuses a workbook of which a part of the columns was sorted and the others were left:
// what was typed for one student stands in the row of another. The hidden keys in the
// columns that are filled in tell it, or, without them, cells that stayed.
func (d *decider) torn() {
	n, at := 0, Cell{}
	var id, other string
	for i := range d.w.Entries {
		e := &d.w.Entries[i]
		mine := bareID(e.ID.Text)
		if d.was[mine] == nil {
			continue
		}
		for _, key := range e.Keys {
			if of := bareID(key.Text); of != mine && d.was[of] != nil {
				if n++; n == 1 {
					id, other, at = mine, of, key
				}
				break
			}
		}
	}
	switch {
	case n > 0:
		d.refuse(at, complain("torn", "student", clip(id), "other", clip(other), "n", n))
	case d.w.Torn:
		d.problems = append(d.problems, whole(d.w.File+":"+d.w.Sheet, "stayed")...)
	}
}

// staying compares the rows of a sheet with their order when it was exported: of a column
// with words of its own (a reason, a phone number) it tells whether they went along with
// the IDs that are elsewhere now.
type staying struct {
	t    *Table
	rows []*stayingRow
}

type stayingRow struct {
	was   *Row
	texts []string // by heading
}

// nobodys is the text of a cell that tells nothing; none is read so.
const nobodys = "\x00"

// add takes a student's row.
func (s *staying) add(was *Row, get func(int) sheetfile.Cell) {
	if len(s.rows) >= maxRows {
		return
	}
	r := &stayingRow{was: was}
	for i, h := range s.t.Heads {
		text := ""
		if s.looks(h, i) {
			c := get(i)
			if text = bare(line(shown(Cell{Cell: c}))); c.Formula {
				text = nobodys // it may look elsewhere
			}
		}
		r.texts = append(r.texts, text)
	}
	s.rows = append(s.rows, r)
}

// looks reports whether a column tells it: one that is filled in, or the roster's behind them.
func (s *staying) looks(h Head, i int) bool {
	if h.Computed {
		return false
	}
	return h.What == WhatInput || h.What == WhatRoster && i > slices.IndexFunc(s.t.Heads, func(h Head) bool { return h.What == WhatInput })
}

// torn reports whether of some column more cells stayed than went along; where keys went
// along with the IDs, whether nothing of a column did.
func (s *staying) torn(keys bool) bool {
	present := make(map[*Row]bool, len(s.rows))
	for _, r := range s.rows {
		present[r.was] = true
	}
	stayed, along, k := make([]int, len(s.t.Heads)), make([]int, len(s.t.Heads)), 0
	for i := range s.t.Rows {
		before := &s.t.Rows[i] // who stood where rows[k] stands
		if !present[before] {
			continue
		}
		r := s.rows[k]
		k++
		if r.was == before {
			continue
		}
		for c, h := range s.t.Heads {
			if !s.looks(h, c) {
				continue
			}
			mine, theirs := bare(line(r.was.text(c))), bare(line(before.text(c)))
			switch {
			case mine == theirs:
			case r.texts[c] == mine:
				along[c]++
			case r.texts[c] == theirs && theirs != "":
				stayed[c]++
			}
		}
	}
	for c, n := range stayed {
		if n > along[c] && (!keys || along[c] == 0) {
			return true
		}
	}
	return false
}
