package roster_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// book makes a workbook of one sheet; set may do more to it.
func book(t testing.TB, rows [][]any, set func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range rows {
		for j, v := range row {
			ref, err := excelize.CoordinatesToCellName(j+1, i+1)
			require.NoError(t, err)
			require.NoError(t, f.SetCellValue("Sheet1", ref, v))
		}
	}
	if set != nil {
		set(f)
	}
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	return b.Bytes()
}

// rewrite changes one part of a workbook, as programs other than excelize
// would have written it.
func rewrite(t testing.TB, data []byte, part, old, new string) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	found := false
	for _, f := range in.File {
		r, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		if f.Name == part {
			found = strings.Contains(string(text), old)
			text = []byte(strings.ReplaceAll(string(text), old, new))
		}
		w, err := out.Create(f.Name)
		require.NoError(t, err)
		_, err = w.Write(text)
		require.NoError(t, err)
	}
	require.NoError(t, out.Close())
	require.True(t, found, "%s has no %s", part, old)
	return b.Bytes()
}

const sheet1 = "xl/worksheets/sheet1.xml"

func TestXLSX(t *testing.T) {
	data := book(t, [][]any{
		{"云计算 2024A 班名单"},
		nil,
		{"学号", "姓名", "published"},
		{"0020240101", "张三", 8123},
		{20240102, "李四", nil},
		nil,
		{"320102199001011234", "王五", "8,001"},
		{202401010001, "赵六", nil},
	}, nil)
	got, err := read(t, data, "2024A.xlsx")
	require.NoError(t, err)
	require.Len(t, got, 4)
	require.Equal(t, "0020240101", got[0].ID)
	require.Equal(t, map[string]string{"published": "8123"}, got[0].Columns)
	require.Equal(t, diag.Pos{File: "2024A.xlsx", Line: 4, Col: 1}, got[0].Pos)
	require.Equal(t, "0020240101 | 张三 | 8123", got[0].Source)
	require.Equal(t, "20240102", got[1].ID)
	require.Nil(t, got[1].Columns)
	require.Equal(t, "320102199001011234", got[2].ID, "text of 18 digits is whole")
	require.Equal(t, "202401010001", got[3].ID, "a number of 12 digits is whole, though Excel shows 2.02E+11")
}

func TestXLSXNumberFormats(t *testing.T) {
	data := book(t, [][]any{{"学号", "姓名"}, {20240101, "张三"}, {20240102, "李四"}, {20240103, "王五"}}, func(f *excelize.File) {
		for ref, format := range map[string]string{"A2": "0000000000", "A3": "0.00", "A4": "#,##0"} {
			style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
			require.NoError(t, err)
			require.NoError(t, f.SetCellStyle("Sheet1", ref, ref, style))
		}
	})
	got, err := read(t, data, "r.xlsx")
	require.NoError(t, err)
	require.Equal(t, "0020240101", got[0].ID, "the format pads with zeros: that is what people see")
	require.Equal(t, "20240102", got[1].ID)
	require.Equal(t, "20240103", got[2].ID)
}

// TestXLSXDates: cells with dates and times are what people see, and no numbers of days.
func TestXLSXDates(t *testing.T) {
	data := book(t, [][]any{{"学号", "姓名", "提交", "入学"}, {"20240101", "张三", 46357.999305555554, 45536}}, func(f *excelize.File) {
		for ref, format := range map[string]int{"C2": 22, "D2": 14} {
			style, err := f.NewStyle(&excelize.Style{NumFmt: format})
			require.NoError(t, err)
			require.NoError(t, f.SetCellStyle("Sheet1", ref, ref, style))
		}
	})
	got, err := read(t, data, "r.xlsx")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"提交": "2026-12-01 23:59", "入学": "2024-09-01"}, got[0].Columns)
}

