package form

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// school is a form as schools print them: titles, a heading, students in another
// order, somebody of another class, a sum, who signs.
func school() [][]any {
	return [][]any{
		{"某某大学课程成绩登记表"},
		{"课程：云计算", nil, nil, "学期：2024-2025-1"},
		{},
		{"序号", "学号", "姓名", "成绩", "备注"},
		{1, "0020240102", "李四", nil, nil},
		{2, "0020240101", "张三", nil, nil},
		{3, "202411210000000103", "王五", nil, "缓考"},
		{4, "2023999", "孙七", nil, nil},
		{5, 2024001, "Anna  schmidt", nil, nil},
		{6, "2024002", "赵六", nil, nil},
		{"合计", "6 人", nil, nil, nil},
		{"任课教师（签字）："},
	}
}

func TestFill(t *testing.T) {
	raw := book(t, school(), merge("A1:E1", "A2:C2"))
	f, out := fill(t, raw, Options{}, map[string]string{"D5": "100", "D6": "92.5", "D7": "0", "D9": "71.25"})
	require.Equal(t, "成绩", f.Column)
	require.Equal(t, "D4", f.At)
	require.Equal(t, []string{"2024002"}, f.None)
	require.Equal(t, []string{"2023999 (B8)"}, f.Unknown)
	require.Empty(t, f.Absent)
	require.Equal(t, []string{"E7 202411210000000103 缓考"}, words(f.Remarked))
	// The same again: all are there.
	again, same := fill(t, out, Options{}, map[string]string{})
	require.Equal(t, 4, again.Same)
	require.Equal(t, members(t, out), members(t, same))
}

// TestStyledCells: a blank cell that has a look keeps it, and the rest of the sheet
// stays byte for byte.
func TestStyledCells(t *testing.T) {
	raw := book(t, school(), func(f *excelize.File) {
		style, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
		require.NoError(t, err)
		require.NoError(t, f.SetCellStyle("Sheet1", "D5", "D10", style))
	})
	f, out := fill(t, raw, Options{}, map[string]string{"D5": "100", "D6": "92.5", "D7": "0", "D9": "71.25"})
	got := members(t, out)[sheet1]
	for _, cell := range []string{`<c r="D5" s="2"><v>100</v></c>`, `<c r="D7" s="2"><v>0</v></c>`} {
		require.Contains(t, got, cell)
	}
	require.Equal(t, 4, f.Written)
	for _, v := range []string{"100", "92.5", "0", "71.25"} {
		got = strings.ReplaceAll(got, ` s="2"><v>`+v+`</v></c>`, ` s="2"></c>`)
	}
	require.Equal(t, members(t, raw)[sheet1], got)
}

func TestWhatStandsThere(t *testing.T) {
	rows := school()
	rows[4][3], rows[5][3], rows[6][3], rows[8][3] = "缺考", 60, "=C7", "71.250"
	f, _ := fill(t, book(t, rows), Options{}, map[string]string{})
	require.Equal(t, []string{"D5 0020240102 缺考", "D6 0020240101 60", "D7 202411210000000103 ="}, words(f.Kept))
	require.Equal(t, 1, f.Same)
	f, _ = fill(t, book(t, rows), Options{Overwrite: true}, map[string]string{"D6": "92.5"})
	require.Equal(t, []string{"D5 0020240102 缺考", "D7 202411210000000103 ="}, words(f.Kept))
	for _, word := range []string{"旷考", "作弊", "缓考", "免修", "absent", "85%", "优", "N/A"} {
		rows[4][3] = word
		f, _ = fill(t, book(t, rows), Options{Overwrite: true}, map[string]string{"D6": "92.5"})
		require.Equal(t, "D5 0020240102 "+word, words(f.Kept)[0])
	}
}

// TestStandsWithoutAScore: a number of before is no score of who has none, and is named,
// whether numbers are replaced or not.
func TestStandsWithoutAScore(t *testing.T) {
	for _, overwrite := range []bool{false, true} {
		for text, want := range map[any][]string{99: {"C2 2024002 99"}, "70.125": {"C2 2024002 70.125"}, "缓考": nil, "=90+9": nil, "": nil} {
			raw := book(t, [][]any{{"学号", "姓名", "成绩"}, {"2024002", "赵六", text}, {"2024001", "Anna Schmidt"}})
			f, err := Fill(t.Context(), raw, "form.xlsx", class(), Options{Overwrite: overwrite})
			require.NoError(t, err)
			require.Equal(t, want, words(f.Standing), text)
			require.Equal(t, []string{"2024002"}, f.None)
			require.Equal(t, 1, f.Written)
		}
	}
}

