package takeback_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/sheetfile"
	"swarmgrade/grader/takeback"
)

// sorted puts the students' cells of columns from one to another into the order of their
// IDs backwards, and leaves the others, as a program does that sorts a range.
func (h *hand) sorted(from, to int) {
	h.t.Helper()
	ids := []string{first, second, third, fourth, fifth}
	texts := map[string][]string{}
	for _, id := range ids {
		for c := from; c <= to; c++ {
			text, err := h.GetCellValue(h.sheet, sheetfile.Name(c, h.rows[id]), excelize.Options{RawCellValue: true})
			require.NoError(h.t, err)
			texts[id] = append(texts[id], text)
		}
	}
	for i, id := range ids {
		row := h.rows[ids[len(ids)-1-i]]
		for c := from; c <= to; c++ {
			h.plain(sheetfile.Name(c, row))
			h.put(sheetfile.Name(c, row), texts[id][c-from])
		}
	}
}

// hiddenKeys are the columns with the ID once more, the last one first.
var hiddenKeys = []string{takeback.KeyAmong, takeback.KeyWithin, takeback.KeyBefore}

// withoutKeys makes of a workbook one of an earlier version.
func (h *hand) withoutKeys() {
	rows, err := h.GetRows(takeback.SheetName)
	require.NoError(h.t, err)
	for i := len(rows); i > 0; i-- {
		if r := rows[i-1]; r[0] == "column" && slices.Contains(hiddenKeys, r[1]) {
			require.NoError(h.t, h.RemoveRow(takeback.SheetName, i))
		}
	}
	for _, key := range hiddenKeys {
		at := h.cols[key]
		name, err := excelize.ColumnNumberToName(at)
		require.NoError(h.t, err)
		require.NoError(h.t, h.RemoveCol(h.sheet, name))
		delete(h.cols, key)
		for k, c := range h.cols {
			if c > at {
				h.cols[k] = c - 1
			}
		}
		h.wide--
	}
}

// TestSortedInPart: whatever range of columns was sorted while others stayed, nothing is
// given to somebody else; whole rows are sorted as ever.
func TestSortedInPart(t *testing.T) {
	for _, lang := range i18n.Langs {
		raw := export(t, class(), lang)
		at := open(t, raw).cols
		for from := at["id"]; from <= at["name"]; from++ {
			for to := at["name"]; to <= at["remark"]; to++ {
				h := open(t, raw)
				h.score(first, 55, "口试")
				h.sorted(from, to)
				got, err := decide(t, h.bytes(), class())
				if from == at["id"] && to == at["remark"] {
					require.NoError(t, err)
					require.Equal(t, []string{"01 " + h.ref(fifth, "override") + " points 55 because 口试"}, told(got))
					continue
				}
				require.Nil(t, got, "columns %d to %d", from, to)
				require.Error(t, err)
			}
		}
		h := open(t, raw)
		h.score(first, 55, "口试")
		h.sorted(at["id"], at["key_before"]-1)
		_, err := decide(t, h.bytes(), class())
		said := text(err, lang)
		require.Contains(t, said, h.ref(first, "key_before"), "the cell")
		require.Contains(t, said, first)
		require.Contains(t, said, fifth, "whose row it is")
		for from := at["name"] + 1; from <= at["override"]; from++ { // the inputs with what is before them
			h := open(t, raw)
			h.score(first, 55, "口试")
			h.sorted(from, at["remark"])
			_, err := decide(t, h.bytes(), class())
			require.Error(t, err, "columns from %d", from)
		}
		// What is filled in alone, with nothing else beside it: everybody has a score and a reason, so that nothing but a key
		// tells that reasons slid to others.
		for _, part := range [][2]string{{"override", "reason"}, {"reason", "remark"}, {"override", "remark"}} {
			h := open(t, raw)
			for i, id := range []string{first, second, third, fourth, fifth} {
				h.score(id, 50+i, "口试 "+id)
				h.set(id, "remark", "看过 "+id)
			}
			_, err := decide(t, h.bytes(), class())
			require.NoError(t, err)
			h.sorted(at[part[0]], at[part[1]])
			_, err = decide(t, h.bytes(), class())
			require.Error(t, err, part)
		}
	}
}

