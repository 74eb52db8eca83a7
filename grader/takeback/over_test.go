package takeback_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sheetfile"
	"swarmgrade/grader/takeback"
)

// column is the place of a heading that was exported, from 1.
func (h *hand) column(head string) int {
	rows, err := h.GetRows(h.sheet)
	require.NoError(h.t, err)
	i := slices.IndexFunc(rows[h.top-1], func(s string) bool { return strings.HasPrefix(s, head) })
	require.GreaterOrEqual(h.t, i, 0, head)
	return i + 1
}

func (h *hand) cell(id, head string) string {
	ref, err := excelize.CoordinatesToCellName(h.column(head), h.rows[id])
	require.NoError(h.t, err)
	return ref
}

// put types into a cell.
func (h *hand) put(ref string, v any) { require.NoError(h.t, h.SetCellValue(h.sheet, ref, v)) }

// plain takes a cell's formula away.
func (h *hand) plain(ref string) { require.NoError(h.t, h.SetCellFormula(h.sheet, ref, "")) }

func overs(t *testing.T, data []byte) takeback.Overs {
	t.Helper()
	w, err := takeback.Read(t.Context(), data, "mini.xlsx")
	require.NoError(t, err)
	return w.Overs
}

// TestTypedOver: whatever is typed over what is counted, or the roster's, is named with what
// stood there; nothing else is said.
func TestTypedOver(t *testing.T) {
	for _, lang := range i18n.Langs {
		d := class()
		data := export(t, d, lang)
		require.Empty(t, overs(t, data), "as it was exported")
		word := func(key string) string { return lang.T("report." + key) }
		for _, c := range []struct {
			name string
			do   func(h *hand, cell func(string) string)
			head string // "" for nothing to be said
			now  string
		}{
			{"the name", func(h *hand, cell func(string) string) { h.put(cell(word("name")), "王五") }, word("name"), "王五"},
			{"the ID", func(h *hand, cell func(string) string) { h.put(cell(word("id")), "999") }, word("id"), "999"},
			{"the final score", func(h *hand, cell func(string) string) {
				h.plain(cell(word("final")))
				h.put(cell(word("final")), 99.5)
			}, word("final"), "99.5"},
			{"the rate", func(h *hand, cell func(string) string) {
				h.plain(cell(word("rate")))
				h.put(cell(word("rate")), 0.015)
			}, word("rate"), "0.015"},
			{"the maximum", func(h *hand, cell func(string) string) {
				h.plain(cell(word("max")))
				h.put(cell(word("max")), 7)
			}, word("max"), "7"},
			{"an own column", func(h *hand, _ func(string) string) { h.put(h.head(3), "x") }, "", ""},
			{"the override", func(h *hand, _ func(string) string) { h.score(second, 1, "oral") }, "", ""},
			{"the name with a space", func(h *hand, cell func(string) string) {
				text, err := h.GetCellValue(h.sheet, cell(word("name")))
				require.NoError(h.t, err)
				h.put(cell(word("name")), " "+text+" ")
			}, "", ""},
			{"the final score, as text in another format", func(h *hand, cell func(string) string) {
				text, err := h.GetCellValue(h.sheet, cell(word("final")))
				require.NoError(h.t, err)
				h.plain(cell(word("final")))
				if !strings.Contains(text, ".") {
					text += "."
				}
				text += "0"
				h.put(cell(word("final")), text)
			}, "", ""},
		} {
			t.Run(string(lang)+" "+c.name, func(t *testing.T) {
				h := open(t, data)
				h.t = t
				c.do(h, func(head string) string { return h.cell(second, head) })
				o := overs(t, h.bytes())
				require.Zero(t, o.More)
				if c.head == "" {
					require.Empty(t, o.Cells)
					return
				}
				require.Len(t, o.Cells, 1, "%+v", o.Cells)
				got := o.Cells[0]
				require.Equal(t, []string{h.sheet, second, c.head, c.now}, []string{got.Sheet, got.ID, got.Head.Label(), got.Now})
				require.NotEmpty(t, got.Was)
				require.NotEqual(t, got.Was, got.Now)
			})
		}
	}
}

