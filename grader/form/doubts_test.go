package form

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// no reports a form refused, with words of why, and what to type.
func no(t *testing.T, raw []byte, o Options, want, hint string) {
	t.Helper()
	_, err := Fill(t.Context(), raw, "form.xlsx", class(), o)
	require.Equal(t, diag.Usage, diag.Code(err), "%v", err)
	require.ErrorContains(t, err, want)
	for _, lang := range i18n.Langs {
		require.NotContains(t, lang.Text(diag.Failures(err)[0].Msg), "fill.")
		require.NotEmpty(t, lang.Text(diag.Failures(err)[0].Hint))
	}
	require.Contains(t, i18n.Lang("en").Text(diag.Failures(err)[0].Hint), hint)
}

// three are students with 92.5, 100 and 0.
func three(head ...any) [][]any {
	return [][]any{append([]any{"学号", "姓名"}, head...), {"0020240101", "张三"}, {"0020240102", "李四"}, {"202411210000000103", "王五"}}
}

var threeScores = map[string]string{"C2": "92.5", "C3": "100", "C4": "0"}

func formatted(t *testing.T, code string, cells ...string) func(*excelize.File) {
	return func(f *excelize.File) {
		style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &code, Font: &excelize.Font{Bold: true}, Border: []excelize.Border{{Type: "left", Style: 1}}})
		require.NoError(t, err)
		for _, c := range cells {
			require.NoError(t, f.SetCellStyle("Sheet1", c, c, style))
		}
	}
}

// TestShown: a format that shows another number than the score refuses the form.
func TestShown(t *testing.T) {
	all := []string{"C2", "C3", "C4"}
	for _, code := range []string{"General", "0.0", "0.00", "@", "0.0_ ", "0.0_);[Red]\\(0.0\\)", `0.0"分"`, "#,##0.00"} {
		fill(t, book(t, three("成绩"), formatted(t, code, all...)), Options{}, threeScores)
	}
	for code, want := range map[string]string{
		"0%":         `the number format of 3 cells of "成绩" would show another number than the score: C2 92.5 (0%), C3 100 (0%), C4 0 (0%); nothing was written`,
		"yyyy-mm-dd": "C2 92.5 (yyyy-mm-dd)", "m/d/yy": "C3 100 (m/d/yy)", "0": `of 1 cell of "成绩" would show another number than the score: C2 92.5 (0); nothing`,
		"000": "C3 100 (000)", "0.0;-0.0;;@": "of 1 cell of \"成绩\" would show another number than the score: C4 0 (0.0;-0.0;;@)", ";;;": "C3 100", "[>=60]\"及格\";\"不及格\"": "C4 0",
		"0.00E+00": "C3 100",
	} {
		no(t, book(t, three("成绩"), formatted(t, code, all...)), Options{}, want, "--column")
		no(t, book(t, three("成绩"), formatted(t, code, all...)), Options{Overwrite: true}, want, "General")
	}
	// Only the cells that are written matter, and whole scores have whole numbers' format.
	fill(t, book(t, three("成绩"), formatted(t, "0", "C3", "C4"), formatted(t, "0%", "C1", "C5", "B2", "D2")), Options{}, threeScores)
	// Under a condition too; one that changes the look only is fine.
	conditional := func(code string) func(*excelize.File) {
		return func(f *excelize.File) {
			id, err := f.NewConditionalStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, CustomNumFmt: &code})
			require.NoError(t, err)
			require.NoError(t, f.SetConditionalFormat("Sheet1", "C2:C3", []excelize.ConditionalFormatOptions{{Type: "cell", Criteria: "<", Value: "60", Format: &id}}))
		}
	}
	no(t, book(t, three("成绩"), conditional(`"不及格"`)), Options{}, `C2 92.5 ("不及格"), C3 100 ("不及格"); nothing`, "--column")
	no(t, book(t, three("成绩"), conditional("0")), Options{}, `1 cell of "成绩" would show another number than the score: C2 92.5 (0);`, "General")
	fill(t, book(t, three("成绩"), conditional("0.00")), Options{}, threeScores)
	// A score that stands there already is shown to be another one as well.
	rows := three("成绩")
	rows[1] = append(rows[1], 92.5)
	no(t, book(t, rows, formatted(t, "0", "C2")), Options{}, "C2 92.5 (0)", "")
}