func TestXLSXErrors(t *testing.T) {
	head := []any{"学号", "姓名"}
	long := book(t, [][]any{head, {"张", "三"}, {123456, "李四"}}, nil)
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"a number that lost digits", rewrite(t, long, sheet1, "<v>123456</v>", "<v>320102199001011234</v>"),
			"r.xlsx:3:1: 单元格 A3：学号 320102199001011234 是按数字存的，超过 15 位，末尾几位已经不对了"},
		{"as Excel writes it", rewrite(t, long, sheet1, "<v>123456</v>", "<v>3.2010219900101126E+17</v>"),
			"r.xlsx:3:1: 单元格 A3：学号成了科学记数法：3.2010219900101126E+17，后几位数字已经丢了"},
		{"text that looks like a power", book(t, [][]any{head, {"2.02E+11", "张三"}}, nil),
			"r.xlsx:2:1: 单元格 A2：学号成了科学记数法：2.02E+11，后几位数字已经丢了"},
		{"duplicate", book(t, [][]any{head, {"001", "张三"}, {"001", "李四"}}, nil),
			"r.xlsx:3:1: 单元格 A3：学号 001 出现了两次，第一次在第 2 行"},
		{"blank name", book(t, [][]any{{"姓名", "学号"}, {"", "001"}}, nil), "r.xlsx:2:1: 单元格 A2：没有姓名"},
		{"no heading", book(t, [][]any{{"a", "b"}}, nil), "r.xlsx:1:1: 前 20 行里没有找到表头"},
		{"empty", book(t, nil, nil), "r.xlsx: 名单是空的"},
		{"two sheets", book(t, [][]any{head, {"001", "张三"}}, func(f *excelize.File) {
			_, err := f.NewSheet("二班")
			require.NoError(t, err)
			require.NoError(t, f.SetSheetRow("二班", "A1", &head))
			require.NoError(t, f.SetSheetRow("二班", "A2", &[]any{"002", "李四"}))
		}), "r.xlsx: 有几张工作表都像名单：Sheet1、二班"},
		{"wide", book(t, [][]any{head, {"001", "张三"}}, func(f *excelize.File) {
			require.NoError(t, f.SetCellValue("Sheet1", "XFD2", "x"))
		}), "r.xlsx: 工作表“Sheet1”第 2 行超过 256 列"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := read(t, tt.data, "r.xlsx")
			require.Nil(t, got)
			require.Equal(t, tt.want, firstLine(t, err))
		})
	}
}

func TestXLSXOtherSheetsAreLeftAlone(t *testing.T) {
	data := book(t, [][]any{{"说明"}, {"请勿修改"}}, func(f *excelize.File) {
		_, err := f.NewSheet("名单")
		require.NoError(t, err)
		require.NoError(t, f.SetSheetRow("名单", "A1", &[]any{"id", "name"}))
		require.NoError(t, f.SetSheetRow("名单", "A2", &[]any{"001", "张三"}))
	})
	got, err := read(t, data, "r.xlsx")
	require.NoError(t, err)
	require.Equal(t, "001", got[0].ID)
}

func TestXLSXCaretStandsUnderTheCell(t *testing.T) {
	data := book(t, [][]any{{"姓名", "学号"}, {"张三丰", "２００１"}}, nil)
	_, err := read(t, data, "r.xlsx")
	var problems diag.Problems
	require.True(t, errors.As(err, &problems))
	require.Equal(t, `r.xlsx:2:7: cell B2: ID "２００１" has full-width characters
    2 | 张三丰 | ２００１
      |          ^^^^^^^^
    → write it in plain ones: 2001`, problems.Render(i18n.EN))
}

func TestXLSXDamaged(t *testing.T) {
	data := book(t, [][]any{{"id", "name"}, {"001", "n"}}, nil)
	for _, cut := range []int{4, 100, len(data) / 2, len(data) - 1} {
		_, err := read(t, data[:cut], "r.xlsx")
		require.Contains(t, firstLine(t, err), "r.xlsx: 工作簿打不开（", "cut at %d", cut)
	}
}
