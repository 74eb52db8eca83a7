package report

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// bookOf is a workbook of which the layout is asked for, not written.
func bookOf(d *result.Data, lang i18n.Lang) *book {
	b := &book{d: d, lang: lang, columns: d.Columns()}
	b.taskSheets = b.layTasks()
	return b
}

// recalculated: the library's own arithmetic comes to the value that each formula
// carries.
func recalculated(t *testing.T, f *excelize.File) {
	t.Helper()
	n := 0
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
		require.NoError(t, err)
		for r := range rows {
			for c := range rows[r] {
				cell := ref(c+1, r+1)
				text := formula(t, f, sheet, cell)
				if text == "" || strings.Contains(text, "HYPERLINK") {
					continue
				}
				n++
				got, err := f.CalcCellValue(sheet, cell, excelize.Options{RawCellValue: true})
				require.NoError(t, err, "%s %s: %s", sheet, cell, text)
				sameValue(t, value(t, f, sheet, cell), got, sheet+" "+cell+": "+text)
			}
		}
	}
	require.NotZero(t, n)
}

// sameValue compares numbers as numbers; a percentage, as a program shows it, to the digit
// that it shows.
func sameValue(t *testing.T, want, got, what string) {
	t.Helper()
	near, of := 1e-9, 1.0
	if share, ok := strings.CutSuffix(got, "%"); ok {
		got, near, of = share, 0.0051, 100
	}
	a, errA := strconv.ParseFloat(want, 64)
	b, errB := strconv.ParseFloat(got, 64)
	if errA == nil && errB == nil && math.Abs(a-b/of) < near {
		return
	}
	require.Equal(t, want, got, what)
}
