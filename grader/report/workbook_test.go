package report

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/takeback"
)

var keep = flag.String("keep", "", "directory to leave workbooks in, to be looked at")

func workbook(t *testing.T, d *result.Data, lang i18n.Lang) []byte {
	t.Helper()
	return render(t, func(b *bytes.Buffer) error { return Workbook(b, d, Options{Lang: lang}) })
}

func readBack(t *testing.T, raw []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(raw))
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func value(t *testing.T, f *excelize.File, sheet, cell string) string {
	t.Helper()
	v, err := f.GetCellValue(sheet, cell, excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	return v
}

func formula(t *testing.T, f *excelize.File, sheet, cell string) string {
	t.Helper()
	v, err := f.GetCellFormula(sheet, cell)
	require.NoError(t, err)
	return v
}

func TestWorkbookScores(t *testing.T) {
	raw := workbook(t, testData(), i18n.ZH)
	if *keep != "" {
		require.NoError(t, os.WriteFile(*keep+"/zh.xlsx", raw, 0o644))
		require.NoError(t, os.WriteFile(*keep+"/en.xlsx", workbook(t, testData(), i18n.EN), 0o644))
	}
	f := readBack(t, raw)
	require.Equal(t, []string{"成绩单", "任务 1", "任务 2", "明细", "统计", "评分标准与运行信息", takeback.SheetName}, f.GetSheetList())
	require.Equal(t, 0, f.GetActiveSheetIndex())
	rows, err := f.GetRows("成绩单")
	require.NoError(t, err)
	require.Equal(t, []string{
		"学号", "姓名", "班级", "任务 1\n40 分", "任务 2\n60 分", "自动得分\n100 分", "未评分值", "满分", "主要原因",
		"行核对 1", "改分", "行核对 2", "改分理由", "最终得分", "得分率", "行核对 3", "备注",
	}, rows[0])
	require.Len(t, rows, 8)

	// IDs are text, every digit of them.
	for row, id := range map[string]string{"2": "0020240101", "4": "202411210000000103"} {
		require.Equal(t, id, value(t, f, "成绩单", "A"+row))
		kind, err := f.GetCellType("成绩单", "A"+row)
		require.NoError(t, err)
		require.Equal(t, excelize.CellTypeInlineString, kind)
		style, err := f.GetCellStyle("成绩单", "A"+row)
		require.NoError(t, err)
		st, err := f.GetStyle(style)
		require.NoError(t, err)
		require.Equal(t, 49, st.NumFmt, "@")
	}

	// Totals are formulas over their own row that carry their values.
	for cell, want := range map[string][2]string{
		"F4": {`IF(COUNT(D4:E4)=0,"未评",ROUND(SUM(D4:E4),2))`, "70"},
		"N2": {`IF(ISNUMBER(K2),K2,IF(K2="免计","免计",IF(ISNUMBER(G2),"未评",IF(COUNT(F2)=0,"未评",ROUND(SUM(F2),2)))))`, "100"},
		"O3": {`IF(AND(ISNUMBER(N3),N(H3)>0),ROUND(N3/H3,4),"")`, "0.85"},
	} {
		require.Equal(t, want, [2]string{formula(t, f, "成绩单", cell), value(t, f, "成绩单", cell)}, cell)
	}
	// What is not graded is said, and makes no score.
	require.Equal(t, []string{"20", "60", "40", "100", "未评：压测机的网络断了", "未评", ""}, []string{
		value(t, f, "成绩单", "E5"), value(t, f, "成绩单", "F5"), value(t, f, "成绩单", "G5"), value(t, f, "成绩单", "H5"),
		value(t, f, "成绩单", "I5"), value(t, f, "成绩单", "N5"), value(t, f, "成绩单", "O5"),
	})
	require.Equal(t, []string{"", "未评", "未评"}, []string{value(t, f, "成绩单", "D8"), value(t, f, "成绩单", "F8"), value(t, f, "成绩单", "N8")}, "never judged")
	require.Equal(t, []string{"未提交", "40", "100", "0.4", "第二题缓考"}, []string{
		value(t, f, "成绩单", "E7"), value(t, f, "成绩单", "N7"), value(t, f, "成绩单", "H7"), value(t, f, "成绩单", "O7"), value(t, f, "成绩单", "Q7"),
	}, "one task was left out")
	// An override stands beside the automatic points.
	require.Equal(t, []string{"40", "88.5", "现场演示过，补 48.5 分", "88.5"}, []string{
		value(t, f, "成绩单", "F6"), value(t, f, "成绩单", "K6"), value(t, f, "成绩单", "M6"), value(t, f, "成绩单", "N6"),
	})
}

func TestWorkbookGuidesTheHand(t *testing.T) {
	f := readBack(t, workbook(t, testData(), i18n.EN))
	require.Equal(t, []string{"Scores", "Task 1", "Task 2", "Details", "Statistics", "Rubric and run", takeback.SheetName}, f.GetSheetList())
	validations, err := f.GetDataValidations("Scores")
	require.NoError(t, err)
	require.Len(t, validations, 3)
	require.Equal(t, []string{"K2:K8", "custom", `OR(AND(ISNUMBER(K2),N(K2)>=0,100>=N(K2)),K2="excused")`, ""}, []string{
		validations[0].Sqref, validations[0].Type, validations[0].Formula1, validations[0].Formula2,
	})
	require.Equal(t, "M2:M8", validations[1].Sqref)
	require.Equal(t, []string{"A2:J8 L2:L8 N2:P8 A1:Q1", "custom", "FALSE"}, []string{
		validations[2].Sqref, validations[2].Type, validations[2].Formula1,
	}, "what was counted takes no typing")
	panes, err := f.GetPanes("Scores")
	require.NoError(t, err)
	require.Equal(t, [3]any{true, 2, 1}, [3]any{panes.Freeze, panes.XSplit, panes.YSplit})
	layout, err := f.GetPageLayout("Scores")
	require.NoError(t, err)
	require.Equal(t, [3]any{9, "landscape", 1}, [3]any{*layout.Size, *layout.Orientation, *layout.FitToWidth})
	names := definedNames(f)
	require.Equal(t, "'Scores'!$1:$1", names["_xlnm.Print_Titles Scores"])
	require.Equal(t, "'Scores'!$A$1:$Q$8", names["_xlnm._FilterDatabase Scores"])
	require.Equal(t, "'Scores'!$A$1:$Q$8", names["_xlnm.Print_Area Scores"])
	paper, err := f.GetHeaderFooter("Scores")
	require.NoError(t, err)
	require.Contains(t, paper.OddFooter, "Instructor: ____")
	require.Contains(t, paper.OddHeader, "&C&B&14 ")
}

func definedNames(f *excelize.File) map[string]string {
	names := make(map[string]string)
	for _, n := range f.GetDefinedName() {
		names[n.Name+" "+n.Scope] = n.RefersTo
	}
	return names
}

func TestWorkbookDetails(t *testing.T) {
	d := testData()
	f := readBack(t, workbook(t, d, i18n.ZH))
	rows, err := f.GetRows("明细")
	require.NoError(t, err)
	want := 1
	for _, s := range d.Students {
		want += len(s.Verdicts)
	}
	require.Len(t, rows, want)
	require.Equal(t, []string{
		"0020240102", "欧阳娜娜", "2", "请求均匀分到各副本", "部分得分", "25", "40", "三个副本分到 150、75、75 个请求，不均匀",
		"docker service scale s01=2", "副本数：1；服务：s01", "副本数：2", "task2.spread", "sha256:00112", "→ 成绩单", "0020240102 · 2",
	}, rows[11])
	require.Equal(t, []string{"未评", "未评", "40"}, rows[23][4:7])
	// What passed is folded away under what lost points.
	for row, folded := range map[int]bool{2: true, 12: false, 13: true, 24: false} {
		level, err := f.GetRowOutlineLevel("明细", row)
		require.NoError(t, err)
		seen, err := f.GetRowVisible("明细", row)
		require.NoError(t, err)
		require.Equal(t, [2]any{folded, folded}, [2]any{level == 1, !seen}, row)
	}
	require.Equal(t, "'明细'!$A$1:$H$35", definedNames(f)["_xlnm.Print_Area 明细"], "the evidence is not on paper")

	rows, err = f.GetRows("评分标准与运行信息")
	require.NoError(t, err)
	require.Equal(t, []string{"任务一：高可用性", "副本数正确", "12.5", "task1.replicas", "service-replicas", "task1.service"}, rows[3])
	require.Equal(t, "ROUND(SUM(C2:C7),2)", formula(t, f, "评分标准与运行信息", "C8"))
	require.Equal(t, "100", value(t, f, "评分标准与运行信息", "C8"))

	require.NotContains(t, rows[len(rows)-2][0], "使用说明")
	require.Equal(t, "使用说明", rows[len(rows)-1][0])
	require.Equal(t, fmt.Sprintf("'评分标准与运行信息'!$A$1:$D$%d", len(rows)-1), definedNames(f)["_xlnm.Print_Area 评分标准与运行信息"], "how it is used is not on paper")
	var all strings.Builder
	for _, r := range rows {
		all.WriteString(strings.Join(r, "=") + "\n")
	}
	for _, line := range []string{
		"班级=2024A  云计算 2024A 班", "运行编号=20241121-023000", "多次批改取=最好的一次", "开始时间=2024-11-21 10:30:00 +08:00", "名单摘要=sha256:9f8e",
		"故障=node-drain manager-3，2024-11-21 10:33:00 +08:00 注入，没有恢复",
	} {
		require.Contains(t, all.String(), line+"\n")
	}
}

// Nothing that a student wrote becomes a formula, a link or broken XML.
func TestWorkbookInert(t *testing.T) {
	d := testData()
	d.Students = d.Students[:0]
	texts := []string{
		hostile, "=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1", "_x0041_", "]]><f>1</f>", "a&b<c>", "\ufffe\uffff\xff",
		strings.Repeat("长", 40000), strings.Repeat("😀", 20000), " x ", "",
	}
	for i, text := range texts {
		s := testData().Students[2]
		s.ID, s.Name, s.Remark = text+string(rune('a'+i)), text, text
		s.Overrides = []result.Override{{Points: 1, Reason: text}}
		d.Students = append(d.Students, s)
	}
	d.Title, d.Class = hostile, hostile
	d.Run.Tool = "=1+1"
	raw := workbook(t, d, i18n.ZH)
	f := readBack(t, raw)
	for i, text := range texts {
		row := i + 2
		for _, col := range []int{2, 8, 12, 16} {
			cell := ref(col, row)
			require.Empty(t, formula(t, f, "成绩单", cell), "%q", text)
			want := cellText(text)
			switch col {
			case 2:
				want = cellText(oneLine(text))
			case 8:
				full := oneLine(i18n.ZH.T("report.overridden", "reason", text))
				want = value(t, f, "成绩单", cell)
				require.True(t, want == cellText(full) || strings.HasPrefix(full, strings.TrimSuffix(want, "…")) && width(want) < 100, "%q", want)
			}
			require.Equal(t, want, value(t, f, "成绩单", cell))
			if text != "" {
				kind, err := f.GetCellType("成绩单", cell)
				require.NoError(t, err)
				require.Equal(t, excelize.CellTypeInlineString, kind)
			}
			if risky(want) {
				style, err := f.GetCellStyle("成绩单", cell)
				require.NoError(t, err)
				require.True(t, *f.Styles.CellXfs.Xf[style].QuotePrefix, "%q", text)
			}
		}
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	require.NoError(t, err)
	for _, part := range z.File {
		r, err := part.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		for _, link := range regexp.MustCompile(`<hyperlink [^>]*`).FindAllString(string(text), -1) {
			require.Regexp(t, `^<hyperlink ref="[D-E]\d+" location="&#39;任务 [12]&#39;!A\d+" tooltip="看这道题的各项得分"$`, link, "to a place in this file")
		}
		require.NotContains(t, string(text), "\x1b", part.Name)
		require.NotContains(t, part.Name, "externalLink")
	}
}

func TestWorkbookSameBytes(t *testing.T) {
	first := workbook(t, testData(), i18n.ZH)
	for range 5 {
		require.True(t, bytes.Equal(first, workbook(t, testData(), i18n.ZH)))
	}
}

func TestWorkbookOfNobody(t *testing.T) {
	d := testData()
	d.Students, d.Faults = nil, nil
	f := readBack(t, workbook(t, d, i18n.ZH))
	require.Equal(t, "学号", value(t, f, "成绩单", "A1"))
	d.Rubric = &rubric.Rubric{ID: "empty"}
	readBack(t, workbook(t, d, i18n.EN))
}

func TestCellText(t *testing.T) {
	for in, want := range map[string]string{
		"a\x00b": "a�b", "a\r\nb": "a\nb", "a\u202eb": "a�b", "\xff": "�", "高可用": "高可用", "\ufffe": "�",
	} {
		require.Equal(t, want, cellText(in))
	}
	for _, long := range []string{strings.Repeat("长", 40000), strings.Repeat("😀", 20000), strings.Repeat("a", 40000)} {
		got := cellText(long)
		require.LessOrEqual(t, len(utf16.Encode([]rune(got))), maxCell)
		require.GreaterOrEqual(t, len(utf16.Encode([]rune(got))), maxCell-1)
		require.True(t, strings.HasSuffix(got, "…"))
	}
}

func FuzzCellText(f *testing.F) {
	for _, s := range []string{hostile, "=1", "\xff\xfe", "_x000D_", "正常"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := cellText(s)
		require.Equal(t, got, cellText(got), "once is enough")
		for _, r := range got {
			require.True(t, r == '\t' || r == '\n' || r >= 0x20 && r != 0xfffe && r != 0xffff, "%U", r)
		}
	})
}

func BenchmarkWorkbook1000(b *testing.B) {
	d := class(1000)
	b.ReportAllocs()
	for b.Loop() {
		if err := Workbook(io.Discard, d, Options{Lang: i18n.ZH}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWorkbookWhole1000 is of a thousand students with 49 checks each.
func BenchmarkWorkbookWhole1000(b *testing.B) {
	d := class60(b, 1000, i18n.ZH, "1", "2", "3")
	b.ReportAllocs()
	for b.Loop() {
		if err := Workbook(io.Discard, d, Options{Lang: i18n.ZH, Timeline: windowOf}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTable1000(b *testing.B) {
	d := class(1000)
	for b.Loop() {
		if err := Table(io.Discard, d, Text{Lang: i18n.ZH, Width: 120}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJSON1000(b *testing.B) {
	d := class(1000)
	for b.Loop() {
		if err := JSON(io.Discard, d, i18n.ZH); err != nil {
			b.Fatal(err)
		}
	}
}