// TestHeadings: words, places and shapes that forms have.
func TestHeadings(t *testing.T) {
	two := func(head ...[]any) [][]any { return append(head, []any{"0020240101", "张三"}, []any{"x", "y"}) }
	for name, tt := range map[string]struct {
		rows  [][]any
		merge []string
		o     Options
		cell  string
	}{
		"total":       {rows: two([]any{"学生学号", "学生姓名", "总评"}), cell: "C2"},
		"staff":       {rows: two([]any{"学号/工号", "姓名", nil, "总评成绩(100)"}), cell: "D2"},
		"not letters": {rows: two([]any{"学号", "姓名", "成绩（五级制）", "成绩（百分制）"}), cell: "D2"},
		"english":     {rows: two([]any{"Student ID", "Name", "Letter", "Final Grade"}), cell: "D2"},
		"usual":       {rows: two([]any{"学号", "姓名", "平时成绩*"}), o: Options{Column: "平时成绩"}, cell: "C2"},
		"last row":    {rows: append(make([][]any, 11), two([]any{"学号", "姓名", "成绩"})...), cell: "C13"},
		"named":       {rows: two([]any{"学号", "姓名", "平时成绩", "期末成绩", "总评成绩"}), o: Options{Column: "期末成绩"}, cell: "D2"},
		"lettered":    {rows: two([]any{"学号", "姓名", "平时成绩", "期末成绩", nil, "实验"}), o: Options{Column: "f"}, cell: "F2"},
		"two rows":    {rows: two([]any{"学号", "姓名", "成绩", nil}, []any{nil, nil, "得分", "等级"}), merge: []string{"A1:A2", "B1:B2", "C1:D1"}, cell: "C3"},
		"under":       {rows: two([]any{"学号", "姓名", "成绩", nil, nil}, []any{nil, nil, "平时", "期末", "总评"}), merge: []string{"C1:E1"}, o: Options{Column: "成绩/总评"}, cell: "E3"},
		"by itself":   {rows: two([]any{"学号", "姓名", "成绩", nil}, []any{nil, nil, "实验", "签名"}), merge: []string{"A1:A2", "B1:B2", "C1:D1"}, cell: "C3"},
		"no name":     {rows: two([]any{"学号", nil, "成绩"}), cell: "C2"},
		"named late":  {rows: append([][]any{{"学号填写说明"}, {"学号"}, {"说明"}}, two([]any{"学号", "姓名", "成绩"})...), cell: "C5"},
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := fill(t, book(t, tt.rows, merge(tt.merge...)), tt.o, map[string]string{tt.cell: "92.5"})
			require.Equal(t, 1, f.Written)
		})
	}
}

// TestComputed: a column that is computed is none to fill, and what it shows is
// computed anew.
func TestComputed(t *testing.T) {
	raw := book(t, [][]any{{"学号", "姓名", "平时成绩", "总评成绩"}, {"0020240101", "张三", nil, "=C2*1"}}, func(f *excelize.File) {
		require.NoError(t, f.SetCalcProps(&excelize.CalcPropsOptions{CalcID: new(uint)}))
	})
	f, out := fill(t, raw, Options{Column: "平时成绩"}, map[string]string{"C2": "92.5"})
	require.True(t, f.Formulas)
	require.Contains(t, members(t, out)["xl/workbook.xml"], `fullCalcOnLoad="1"`)
	require.NotContains(t, members(t, raw)["xl/workbook.xml"], `fullCalcOnLoad`)
	_, err := Fill(t.Context(), book(t, [][]any{{"学号", "总评成绩"}, {"0020240101", "=1"}}), "f", class(), Options{})
	require.ErrorContains(t, err, "is all formulas")
}