// TestSortedWholeRows of which nothing else is known, also where something was typed before
// or afterwards, columns were moved, or rows are gone.
func TestSortedWholeRows(t *testing.T) {
	for _, keys := range []bool{true, false} {
		h := open(t, export(t, class(), i18n.ZH))
		if !keys {
			h.withoutKeys()
		}
		h.sorted(1, h.wide)
		h.rows[first], h.rows[second], h.rows[fourth], h.rows[fifth] = h.rows[fifth], h.rows[fourth], h.rows[second], h.rows[first]
		h.set(second, "override", 60)
		h.score(third, nil, "")
		require.NoError(t, h.InsertCols(h.sheet, "C", 2))
		require.NoError(t, h.RemoveRow(h.sheet, h.rows[fifth]))
		got, err := decide(t, h.bytes(), class())
		require.NoError(t, err, "with keys: %v", keys)
		require.Len(t, got.Changes, 2)
		ids := []string{got.Changes[0].ID, got.Changes[1].ID}
		slices.Sort(ids)
		require.Equal(t, []string{second, third}, ids)
		require.Equal(t, []string{fifth}, got.Absent)
	}
}

// TestSortedInPartBefore: without keys, what stood in the columns that stayed tells it.
func TestSortedInPartBefore(t *testing.T) {
	for _, what := range []string{"inputs", "roster"} {
		d := class()
		d.Students[2].Annotate(nil, d.Rubric)
		if what == "roster" {
			d.Students[1].Annotate(nil, d.Rubric)
			d.Students[3].Annotate(nil, d.Rubric)
			d.Headings = []string{"电话"}
			for i := range d.Students {
				d.Students[i].Columns = map[string]string{"电话": "1380000000" + d.Students[i].ID[9:]}
			}
		}
		h := open(t, export(t, d, i18n.ZH))
		h.withoutKeys()
		h.score(first, 55, "口试")
		h.sorted(1, h.cols["override"]-1)
		_, err := decide(t, h.bytes(), d)
		require.Contains(t, text(err, i18n.EN), "mini.xlsx:"+h.sheet+": only part of the table was sorted: IDs have moved while overrides")
		require.Contains(t, text(err, i18n.ZH), "只排序了一部分列")
	}
}

// TestKeysThatAreGone, or are of nobody, prevent nothing.
func TestKeysThatAreGone(t *testing.T) {
	for _, key := range []any{nil, "x", " " + first} {
		h := open(t, export(t, class(), i18n.ZH))
		h.score(first, 55, "口试")
		h.set(first, "key_among", key)
		got, err := decide(t, h.bytes(), class())
		require.NoError(t, err)
		require.Len(t, got.Changes, 1)
	}
	h := open(t, export(t, class(), i18n.ZH))
	h.score(first, 55, "口试")
	h.set(first, "key_among", second)
	_, err := decide(t, h.bytes(), class())
	require.Contains(t, text(err, i18n.EN), h.ref(first, "key_among"))
}

// TestAddedColumns are named.
func TestAddedColumns(t *testing.T) {
	h := open(t, export(t, class(), i18n.ZH))
	h.put(h.head(2), "平时分")
	w, err := takeback.Read(t.Context(), h.bytes(), "mini.xlsx")
	require.NoError(t, err)
	require.Equal(t, []string{"平时分"}, w.Added)
	w, err = takeback.Read(t.Context(), export(t, class(), i18n.ZH), "mini.xlsx")
	require.NoError(t, err)
	require.Empty(t, w.Added)
}

