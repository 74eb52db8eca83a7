package takeback

import (
	"cmp"
	"slices"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/sheetfile"
)

// table is the reading of one sheet.
type table struct {
	w      *Workbook
	sheet  string
	hidden bool
	part   bool // headings of IDs and overrides are enough

	rows     int            // so far, that are not blank
	found    bool           // the headings
	at       map[string]int // columns by key, from 1
	entries  []Entry
	added    []string // headings that were not exported
	merged   []sheetfile.Span
	long     bool
	problems []problem
}

// problem is one that waits for the sheet's name.
type problem struct {
	ref string
	bad *complaint
}

// row takes a row of the sheet, and reports whether to go on.
func (t *table) row(n int, _ bool, cells []sheetfile.Cell) bool {
	if len(cells) == 0 {
		return true
	}
	t.rows++
	if !t.found {
		if t.found = t.heads(n, cells); !t.found {
			return t.rows < headRows
		}
		return len(t.problems) == 0
	}
	e := Entry{Row: n}
	some := false
	for key, to := range map[string]*Cell{
		ID: &e.ID, Name: &e.Name, Override: &e.Override, Reason: &e.Reason, Remark: &e.Note, KeyBefore: &e.Keys[0], KeyWithin: &e.Keys[1], KeyAmong: &e.Keys[2],
	} {
		col := t.at[key]
		if col == 0 {
			continue
		}
		to.Ref = sheetfile.Name(col, n)
		if i, ok := slices.BinarySearchFunc(cells, col, func(c sheetfile.Cell, col int) int { return c.Col - col }); ok {
			to.Cell = cells[i]
			some = some || !keyed(key)
		}
	}
	if some {
		t.entries = append(t.entries, e)
	}
	t.long = len(t.entries) > maxRows
	return !t.long
}

func (t *table) merge(s sheetfile.Span) {
	if s.ToRow > s.FromRow {
		t.merged = append(t.merged, s)
	}
}

// heads looks for the headings in a row: all that are read must be in it, wherever
// they are. Of headings that were alike when the workbook was exported, as a column of
// the roster may be called like one of ours, the order tells them apart; where there
// are more of them now than then, nothing does.
func (t *table) heads(n int, cells []sheetfile.Cell) bool {
	where := map[string][]int{} // columns by heading
	for _, c := range cells[:min(len(cells), maxColumns)] {
		head := line(c.Text)
		where[head] = append(where[head], c.Col)
	}
	before := map[string][]string{} // keys by heading, in the order of the export
	for _, c := range t.w.Origin.Columns {
		head := line(c.Head)
		before[head] = append(before[head], c.Key)
	}
	at := map[string]int{}
	var problems []problem
	for head, keys := range before {
		for i, key := range keys {
			if key == "" {
				continue
			}
			cols := where[head]
			switch {
			case len(cols) == len(keys):
				at[key] = cols[i]
			case len(cols) == 0 && t.optional(key):
			case len(cols) == 0:
				return false
			case len(cols) > len(keys) || !t.optional(key):
				problems = append(problems, problem{sheetfile.Name(cols[len(cols)-1], n), complain("twice_head", "head", clip(head), "n", len(cols), "before", len(keys))})
			}
		}
	}
	for _, key := range []string{ID, Override, Reason, Remark} {
		if at[key] == 0 && len(problems) == 0 && !t.optional(key) {
			return false
		}
	}
	for _, c := range cells[:min(len(cells), maxColumns)] {
		if head := line(c.Text); head != "" && before[head] == nil {
			t.added = append(t.added, clip(head))
		}
	}
	t.at, t.problems = at, problems
	return true
}

// optional reports whether a column may be gone.
func optional(key string) bool { return key == Name || keyed(key) }

// keyed reports whether a column is a hidden one with the ID once more.
func keyed(key string) bool { return key == KeyBefore || key == KeyWithin || key == KeyAmong }

func (t *table) optional(key string) bool {
	return optional(key) || t.part && (key == Reason || key == Remark)
}

// places are the problems with their places.
func (t *table) places() diag.Problems {
	slices.SortFunc(t.problems, func(a, b problem) int { return cmp.Or(len(a.ref)-len(b.ref), strings.Compare(a.ref, b.ref)) })
	var out diag.Problems
	for _, p := range t.problems {
		out.Add(t.w.At(p.ref), "", 0, p.bad.msg, p.bad.hint)
	}
	return out
}

// spread marks the rows of which a cell that is read was merged with another row's.
func (t *table) spread() {
	index := func(row int) int {
		i, _ := slices.BinarySearchFunc(t.entries, row, func(e Entry, row int) int { return e.Row - row })
		return i
	}
	begin := make([]int, len(t.entries)+1) // spans that begin there, less those that are over
	for _, m := range t.merged {
		for _, col := range t.at {
			if m.FromCol <= col && col <= m.ToCol {
				begin[index(m.FromRow)]++
				begin[index(m.ToRow+1)]--
			}
		}
	}
	open := 0
	for i := range t.entries {
		open += begin[i]
		t.entries[i].Merged = open > 0
	}
}
