package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/takeback"
)

// TestOrigin: the hidden sheet names every column of the sheet that is filled in as it
// is headed there, and what its cells show.
func TestOrigin(t *testing.T) {
	d := handedData()
	d.Headings = []string{"备注"}
	for _, lang := range i18n.Langs {
		raw := workbook(t, d, lang)
		f := readBack(t, raw)
		visible, err := f.GetSheetVisible(takeback.SheetName)
		require.NoError(t, err)
		require.False(t, visible)
		require.Equal(t, f.GetSheetList()[len(f.GetSheetList())-1], takeback.SheetName, "nobody stumbles over it")

		w, err := takeback.Read(t.Context(), raw, "x.xlsx")
		require.NoError(t, err)
		o := w.Origin
		require.Equal(t, []string{takeback.Schema, cellText(d.Class), "ha-lb", d.Run.ID, f.GetSheetList()[0]}, []string{o.Schema, o.Class, o.Lab, o.Run, o.Sheet})
		rows, err := f.GetRows(w.Sheet)
		require.NoError(t, err)
		at := slices.IndexFunc(rows, func(r []string) bool { return len(r) == len(o.Columns) && r[0] == o.Columns[0].Head })
		require.GreaterOrEqual(t, at, 0, "the headings stand as they were noted")
		col := map[string]int{}
		for i, c := range o.Columns {
			require.Equal(t, strings.TrimSpace(rows[at][i]), c.Head)
			if c.Key != "" {
				col[c.Key] = i + 1
			}
		}
		for _, key := range []string{takeback.ID, takeback.Name, takeback.Override, takeback.Reason, takeback.Remark} {
			require.Positive(t, col[key], key)
			require.NotEmpty(t, o.Columns[col[key]-1].Head, key)
		}
		require.Len(t, o.Students, len(d.Students))
		require.Len(t, w.Entries, len(d.Students))
		for i, s := range o.Students {
			row := w.Entries[i].Row
			shown := s.Override.String()
			if s.Override.Excused {
				shown = lang.T("hand.excused")
			}
			require.Equal(t, []string{s.ID, shown, s.Reason, s.Remark}, []string{
				value(t, f, w.Sheet, ref(col[takeback.ID], row)), value(t, f, w.Sheet, ref(col[takeback.Override], row)),
				value(t, f, w.Sheet, ref(col[takeback.Reason], row)), value(t, f, w.Sheet, ref(col[takeback.Remark], row)),
			}, s.ID)
			require.Equal(t, len(d.Students[i].History), s.Changes)
		}
	}
}
