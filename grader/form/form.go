// Package form writes scores into a school's own form: a workbook with a list of
// students and a column for their scores. It changes the cells of the scores, takes out
// what formulas had come to before, and has them computed when the form is opened; every
// other part of the file is copied as it is. A form that would show a score as another
// number, does not allow it, or says another maximum is refused.
//
// Everything in the form is foreign: it is read within the bounds of rosters.
package form

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sheetfile"
)

// Score is what a student has.
type Score struct {
	ID, Name string
	Points   rubric.Points
	// Text is written in the place of points, unless it is "".
	Text string
	// None says that there is no score to write: it is open, or excused.
	None bool
}

// Options say which place of a form is meant where it is not clear.
type Options struct {
	Sheet string // its name
	// Column is the heading of the scores, or the column's letters.
	Column string
	// Headings are those of the column when none is named, in the place of those that
	// scores have: of texts that are no scores. There are commas between.
	Headings string
	// OutOf is the maximum of the scores; 0 if it is not known.
	OutOf rubric.Points
	// Round is how many decimal places scores are rounded to, halves up; nil leaves them as they are.
	Round *int
	// Overwrite lets a number that stands there already be replaced. Words and
	// formulas never are.
	Overwrite bool
}

// Filled is a form with its scores, not written yet.
type Filled struct {
	Sheet, Column string // the column's heading, or its letters
	At            string // the heading's cell
	// Written are scores that were put in; Same stood there already.
	Written, Same int
	// Kept are cells that hold something else, which was left.
	Kept []Kept
	// Rounded are cells whose score was rounded, with what it was.
	Rounded []Kept
	// Standing are cells in which a number stands, of students without a score.
	Standing []Kept
	// Remarked are rows with a word such as 缓考 beside the score that was written.
	Remarked []Kept
	// None are students of the form without a score; Absent, students of the class
	// that the form has not; Unknown, the form's that the class has not.
	None, Absent, Unknown []string
	// Marked are cells with something else beside an ID, such as 0020240101（重修）.
	Marked []string
	// Unread are cells of IDs that are formulas without a value.
	Unread []string
	// Formulas says that the workbook computes something.
	Formulas bool

	form  *roster.Form
	edits []edit
}

// Kept is a cell that was left as it was.
type Kept struct{ Cell, ID, Text string }

// Fill finds the place of each student's score in a form. file is its name in
// messages. The error is a [diag.Failure] of code Usage that says what in the form, or
// which option, is to be mended, or that of ctx.
func Fill(ctx context.Context, data []byte, file string, scores []Score, o Options) (*Filled, error) {
	f, err := roster.OpenForm(ctx, data, file)
	if err != nil {
		return nil, err
	}
	scores, exact := rounded(scores, o.Round, o.OutOf)
	ids := newIndex(scores)
	t, err := pick(f, ids, o)
	if err != nil {
		return nil, err
	}
	if err := t.oneHeading(); err != nil {
		return nil, err
	}
	if o.Column == "" && o.Headings != "" {
		words := strings.Split(o.Headings, ",")
		o.Column = words[0] // if there is none, it is named as missing
		if i := slices.IndexFunc(words, t.headed); i >= 0 {
			o.Column = words[i]
		}
	}
	col, err := t.scoreColumn(o.Column, o.Headings != "")
	if err != nil {
		return nil, err
	}
	if err := t.ofMaximum(col, o.OutOf); err != nil {
		return nil, err
	}
	out := &Filled{Sheet: t.Sheet, Column: t.label(col), At: sheetfile.Name(col, t.headAt(col)), Unread: t.unread, form: f}
	w := &filling{table: t, out: out, col: col, o: o, exact: exact, seen: map[string]string{}, marked: map[string]bool{}}
	w.doubts = newDoubts(t, col, o.OutOf)
	for _, row := range t.list {
		if err := w.row(row, ids); err != nil {
			return nil, err
		}
	}
	if len(w.renamed) > 0 {
		return nil, diag.Misuse(i18n.M("fill.renamed", "n", len(w.renamed), "sheet", clip(t.Sheet), "students", named(w.renamed)), i18n.M("fill.renamed_hint"))
	}
	if err := w.doubtful(); err != nil {
		return nil, err
	}
	if err := out.forget(t); err != nil {
		return nil, err
	}
	for _, s := range scores {
		if _, ok := w.seen[s.ID]; !ok && !w.marked[s.ID] {
			out.Absent = append(out.Absent, s.ID)
		}
	}
	return out, nil
}

// index finds a class's students by what stands in a form.
type index struct {
	by   map[string]Score
	bare map[string][]Score // without leading zeros
}

func newIndex(scores []Score) index {
	x := index{map[string]Score{}, map[string][]Score{}}
	for _, s := range scores {
		x.by[s.ID] = s
		bare := strings.TrimLeft(s.ID, "0")
		x.bare[bare] = append(x.bare[bare], s)
	}
	return x
}

// find gives whose row it is. A number has lost the zeros before it: whoever it may be
// is taken where it is one student only, of the name that stands beside it.
func (x index) find(id roster.FormCell, name string) (Score, bool) {
	if id.Lost {
		return Score{}, false
	}
	if s, ok := x.by[id.ID()]; ok {
		return s, true
	}
	if may := x.bare[strings.TrimLeft(id.ID(), "0")]; id.Number && len(may) == 1 && name != "" && sameName(name, may[0].Name) {
		return may[0], true
	}
	return Score{}, false
}

// sameName takes no heed of spaces, width, and how the dot within a name is written.
func sameName(a, b string) bool {
	return dots.Replace(tight(a)) == dots.Replace(tight(b))
}

