package report

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
)

// TestFurtherColumns: those of the roster follow the scores, inert, and are in
// the JSON by name.
func TestFurtherColumns(t *testing.T) {
	d := testData()
	d.Headings = []string{"行政班", "=1+1"}
	d.Students[0].Columns = map[string]string{"行政班": "0012", "=1+1": "=HYPERLINK(\"x\")\x1b"}
	f := readBack(t, workbook(t, d, i18n.ZH))
	rows, err := f.GetRows("成绩")
	require.NoError(t, err)
	n := len(rows[0])
	require.Equal(t, []string{"备注", "行政班", "=1+1"}, rows[0][n-3:])
	require.Equal(t, []string{"0012", "=HYPERLINK(\"x\")�"}, rows[1][n-2:])
	for _, cell := range []string{ref(n, 1), ref(n, 2)} {
		require.Empty(t, formula(t, f, "成绩", cell), cell)
	}
	require.Equal(t, "0012", value(t, f, "成绩", ref(n-1, 2)))

	out := string(render(t, func(b *bytes.Buffer) error { return JSON(b, d, i18n.ZH) }))
	require.Contains(t, out, `"行政班": "0012"`)
	require.Contains(t, out, `\u001b`)
	plain := string(render(t, func(b *bytes.Buffer) error { return JSON(b, testData(), i18n.ZH) }))
	require.NotContains(t, plain, `"columns"`)
}
