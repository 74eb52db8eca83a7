package form

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

// course is a form of a course: the lab's scores are a part of the sum, which a hidden
// sheet has too; what they came to stands there, and how they are computed is as calc
// says.
func course(t *testing.T, calc string) []byte {
	raw := book(t, [][]any{
		{"学号", "姓名", "成绩", "总评", "结论"}, {"0020240101", "张三", nil, "=C2*0.3", `=IF(D2>0,"有","无")`}, {"0020240102", `="李"&"四"`, nil, "=C3*0.3", `=IF(D3>0,"有","无")`},
		{"平均", nil, nil, "=AVERAGE(D2:D3)"},
	}, func(f *excelize.File) {
		_, err := f.NewSheet("汇总")
		require.NoError(t, err)
		kind, ref := excelize.STCellFormulaTypeArray, "A1:A2"
		require.NoError(t, f.SetCellFormula("汇总", "A1", "Sheet1!C2:C3*2", excelize.FormulaOpts{Type: &kind, Ref: &ref}))
		require.NoError(t, f.SetSheetVisible("汇总", false))
	})
	raw = with(t, raw, sheet1, func(s string) string {
		s = strings.ReplaceAll(s, "*0.3</f>", "*0.3</f><v>0</v>")
		s = strings.ReplaceAll(s, "AVERAGE(D2:D3)</f>", "AVERAGE(D2:D3)</f><v></v>")
		for _, cell := range []string{"E2", "E3"} {
			s = strings.Replace(s, `<c r="`+cell+`"`, `<c x:y="&amp;" xmlns:x="z" r="`+cell+`"`, 1)
		}
		return strings.NewReplacer(`&#34;无&#34;)</f>`, `&#34;无&#34;)</f><v>无</v>`, `&amp;&#34;四&#34;</f>`, `&amp;&#34;四&#34;</f><v>李四</v>`).Replace(s)
	})
	raw = with(t, raw, "xl/worksheets/sheet2.xml", func(s string) string {
		at := strings.Index(s, "</f>") + len("</f>")
		return s[:at] + "<v>0</v></c></row><row r=\"2\"><c r=\"A2\"><v>0</v></c><c r=\"B2\"><v>7</v></c></row></sheetData>" + s[strings.Index(s, "</sheetData>")+len("</sheetData>"):]
	})
	return with(t, raw, "xl/workbook.xml", func(s string) string {
		require.NotContains(t, s, "fullCalcOnLoad")
		if from := strings.Index(s, "<calcPr"); from >= 0 {
			to := from + strings.Index(s[from:], ">") + 1
			s = s[:from] + strings.TrimPrefix(s[to:], "</calcPr>")
		}
		return strings.Replace(s, "</sheets>", "</sheets>"+calc, 1)
	})
}

// calcs are ways in which workbooks say how they are computed, or do not.
var calcs = map[string]string{
	"not said": "", "said": `<calcPr calcId="191029"/>`, "not when opened": `<calcPr calcId="191029" fullCalcOnLoad='0'/>`,
	"by hand": `<calcPr calcMode="manual" calcOnSave="0"></calcPr>`, "before what is after it": `<definedNames><definedName name="x">Sheet1!$A$1</definedName></definedNames>`,
}