// TestTypedOverOnATask: the same of a check's points on the sheet of its task; what follows
// from them by formulas is not named.
func TestTypedOverOnATask(t *testing.T) {
	data := export(t, class(), i18n.ZH)
	w, err := takeback.Read(t.Context(), data, "mini.xlsx")
	require.NoError(t, err)
	require.Greater(t, len(w.Origin.Tables), 1)
	task := w.Origin.Tables[1]
	i := slices.IndexFunc(task.Heads, func(h takeback.Head) bool { return h.Check != "" })
	require.Positive(t, i)
	h := open(t, data)
	ref, err := excelize.CoordinatesToCellName(i+1, 2)
	require.NoError(t, err)
	require.NoError(t, h.SetCellValue(task.Sheet, ref, 77))
	o := overs(t, h.bytes())
	require.Len(t, o.Cells, 1)
	require.Equal(t, []string{task.Sheet, ref, task.Rows[0].ID, "77", task.Heads[i].Check},
		[]string{o.Cells[0].Sheet, o.Cells[0].Ref, o.Cells[0].ID, o.Cells[0].Now, o.Cells[0].Head.Check})
}

// TestTypedOverEverywhere is bounded, and prevents nothing of what was typed where it belongs.
func TestTypedOverEverywhere(t *testing.T) {
	d := class()
	h := open(t, export(t, d, i18n.EN))
	for id := range h.rows {
		h.put(h.cell(id, "Name"), "nobody")
	}
	h.score(second, 1, "oral")
	data := h.bytes()
	require.Len(t, overs(t, data).Cells, len(d.Students))
	h.put(h.cell(second, "Name"), d.Students[1].Name)
	x, err := decide(t, h.bytes(), d)
	require.NoError(t, err)
	require.Len(t, x.Changes, 1)
	require.Len(t, x.Overs.Cells, len(d.Students)-1)
}

// TestOlderOrigin: a workbook whose hidden sheet does not say what was shown is taken back as
// ever.
func TestOlderOrigin(t *testing.T) {
	d := class()
	h := open(t, export(t, d, i18n.ZH))
	rows, err := h.GetRows(takeback.SheetName)
	require.NoError(t, err)
	for i := len(rows); i > 0; i-- {
		if slices.Contains([]string{"table", "head", "cells"}, rows[i-1][0]) {
			require.NoError(t, h.RemoveRow(takeback.SheetName, i))
		}
	}
	h.score(second, 1, "oral")
	h.put(h.cell(first, "姓名"), "王五")
	x, err := decide(t, h.bytes(), d)
	require.NoError(t, err)
	require.Len(t, x.Changes, 1)
	require.Empty(t, x.Overs)
}

