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
	rows, err := f.GetRows("成绩单")
	require.NoError(t, err)
	n := len(rows[0])
	require.Equal(t, []string{"行政班", "0012"}, []string{rows[0][2], rows[1][2]}, "the class that the roster tells")
	require.Empty(t, rows[2][2])
	require.Equal(t, []string{"备注", "=1+1"}, rows[0][n-2:])
	require.Equal(t, "=HYPERLINK(\"x\")�", rows[1][n-1])
	for _, cell := range []string{ref(n, 1), ref(n, 2)} {
		require.Empty(t, formula(t, f, "成绩单", cell), cell)
	}

	out := string(render(t, func(b *bytes.Buffer) error { return JSON(b, d, i18n.ZH) }))
	require.Contains(t, out, `"行政班": "0012"`)
	require.Contains(t, out, `\u001b`)
	plain := string(render(t, func(b *bytes.Buffer) error { return JSON(b, testData(), i18n.ZH) }))
	require.NotContains(t, plain, `"columns"`)
}
