package report

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// sheetOnPaper is how a sheet prints, worked out from the file alone.
type sheetOnPaper struct {
	scale float64
	pages int
}

// onPaper works out the scale and the pages of a sheet from its widths and heights, as
// programs that print it do.
func onPaper(t *testing.T, f *excelize.File, sheet string, digit float64) sheetOnPaper {
	t.Helper()
	layout, err := f.GetPageLayout(sheet)
	require.NoError(t, err)
	margins, err := f.GetPageMargins(sheet)
	require.NoError(t, err)
	wide, high := 595.0, 842.0
	if *layout.Orientation == "landscape" {
		wide, high = high, wide
	}
	wide -= 72 * (*margins.Left + *margins.Right)
	high -= 72 * (*margins.Top + *margins.Bottom)
	rows, err := f.GetRows(sheet)
	require.NoError(t, err)
	columns, last := 0, len(rows)
	for _, row := range rows {
		columns = max(columns, len(row))
	}
	if area := definedNames(f)["_xlnm.Print_Area "+sheet]; area != "" {
		_, to, _ := strings.Cut(area[strings.LastIndex(area, "!")+1:], ":")
		columns, last, err = excelize.CellNameToCoordinates(strings.ReplaceAll(to, "$", ""))
		require.NoError(t, err)
	}
	used := 0.0
	for c := 1; c <= columns; c++ {
		name, err := excelize.ColumnNumberToName(c)
		require.NoError(t, err)
		if seen, err := f.GetColVisible(sheet, name); err == nil && !seen {
			continue
		}
		w, err := f.GetColWidth(sheet, name)
		require.NoError(t, err)
		used += (w*digit + 5) * 0.75
	}
	var heights []float64
	for r := 1; r <= last; r++ {
		seen, err := f.GetRowVisible(sheet, r)
		require.NoError(t, err)
		h, err := f.GetRowHeight(sheet, r)
		require.NoError(t, err)
		if seen {
			heights = append(heights, h)
		}
	}
	p := sheetOnPaper{scale: min(1, wide/used)}
	for {
		p.pages = 1
		y := 0.0
		for i, h := range heights {
			if y+h > high/p.scale+1e-6 {
				p.pages++
				y = heights[0]
			}
			if i > 0 || p.pages == 1 {
				y += h
			}
		}
		if *layout.FitToHeight == 0 || p.pages <= *layout.FitToHeight {
			return p
		}
		p.scale -= 0.005
	}
}

// onPaperOf tells a class of students by how it looks on paper.
var onPaperOf = map[string]func(d *result.Data, lang i18n.Lang){
	"mixed": func(*result.Data, i18n.Lang) {},
	// Names of half a line, IDs of 18 digits, classes as faculties write them.
	"long names": func(d *result.Data, lang i18n.Lang) {
		for i := range d.Students {
			s := &d.Students[i]
			s.ID, s.Name = "202411"+s.ID, "阿不都热合曼·买买提明江·吐尔逊"
			if lang == i18n.EN {
				s.Name = "Wolfeschlegelsteinhausenbergerdorff, Maximilian"
			}
			s.Columns = map[string]string{"行政班": "计算机科学与技术（中外合作办学）24" + s.Columns["行政班"], "座位": s.Columns["座位"]}
		}
	},
	// Nobody passes a single check that can be judged.
	"all failing": func(d *result.Data, _ i18n.Lang) {
		for i := range d.Students {
			for k := range d.Students[i].Verdicts {
				v := &d.Students[i].Verdicts[k]
				v.Outcome, v.Points = check.Fail, 0
				v.Message = said("经 HAProxy 发出 300 个请求，三个副本分到 150、75、75 个，不均匀（p = 0.0001）")
			}
		}
	},
	// A dozen totals were set by hand, with reasons as people write them, and remarks.
	"by hand": func(d *result.Data, _ i18n.Lang) {
		for i := range d.Students {
			if s := &d.Students[i]; i%5 == 1 {
				s.Annotate([]result.Change{{
					Kind: result.SetPoints, Points: s.Score("", "").Max - 300, Who: "wang", When: d.Run.Started.AddDate(0, 0, 2),
					Reason: "现场演示时服务能从另外两个节点访问，学生说明了当时的网络故障，教研室同意补分",
				}}, d.Rubric)
				s.Remark = "补交材料已收"
			}
		}
	},
}

