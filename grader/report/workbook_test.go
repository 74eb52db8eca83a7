package report

import (
	"archive/zip"
	"bytes"
	"flag"
	"io"
	"os"
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
	require.Equal(t, []string{"成绩", "明细", "统计", "评分标准", "运行信息", takeback.SheetName}, f.GetSheetList())
	require.Equal(t, 0, f.GetActiveSheetIndex())
	rows, err := f.GetRows("成绩")
	require.NoError(t, err)
	require.Equal(t, []string{
		"学号", "姓名", "班级", "服务已创建且名称正确\n10 分", "使用指定镜像\n7.5 分", "副本数正确\n12.5 分", "发布端口能访问\n10 分",
		"任务 1 小计\n40 分", "找到 HAProxy 容器\n20 分", "请求均匀分到各副本\n40 分", "任务 2 小计\n60 分", "自动得分\n100 分", "未评分值",
		"改分", "改分理由", "最终得分", "备注",
	}, rows[0])
	require.Len(t, rows, 8)

	// IDs are text, every digit of them.
	for row, id := range map[string]string{"2": "0020240101", "4": "202411210000000103"} {
		require.Equal(t, id, value(t, f, "成绩", "A"+row))
		kind, err := f.GetCellType("成绩", "A"+row)
		require.NoError(t, err)
		require.Equal(t, excelize.CellTypeInlineString, kind)
		style, err := f.GetCellStyle("成绩", "A"+row)
		require.NoError(t, err)
		st, err := f.GetStyle(style)
		require.NoError(t, err)
		require.Equal(t, 49, st.NumFmt, "@")
	}

	// Totals are formulas that carry their values.
	for cell, want := range map[string][2]string{
		"H2": {`IF(COUNTA(D2:G2)=0,"",IF(COUNT(D2:G2)=0,"未评",SUM(D2:G2)))`, "40"},
		"L4": {`IF(COUNT(H4,K4)=0,"未评",SUM(H4,K4))`, "70"},
		"P2": {`IF(ISNUMBER(N2),N2,IF(COUNTIF(D2:L2,"未评")>0,"未评",L2))`, "100"},
		"K3": {formula(t, f, "成绩", "K3"), "45"},
	} {
		require.Equal(t, want, [2]string{formula(t, f, "成绩", cell), value(t, f, "成绩", cell)}, cell)
	}
	// What is not graded is said, and makes no score.
	require.Equal(t, []string{"未评", "60", "40", "未评"}, []string{
		value(t, f, "成绩", "J5"), value(t, f, "成绩", "L5"), value(t, f, "成绩", "M5"), value(t, f, "成绩", "P5"),
	})
	require.Equal(t, []string{"", "未评"}, []string{value(t, f, "成绩", "K8"), value(t, f, "成绩", "P8")}, "never judged")
	require.Equal(t, []string{"", "40", "第二题缓考"}, []string{
		value(t, f, "成绩", "I7"), value(t, f, "成绩", "P7"), value(t, f, "成绩", "Q7"),
	}, "not part of what was graded")
	// An override stands beside the automatic points.
	require.Equal(t, []string{"40", "88.5", "现场演示过，补 48.5 分", "88.5"}, []string{
		value(t, f, "成绩", "L6"), value(t, f, "成绩", "N6"), value(t, f, "成绩", "O6"), value(t, f, "成绩", "P6"),
	})
	// The library's own arithmetic agrees with every cached value.
	for row := 2; row <= 8; row++ {
		for _, col := range []string{"H", "K", "L", "P"} {
			cell := ref(1, row)
			cell = col + cell[1:]
			got, err := f.CalcCellValue("成绩", cell, excelize.Options{RawCellValue: true})
			require.NoError(t, err)
			require.Equal(t, value(t, f, "成绩", cell), got, cell)
		}
	}
}

func TestWorkbookGuidesTheHand(t *testing.T) {
	f := readBack(t, workbook(t, testData(), i18n.EN))
	require.Equal(t, []string{"Scores", "Details", "Statistics", "Rubric", "Run", takeback.SheetName}, f.GetSheetList())
	validations, err := f.GetDataValidations("Scores")
	require.NoError(t, err)
	require.Len(t, validations, 2)
	require.Equal(t, []string{"N2:N8", "decimal", "0", "100"}, []string{
		validations[0].Sqref, validations[0].Type, validations[0].Formula1, validations[0].Formula2,
	})
	for col, open := range map[string]bool{"A": false, "D": false, "L": false, "N": true, "O": true, "P": false, "Q": true} {
		style, err := f.GetCellStyle("Scores", col+"2")
		require.NoError(t, err)
		st, err := f.GetStyle(style)
		require.NoError(t, err)
		require.Equal(t, open, st.Protection != nil && !st.Protection.Locked, col)
	}
	protection, err := f.GetSheetProtection("Scores")
	require.NoError(t, err)
	require.True(t, protection.AutoFilter && protection.Sort && protection.FormatColumns)
	require.Empty(t, protection.Password)
	panes, err := f.GetPanes("Scores")
	require.NoError(t, err)
	require.Equal(t, [3]any{true, 2, 1}, [3]any{panes.Freeze, panes.XSplit, panes.YSplit})
	formats, err := f.GetConditionalFormats("Scores")
	require.NoError(t, err)
	require.Contains(t, formats, "P2:P8")
	layout, err := f.GetPageLayout("Scores")
	require.NoError(t, err)
	require.Equal(t, [3]any{9, "landscape", 1}, [3]any{*layout.Size, *layout.Orientation, *layout.FitToWidth})
	names := make(map[string]string)
	for _, n := range f.GetDefinedName() {
		names[n.Name+" "+n.Scope] = n.RefersTo
	}
	require.Equal(t, "'Scores'!$A:$B,'Scores'!$1:$1", names["_xlnm.Print_Titles Scores"])
	require.Equal(t, "'Scores'!$A$1:$Q$8", names["_xlnm._FilterDatabase Scores"])
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
		"docker service scale s01=2", "副本数：1；服务：s01", "副本数：2", "task2.spread", "sha256:00112",
	}, rows[12])
	require.Equal(t, []string{"未评", "未评", "40"}, rows[24][4:7])

	rows, err = f.GetRows("评分标准")
	require.NoError(t, err)
	require.Equal(t, []string{"任务一：高可用性", "task1.replicas", "副本数正确", "12.5", "service-replicas", "task1.service"}, rows[3])
	require.Equal(t, "SUM(D2:D7)", formula(t, f, "评分标准", "D8"))
	require.Equal(t, "100", value(t, f, "评分标准", "D8"))

	rows, err = f.GetRows("运行信息")
	require.NoError(t, err)
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
		for _, col := range []int{2, 15, 17} {
			cell := ref(col, row)
			require.Empty(t, formula(t, f, "成绩", cell), "%q", text)
			want := cellText(text)
			if col == 2 {
				want = cellText(oneLine(text))
			}
			require.Equal(t, want, value(t, f, "成绩", cell))
			if text != "" {
				kind, err := f.GetCellType("成绩", cell)
				require.NoError(t, err)
				require.Equal(t, excelize.CellTypeInlineString, kind)
			}
			if risky(want) {
				style, err := f.GetCellStyle("成绩", cell)
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
		require.NotContains(t, string(text), "<hyperlink", part.Name)
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
	require.Equal(t, "学号", value(t, f, "成绩", "A1"))
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
