package roster

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sheetfile"
)

// Limits of a roster.
const (
	MaxStudents   = 20000
	MaxIDLength   = 64
	MaxNameLength = 100
	maxCell       = 1000 // characters of another column
	maxHeading    = 100  // characters of a heading
	headingRows   = 20   // titles may stand above the heading
	maxProblems   = 100  // then the rest of the roster is not read

	// maxCells bounds the cells of all rows together, maxText their text in
	// bytes, each time that it is used.
	maxCells = 400_000
	maxText  = 16 << 20
	// maxValue is how many bytes of one value are kept: enough to tell that it
	// is too long.
	maxValue = 4*maxCell + 4
)

// row is one line of a csv file or one row of a worksheet.
type row struct {
	line   int
	source string
	cells  []cell
}

type cell struct {
	text  string
	col   int        // where it begins in source, in characters from 1
	sheet int        // its column in a worksheet, from 1
	bad   *complaint // what the reader already knows to be wrong with it as an ID
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
// content. file is its name in messages. The error is a [diag.Problems], or
// that of ctx.
func ReadRoster(ctx context.Context, data []byte, file string) (*List, error) {
	r := &reader{ctx: ctx, file: file, first: map[string]row{}}
	switch {
	case len(data) > MaxRosterBytes:
		r.whole(i18n.M("roster.file_too_big", "path", file), i18n.M("roster.file_too_big_hint"))
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		r.xlsx(data)
	case bytes.HasPrefix(data, []byte("\xD0\xCF\x11\xE0")):
		r.whole(i18n.M("roster.old_excel"), i18n.M("roster.save_as_hint"))
	case bytes.HasPrefix(bytes.TrimLeft(data[:min(len(data), 1024)], "\xEF\xBB\xBF \r\n\t"), []byte("<")):
		r.whole(i18n.M("roster.is_html"), i18n.M("roster.save_as_hint"))
	default:
		r.csv(data)
	}
	return r.result()
}

func (r *reader) result() (*List, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	if len(r.problems) > 0 {
		// What looks odd is mended in the same go.
		return nil, append(r.problems, idNotes(r.file, r.list.Students)...).Err()
	}
	r.notes()
	return &r.list, nil
}

// reader gathers students and problems from the rows of a roster.
type reader struct {
	ctx      context.Context // of the one call that reads
	file     string
	problems diag.Problems
	list     List
	first    map[string]row // where each ID stands
	cells    int            // so far, in all rows
	bytes    int
	out      []int // rows that are no students
	outText  string
	hidden   []int
	merged   []span
}

// span are rows of a worksheet's column that show its first one's value.
type span struct{ col, from, to int }

// room counts a row against the limits, and says so where they are passed.
func (r *reader) room(w row) bool {
	r.cells += len(w.cells)
	for _, c := range w.cells {
		r.bytes += len(c.text)
	}
	if r.cells > maxCells || r.bytes > maxText {
		r.whole(i18n.M("roster.too_much", "cells", maxCells, "limit", maxText>>20), i18n.M("roster.too_much_hint"))
		return false
	}
	return true
}

// whole adds a problem of the file as a whole.
func (r *reader) whole(msg, hint i18n.Msg) {
	r.problems.Add(diag.Pos{File: r.file}, "", 0, msg, hint)
}

// pos is where a cell stands.
func (r *reader) pos(w row, c cell) diag.Pos { return diag.Pos{File: r.file, Line: w.line, Col: c.col} }

func (r *reader) at(w row, c cell, msg, hint i18n.Msg) {
	if c.sheet > 0 {
		msg = i18n.M("roster.in_cell", "cell", sheetfile.Name(c.sheet, w.line), "problem", msg)
	}
	r.problems.Add(r.pos(w, c), w.source, len([]rune(c.text)), msg, hint)
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
	r.fill(rows[at+1:], cols)
	for i, w := range rows[at+1:] {
		if i%256 == 0 && r.ctx.Err() != nil {
			return
		}
		if w.blank() {
			continue
		}
		if len(r.list.Students) == MaxStudents {
			r.at(w, cell{col: 1}, i18n.M("roster.too_many", "limit", MaxStudents), i18n.Msg{})
			return
		}
		if len(r.problems) >= maxProblems {
			r.at(w, cell{}, i18n.M("roster.stopped", "n", maxProblems), i18n.Msg{})
			return
		}
		r.student(w, cols, len(rows[at].cells))
	}
	if len(r.list.Students)+len(r.problems) == 0 {
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
	w := rows[0]
	if !slices.ContainsFunc(rows[:min(len(rows), headingRows)], func(w row) bool { return len(w.cells) > 1 }) {
		w.source = "" // no table at all: nothing to quote from
	}
	r.at(w, cell{col: 1, text: w.source}, i18n.M("roster.no_heading", "rows", headingRows), i18n.M("roster.heading_hint"))
}

func (r *reader) student(w row, cols columns, width int) {
	get := func(i int) cell {
		if i < len(w.cells) {
			return w.cells[i]
		}
		return cell{}
	}
	idCell, nameCell := get(cols.id), get(cols.name)
	if r.leftOut(w, idCell, nameCell) {
		return
	}
	for _, c := range w.cells[min(width, len(w.cells)):] {
		// In a worksheet it is a note beside the table, in text a stray comma.
		if trim(c.text) != "" && c.sheet == 0 {
			r.at(w, c, i18n.M("roster.extra_cell", "text", clip(c.text), "n", width), i18n.M("roster.extra_cell_hint"))
			return
		}
	}
	s := Student{Pos: r.pos(w, idCell), Source: w.source}
	if idCell.bad != nil {
		r.at(w, idCell, idCell.bad.msg, idCell.bad.hint)
	} else {
		s.ID = r.clean(w, idCell, cleanID)
	}
	s.Name = r.clean(w, nameCell, cleanName)
	if s.ID != "" {
		if first, twice := r.first[s.ID]; twice {
			r.at(w, idCell, i18n.M("roster.duplicate", "id", s.ID, "line", first.line), i18n.M("roster.duplicate_hint"))
		} else {
			r.first[s.ID] = w
		}
	}
	for i, name := range cols.others {
		if text := further(get(i).text, maxCell); text != "" {
			if s.Columns == nil {
				s.Columns = make(map[string]string, len(cols.others))
			}
			s.Columns[name] = text
		}
	}
	r.list.Students = append(r.list.Students, s)
}

func (r *reader) clean(w row, c cell, how func(string) (string, *complaint)) string {
	text, bad := how(unforced(c.text))
	if bad != nil {
		r.at(w, c, bad.msg, bad.hint)
		return ""
	}
	return text
}

// fill gives the rows of a merged cell its value, in further columns: an ID or
// a name that stands for several rows is no student of each.
func (r *reader) fill(rows []row, cols columns) {
	for _, m := range r.merged {
		if _, ok := cols.others[m.col-1]; !ok {
			continue
		}
		at, _ := slices.BinarySearchFunc(rows, m.from, func(w row, line int) int { return w.line - line })
		if at == len(rows) || rows[at].line != m.from || m.col > len(rows[at].cells) {
			continue
		}
		value := rows[at].cells[m.col-1]
		for i := at + 1; i < len(rows) && rows[i].line <= m.to; i++ {
			if rows[i].blank() {
				continue
			}
			for len(rows[i].cells) < m.col {
				rows[i].cells = append(rows[i].cells, cell{})
			}
			if rows[i].cells[m.col-1].text == "" {
				rows[i].cells[m.col-1].text = value.text
			}
		}
	}
}
