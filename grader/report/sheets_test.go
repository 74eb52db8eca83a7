package report

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// parts are the files in a workbook whose name begins with prefix, in their order.
func parts(t *testing.T, raw []byte, prefix string) []string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	require.NoError(t, err)
	var out []string
	for _, f := range z.File {
		if !strings.HasPrefix(f.Name, prefix) {
			continue
		}
		r, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		out = append(out, string(text))
	}
	return out
}

// Programs sort no protected sheet with a locked cell in what is sorted, so no sheet is.
func TestWorkbookIsSortedWithoutUnprotecting(t *testing.T) {
	f := readBack(t, workbook(t, handedData(), i18n.ZH))
	for _, sheet := range f.GetSheetList() {
		protection, err := f.GetSheetProtection(sheet)
		require.NoError(t, err)
		require.Equal(t, excelize.SheetProtectionOptions{}, protection, sheet)
	}
	// A formula of a row names cells of that row, and columns of other sheets as a whole.
	own := regexp.MustCompile(`\$?[A-Z]+(\d+)`)
	elsewhere := regexp.MustCompile(`'[^']+'!\$[A-Z]+\$1:\$[A-Z]+\$\d+|"[^"]*"`)
	seen := 0
	for _, sheet := range f.GetSheetList()[:4] {
		rows, err := f.GetRows(sheet)
		require.NoError(t, err)
		for r := range rows {
			for c := range rows[r] {
				text := formula(t, f, sheet, ref(c+1, r+1))
				for _, m := range own.FindAllStringSubmatch(elsewhere.ReplaceAllString(text, ""), -1) {
					require.Equal(t, strconv.Itoa(r+1), m[1], "%s %s", sheet, text)
					seen++
				}
			}
		}
	}
	require.Greater(t, seen, 100)
}

// Each picture is made of cells that have what it shows: formulas, so that it follows.
func TestPictures(t *testing.T) {
	d := class60(t, 60, i18n.ZH, "1", "2")
	raw := render(t, func(b *bytes.Buffer) error { return Workbook(b, d, Options{Lang: i18n.ZH, Timeline: windowOf}) })
	require.True(t, bytes.Equal(raw, render(t, func(b *bytes.Buffer) error { return Workbook(b, d, Options{Lang: i18n.ZH, Timeline: windowOf}) })), "the same bytes")
	f := readBack(t, raw)
	charts := parts(t, raw, "xl/charts/chart")
	var areas [][]string
	for _, c := range charts {
		var a []string
		for _, m := range regexp.MustCompile(`<(?:c:)?f>([^<]*)</`).FindAllStringSubmatch(c, -1) {
			a = append(a, strings.ReplaceAll(strings.ReplaceAll(m[1], "&#39;", "'"), "&quot;", `"`))
		}
		areas = append(areas, slices.DeleteFunc(a, func(s string) bool { return !strings.Contains(s, ":") }))
	}
	require.Equal(t, [][]string{
		{"'统计'!$B$2:$B$6", "'统计'!$C$2:$C$6"},
		{"'统计'!$B$18:$B$48", "'统计'!$I$18:$I$48"},
		{
			"'故障'!$B$2:$B$61", "'故障'!$S$2:$S$61", "'故障'!$B$2:$B$61", "'故障'!$T$2:$T$61",
			"'故障'!$B$2:$B$61", "'故障'!$U$2:$U$61", "'故障'!$B$2:$B$61", "'故障'!$V$2:$V$61",
		},
		{"'故障'!$O$65:$O$164", "'故障'!$R$65:$R$164"},
	}, areas)
	for _, cell := range []string{"统计!C2", "统计!C6", "统计!I18", "统计!I48", "故障!S2", "故障!V61", "故障!R65", "故障!R164"} {
		sheet, at, _ := strings.Cut(cell, "!")
		require.NotEmpty(t, formula(t, f, sheet, at), cell)
		require.NotEmpty(t, value(t, f, sheet, at), cell)
	}
	require.Equal(t, `COUNTIF('成绩单'!$O$1:$O$61,">=0.8")-COUNTIF('成绩单'!$O$1:$O$61,">=0.9")`, formula(t, f, "统计", "C3"))
	require.Equal(t, `COUNTIF('任务 1'!$C$1:$C$61,">=2")`, formula(t, f, "统计", "D18"))
	require.Equal(t, "得分率", value(t, f, "成绩单", "O1"))
}

