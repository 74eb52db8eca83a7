// Package takeback reads back what an instructor has typed into an exported workbook,
// and decides what of it is to be recorded.
//
// The workbook bears a hidden sheet, its [Origin], that says what it was exported
// from and what its cells showed then. So what was typed is told from what was there,
// columns are found wherever they were moved to, and what has been changed in the
// gradebook meanwhile is not overwritten. Everything here is pure: bytes and what
// stands go in, changes and what is wrong come out.
package takeback

import (
	"iter"
	"strconv"
	"strings"

	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// SheetName is the hidden sheet of the origin, in every language.
const SheetName = "_grade"

// Schema is the layout of that sheet.
const Schema = "swarmgrade-workbook/1"

// Keys of the columns of the first sheet that are read back.
const (
	ID       = "id"
	Name     = "name"
	Override = "override"
	Reason   = "reason"
	Remark   = "remark"
	// The ID once more, hidden before the override, between it and its reason, and before the remark, so that no two
	// columns that are filled in are sorted without one; a workbook of an earlier version has none, or not all.
	KeyBefore = "key_before"
	KeyWithin = "key_within"
	KeyAmong  = "key_among"
)

// Origin is what a workbook was exported from.
type Origin struct {
	Schema string
	Class  string
	Lab    string // the rubric's ID
	Run    string // the newest that counts
	Sheet  string // the name of the sheet that is filled in
	// Columns are all of that sheet, in its order.
	Columns  []Column
	Students []State
	// Tables are what sheets showed that nothing is read back from.
	Tables []Table

	shown int // texts of them so far
}

// Column is a heading of the sheet; Key says what it is, "" for what is not read.
type Column struct{ Key, Head string }

// State is what stood of a student when the workbook was written.
type State struct {
	ID, Name string
	// Override, Reason and Remark are what the cells showed.
	Override Value
	Reason   string
	Remark   string
	// Changes is how many changes by hand there were.
	Changes int
	// Judged names the verdicts that counted, see [Judged].
	Judged string
}

// Value is what an override cell says.
type Value struct {
	Set     bool // false for a blank cell
	Excused bool
	Points  rubric.Points
}

// excused is how the origin says it, in every language.
const excused = "excused"

func (v Value) String() string {
	switch {
	case v.Excused:
		return excused
	case v.Set:
		return v.Points.String()
	}
	return ""
}

// ValueOf is what the override cell shows of a student.
func ValueOf(s *result.Student) Value {
	o := s.Whole()
	switch {
	case o == nil:
		return Value{}
	case o.Excused:
		return Value{Set: true, Excused: true}
	}
	t := s.Tally()
	return Value{Set: true, Points: t.Points}
}

// Judged names the verdicts that count of a student, so that it changes when others do.
func Judged(s *result.Student) string {
	parts := make([]string, len(s.Attempts))
	for i, a := range s.Attempts {
		parts[i] = a.Task + "=" + a.Run
		if a.Judged != a.Run {
			parts[i] += "/" + a.Judged
		}
	}
	return strings.Join(parts, " ")
}

// First words of the sheet's rows.
const (
	rowSchema  = "schema"
	rowClass   = "class"
	rowLab     = "lab"
	rowRun     = "run"
	rowSheet   = "sheet"
	rowColumn  = "column"
	rowStudent = "student"
)

// Rows are the texts of the hidden sheet's cells, a row at a time.
func (o *Origin) Rows() iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for _, row := range [][]string{{rowSchema, Schema}, {rowClass, o.Class}, {rowLab, o.Lab}, {rowRun, o.Run}, {rowSheet, o.Sheet}} {
			if !yield(row) {
				return
			}
		}
		for _, c := range o.Columns {
			if !yield([]string{rowColumn, c.Key, c.Head}) {
				return
			}
		}
		for _, s := range o.Students {
			if !yield([]string{
				rowStudent, s.ID, s.Name, s.Override.String(), s.Reason, s.Remark, strconv.Itoa(s.Changes), s.Judged,
			}) {
				return
			}
		}
		for i := range o.Tables {
			for row := range o.Tables[i].rows() {
				if !yield(row) {
					return
				}
			}
		}
	}
}

// add takes one row of the hidden sheet; words it does not know are of a newer
// program and passed over.
func (o *Origin) add(row []string) {
	switch row[0] {
	case rowTable, rowHead, rowCells:
		o.addShown(row)
	case rowSchema:
		o.Schema = row[1]
	case rowClass:
		o.Class = row[1]
	case rowLab:
		o.Lab = row[1]
	case rowRun:
		o.Run = row[1]
	case rowSheet:
		o.Sheet = row[1]
	case rowColumn:
		o.Columns = append(o.Columns, Column{row[1], row[2]})
	case rowStudent:
		s := State{ID: row[1], Name: row[2], Reason: row[4], Remark: row[5], Judged: row[7]}
		if n, err := strconv.Atoi(row[6]); err == nil {
			s.Changes = max(n, 0)
		}
		switch row[3] {
		case "":
		case excused:
			s.Override = Value{Set: true, Excused: true}
		default:
			points, err := rubric.ParsePoints(row[3])
			s.Override = Value{Set: err == nil, Points: points}
		}
		o.Students = append(o.Students, s)
	}
}