// TestAClassOf60OnPaper: a class of 60 is on a dozen pages, of one, two or three tasks; the
// score sheet on two or three of them, with text of 7.5 points at least, and of 7 elsewhere.
func TestAClassOf60OnPaper(t *testing.T) {
	for _, lang := range i18n.Langs {
		for _, tasks := range [][]string{{"1"}, {"1", "2"}, {"1", "2", "3"}} {
			for kind, change := range onPaperOf {
				if testing.Short() && len(tasks) != 3 {
					continue
				}
				d := class60(t, 60, lang, tasks...)
				change(d, lang)
				b := &book{f: excelize.NewFile(), d: d, o: Options{Lang: lang, Timeline: windowOf}, lang: lang, columns: d.Columns()}
				raw := render(t, func(buf *bytes.Buffer) error { return b.write(buf) })
				name := fmt.Sprintf("%s.%d.%s", lang, len(tasks), strings.ReplaceAll(kind, " ", "-"))
				if *keep != "" {
					require.NoError(t, os.WriteFile(*keep+"/class."+name+".xlsx", raw, 0o644))
				}
				all, told := 0, ""
				for i, p := range b.onPaper {
					told += fmt.Sprintf(" %s %d at %.2f,", p.name, p.pages, p.scale)
					all += p.pages
					if i == 0 {
						assert.GreaterOrEqual(t, p.scale, 0.75, name)
						assert.Contains(t, []int{2, 3}, p.pages, name)
						continue
					}
					assert.GreaterOrEqual(t, p.scale, smallest-1e-9, "%s %s", name, p.name)
				}
				t.Logf("%s: %d pages:%s", name, all, told)
				assert.LessOrEqual(t, all, classPages, name)
				if kind == "mixed" && len(tasks) == 3 {
					asWritten(t, raw, lang, b.onPaper)
				}
			}
		}
	}
}

// asWritten: the file prints as was worked out, and every word in it is filled in.
func asWritten(t *testing.T, raw []byte, lang i18n.Lang, worked []printedSheet) {
	t.Helper()
	f := readBack(t, raw)
	digit := 7.0
	if lang == i18n.ZH {
		digit = 8
	}
	for _, want := range worked {
		rows, err := f.GetRows(want.name)
		require.NoError(t, err)
		require.NotRegexp(t, `\{[a-z]+[}|]|report\.`, fmt.Sprint(rows))
		p := onPaper(t, f, want.name, digit)
		assert.Equal(t, want.pages, p.pages, want.name)
		assert.InDelta(t, want.scale, p.scale, 0.011, want.name)
	}
	require.Len(t, f.GetSheetList(), len(worked)+1, "and the one that nobody sees")
}

// TestAClassOf60ByLibreOffice: a program of its own prints a class of 60 on a dozen pages too.
// It needs soffice.
func TestAClassOf60ByLibreOffice(t *testing.T) {
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("soffice is not installed: pages are only worked out")
	}
	for lang, kind := range map[i18n.Lang]string{i18n.ZH: "mixed", i18n.EN: "long names"} {
		d := class60(t, 60, lang, "1", "2", "3")
		onPaperOf[kind](d, lang)
		dir := t.TempDir()
		raw := render(t, func(b *bytes.Buffer) error { return Workbook(b, d, Options{Lang: lang, Timeline: windowOf}) })
		require.NoError(t, os.WriteFile(filepath.Join(dir, "class.xlsx"), raw, 0o600))
		out, err := exec.CommandContext(t.Context(), soffice, "--headless", "-env:UserInstallation=file://"+filepath.Join(dir, "profile"),
			"--convert-to", "pdf", "--outdir", dir, filepath.Join(dir, "class.xlsx")).CombinedOutput()
		require.NoError(t, err, "%s", out)
		pdf, err := os.ReadFile(filepath.Join(dir, "class.pdf"))
		require.NoError(t, err)
		pages := len(regexp.MustCompile(`/Type\s*/Page[^s]`).FindAll(pdf, -1))
		require.Greater(t, pages, 6)
		require.LessOrEqual(t, pages, classPages, kind)
	}
}