func TestRefused(t *testing.T) {
	one := []any{"0020240101", "张三"}
	rows := func(head []any, more ...[]any) []byte { return book(t, append([][]any{head, one}, more...)) }
	head := []any{"学号", "姓名", "成绩"}
	two := func(f *excelize.File) {
		_, err := f.NewSheet("二班")
		require.NoError(t, err)
		require.NoError(t, f.SetSheetRow("二班", "A1", &[]any{"学号", "成绩"}))
		require.NoError(t, f.SetSheetRow("二班", "A2", &[]any{"2024001"}))
	}
	for name, tt := range map[string]struct {
		raw  []byte
		o    Options
		want string
	}{
		"nobody":         {raw: book(t, [][]any{head, {"1", "x"}}), want: `no ID of the sheet "Sheet1" (heading in A1) is one of the class's: 1, …`},
		"no heading":     {raw: book(t, [][]any{{"编号", "成绩"}, one}), want: "none of the first 12 rows"},
		"too far down":   {raw: book(t, append(make([][]any, 12), head, one)), want: "none of the first 12 rows"},
		"no score":       {raw: rows([]any{"学号", "姓名", "备注"}), want: "no column of the form is headed as scores"},
		"several":        {raw: rows([]any{"学号", "姓名", "平时成绩", "期末成绩"}), want: "several columns of the form are headed as scores: 平时成绩 (C1), 期末成绩 (D1)"},
		"two a row":      {raw: book(t, [][]any{{"学号", "姓名", "成绩", "学号", "姓名", "成绩"}, one}), want: `two students a row (IDs in A1 and D1)`},
		"twice":          {raw: rows(head, one), want: "stands twice in the sheet \"Sheet1\": in A2 and A3"},
		"twice, bare":    {raw: rows(head, []any{20240101, "张三"}), want: "stands twice"},
		"merged":         {raw: book(t, [][]any{head, one, {"0020240102", "李四"}}, merge("C2:C3")), want: "the cell C2 for a score is part of C2:C3"},
		"no column":      {raw: rows(head), o: Options{Column: "总评成绩"}, want: `the form has no column "总评成绩"`},
		"far right":      {raw: rows(head), o: Options{Column: "zz"}, want: `the column ZZ of the sheet "Sheet1" has no heading (ZZ1 is blank); nothing was written`},
		"next to it":     {raw: rows(head), o: Options{Column: "D"}, want: `the column D of the sheet "Sheet1" has no heading (D1 is blank)`},
		"the IDs' own":   {raw: rows(head), o: Options{Column: "A"}, want: `the form has no column "A"`},
		"no sheet":       {raw: rows(head), o: Options{Sheet: "x"}, want: `the form has no sheet "x"`},
		"sheets":         {raw: book(t, [][]any{head, one}, two), want: "several sheets of the form have students of the class: Sheet1, 二班"},
		"xls":            {raw: []byte("\xD0\xCF\x11\xE0rest"), want: ""},
		"no zip":         {raw: []byte("学号,姓名"), want: ""},
		"far too much":   {raw: make([]byte, roster.MaxRosterBytes+1), want: "the form form.xlsx is larger than 16 MiB"},
		"empty":          {raw: nil, want: ""},
		"cut":            {raw: rows(head)[:200], want: ""},
		"a sheet is off": {raw: with(t, rows(head), sheet1, func(s string) string { return strings.Replace(s, "<sheetData>", "<sheetData><row", 1) }), want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Fill(t.Context(), tt.raw, "form.xlsx", class(), tt.o)
			require.Equal(t, diag.Usage, diag.Code(err), "%v", err)
			require.ErrorContains(t, err, tt.want)
			for _, lang := range i18n.Langs {
				require.NotEmpty(t, lang.Text(diag.Failures(err)[0].Hint))
			}
		})
	}
	f, _ := fill(t, book(t, [][]any{head, one}, two), Options{Sheet: "二班"}, map[string]string{"B2": "71.25"})
	require.Equal(t, "二班", f.Sheet)
	// A sheet with nobody of the class is in nobody's way.
	f, _ = fill(t, book(t, [][]any{head, {"1", "x"}}, two), Options{}, map[string]string{"B2": "71.25"})
	require.Len(t, f.Absent, 4)
}

// TestNumbers: IDs that are numbers in the form are whose they are, or nobody's.
func TestNumbers(t *testing.T) {
	form := func(id any, name string, format string) []byte {
		return book(t, [][]any{{"学号", "姓名", "成绩"}, {id, name}, {"2024001", "Anna Schmidt"}}, func(f *excelize.File) {
			if format != "" {
				style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
				require.NoError(t, err)
				require.NoError(t, f.SetCellStyle("Sheet1", "A2", "A2", style))
			}
		})
	}
	for name, tt := range map[string]struct {
		raw  []byte
		want bool
	}{
		"padded by its format":         {form(20240101, "", "0000000000"), true},
		"zeros lost, name the same":    {form(20240101, "张三", ""), true},
		"zeros lost, another name":     {form(20240101, "张山", ""), false},
		"text without zeros":           {form("20240101", "张三", ""), false},
		"with a power of ten":          {with(t, form(20240101, "张三", ""), sheet1, func(s string) string { return strings.Replace(s, ">20240101<", ">2.0240101E7<", 1) }), true},
		"digits lost":                  {with(t, form(20240101, "王五", ""), sheet1, func(s string) string { return strings.Replace(s, ">20240101<", ">2.0241121E17<", 1) }), false},
		"eighteen digits":              {form("202411210000000103", "王五", ""), true},
		"a formula that shows nothing": {form(`="0020240101"`, "张三", ""), false},
		"an apostrophe before it":      {form("'0020240101", "张三", ""), true},
		"full-width digits":            {form("００２０２４０１０１", "张三", ""), true},
		"a space behind it":            {form("0020240101 ", "张三", ""), true},
		"another's":                    {form("20240102", "张三", ""), false},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Fill(t.Context(), tt.raw, "form.xlsx", class(), Options{})
			require.NoError(t, err)
			require.Equal(t, map[bool]int{true: 2, false: 1}[tt.want], f.Written)
		})
	}
}

