package form

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

func refused(t *testing.T, rows [][]any, o Options, want ...string) {
	t.Helper()
	_, err := Fill(t.Context(), book(t, rows), "form.xlsx", class(), o)
	require.Equal(t, diag.Usage, diag.Code(err), "%v", err)
	for _, w := range want {
		require.ErrorContains(t, err, w)
	}
	for _, lang := range i18n.Langs {
		require.NotEmpty(t, lang.Text(diag.Failures(err)[0].Hint))
	}
}

// TestSecondHeading: students under other headings are not written by the first ones.
func TestSecondHeading(t *testing.T) {
	one, two := []any{"0020240101", "张三"}, []any{"0020240102", "李四"}
	head := []any{"学号", "姓名", "成绩"}
	far := func(first []any, second []any) [][]any {
		rows := make([][]any, 13)
		rows[0], rows[1], rows[11], rows[12] = first, []any{"0020240101"}, second, []any{"李四", "0020240102"}
		return rows
	}
	for name, tt := range map[string]struct {
		rows [][]any
		want string
	}{
		"a column more":    {[][]any{{"计科一班"}, head, one, {}, {"计科二班"}, {"学号", "姓名", "平时", "成绩"}, two}, "row 6 of the sheet \"Sheet1\" has headings again, and its columns are not those of row 2: C2 成绩 / C6 平时, D2 / D6 成绩"},
		"IDs moved":        {[][]any{head, one, {"小计"}, {"姓名", "学号", "备注", "成绩"}, {"李四", "0020240102"}}, "A1 学号 / A4 姓名"},
		"names come later": {far([]any{"学号", "成绩"}, []any{"姓名", "学号", "成绩"}), "row 12 of the sheet \"Sheet1\" has headings again, and its columns are not those of row 1: A1 学号 / A12 姓名, B1 成绩 / B12 学号, C1 / C12 成绩"},
		"IDs said else":    {[][]any{head, one, {"编码", "姓名", "平时", "成绩"}, two}, "row 3 of the sheet"},
		"another maximum":  {[][]any{head, one, {"学号", "姓名", "成绩（满分30）"}, two}, "C1 成绩 / C3 成绩（满分30）"},
		"under it":         {[][]any{head, one, head, {nil, nil, "平时", "期末"}, two}, "C4 平时, D4 期末"},
		"under both": {[][]any{{"学号", "姓名", "成绩"}, {nil, nil, "总评", "得分"}, one, {"学号", "姓名", "成绩"}, {nil, nil, "得分", "总评"}, two},
			"C2 总评 / C5 得分"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, tt.rows, Options{}, tt.want) })
	}
	// The same on every page of a print is fine, and so are remarks.
	fill(t, book(t, [][]any{head, one, {}, {"学 号", "姓名", " 成绩"}, two, {"学号请勿改动"}, {"教师姓名", "某某"}}), Options{}, map[string]string{"C2": "92.5", "C5": "100"})
	under := []any{nil, nil, "得分", "等级"}
	fill(t, book(t, [][]any{head, under, one, head, under, two}), Options{}, map[string]string{"C3": "92.5", "C6": "100"})
	fill(t, book(t, [][]any{head, append(one, nil, "学号", "成绩"), two}), Options{}, map[string]string{"C2": "92.5", "C3": "100"})
}

// TestMaximum: a heading that says what its scores are of is believed.
func TestMaximum(t *testing.T) {
	for heading, want := range map[string]float64{
		"成绩（满分：30）": 30, "成绩（五分制）": 5, "实验成绩(50分)": 50, "成绩（百分制）": 100, "成绩（１００）": 100, "总评成绩(100)": 100, "成绩": 0, "成绩(0-100)": 100,
		"成绩（二十分制）": 20, "成绩（一百五十分）": 150, "成绩(占30%)": 0, "实验1分数": 0, "成绩（2024）": 0, "成绩(1)": 0, "Score (out of 40)": 40, "Score / 50": 50,
		"Lab score [20 pts]": 20, "Lab 3 points": 0, "Grade (max. 10)": 0, "Grade (max 10)": 10, "成绩满分12.5分": 12.5, "百分比": 0, "成绩（共60分）": 60,
	} {
		require.Equal(t, points(want), maximum([]string{"成绩", heading}), heading)
	}
	rows := func(heading string) [][]any { return [][]any{{"学号", "姓名", heading}, {"0020240101", "张三"}} }
	of := func(n rubric.Points) Options { return Options{OutOf: n * 100} }
	for _, heading := range []string{"成绩（满分：30）", "成绩（30分制）", "成绩(30分)"} {
		refused(t, rows(heading), of(100), `"`+heading+`" (C1) says that its maximum is 30, and the scores to write are of 100`)
		refused(t, rows(heading), Options{OutOf: 40_00, Column: "C"}, "maximum is 30")
		fill(t, book(t, rows(heading)), of(30), map[string]string{"C2": "92.5"})
	}
	fill(t, book(t, rows("成绩（百分制）")), of(100), map[string]string{"C2": "92.5"})
	_, err := Fill(t.Context(), book(t, rows("成绩（五分制）")), "f", class(), of(100))
	require.Contains(t, i18n.Lang("zh").Text(diag.Failures(err)[0].Hint), "--scale 5")
}

// TestElsewhere: scores of something else are written only by their name.
func TestElsewhere(t *testing.T) {
	for _, heading := range []string{"补考成绩", "上学期总评成绩", "平时成绩", "期末成绩", "成绩（补考）", "Exam score"} {
		rows := [][]any{{"学号", "姓名", heading}, {"0020240101", "张三"}}
		refused(t, rows, Options{}, `"`+heading+`" (C1), which may not be this lab's`)
		fill(t, book(t, rows), Options{Column: heading}, map[string]string{"C2": "92.5"})
	}
	for _, heading := range []string{"成绩", "总评", "实验成绩", "Final grade"} {
		fill(t, book(t, [][]any{{"学号", "姓名", heading}, {"0020240101", "张三"}}), Options{}, map[string]string{"C2": "92.5"})
	}
}

// TestOtherNames: names that are not the IDs' refuse the form, all of them at once.
func TestOtherNames(t *testing.T) {
	head := []any{"学号", "姓名", "成绩"}
	refused(t, [][]any{head, {"0020240101", "李四"}, {"0020240102", "张三"}, {"2024001", "Anna Schmidt"}}, Options{},
		"2 names of the sheet", "B2 0020240101 李四 / 张三, B3 0020240102 张三 / 李四")
	fill(t, book(t, [][]any{head, {"0020240101", "张　三"}, {"0020240102"}, {"2024001", "ＡＮＮＡ schmidt"}}), Options{},
		map[string]string{"C2": "92.5", "C3": "100", "C4": "71.25"})
	require.True(t, sameName("阿不都·热合曼", "阿不都•热合曼"))
}

// TestUnreadID: an ID that is a formula without a value is named.
func TestUnreadID(t *testing.T) {
	f, _ := fill(t, book(t, [][]any{{"学号", "姓名", "成绩"}, {"0020240101", "张三"}, {`="0020240102"`, "李四"}}), Options{}, map[string]string{"C2": "92.5"})
	require.Equal(t, []string{"A3"}, f.Unread)
	require.Contains(t, f.Absent, "0020240102")
}
