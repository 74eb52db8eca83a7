package roster

import (
	"bytes"
	"strings"
	"unicode"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// Limits of a roster.
const (
	MaxStudents   = 20000
	MaxIDLength   = 64
	MaxNameLength = 100
	maxCell       = 1000 // characters of another column
	headingRows   = 12   // titles may stand above the heading
	maxProblems   = 100  // then the rest of the roster is not read
)

var (
	idHeadings = []string{
		"学号", "学生学号", "学生号", "学工号", "学籍号", "学生编号",
		"id", "studentid", "studentno", "studentnumber", "studentnum", "stuid", "stuno", "sid", "idnumber",
	}
	nameHeadings = []string{"姓名", "学生姓名", "名字", "name", "studentname", "fullname", "stuname"}
)

// heading normalises a column's heading for comparison: case, spaces and
// punctuation do not matter.
func heading(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// row is one line of a csv file or one row of a worksheet.
type row struct {
	line   int
	source string
	cells  []cell
}

type cell struct {
	text string
	col  int        // where it begins in source, in characters from 1
	ref  string     // "B5" in a worksheet
	bad  *complaint // what the reader already knows to be wrong with it as an ID
}

// complaint is what is wrong with a value.
type complaint struct{ msg, hint i18n.Msg }

func (r row) blank() bool {
	for _, c := range r.cells {
		if trim(c.text) != "" {
			return false
		}
	}
	return true
}

// ReadRoster reads who is graded from a csv or xlsx file, told apart by
// content. file is its name in messages. The error is a [diag.Problems].
func ReadRoster(data []byte, file string) ([]Student, error) {
	r := &reader{file: file, pos: map[string]row{}}
	switch {
	case len(data) > MaxRosterBytes:
		r.whole(i18n.M("roster.file_too_big", "path", file), i18n.M("roster.file_too_big_hint"))
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		r.xlsx(data)
	case bytes.HasPrefix(data, []byte("\xD0\xCF\x11\xE0")):
		r.whole(i18n.M("roster.old_excel"), i18n.M("roster.save_as_hint"))
	case bytes.HasPrefix(bytes.TrimLeft(data, "\xEF\xBB\xBF \r\n\t"), []byte("<")):
		r.whole(i18n.M("roster.is_html"), i18n.M("roster.save_as_hint"))
	default:
		r.csv(data)
	}
	if err := r.problems.Err(); err != nil {
		return nil, err
	}
	return r.students, nil
}

// reader gathers students and problems from the rows of a roster.
type reader struct {
	file     string
	problems diag.Problems
	students []Student
	pos      map[string]row // where each ID stands
}

// whole adds a problem of the file as a whole.
func (r *reader) whole(msg, hint i18n.Msg) {
	r.problems.Add(diag.Pos{File: r.file}, "", 0, msg, hint)
}

func (r *reader) at(w row, c cell, msg, hint i18n.Msg) {
	if c.ref != "" {
		msg = i18n.M("roster.in_cell", "cell", c.ref, "problem", msg)
	}
	r.problems.Add(diag.Pos{File: r.file, Line: w.line, Col: c.col}, w.source, len([]rune(c.text)), msg, hint)
}

// columns says what stands where.
type columns struct {
	id, name int
	others   map[int]string
}

// findHeading gives the row with the headings: the first of the top rows that
// has both an ID and a name, else the first with an ID. It is -1 if there is
// none.
func findHeading(rows []row) (at int, whole bool) {
	at = -1
	for i, w := range rows[:min(len(rows), headingRows)] {
		hasID, hasName := count(w, idHeadings) > 0, count(w, nameHeadings) > 0
		if hasID && hasName {
			return i, true
		}
		if hasID && at < 0 {
			at = i
		}
	}
	return at, false
}

func count(w row, headings []string) int {
	n := 0
	for _, c := range w.cells {
		if isOne(c.text, headings) {
			n++
		}
	}
	return n
}

func isOne(text string, headings []string) bool {
	h := heading(text)
	for _, x := range headings {
		if h == x {
			return true
		}
	}
	return false
}

// headings reads the heading row.
func (r *reader) headings(w row) columns {
	c := columns{id: -1, name: -1, others: map[int]string{}}
	seen := map[string]bool{}
	for i, x := range w.cells {
		name := trim(x.text)
		switch {
		case name == "":
		case isOne(name, idHeadings):
			if c.id >= 0 {
				r.at(w, x, i18n.M("roster.two_columns", "a", trim(w.cells[c.id].text), "b", name), i18n.M("roster.two_columns_hint"))
				continue
			}
			c.id = i
		case isOne(name, nameHeadings):
			if c.name >= 0 {
				r.at(w, x, i18n.M("roster.two_columns", "a", trim(w.cells[c.name].text), "b", name), i18n.M("roster.two_columns_hint"))
				continue
			}
			c.name = i
		case seen[name]:
			r.at(w, x, i18n.M("roster.heading_twice", "name", clip(name)), i18n.M("roster.two_columns_hint"))
		default:
			clean, bad := cleanText(name)
			if bad != nil {
				r.at(w, x, bad.msg, bad.hint)
			}
			seen[name] = true
			c.others[i] = clean
		}
	}
	if c.name < 0 {
		r.at(w, cell{col: 1}, i18n.M("roster.no_name_column"), i18n.M("roster.heading_hint"))
	}
	return c
}

// rows turns the rows of a table into students.
func (r *reader) rows(rows []row) {
	at, _ := findHeading(rows)
	if at < 0 {
		r.noHeading(rows)
		return
	}
	cols := r.headings(rows[at])
	if cols.name < 0 {
		return
	}
	for _, w := range rows[at+1:] {
		if w.blank() {
			continue
		}
		if len(r.students) == MaxStudents {
			r.at(w, cell{col: 1}, i18n.M("roster.too_many", "limit", MaxStudents), i18n.Msg{})
			return
		}
		if len(r.problems) >= maxProblems {
			r.at(w, cell{}, i18n.M("roster.stopped", "n", maxProblems), i18n.Msg{})
			return
		}
		r.student(w, cols, len(rows[at].cells))
	}
	if len(r.students)+len(r.problems) == 0 {
		r.whole(i18n.M("roster.no_students"), i18n.M("roster.no_students_hint"))
	}
}

func (r *reader) noHeading(rows []row) {
	if len(rows) == 0 {
		r.whole(i18n.M("roster.empty"), i18n.M("roster.heading_hint"))
		return
	}
	for _, w := range rows[:min(len(rows), headingRows)] {
		if len(w.cells) == 1 && strings.ContainsAny(w.source, "，；") && strings.Contains(heading(w.source), "学号") {
			r.at(w, cell{col: 1, text: w.source}, i18n.M("roster.wide_comma"), i18n.M("roster.wide_comma_hint"))
			return
		}
	}
	r.at(rows[0], cell{col: 1, text: rows[0].source}, i18n.M("roster.no_heading", "rows", headingRows), i18n.M("roster.heading_hint"))
}

func (r *reader) student(w row, cols columns, width int) {
	get := func(i int) cell {
		if i < len(w.cells) {
			return w.cells[i]
		}
		return cell{}
	}
	for _, c := range w.cells[min(width, len(w.cells)):] {
		if trim(c.text) != "" {
			r.at(w, c, i18n.M("roster.extra_cell", "text", clip(c.text), "n", width), i18n.M("roster.extra_cell_hint"))
			return
		}
	}
	idCell, nameCell := get(cols.id), get(cols.name)
	s := Student{Pos: diag.Pos{File: r.file, Line: w.line, Col: idCell.col}, Source: w.source}
	if idCell.bad != nil {
		r.at(w, idCell, idCell.bad.msg, idCell.bad.hint)
	} else {
		s.ID = r.clean(w, idCell, cleanID)
	}
	s.Name = r.clean(w, nameCell, cleanName)
	if s.ID != "" {
		if first, twice := r.pos[s.ID]; twice {
			r.at(w, idCell, i18n.M("roster.duplicate", "id", s.ID, "line", first.line), i18n.M("roster.duplicate_hint"))
		} else {
			r.pos[s.ID] = w
		}
	}
	for i, name := range cols.others {
		if text := r.clean(w, get(i), cleanText); text != "" {
			if s.Columns == nil {
				s.Columns = make(map[string]string, len(cols.others))
			}
			s.Columns[name] = text
		}
	}
	r.students = append(r.students, s)
}

func (r *reader) clean(w row, c cell, how func(string) (string, *complaint)) string {
	text, bad := how(c.text)
	if bad != nil {
		r.at(w, c, bad.msg, bad.hint)
		return ""
	}
	return text
}