// From points to the row that they come from, on to the words, and back.
func TestLinks(t *testing.T) {
	f := readBack(t, workbook(t, testData(), i18n.EN))
	for cell, want := range map[string]string{"D3": "'Task 1'!A3", "E3": "'Task 2'!A3", "E7": "", "D8": ""} {
		linked, target, err := f.GetCellHyperLink("Scores", cell)
		require.NoError(t, err)
		require.Equal(t, [2]any{want != "", want}, [2]any{linked, target}, cell)
		if linked {
			require.NotContains(t, formula(t, f, "Scores", cell), "HYPERLINK", "the sheet can be handed in without the others")
		}
	}
	require.Equal(t, value(t, f, "Scores", "A3"), value(t, f, "Task 2", "A3"))
	links := map[string]string{
		"Task 2!I3":   `IFERROR(HYPERLINK("#'Scores'!A"&MATCH(A3,'Scores'!$A$1:$A$8,0),"→ Scores"),"")`,
		"Task 2!J3":   `IFERROR(HYPERLINK("#'Details'!A"&MATCH(A3&" · 2",'Details'!$O$1:$O$35,0),"→ Details"),"")`,
		"Task 1!L3":   "", // nothing was lost
		"Details!N12": `IFERROR(HYPERLINK("#'Scores'!A"&MATCH(A12,'Scores'!$A$1:$A$8,0),"→ Scores"),"")`,
	}
	for at, want := range links {
		sheet, cell, _ := strings.Cut(at, "!")
		require.Equal(t, want, formula(t, f, sheet, cell), at)
	}
	// A task's sheet has those who did it.
	d := testData()
	d.Students[0].Verdicts = ofTask(d.Students[0].Verdicts, "2")
	g := readBack(t, workbook(t, d, i18n.EN))
	_, target, err := g.GetCellHyperLink("Scores", "D3")
	require.NoError(t, err)
	require.Equal(t, "'Task 1'!A2", target)
	require.Equal(t, d.Students[1].ID, value(t, g, "Task 1", "A2"))
	recalculated(t, g)
	// The keys that links look for are there, and the first is of the row that is seen.
	rows, err := f.GetRows("Details")
	require.NoError(t, err)
	at := slices.IndexFunc(rows, func(r []string) bool { return len(r) > 14 && r[14] == "0020240102 · 2" })
	require.Equal(t, 11, at)
	require.Equal(t, "partial", rows[at][4])
	seen, err := f.GetColVisible("Details", "O")
	require.NoError(t, err)
	require.False(t, seen)
}

// A full 30 is as green as a full 70, and a share is of the student's own maximum.
func TestColourByShare(t *testing.T) {
	d := testData()
	f := readBack(t, workbook(t, d, i18n.ZH))
	fill := func(sheet, cell string) string {
		id, err := f.GetCellStyle(sheet, cell)
		require.NoError(t, err)
		st, err := f.GetStyle(id)
		require.NoError(t, err)
		if len(st.Fill.Color) == 0 {
			return ""
		}
		return st.Fill.Color[0]
	}
	for cell, want := range map[string]int{"D2": 0, "E2": 0, "E3": 1, "D4": 3, "E6": 3, "D7": 0} {
		require.Equal(t, bands[want].fill, fill("成绩单", cell), cell)
	}
	require.Empty(t, fill("任务 2", "C2"), "what is whole does not stand out")
	require.Equal(t, bands[2].fill, fill("任务 2", "D3"), "25 of 40")

	formats, err := f.GetConditionalFormats("成绩单")
	require.NoError(t, err)
	first := func(span string, row int) int { // which of the rules is the first that holds
		for i, rule := range formats[span] {
			require.NotContains(t, rule.Type, "color_scale")
			text := regexp.MustCompile(`(\$[A-Z]+)2\b`).ReplaceAllString(rule.Criteria, "${1}"+strconv.Itoa(row))
			require.NoError(t, f.SetCellFormula("成绩单", "Z99", text))
			got, err := f.CalcCellValue("成绩单", "Z99")
			require.NoError(t, err)
			if got == "TRUE" || got == "1" {
				return i
			}
		}
		return -1
	}
	// 100/100, 85/100, 70/100, open, 88.5/100 by hand, 40/100, never judged.
	for row, want := range map[int]int{2: 0, 3: 1, 4: 2, 5: -1, 6: 1, 7: 3, 8: -1} {
		require.Equal(t, want, first("N2:N8", row), "row %d", row)
		require.Equal(t, want, first("O2:O8", row), "row %d", row)
	}
	require.Equal(t, 3, first("F2:F8", 6), "what was judged keeps its own colour")
}

