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
	var heads []string
	cols := map[string]int{}
	for _, r := range origin {
		if r[0] == "column" {
			heads = append(heads, r[2])
			cols[r[1]] = len(heads)
		}
	}
	name := f.GetSheetName(0)
	rows, err := f.GetRows(name)
	ts.Check(err)
	at := slices.IndexFunc(rows, func(r []string) bool { return slices.Equal(r, heads) })
	id, col := cols["id"], cols[args[2]]
	row := slices.IndexFunc(rows[at+1:], func(r []string) bool { return len(r) >= id && r[id-1] == args[1] })
	if at < 0 || row < 0 || col == 0 {
		ts.Fatalf("%s has no headings, no row %s, or no column %s", args[0], args[1], args[2])
	}
	ref, err := excelize.CoordinatesToCellName(col, at+row+2)
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