func validated(t *testing.T, make func(*excelize.DataValidation) error, ranges string) func(*excelize.File) {
	return func(f *excelize.File) {
		d := excelize.NewDataValidation(true)
		d.Sqref = ranges
		require.NoError(t, make(d))
		require.NoError(t, f.AddDataValidation("Sheet1", d))
	}
}

func within(a, b any, kind excelize.DataValidationType, op excelize.DataValidationOperator) func(*excelize.DataValidation) error {
	return func(d *excelize.DataValidation) error { return d.SetRange(a, b, kind, op) }
}

// TestAllowed: what a form says may be typed is all that is written.
func TestAllowed(t *testing.T) {
	const whole, dec, between = excelize.DataValidationTypeWhole, excelize.DataValidationTypeDecimal, excelize.DataValidationOperatorBetween
	words := func(w ...string) func(*excelize.DataValidation) error {
		return func(d *excelize.DataValidation) error { return d.SetDropList(w) }
	}
	of := Options{OutOf: 100_00}
	for name, tt := range map[string]struct {
		make       func(*excelize.DataValidation) error
		ranges     string
		o          Options
		want, hint string
		bounds     []any
	}{
		"of fifty":       {make: within(0, 50, whole, between), ranges: "C2:C50", o: of, want: `the form allows only whole numbers (0 – 50) in "成绩" (C2), and the scores to write are of 100; nothing was written`, hint: "--scale 50"},
		"less than":      {make: within(100, 0, dec, excelize.DataValidationOperatorLessThan), ranges: "C1:C9", o: of, want: "numbers (< 100)", hint: "take the validation off"},
		"no decimals":    {make: within(0, 100, whole, between), ranges: "A1 C2:C4", o: of, want: `the form allows only whole numbers (0 – 100) in "成绩", and 1 score to write is not that: C2 92.5; nothing was written`, hint: "--column"},
		"its row only":   {make: within(0, 100, whole, between), ranges: "C3", o: of},
		"above":          {make: within(0, 50, dec, between), ranges: "C2:C4", want: "2 scores to write are not that: C2 92.5, C3 100", hint: "--scale"},
		"not nothing":    {make: within(0, 0, dec, excelize.DataValidationOperatorGreaterThan), ranges: "C2:C4", o: of, want: "numbers (> 0)"},
		"not in between": {make: within(90, 95, dec, excelize.DataValidationOperatorNotBetween), ranges: "C2:C4", o: of, want: "numbers (< 90, > 95)"},
		"words":          {make: words("优", "良", "中"), ranges: "C2:C4", o: of, want: `what is in a list ("优,良,中")`},
		"a list of them": {make: words("0", "92.50", "100"), ranges: "C2:C4", o: of},
		"whole column":   {make: words("优"), ranges: "C1:C1048576", o: of, want: "C2 92.5, C3 100, C4 0"},
		"length":         {make: within(0, 3, excelize.DataValidationTypeTextLength, between), ranges: "C2:C4", o: of, want: "has a length of 0 – 3"},
		"dates":          {make: within(1, 50000, excelize.DataValidationTypeDate, between), ranges: "C2:C4", o: of, want: "only dates or times"},
		"a formula":      {make: within("=MOD(C2,5)=0", "", excelize.DataValidationTypeCustom, between), ranges: "C2:C4", o: of, want: "is not worked out here"},
		"a good one":     {make: within(0, 100, dec, between), ranges: "C2:C4", o: of},
		"more than that": {make: within(0, 999, dec, between), ranges: "C2:C4", o: of},
		"other cells":    {make: within(0, 5, whole, between), ranges: "A1:B99 D1:D99 C5:C99", o: of},
		"by a cell":      {make: within(0, "=$F$1", dec, between), ranges: "C2:C4", o: of, bounds: []any{50}, want: "(C2), and the scores to write are of 100", hint: "--scale 50"},
		"by a good cell": {make: within(0, "=$F$1", dec, between), ranges: "C2:C4", o: of, bounds: []any{100}},
		"by no number":   {make: within(0, "=$F$1", dec, between), ranges: "C2:C4", o: of, want: "numbers (0 – "},
		"list in cells": {make: func(d *excelize.DataValidation) error { d.SetSqrefDropList("$F$1:$F$3"); return nil }, ranges: "C2:C4", o: of,
			bounds: []any{"优"}, want: "what is in a list ($F$1:$F$3)"},
		"list elsewhere": {make: func(d *excelize.DataValidation) error { d.SetSqrefDropList("Other!$F$1:$F$3"); return nil }, ranges: "C2:C4", o: of, want: "what is in a list (Other!$F$1:$F$3)"},
	} {
		t.Run(name, func(t *testing.T) {
			rows := three("成绩")
			if tt.bounds != nil {
				rows[0] = append(rows[0], nil, nil, tt.bounds[0])
			}
			raw := book(t, rows, validated(t, tt.make, tt.ranges))
			if tt.want == "" {
				fill(t, raw, tt.o, threeScores)
				return
			}
			no(t, raw, tt.o, tt.want, tt.hint)
		})
	}
	// As newer programs write it, beside the sheet's own.
	ext := `<extLst><ext><x14:dataValidations xmlns:x14="u"><x14:dataValidation type="whole"><x14:formula1><xm:f>0</xm:f></x14:formula1><x14:formula2><xm:f>50</xm:f></x14:formula2><xm:sqref>C2:C9</xm:sqref></x14:dataValidation></x14:dataValidations></ext></extLst></worksheet>`
	raw := with(t, book(t, three("成绩")), sheet1, func(s string) string { return strings.Replace(s, "</worksheet>", ext, 1) })
	no(t, raw, of, "whole numbers (0 – 50)", "--scale 50")
}

// TestMaximumElsewhere: what a form says of a maximum in its rows, or beside the list.
func TestMaximumElsewhere(t *testing.T) {
	of := func(n rubric.Points) Options { return Options{OutOf: n * 100} }
	rows := func(max ...any) [][]any {
		rows := three("成绩", "满分")
		for i, m := range max {
			rows[i+1] = append(rows[i+1], nil, m)
		}
		return rows
	}
	no(t, book(t, rows(50, 50, 50)), of(100), "the scores to write are of 100, and 3 rows say another maximum: D2 50, D3 50, D4 50; nothing was written", "--scale 50")
	no(t, book(t, rows(100, "50分", nil)), of(100), "1 row says another maximum: D3 50分", "--scale 50")
	fill(t, book(t, rows(100, "100分", nil)), of(100), threeScores)
	fill(t, book(t, rows(50, 50, 50)), of(50), threeScores)
	under := func(cells ...any) [][]any { return append([][]any{{"成绩登记表"}, cells}, three("成绩")...) }
	for _, cells := range [][]any{{"满分：50"}, {nil, "课程：云计算　满分为50分"}, {"满分", nil, 50}, {"本次实验 50 分制"}, {"Maximum score: 50"}, {"总分值", "50分"}, {"满分五十分"}} {
		no(t, book(t, under(cells...)), of(100), ", a maximum of 50, and the scores to write are of 100", "--scale 50")
		fill(t, book(t, under(cells...)), of(50), map[string]string{"C4": "92.5", "C5": "100", "C6": "0"})
	}
	no(t, book(t, append(three("成绩"), []any{"注：满分 50 分"})), of(100), `A5 says "注：满分 50 分"`, "")
	no(t, book(t, under("满分：50")), of(100), "A2 says", "--column")
	for _, cells := range [][]any{{"满分：100"}, {"百分制"}, {"平时满分 50，实验满分 100"}, {"共 50 人"}, {"Out of 30 students"}, {"2024-2025"}} {
		fill(t, book(t, under(cells...)), of(100), map[string]string{"C4": "92.5", "C5": "100", "C6": "0"})
	}
	// A heading knows best.
	fill(t, book(t, append([][]any{{"总评满分100"}}, three("成绩（50分）")...)), of(50), map[string]string{"C3": "92.5", "C4": "100", "C5": "0"})
	// Links are no scores.
	_, err := Fill(t.Context(), book(t, append([][]any{{"满分：50"}}, three("链接")...), formatted(t, "0%", "C3")), "f", []Score{{ID: "0020240101", Text: "x"}}, Options{Headings: "链接"})
	require.NoError(t, err)
}