// TestRosterColumnsLikeOurs: columns of the roster that are called like the workbook's own,
// in whatever width and language, are told from them, and what is typed is read from ours.
func TestRosterColumnsLikeOurs(t *testing.T) {
	hostile := []string{"改分", "备注", "备注（名单）", "ＯＶＥＲＲＩＤＥ", "override", "Final", "最终得分", "姓名", "name", "学号", "改分理由", "满 分", "Override reason", "\x07"}
	for _, lang := range i18n.Langs {
		d := class()
		d.Headings = hostile
		for i := range d.Students {
			d.Students[i].Columns = map[string]string{}
			for _, h := range hostile {
				d.Students[i].Columns[h] = "99"
			}
		}
		data := export(t, d, lang)
		w, err := takeback.Read(t.Context(), data, "mini.xlsx")
		require.NoError(t, err)
		seen := map[string]bool{}
		for _, c := range w.Origin.Columns {
			head := strings.ToLower(strings.Join(strings.Fields(c.Head), " "))
			require.NotEmpty(t, head)
			require.False(t, seen[head], "%s: %q stands there twice", lang, c.Head)
			seen[head] = true
		}
		require.Empty(t, w.Overs)
		h := open(t, data)
		// The roster's columns are moved before ours, as somebody who sorts columns has them.
		for range hostile {
			require.NoError(t, h.InsertCols(h.sheet, "C", 1))
		}
		rows, err := h.GetRows(h.sheet)
		require.NoError(t, err)
		for i := range hostile {
			from := h.wide + i // where it stands now
			for r := h.top; r <= h.top+len(d.Students); r++ {
				text := ""
				if at := from; at < len(rows[r-1]) {
					text = rows[r-1][at]
				}
				to, err := excelize.CoordinatesToCellName(3+i, r)
				require.NoError(t, err)
				was, err := excelize.CoordinatesToCellName(from+1, r)
				require.NoError(t, err)
				h.put(to, text)
				h.put(was, nil)
			}
		}
		for _, key := range []string{"override", "reason", "remark"} {
			h.cols[key] += len(hostile)
		}
		h.score(second, 1.5, "oral")
		h.set(second, "remark", "well done")
		x, err := decide(t, h.bytes(), d)
		require.NoError(t, err, lang)
		require.Len(t, x.Changes, 1)
		require.Equal(t, "1.5", x.Changes[0].Points.String())
		require.Equal(t, "oral", x.Changes[0].Reason)
		require.Equal(t, "well done", *x.Changes[0].Remark)
		require.Empty(t, x.Overs)
	}
}

// TestTypedOverInDetails: the same of the points of a check in the details, those that were
// set by hand too; sorted details, and words in the place of points, are not named.
func TestTypedOverInDetails(t *testing.T) {
	for _, lang := range i18n.Langs {
		data := export(t, class(), lang)
		w, err := takeback.Read(t.Context(), data, "mini.xlsx")
		require.NoError(t, err)
		require.Empty(t, w.Overs)
		k := slices.IndexFunc(w.Origin.Tables, func(t takeback.Table) bool {
			return slices.ContainsFunc(t.Heads, func(h takeback.Head) bool { return h.What == takeback.WhatCheck })
		})
		require.Positive(t, k)
		details := w.Origin.Tables[k]
		require.Empty(t, details.Rows)
		ref := func(what takeback.What, row int) string {
			return sheetfile.Name(slices.IndexFunc(details.Heads, func(h takeback.Head) bool { return h.What == what })+1, row)
		}
		h := open(t, data)
		row := func(id string) int {
			rows, err := h.GetRows(details.Sheet)
			require.NoError(t, err)
			i := slices.IndexFunc(rows, func(r []string) bool { return len(r) > 0 && r[0] == id })
			require.Positive(t, i)
			return i + 1
		}
		put := func(ref string, v any) { require.NoError(t, h.SetCellValue(details.Sheet, ref, v)) }
		put(ref(takeback.WhatPoints, row(second)), "see me")
		put(ref(takeback.WhatPoints, row(fourth)), 61) // set by hand: not what counts
		require.Empty(t, overs(t, h.bytes()))
		put(ref(takeback.WhatPoints, row(first)), 77)
		put(ref(takeback.WhatSet, row(fourth)), 71)
		o := overs(t, h.bytes())
		require.Len(t, o.Cells, 2)
		for i, want := range [][]string{{first, "60", "77", ref(takeback.WhatPoints, row(first))}, {fourth, "70", "71", ref(takeback.WhatSet, row(fourth))}} {
			c := o.Cells[i]
			require.Equal(t, want, []string{c.ID, c.Was, c.Now, c.Ref})
			require.Equal(t, []string{details.Sheet, "task1.web"}, []string{c.Sheet, c.Head.Check})
		}
	}
}