// TestMarkedIDs: an ID with something else beside it is written by nobody and named; what
// is no ID is not.
func TestMarkedIDs(t *testing.T) {
	rows := [][]any{
		{"学号", "姓名", "成绩"}, {"0020240101（重修）", "张三"}, {"0020240102", "李四"}, {"重修 2024001", "Anna Schmidt"}, {"20249999*免听", "某人"}, {"9999(重)", "某人"}, {"2024年6月"}, {"合计 6 人"}, {"教师签字"}, {"共 12345 人"},
	}
	f, _ := fill(t, book(t, rows), Options{}, map[string]string{"C3": "100"})
	require.Equal(t, []string{"0020240101（重修） (A2)", "重修 2024001 (A4)", "20249999*免听 (A5)"}, f.Marked)
	require.Equal(t, []string(nil), f.Unknown)
	require.Equal(t, []string{"202411210000000103", "2024002"}, f.Absent)
}

// TestShapes: forms that other programs wrote, and what they leave out.
func TestShapes(t *testing.T) {
	raw := book(t, school())
	for name, change := range map[string]func(string) string{
		"lying dimension": func(s string) string {
			return strings.Replace(s, "<sheetData>", `<dimension ref="A1:B2"></dimension><sheetData>`, 1)
		},
		"prefix": func(s string) string {
			s = strings.NewReplacer("<row", "<x:row", "</row", "</x:row", "<c ", "<x:c ", "</c>", "</x:c>", "<v>", "<x:v>", "</v>", "</x:v>", "<is>", "<x:is>", "</is>", "</x:is>", "<t>", "<x:t>", "</t>", "</x:t>",
				"<sheetData>", "<x:sheetData>", "</sheetData>", "</x:sheetData>", "<worksheet ", "<x:worksheet xmlns:x=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" ", "</worksheet>", "</x:worksheet>").Replace(s)
			return s
		},
		"no references": func(s string) string {
			for _, cell := range []string{"A4", "B4", "C4", "D4", "A6", "B6", "C6"} {
				s = strings.Replace(s, ` r="`+cell+`"`, "", 1)
			}
			return s
		},
		"mark": func(s string) string { return "\ufeff" + s },
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Fill(t.Context(), with(t, raw, sheet1, change), "form.xlsx", class(), Options{})
			require.NoError(t, err)
			require.Equal(t, 4, f.Written)
			var buf bytes.Buffer
			require.NoError(t, f.Write(t.Context(), &buf))
			again, err := Fill(t.Context(), buf.Bytes(), "form.xlsx", class(), Options{})
			require.NoError(t, err)
			require.Equal(t, 4, again.Same)
		})
	}
	// A row that says what it spans spans the new cell too.
	spanned := with(t, raw, sheet1, func(s string) string { return strings.Replace(s, `<row r="5"`, `<row r="5" spans="1:3"`, 1) })
	_, out := fill(t, spanned, Options{}, map[string]string{"D5": "100", "D6": "92.5", "D7": "0", "D9": "71.25"})
	require.Contains(t, members(t, out)[sheet1], `spans="1:4"`)
}

// TestStyleIsNoMarkup: what a form says of a cell's style can't become tags.
func TestStyleIsNoMarkup(t *testing.T) {
	require.Equal(t, `<c r="D5"><v>1</v></c>`, cellXML("", "D5", `1"/><script/>`, 100))
	require.Equal(t, `<x:c r="D5" s="7"><x:v>1.5</x:v></x:c>`, cellXML("x", "D5", `7`, points(1.5)))
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f, err := Fill(ctx, book(t, school()), "form.xlsx", class(), Options{})
	require.NoError(t, err)
	cancel()
	require.ErrorIs(t, f.Write(ctx, &bytes.Buffer{}), context.Canceled)
	_, err = Fill(ctx, book(t, school()), "form.xlsx", class(), Options{})
	require.ErrorIs(t, err, context.Canceled)
}
