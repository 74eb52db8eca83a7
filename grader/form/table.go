package form

import (
	"slices"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/sheetfile"
)

// headRows is how far down the headings are looked for; titles stand above them.
const headRows = 12

// table is a worksheet with a list of students.
type table struct {
	*roster.FormTable
	head int // in Rows: the headings
	body int // in Rows: what comes after them, and after what stands under them
	id   int // columns; name is 0 if there is none
	name int
	list []*roster.FormRow // that may be students
	// unread are cells of IDs that are formulas without a value.
	unread []string
}

// pick finds the worksheet with the students: the one that was named, else the only
// one, or the only one with students of the class.
func pick(f *roster.Form, ids index, o Options) (*table, error) {
	if o.Sheet != "" && !slices.Contains(f.Sheets, o.Sheet) {
		return nil, diag.Misuse(i18n.M("fill.no_sheet", "sheet", o.Sheet), i18n.M("fill.sheet_hint", "sheets", clipAll(f.Sheets)))
	}
	var tables, ours []*table
	var failed error
	for i, name := range f.Sheets {
		if o.Sheet != "" && name != o.Sheet {
			continue
		}
		raw, err := f.Read(i)
		if err != nil {
			return nil, err
		}
		t, err := newTable(raw)
		if err != nil {
			failed = err
			continue
		}
		if t == nil {
			continue
		}
		tables = append(tables, t)
		if t.has(ids) {
			ours = append(ours, t)
		}
	}
	switch {
	case len(ours) == 1:
		return ours[0], nil
	case len(ours) > 1:
		names := make([]string, len(ours))
		for i, t := range ours {
			names[i] = t.Sheet
		}
		return nil, diag.Misuse(i18n.M("fill.sheets", "sheets", clipAll(names)), i18n.M("fill.sheets_hint", "sheet", clip(names[0])))
	case failed != nil:
		return nil, failed
	case len(tables) > 0:
		t := tables[0]
		return nil, diag.Misuse(i18n.M("fill.nobody", "sheet", clip(t.Sheet), "cell", sheetfile.Name(t.id, t.Rows[t.head].N), "ids", t.some()), i18n.M("fill.nobody_hint"))
	}
	return nil, diag.Misuse(i18n.M("fill.no_heading", "rows", headRows), i18n.M("fill.no_heading_hint"))
}

func clipAll(words []string) []string {
	out := make([]string, 0, len(words))
	for _, w := range words {
		out = append(out, clip(w))
	}
	return out
}

// newTable finds the headings: the first row, of those at the top, that names IDs, one
// that names names too before others. It is nil if there is none.
func newTable(raw *roster.FormTable) (*table, error) {
	t := &table{FormTable: raw, head: -1}
	var ids, names []int
	for i := range raw.Rows {
		r := &raw.Rows[i]
		if r.N > headRows {
			break
		}
		id, name := r.IDColumns(), r.NameColumns()
		if len(id) > 0 && (t.head < 0 || len(names) == 0 && len(name) > 0) {
			t.head, ids, names = i, id, name
		}
	}
	if t.head < 0 {
		return nil, nil //nolint:nilnil // no list of students
	}
	if len(ids) > 1 {
		row := raw.Rows[t.head].N
		return nil, diag.Misuse(i18n.M("fill.two_a_row", "sheet", clip(raw.Sheet), "a", sheetfile.Name(ids[0], row), "b", sheetfile.Name(ids[1], row)), i18n.M("fill.two_a_row_hint"))
	}
	t.id = ids[0]
	if len(names) == 1 {
		t.name = names[0]
	}
	// Headings may have others under them, where the ID's goes on or there is none.
	for t.body = t.head + 1; t.body < len(raw.Rows) && t.body <= t.head+2; t.body++ {
		if c, _ := raw.Rows[t.body].Cell(t.id); c.Text != "" {
			break
		}
		if !t.under(&raw.Rows[t.body]) {
			break
		}
	}
	// Students are the rows with something in the column of the IDs that is no heading.
	for i := t.body; i < len(t.Rows); i++ {
		r := &t.Rows[i]
		switch c, _ := r.Cell(t.id); {
		case c.Formula && (c.Text == "" || strings.HasPrefix(c.Text, "#")):
			t.unread = append(t.unread, sheetfile.Name(t.id, r.N))
		case c.Text != "" && !roster.IsIDHeading(c.Text):
			t.list = append(t.list, r)
		}
	}
	return t, nil
}

// under reports whether a row belongs to the headings above it: one of them is merged
// down into it, or what it says are headings of scores.
func (t *table) under(r *roster.FormRow) bool {
	if a, ok := t.covering(t.id, r.N); ok && a.FromRow <= t.Rows[t.head].N {
		return true
	}
	return slices.ContainsFunc(r.Cells, func(c roster.FormCell) bool { return isScore(c.Text) })
}

func (t *table) has(ids index) bool {
	return slices.ContainsFunc(t.list, func(r *roster.FormRow) bool {
		c, _ := r.Cell(t.id)
		name, _ := r.Cell(t.name)
		_, ok := ids.find(c, name.Text)
		return ok
	})
}

// some are a few of the form's IDs, for a message.
func (t *table) some() []string {
	var out []string
	for _, r := range t.list {
		if c, _ := r.Cell(t.id); looksLikeID(c.ID()) && len(out) < 3 {
			out = append(out, clip(c.ID()))
		}
	}
	return append(out, "…")
}

// covering is the merged range that a cell is in.
func (t *table) covering(col, row int) (roster.Area, bool) {
	for _, a := range t.Merged {
		if col >= a.FromCol && col <= a.ToCol && row >= a.FromRow && row <= a.ToRow {
			return a, true
		}
	}
	return roster.Area{}, false
}

// several reports whether more than one student's row is in a range.
func (t *table) several(a roster.Area) bool {
	at, _ := slices.BinarySearchFunc(t.list, a.FromRow, func(r *roster.FormRow, n int) int { return r.N - n })
	return at+1 < len(t.list) && t.list[at+1].N <= a.ToRow
}
