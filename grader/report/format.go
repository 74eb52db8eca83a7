// Package report writes results for people and for other programs: JSON, a
// terminal table, one student's details, a workbook.
//
// Everything here is a pure function of [result.Data]: no clock, no network, no
// files. The same data gives the same bytes. Text from students is made
// harmless for where it goes: a terminal, a cell, a JSON string.
package report

import (
	"io"
	"slices"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// Format is a form in which results leave the program as files: one of the class
// (Write) or one of each student (Each), never both.
type Format struct {
	Name string // what --format takes
	// Ext is the ending of its files' names, without the dot.
	Ext string
	// Media is its media type, for downloads.
	Media string
	// Usual says that it is written where nobody says which.
	Usual bool
	// Final says that others take what it holds for final scores, so that one that
	// is still open is left out unless Options.AllowUngraded.
	Final bool
	// Scaled says that its scores are of Options.Scale where that is set. Those of the
	// others are each student's own, whose checks and tasks they are beside.
	Scaled bool
	// Roster says that it is of the students whom the roster has today: those of whom
	// nothing is known too, and nobody who has left.
	Roster bool
	// Public says that it is of nobody by ID, name or score, so that others than the owner may
	// read the file.
	Public bool
	// Write writes the class's file; what is foreign is escaped here.
	Write func(w io.Writer, d *result.Data, o Options) error
	// Each writes one student's file, which holds nothing of anybody else. A student
	// without a score to hand over has none if it is Final.
	Each func(w io.Writer, d *result.Data, s *result.Student, o Options) error
	// Check says what of the settings keeps the class's file from being of use; nil is
	// nothing. It is asked before anybody is graded too, of a class that lacks all tasks.
	Check func(d *result.Data, o Options) error
	// Empty reports that the class's file would have nobody in it, which its importer
	// refuses, so that it is not written; nil is never.
	Empty func(d *result.Data, o Options) bool
	// Remarks are what there is to know of what was written; nil is nothing. Whose
	// score is open is said of every format that is Final.
	Remarks func(d *result.Data, o Options) []Remark
}

// Options are what a file's contents depend on beside the results.
type Options struct {
	Lang i18n.Lang
	// AllowUngraded lets scores that are still open be given as if they were final.
	AllowUngraded bool
	// Item is what the column of scores is called at a learning platform; "" is the
	// class's title and the rubric's.
	Item string
	// ColumnID is Blackboard's number of the column.
	ColumnID string
	// Scale is the maximum that platforms and forms get scores of; 0 is the lab's own.
	Scale rubric.Points
	// Timeline is the fault window of a student, nil if there was none; as a whole
	// class's would fill memory, each is read when it is asked for. A nil function
	// knows of none.
	Timeline func(*result.Student) (*result.Timeline, error)

	// Part is what of the class's results it is; a workbook of a part says so, and can't be
	// taken back for the class's.
	Part Part

	of      *result.Data // that the following are of
	columns []result.Column
	whole   rubric.Points
	people  *people
	class   *result.Data        // see [Options.Of]
	hide    func(string) string // see [Options.to]; nil hides nothing
}

// Of is o for data of some of a class's students: what everybody is measured by is the
// class's, and so is who is anybody else.
func (o Options) Of(class *result.Data) Options {
	o.class = class
	return o.For(class)
}

// timeline is the fault window of a student, if one is known.
func (o *Options) timeline(s *result.Student) (*result.Timeline, error) {
	if s.Timeline != nil || o.Timeline == nil {
		return s.Timeline, nil
	}
	return o.Timeline(s)
}

// Formats are all there are, in the order in which help names them.
func Formats() []Format {
	return []Format{
		{Name: "xlsx", Ext: "xlsx", Media: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Usual: true, Write: Workbook},
		{Name: "json", Ext: "json", Media: "application/json", Usual: true, Write: func(w io.Writer, d *result.Data, o Options) error { return JSON(w, d, o.Lang) }},
		{Name: "html", Ext: "html", Media: "text/html; charset=utf-8", Write: HTML},
		{Name: "feedback", Ext: "html", Media: "text/html; charset=utf-8", Each: Feedback},
		csvFormat, moodleFormat, canvasFormat, blackboardFormat,
		gradescopeFormat, githubFormat, junitFormat, tapFormat, prometheusFormat,
	}
}

// FormatNames are the formats' names.
func FormatNames() []string {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	return names
}

// UsualFormats are the names of those that are written where nobody says which.
func UsualFormats() []string {
	var names []string
	for _, f := range Formats() {
		if f.Usual {
			names = append(names, f.Name)
		}
	}
	return names
}

// FindFormat is the format of a name.
func FindFormat(name string) (Format, bool) {
	all := Formats()
	i := slices.IndexFunc(all, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return all[i], true
}
