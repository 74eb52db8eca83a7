package form

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// headRows is how far down the headings are looked for; titles stand above them.
const headRows = 12

// maxColumns bounds where headings are looked for.
const maxColumns = 256

// table is a worksheet with a list of students.
type table struct {
	*roster.FormTable
	head int // in Rows: the headings
	body int // in Rows: what comes after them, and after what stands under them
	id   int // columns; name is 0 if there is none
	name int
	list []*roster.FormRow // that may be students
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
		return nil, diag.Misuse(i18n.M("fill.nobody", "sheet", clip(t.Sheet), "cell", roster.CellName(t.id, t.Rows[t.head].N), "ids", t.some()), i18n.M("fill.nobody_hint"))
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
		return nil, diag.Misuse(i18n.M("fill.two_a_row", "sheet", clip(raw.Sheet), "a", roster.CellName(ids[0], row), "b", roster.CellName(ids[1], row)), i18n.M("fill.two_a_row_hint"))
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
		if c, _ := r.Cell(t.id); c.Text != "" && !roster.IsIDHeading(c.Text) {
			t.list = append(t.list, r)
		}
	}
	return t, nil
}

// under reports whether a row belongs to the headings above it: one of them is merged
// down into it, or what it says are headings of scores.
func (t *table) under(r *roster.FormRow) bool {
	if a, ok := t.covering(t.id, r.N); ok && a.Row1 <= t.Rows[t.head].N {
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
		if col >= a.Col1 && col <= a.Col2 && row >= a.Row1 && row <= a.Row2 {
			return a, true
		}
	}
	return roster.Area{}, false
}

// several reports whether more than one student's row is in a range.
func (t *table) several(a roster.Area) bool {
	at, _ := slices.BinarySearchFunc(t.list, a.Row1, func(r *roster.FormRow, n int) int { return r.N - n })
	return at+1 < len(t.list) && t.list[at+1].N <= a.Row2
}

// headings are what stands above a column, from the top; a range that is merged stands
// above all of its columns.
func (t *table) headings(col int) (words []string, at int) {
	for i := t.head; i < t.body; i++ {
		r := &t.Rows[i]
		c, _ := r.Cell(col)
		if a, ok := t.covering(col, r.N); ok && c.Text == "" && a.Row1 == r.N {
			c, _ = r.Cell(a.Col1)
		}
		if c.Text != "" {
			words, at = append(words, c.Text), r.N
		}
	}
	return words, at
}

func (t *table) headAt(col int) int {
	if _, at := t.headings(col); at > 0 {
		return at
	}
	return t.Rows[t.head].N
}

// label is a column's headings in one, or its letters.
func (t *table) label(col int) string {
	if words, _ := t.headings(col); len(words) > 0 {
		return clip(strings.Join(words, " / "))
	}
	return strings.TrimRight(roster.CellName(col, 1), "1")
}

var (
	chineseScore = regexp.MustCompile(`^\p{Han}{0,10}(?:成绩|得分|分数|总评|总分|评分)$|^(?:平时|期中|期末|卷面|实验|实训|上机|作业)(?:分)?$`)
	englishScore = regexp.MustCompile(`^(?:final|total|overall|course|lab|exam|raw|current|assignment|coursework)?(?:score|grade|marks?|points|total|result)s?$`)
)

// isScore reports whether a heading names scores.
func isScore(text string) bool {
	h := roster.PlainHeading(text)
	return chineseScore.MatchString(h) || englishScore.MatchString(h)
}

// scoreColumn is the column to write into: the one that was named, else the only one
// that is headed as one and is not computed.
func (t *table) scoreColumn(want string) (int, error) {
	last := 0
	for _, r := range t.Rows[t.head:t.body] {
		if n := len(r.Cells); n > 0 {
			last = max(last, r.Cells[n-1].Col)
		}
	}
	for _, a := range t.Merged {
		if a.Row1 >= t.Rows[t.head].N && a.Row1 <= t.Rows[t.body-1].N {
			last = max(last, a.Col2)
		}
	}
	last = min(last, maxColumns)
	var found, computed []int
	var names []string
	for col := 1; col <= last; col++ {
		words, at := t.headings(col)
		if len(words) == 0 || col == t.id || col == t.name {
			continue
		}
		names = append(names, t.label(col)+" ("+roster.CellName(col, at)+")")
		switch {
		case want != "":
			if t.called(words, want) {
				found = append(found, col)
			}
		case !slices.ContainsFunc(words, isScore) || len(words) > 1 && notScore.MatchString(roster.PlainHeading(words[len(words)-1])):
		case t.computed(col):
			computed = append(computed, col)
		default:
			found = append(found, col)
		}
	}
	if len(found) == 0 && want != "" {
		if col := roster.ColumnNumber(want); col > 0 && col != t.id && col != t.name {
			found = []int{col}
		}
	}
	hint := i18n.M("fill.column_hint", "columns", names)
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		cells := make([]string, len(found))
		for i, col := range found {
			cells[i] = t.label(col) + " (" + roster.CellName(col, t.headAt(col)) + ")"
		}
		return 0, diag.Misuse(i18n.M("fill.columns", "columns", cells), i18n.M("fill.columns_hint", "column", clip(t.label(found[0]))))
	case want != "":
		return 0, diag.Misuse(i18n.M("fill.no_column", "column", want), hint)
	case len(computed) > 0:
		return 0, diag.Misuse(i18n.M("fill.computed", "column", t.label(computed[0])), hint)
	}
	return 0, diag.Misuse(i18n.M("fill.no_score"), hint)
}

// notScore are headings of what stands beside a score, under one heading with it.
var notScore = regexp.MustCompile(`^(?:等级|等第|绩点|备注|说明|签名|签字|考试性质|成绩性质|学分|remark|remarks|note|notes|gpa|letter)$`)

// called reports whether a column is the one that a person names.
func (t *table) called(words []string, want string) bool {
	plain := roster.PlainHeading(want)
	if plain == "" {
		return strings.TrimSpace(want) == words[len(words)-1]
	}
	return roster.PlainHeading(words[len(words)-1]) == plain || roster.PlainHeading(strings.Join(words, "")) == plain ||
		strings.EqualFold(strings.TrimSpace(words[len(words)-1]), strings.TrimSpace(want))
}

// computed reports whether all students' cells of a column are formulas.
func (t *table) computed(col int) bool {
	n := 0
	for _, r := range t.list {
		c, _ := r.Cell(col)
		id, _ := r.Cell(t.id)
		if !looksLikeID(id.ID()) {
			continue
		}
		if !c.Formula {
			return false
		}
		n++
	}
	return n > 0
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }
