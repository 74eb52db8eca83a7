package form

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/rubric"
)

// TestText: a text is written as one, into the column that is headed for it, beside scores
// that stay; nothing in it is markup or a formula.
func TestText(t *testing.T) {
	rows := [][]any{{"学号", "姓名", "成绩", "网址"}, {"0020240101", "张三", 90}, {"0020240102", "李四", 80, "在别处"}, {"2024001", "Anna Schmidt", nil, "=1+1"}}
	words := []Score{
		{ID: "0020240101", Name: "张三", Text: `=<a href="x">&</a>`}, {ID: "0020240102", Name: "李四", Text: "new"}, {ID: "2024001", Name: "Anna Schmidt", Text: "x"},
		{ID: "3", Name: "nobody", Text: "y"},
	}
	read := func(o Options) (*Filled, func(cell string) string) {
		f, err := Fill(t.Context(), book(t, rows), "form.xlsx", words, o)
		require.NoError(t, err)
		var to bytes.Buffer
		require.NoError(t, f.Write(t.Context(), &to))
		x, err := excelize.OpenReader(&to)
		require.NoError(t, err)
		t.Cleanup(func() { x.Close() })
		return f, func(cell string) string {
			text, err := x.GetCellValue("Sheet1", cell)
			require.NoError(t, err)
			formula, err := x.GetCellFormula("Sheet1", cell)
			require.NoError(t, err)
			if formula != "" {
				return "=" + formula
			}
			return text
		}
	}
	f, at := read(Options{Headings: "链接,网址"})
	require.Equal(t, 1, f.Written)
	require.Equal(t, []string{"3"}, f.Absent)
	require.Len(t, f.Kept, 2)
	require.Equal(t, []string{`=<a href="x">&</a>`, "在别处", "=1+1", "90"}, []string{at("D2"), at("D3"), at("D4"), at("C2")})
	f, at = read(Options{Headings: "链接,网址", Overwrite: true, OutOf: rubric.Points(100_00)})
	require.Equal(t, 2, f.Written)
	require.Equal(t, []string{"new", "=1+1"}, []string{at("D3"), at("D4")}, "a formula never")
	_, err := Fill(t.Context(), book(t, rows), "form.xlsx", words, Options{Headings: "链接,link"})
	require.Equal(t, diag.Usage, diag.Code(err), "not the scores' column")
	require.ErrorContains(t, err, "链接")
}