// TestAsksForWholeNumbers: a form that says so, in the heading or beside the list, takes no
// decimals; one that says it of something else does.
func TestAsksForWholeNumbers(t *testing.T) {
	const want = `, and 1 score to write into `
	for _, head := range []string{"成绩（取整）", "成绩（填整数）", "成绩(整数)", "成绩(不保留小数)", "Score (whole number)"} {
		no(t, book(t, three(head)), Options{}, want, "grade override ID")
	}
	for _, said := range []string{"说明：成绩请填整数", "注：1. 成绩一律取整，四舍五入", "Scores must be integers"} {
		no(t, book(t, append([][]any{{said}}, three("成绩")...)), Options{}, `the form asks for whole numbers (A1 "`+said+`")`, "take that text out")
		no(t, book(t, append(three("成绩"), nil, []any{said})), Options{}, want, "take that text out")
	}
	for _, other := range []string{"平均分取整", "及格率保留整数", "整体情况说明", "小数位数不限"} {
		fill(t, book(t, append(three("成绩"), nil, []any{other})), Options{}, threeScores)
	}
	// Another column's heading, and scores that are whole.
	fill(t, book(t, three("成绩", "绩点（取整）", "平时（取整）")), Options{Column: "C"}, threeScores)
	raw := book(t, [][]any{{"学号", "姓名", "成绩（取整）"}, {"0020240102", "李四"}, {"202411210000000103", "王五"}})
	fill(t, raw, Options{}, map[string]string{"C2": "100", "C3": "0"})
}

// A form that asks for whole numbers has them once it is said that scores are to be rounded: halves up, which score became
// which is told, and full marks stay full marks.
func TestScoresAreRoundedWhereThatIsAskedFor(t *testing.T) {
	none, one, odd := 0, 1, 7
	f, _ := fill(t, book(t, three("成绩（取整）"), formatted(t, "0", "C2", "C3", "C4")), Options{Round: &none}, map[string]string{"C2": "93", "C3": "100", "C4": "0"})
	require.Len(t, f.Rounded, 1)
	require.Equal(t, "92.5 → 93", f.Rounded[0].Text)
	f, _ = fill(t, book(t, three("成绩"), formatted(t, "0.0", "C2", "C3", "C4")), Options{Round: &one}, threeScores)
	require.Empty(t, f.Rounded)
	no(t, book(t, three("成绩（取整）")), Options{Round: &odd}, "1 score to write into ", "--round 0")
	got, exact := rounded([]Score{{ID: "a", Points: 5949}, {ID: "b", Points: 5950}, {ID: "c", Points: 10000}, {ID: "d", Points: 8545, None: true}}, &none, 10000)
	require.Equal(t, []rubric.Points{5900, 6000, 10000, 8545}, []rubric.Points{got[0].Points, got[1].Points, got[2].Points, got[3].Points})
	require.Len(t, exact, 2)
	got, _ = rounded([]Score{{ID: "a", Points: 8544}, {ID: "b", Points: 8545}}, &one, 0)
	require.Equal(t, []rubric.Points{8540, 8550}, []rubric.Points{got[0].Points, got[1].Points})
	got, exact = rounded([]Score{{ID: "a", Points: 3750}, {ID: "b", Points: 3749}}, &none, 3750)
	require.Equal(t, []rubric.Points{3750, 3700}, []rubric.Points{got[0].Points, got[1].Points}, "nobody has more than all points")
	require.Len(t, exact, 1)
}

// TestWordsForScores: a heading that lists the words that go there is none of numbers.
func TestWordsForScores(t *testing.T) {
	for _, head := range []string{"成绩（优/良/中/及格/不及格）", "成绩（优秀、良好、中等、及格、不及格）", "成绩(合格/不合格)", "成绩（通过/未通过）", "Grade (A-F)", "Grade (Pass/Fail)"} {
		no(t, book(t, three(head)), Options{}, "no column of the form is headed as scores", "--column")
	}
	fill(t, book(t, three("成绩（优/良/中/及格/不及格）")), Options{Column: "C"}, threeScores)
}