func TestSheetNames(t *testing.T) {
	taken := map[string]bool{"run": true}
	for _, x := range [][2]string{
		{"Task 1", "Task 1"}, {"task 1", "task 1 2"}, {"Run", "Run 2"}, {"a/b:c[d]*?'\"\\", "a-b-c-d------"},
		{strings.Repeat("长", 40), strings.Repeat("长", 31)}, {strings.Repeat("长", 40), strings.Repeat("长", 27) + " 2"},
	} {
		require.Equal(t, x[1], sheetName(x[0], taken))
	}
	name := sheetName(strings.Repeat("😀", 40), taken)
	f := excelize.NewFile()
	_, err := f.NewSheet(name)
	require.NoError(t, err)
}

// Checks that wait for another, or are open for one reason, are told once.
func TestDetailsTellACauseOnce(t *testing.T) {
	d := class60(t, 60, i18n.ZH, "1")
	s := &d.Students[0]
	for i := range s.Verdicts {
		v := &s.Verdicts[i]
		v.Outcome, v.Points, v.Message = check.Ungraded, 0, said("压测机的网络断了")
	}
	b := bookOf(d, i18n.ZH)
	rows := b.detailsOf(s, "1")
	require.Len(t, rows, len(s.Verdicts))
	require.False(t, rows[0].folded)
	require.Equal(t, fmt.Sprintf("连同这一项共 %d 项（30 分）没有评：压测机的网络断了", len(rows)), rows[0].message)
	for _, r := range rows[1:] {
		require.True(t, r.folded)
	}

	rows = bookOf(testData(), i18n.ZH).detailsOf(&testData().Students[2], "1")
	require.Equal(t, []bool{false, false, true, true}, []bool{rows[0].folded, rows[1].folded, rows[2].folded, rows[3].folded})
	require.Equal(t, "只要求了 1 个副本，应至少 2 个（另有 1 项共 10 分因此没法查）", rows[1].message)
	require.Equal(t, "task1.answers", rows[3].v.Check)
}

// TestRecalculatedByLibreOffice: a program of its own comes to the values that the
// formulas carry. It needs soffice.
func TestRecalculatedByLibreOffice(t *testing.T) {
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("soffice is not installed: only the library's own arithmetic is compared")
	}
	for name, d := range map[string]*result.Data{"class": class60(t, 60, i18n.ZH, "1", "2"), "hand": handedData(), "faults": faultData()} {
		dir := t.TempDir()
		file := filepath.Join(dir, name+".xlsx")
		raw := render(t, func(b *bytes.Buffer) error { return Workbook(b, d, Options{Lang: i18n.ZH, Timeline: windowOf}) })
		f := readBack(t, raw)
		// Without the values, so that they have to be calculated.
		bare := readBack(t, raw)
		for _, sheet := range bare.GetSheetList() {
			rows, err := bare.GetRows(sheet)
			require.NoError(t, err)
			for r := range rows {
				for c := range rows[r] {
					if text := formula(t, f, sheet, ref(c+1, r+1)); text != "" {
						require.NoError(t, bare.SetCellFormula(sheet, ref(c+1, r+1), text))
					}
				}
			}
		}
		require.NoError(t, bare.UpdateLinkedValue())
		require.NoError(t, bare.SaveAs(file))
		out, err := exec.CommandContext(t.Context(), soffice, "--headless", "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--convert-to",
			`csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1`, "--outdir", dir, file).CombinedOutput()
		require.NoError(t, err, "%s", out)
		n := 0
		for _, sheet := range f.GetSheetList() {
			text, err := os.ReadFile(filepath.Join(dir, name+"-"+sheet+".csv"))
			require.NoError(t, err)
			lines := csv.NewReader(bytes.NewReader(text))
			lines.FieldsPerRecord = -1
			got, err := lines.ReadAll()
			require.NoError(t, err)
			rows, err := f.GetRows(sheet)
			require.NoError(t, err)
			for r := range rows {
				for c := range rows[r] {
					if text := formula(t, f, sheet, ref(c+1, r+1)); text != "" {
						require.True(t, r < len(got) && c < len(got[r]), "%s %s %s", name, sheet, ref(c+1, r+1))
						sameValue(t, value(t, f, sheet, ref(c+1, r+1)), got[r][c], name+" "+sheet+" "+ref(c+1, r+1)+": "+text)
						n++
					}
				}
			}
		}
		require.NotZero(t, n)
	}
}
