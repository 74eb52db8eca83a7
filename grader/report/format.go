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
)

// Format is a form in which results leave the program as a file.
type Format struct {
	Name string // what --format takes, and the ending of the file's name
	// Media is its media type, for downloads.
	Media string
	// Typed says that people type into such a file, so that none that is not as
	// it was written is ever written over.
	Typed bool
	Write func(w io.Writer, d *result.Data, lang i18n.Lang) error
}

// Formats are all there are, in the order in which help names them.
func Formats() []Format {
	return []Format{
		{Name: "xlsx", Media: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Typed: true, Write: Workbook},
		{Name: "json", Media: "application/json", Write: JSON},
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

// FindFormat is the format of a name.
func FindFormat(name string) (Format, bool) {
	all := Formats()
	i := slices.IndexFunc(all, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return all[i], true
}
