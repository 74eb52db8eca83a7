package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
)

// TestRosterOfToday: who left the roster, and who came to it, is said on the screen, in the
// workbook and in JSON.
func TestRosterOfToday(t *testing.T) {
	for _, lang := range i18n.Langs {
		d := handedData()
		d.Students[1].Left = true
		d.Unseen = []string{"2099000001"}
		gone := d.Students[1].ID
		var b strings.Builder
		require.NoError(t, Table(&b, d, Text{Lang: lang, Width: 200}))
		require.Contains(t, b.String(), lang.T("enrolled.left", "n", 1, "ids", []string{gone}))
		require.Contains(t, b.String(), "2099000001")
		require.Contains(t, b.String(), "--students 2099000001")

		var j bytes.Buffer
		require.NoError(t, JSON(&j, d, lang))
		require.Contains(t, j.String(), `"left_roster": true`)
		require.Contains(t, j.String(), `"not_graded": [`)

		f := readBack(t, workbook(t, d, lang))
		rows, err := f.GetRows(f.GetSheetList()[0])
		require.NoError(t, err)
		marked := 0
		for _, r := range rows {
			if strings.Contains(strings.Join(r, "|"), lang.T("enrolled.left_mark")) {
				marked++
				require.Equal(t, gone, r[0])
			}
		}
		require.Equal(t, 1, marked)
	}
}
