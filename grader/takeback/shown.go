package takeback

import "iter"

// Table is what a sheet's cells showed when the workbook was written, those that are
// counted and those that say whose row it is: what is typed over them is told from
// what was there. It is on the hidden sheet since a later version than the rest; a
// workbook without it is taken back all the same.
type Table struct {
	Sheet string
	Heads []Head
	// Rows are by ID, in the sheet's order; there are none of a sheet with a row a student
	// and check, which shows what others show.
	Rows []Row
}

// Head is a heading and what is below it.
type Head struct {
	Text string
	What What
	// Computed says that formulas make the values, which change with what is typed
	// elsewhere in the row.
	Computed bool
	// Task and Check are what the points are of, "" for the whole lab.
	Task, Check string
}

// Label is the heading in one line.
func (h Head) Label() string { return clip(line(h.Text)) }

// What a column is.
type What string

// The columns of a [Table]. Nothing is said of one that is [Else].
const (
	WhatID     What = "id"
	WhatName   What = "name"
	WhatRoster What = "roster" // something else that the roster says
	WhatPoints What = "points" // and words in the place of them, such as "excused"
	WhatShare  What = "share"
	WhatWords  What = "words" // why points were lost, or set
	WhatInput  What = "input" // it is filled in, and read
	// On a sheet with a row a student and check: the check, and points that were set for
	// it by hand. Nothing is recorded of its rows, see [Table].
	WhatCheck What = "check"
	WhatSet   What = "set"
	Else      What = ""
)

// Row is a student's row, a text a column as [Head]s come, those that are blank at its end
// left out.
type Row struct {
	ID    string
	Texts []string
}

// text is what a column showed.
func (r *Row) text(head int) string { return at(r.Texts, head) }

// First words of the rows that say it.
const (
	rowTable = "table"
	rowHead  = "head"
	rowCells = "cells"
)

const isComputed = "="

// rows are the texts of the hidden sheet's cells.
func (t *Table) rows() iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		if !yield([]string{rowTable, t.Sheet}) {
			return
		}
		for _, h := range t.Heads {
			computed := ""
			if h.Computed {
				computed = isComputed
			}
			if !yield([]string{rowHead, string(h.What), h.Text, computed, h.Task, h.Check}) {
				return
			}
		}
		for _, r := range t.Rows {
			if !yield(append([]string{rowCells, r.ID}, r.Texts...)) {
				return
			}
		}
	}
}

// addShown takes one row of the hidden sheet that says what was shown.
func (o *Origin) addShown(row []string) {
	if row[0] == rowTable {
		if len(o.Tables) < maxSheets {
			o.Tables = append(o.Tables, Table{Sheet: at(row, 1)})
		}
		return
	}
	if len(o.Tables) == 0 {
		return
	}
	t := &o.Tables[len(o.Tables)-1]
	switch row[0] {
	case rowHead:
		if len(t.Heads) < maxColumns {
			t.Heads = append(t.Heads, Head{at(row, 2), What(at(row, 1)), at(row, 3) == isComputed, at(row, 4), at(row, 5)})
		}
	case rowCells:
		texts := row[min(2, len(row)):min(2+len(t.Heads), len(row))]
		if o.shown += 1 + len(texts); o.shown <= maxShown { // nothing is said of more
			t.Rows = append(t.Rows, Row{at(row, 1), texts})
		}
	}
}

// at is a text of a row, "" behind its end.
func at(row []string, i int) string {
	if i < len(row) {
		return row[i]
	}
	return ""
}