// TestTypedIntoACopy of the sheet is not passed over; a copy as it was, or is, does no harm.
func TestTypedIntoACopy(t *testing.T) {
	raw := export(t, class(), i18n.EN)
	copied := func(h *hand) string {
		to, err := h.NewSheet("Scores (2)")
		require.NoError(t, err)
		require.NoError(t, h.CopySheet(0, to))
		return "Scores (2)"
	}
	for _, key := range []string{"override", "reason", "remark"} {
		h := open(t, raw)
		name := copied(h)
		require.NoError(t, h.SetCellValue(name, h.ref(second, key), 7))
		require.NoError(t, h.SetCellValue(name, h.ref(first, key), 8))
		_, err := decide(t, h.bytes(), class())
		require.Contains(t, text(err, i18n.EN), "mini.xlsx:'Scores (2)'!"+h.ref(first, key)+
			": the sheet \"Scores (2)\" is a copy of \"Scores\" in which something else was typed for 2 students (such as 0020240101); only \"Scores\" is read", key)
		require.Contains(t, text(err, i18n.ZH), "工作表“Scores (2)”是“Scores”的副本")
	}
	for name, do := range map[string]func(h *hand){
		"before": func(h *hand) { copied(h); h.score(first, 70, "x") },
		"after":  func(h *hand) { h.score(first, 70, "x"); copied(h) },
		"the same as text": func(h *hand) {
			h.score(first, 70, "x")
			require.NoError(t, h.SetCellValue(copied(h), h.ref(first, "override"), "70.0分"))
		},
		"hidden": func(h *hand) {
			h.score(first, 70, "x")
			require.NoError(t, h.SetCellValue(copied(h), h.ref(second, "override"), 1))
			require.NoError(t, h.SetSheetVisible("Scores (2)", false))
		},
	} {
		h := open(t, raw)
		do(h)
		got, err := decide(t, h.bytes(), class())
		require.NoError(t, err, name)
		require.Len(t, got.Changes, 1, name)
		require.Equal(t, result.SetPoints, got.Changes[0].Kind)
	}
}

// TestTypedBeside: a sheet of one's own with IDs and overrides, and a column that was
// added to another sheet, are named too; nothing is said of what says the same.
func TestTypedBeside(t *testing.T) {
	raw := export(t, class(), i18n.EN)
	own := func(h *hand, heads ...any) {
		_, err := h.NewSheet("Mine")
		require.NoError(t, err)
		require.NoError(t, h.SetSheetRow("Mine", "A1", &heads))
		require.NoError(t, h.SetSheetRow("Mine", "A2", &[]any{first, 70, "x"}))
		require.NoError(t, h.SetSheetRow("Mine", "A3", &[]any{second}))
	}
	h := open(t, raw)
	own(h, "ID", "Override", "Reason")
	_, err := decide(t, h.bytes(), class())
	require.Contains(t, text(err, i18n.EN), "mini.xlsx:Mine!B2: the sheet \"Mine\" has a column \"Override\" in which something was typed for 1 student (such as "+first+"); only \"Scores\" is read")
	require.Contains(t, text(err, i18n.ZH), "工作表“Mine”里有“Override”一列，给 1 名学生填了分")

	h = open(t, raw)
	task := h.GetSheetList()[1]
	rows, err := h.GetRows(task)
	require.NoError(t, err)
	col := len(rows[0]) + 1
	put := func(row int, v any) { require.NoError(t, h.SetCellValue(task, sheetfile.Name(col, row), v)) }
	put(1, "Override")
	_, err = decide(t, h.bytes(), class())
	require.NoError(t, err) // a heading alone
	put(2, 5)
	_, err = decide(t, h.bytes(), class())
	require.ErrorContains(t, err, sheetfile.Name(col, 2))

	for name, do := range map[string]func(h *hand){
		"the same":            func(h *hand) { own(h, "ID", "Override", "Reason"); h.score(first, 70, "x") },
		"no overrides":        func(h *hand) { own(h, "ID", "Points", "Reason"); h.score(first, 70, "x") },
		"nobody of the class": func(h *hand) { own(h, "No", "Override", "Reason"); h.score(first, 70, "x") },
		"hidden": func(h *hand) {
			own(h, "ID", "Override")
			require.NoError(t, h.SetSheetVisible("Mine", false))
			h.score(first, 71, "x")
		},
	} {
		h := open(t, raw)
		do(h)
		got, err := decide(t, h.bytes(), class())
		require.NoError(t, err, name)
		require.Len(t, got.Changes, 1, name)
	}
}
