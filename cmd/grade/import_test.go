package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/takeback"
)

// cmdEnter is "enter WORKBOOK ID KEY [TEXT]": a hand in a student's row of the first
// sheet, in the column of that key (override, reason, remark). What looks like a number
// becomes one, as programs make of it, unless an apostrophe is before it.
func cmdEnter(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: enter WORKBOOK ID KEY [TEXT]")
	}
	f, err := excelize.OpenFile(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	origin, err := f.GetRows(takeback.SheetName)
	ts.Check(err)
	head := map[string]string{}
	for _, r := range origin {
		if r[0] == "column" && len(r) > 2 {
			head[r[1]] = r[2]
		}
	}
	name := f.GetSheetName(0)
	rows, err := f.GetRows(name)
	ts.Check(err)
	at := slices.IndexFunc(rows, func(r []string) bool { return slices.Contains(r, head["id"]) })
	if at < 0 {
		ts.Fatalf("%s has no headings", args[0])
	}
	id, col := slices.Index(rows[at], head["id"]), slices.Index(rows[at], head[args[2]])
	row := slices.IndexFunc(rows, func(r []string) bool { return len(r) > id && r[id] == args[1] })
	if row < 0 || col < 0 {
		ts.Fatalf("%s has no row %s or no column %s", args[0], args[1], args[2])
	}
	ref, err := excelize.CoordinatesToCellName(col+1, row+1)
	ts.Check(err)
	var v any
	if len(args) > 3 {
		v = strings.TrimPrefix(args[3], "'")
		if n, err := strconv.ParseFloat(args[3], 64); err == nil {
			v = n
		}
	}
	ts.Check(f.SetCellValue(name, ref, v))
	ts.Check(f.Save())
}
