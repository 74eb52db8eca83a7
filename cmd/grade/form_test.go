package main

import (
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"
)

// cmdForm is "form FILE CELL=TEXT...": a workbook with these cells, as a school's own
// form is one.
func cmdForm(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: form FILE CELL=TEXT...")
	}
	f := excelize.NewFile()
	defer f.Close()
	for _, arg := range args[1:] {
		cell, text, _ := strings.Cut(arg, "=")
		ts.Check(f.SetCellValue(f.GetSheetName(0), cell, text))
	}
	ts.Check(f.SaveAs(ts.MkAbs(args[0])))
}

// cmdCell is "cell FILE CELL TEXT": what stands in the first sheet.
func cmdCell(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: cell FILE CELL TEXT")
	}
	f, err := excelize.OpenFile(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	got, err := f.GetCellValue(f.GetSheetName(0), args[1])
	ts.Check(err)
	if got != args[2] {
		ts.Fatalf("%s of %s is %q, want %q", args[1], args[0], got, args[2])
	}
}