// TestForgotten: what formulas came to before the scores is nowhere in the form, in
// whatever sheet; IDs, names and numbers that nothing computes are.
func TestForgotten(t *testing.T) {
	for name, calc := range calcs {
		t.Run(name, func(t *testing.T) {
			raw := course(t, calc)
			f, err := Fill(t.Context(), raw, "form.xlsx", class(), Options{})
			require.NoError(t, err)
			require.True(t, f.Formulas)
			var buf bytes.Buffer
			require.NoError(t, f.Write(t.Context(), &buf))
			got := members(t, buf.Bytes())
			require.Contains(t, members(t, raw)[sheet1], "*0.3</f><v>0</v>")
			require.NotContains(t, got[sheet1], "*0.3</f><v>")
			require.NotContains(t, got[sheet1], "<v>无</v>")
			require.NotContains(t, got[sheet1], "<v></v>")
			require.Contains(t, got[sheet1], "<v>李四</v>")
			require.Contains(t, got[sheet1], `<c x:y="&amp;" xmlns:x="z" r="E2"><f>`, "text no longer says that it is one")
			require.Contains(t, got["xl/worksheets/sheet2.xml"], `<row r="2"><c r="A2"></c><c r="B2"><v>7</v></c></row>`)
			require.NotContains(t, got["xl/worksheets/sheet2.xml"], "<v>0</v>")
			book := got["xl/workbook.xml"]
			require.Equal(t, 1, strings.Count(book, "<calcPr"))
			require.Contains(t, book, ` fullCalcOnLoad="1"`)
			require.NotContains(t, book, `manual`)
			if strings.HasPrefix(calc, "<definedNames") {
				require.Contains(t, book, `</definedNames><calcPr fullCalcOnLoad="1"/>`)
			}
			again, err := Fill(t.Context(), buf.Bytes(), "form.xlsx", class(), Options{})
			require.NoError(t, err)
			require.Equal(t, 2, again.Same)
		})
	}
}

// TestNoArray: a cell that another one's formula makes the value of is none to fill.
func TestNoArray(t *testing.T) {
	raw := book(t, [][]any{{"学号", "姓名", "成绩"}, {"0020240101", "张三"}, {"0020240102", "李四", 0}}, func(f *excelize.File) {
		kind, ref := excelize.STCellFormulaTypeArray, "C2:C3"
		require.NoError(t, f.SetCellFormula("Sheet1", "C2", "LEN(B2:B3)", excelize.FormulaOpts{Type: &kind, Ref: &ref}))
	})
	f, err := Fill(t.Context(), raw, "form.xlsx", class(), Options{Column: "C", Overwrite: true})
	require.NoError(t, err)
	require.Equal(t, []string{"C2 0020240101 =", "C3 0020240102 = 0"}, words(f.Kept))
}

// TestOfficeComputes: LibreOffice, which believes what formulas came to when a file was
// saved, has the sums of the new scores. It needs soffice.
func TestOfficeComputes(t *testing.T) {
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("soffice is not installed: the form is only read here")
	}
	dir := t.TempDir()
	for name, calc := range calcs {
		f, err := Fill(t.Context(), course(t, calc), "form.xlsx", class(), Options{})
		require.NoError(t, err)
		var buf bytes.Buffer
		require.NoError(t, f.Write(t.Context(), &buf))
		file := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".xlsx")
		require.NoError(t, os.WriteFile(file, buf.Bytes(), 0o600))
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.xlsx"))
	require.NoError(t, err)
	out, err := exec.CommandContext(t.Context(), soffice, append([]string{"--headless", "-env:UserInstallation=file://" + filepath.Join(dir, "profile"),
		"--convert-to", "xlsx", "--outdir", filepath.Join(dir, "out")}, files...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, file := range files {
		raw, err := os.ReadFile(filepath.Join(dir, "out", filepath.Base(file)))
		require.NoError(t, err, "%s", out)
		x, err := excelize.OpenReader(bytes.NewReader(raw))
		require.NoError(t, err)
		for _, c := range [][3]string{
			{"Sheet1", "D2", "27.75"}, {"Sheet1", "D3", "30"}, {"Sheet1", "D4", "28.875"}, {"Sheet1", "E2", "有"}, {"Sheet1", "B3", "李四"},
			{"汇总", "A1", "185"}, {"汇总", "A2", "200"}, {"汇总", "B2", "7"},
		} {
			got, err := x.GetCellValue(c[0], c[1], excelize.Options{RawCellValue: true})
			require.NoError(t, err)
			require.Equal(t, c[2], got, "%s %s %s", filepath.Base(file), c[0], c[1])
		}
		require.NoError(t, x.Close())
	}
}