var dots = strings.NewReplacer("·", "", "•", "", "‧", "", "・", "", "･", "", ".", "")

// filling is the writing of scores under way.
type filling struct {
	exact map[string]rubric.Points // of students whose score was rounded
	*table
	out  *Filled
	col  int
	o    Options
	seen map[string]string // the cell of each student's ID
	// renamed are cells of names that are not the ID's.
	renamed []string
	marked  map[string]bool // IDs that stand in a cell with something else
	doubts
}

// absences are words that stand in a score's place, or beside it, and mean that there
// is a reason for none.
var absences = []string{
	"缺考", "旷考", "作弊", "缓考", "免修", "免考", "免听", "免试", "违纪", "舞弊", "取消资格", "取消考试资格", "休学", "退学", "缺席", "补考", "重修", "未参加考试", "absent", "excused", "exempt", "deferred",
}

func (w *filling) row(row *roster.FormRow, ids index) error {
	id, _ := row.Cell(w.id)
	name := ""
	if w.name > 0 {
		c, _ := row.Cell(w.name)
		name = c.Text
	}
	at := sheetfile.Name(w.id, row.N)
	s, ok := ids.find(id, name)
	if !ok {
		if looksLikeID(id.ID()) {
			w.out.Unknown = append(w.out.Unknown, clip(id.ID())+" ("+at+")")
		} else if w.mark(id.ID(), ids) {
			w.out.Marked = append(w.out.Marked, clip(id.Text)+" ("+at+")")
		}
		return nil
	}
	if first, twice := w.seen[s.ID]; twice {
		return diag.Misuse(i18n.M("fill.twice", "id", s.ID, "a", first, "b", at, "sheet", clip(w.Sheet)), i18n.M("fill.twice_hint"))
	}
	w.seen[s.ID] = at
	if name != "" && s.Name != "" && !sameName(name, s.Name) {
		w.renamed = append(w.renamed, sheetfile.Name(w.name, row.N)+" "+s.ID+" "+clip(name)+" / "+clip(s.Name))
	}
	cell, _ := row.Cell(w.col)
	place := sheetfile.Name(w.col, row.N)
	if a, covered := w.covering(w.col, row.N); covered && (a.FromRow != row.N || a.FromCol != w.col || w.several(a)) {
		return diag.Misuse(i18n.M("fill.merged", "cell", place, "area", sheetfile.Name(a.FromCol, a.FromRow)+":"+sheetfile.Name(a.ToCol, a.ToRow)), i18n.M("fill.merged_hint"))
	}
	number, isNumber := asPoints(cell.Text)
	if s.None {
		w.out.None = append(w.out.None, s.ID)
		if isNumber && !cell.Formula {
			w.out.Standing = append(w.out.Standing, Kept{place, s.ID, clip(cell.Text)})
		}
		return nil
	}
	switch {
	case s.Text != "" && !cell.Formula && cell.Text == s.Text:
		w.out.Same++
		return nil
	case s.Text != "" && !cell.Formula && (cell.Text == "" || w.o.Overwrite):
		w.out.edits = append(w.out.edits, write(row, w.col, s)...)
		w.out.Written++
		return nil
	case s.Text != "", cell.Formula, cell.Text != "" && !isNumber, isNumber && number != s.Points && !w.o.Overwrite:
		w.out.Kept = append(w.out.Kept, Kept{place, s.ID, clip(keptText(cell))})
		return nil
	case isNumber && number == s.Points:
		w.out.Same++
	default:
		w.out.edits = append(w.out.edits, write(row, w.col, s)...)
		w.out.Written++
	}
	if was, ok := w.exact[s.ID]; ok {
		w.out.Rounded = append(w.out.Rounded, Kept{place, s.ID, was.String() + " → " + s.Points.String()})
	}
	w.doubt(row, cell, s.Points)
	for _, c := range row.Cells {
		if c.Col != w.col && slices.Contains(absences, strings.ToLower(c.Text)) {
			w.out.Remarked = append(w.out.Remarked, Kept{sheetfile.Name(c.Col, row.N), s.ID, c.Text})
		}
	}
	return nil
}

// keptText is what a cell that was left shows; a formula may show nothing.
func keptText(c roster.FormCell) string {
	if c.Formula {
		return strings.TrimSpace("= " + c.Text)
	}
	return c.Text
}

// asPoints is a number that stands in a cell.
func asPoints(text string) (rubric.Points, bool) {
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		return 0, false
	}
	p, err := rubric.ParsePoints(text)
	if err != nil {
		return -1, true // some number, and none of ours
	}
	return p, true
}

// looksLikeID tells a student's ID from a sum, a remark or a signature.
func looksLikeID(s string) bool {
	return strings.ContainsAny(s, "0123456789") && len(s) <= 4*roster.MaxIDLength && !strings.ContainsFunc(s, isHan)
}

// idAt is what may be an ID within a text.
var idAt = regexp.MustCompile(`[0-9A-Za-z_-]{4,}`)

// mark reports whether a text that is no ID has one in it: of a student of the class, or
// a long one at its beginning.
func (w *filling) mark(text string, ids index) (is bool) {
	for _, at := range idAt.FindAllStringIndex(text, maxNamed) {
		id := text[at[0]:at[1]]
		if s, ok := ids.by[id]; ok {
			w.marked[s.ID], is = true, true
		}
		is = is || at[0] == 0 && len(digit.FindAllString(id, -1)) >= 5
	}
	return is
}

var digit = regexp.MustCompile(`[0-9]`)

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return s
}
