package report

import (
	"strconv"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/takeback"
)

// recordHeads notes the headings of the sheet that is filled in, as they were written, for
// those who read it back; keys say which column, from 1, is what ([takeback.ID] and so
// on). A column of another key, or of none, may be anything.
func (b *book) recordHeads(sheet string, heads []any, keys map[string]int) {
	b.filled = takeback.Origin{Sheet: sheet, Columns: make([]takeback.Column, len(heads))}
	for i, h := range heads {
		if c, ok := h.(excelize.Cell); ok {
			b.filled.Columns[i].Head, _ = c.Value.(string)
		}
	}
	for key, at := range keys {
		b.filled.Columns[at-1].Key = key
	}
}

// recordTable begins to note what a sheet shows that nothing is read back from, for those who
// tell what was typed over it; what says what each column is.
func (b *book) recordTable(sheet string, heads []any, what []takeback.Head) {
	for i := range what {
		if c, ok := heads[i].(excelize.Cell); ok {
			what[i].Text, _ = c.Value.(string)
		}
	}
	b.shown = append(b.shown, takeback.Table{Sheet: sheet, Heads: what})
}

// recordDetails notes the headings of the details, by their keys: their rows show the points
// that the sheets of the tasks show, so that those are enough.
func (b *book) recordDetails(sheet string, keys []string) {
	what := map[string]takeback.What{"id": takeback.WhatID, "name": takeback.WhatName, "check_id": takeback.WhatCheck, "points": takeback.WhatPoints, "by_hand_points": takeback.WhatSet}
	heads := make([]takeback.Head, len(keys))
	for i, key := range keys {
		heads[i] = takeback.Head{Text: b.t(key), What: what[key]}
	}
	b.shown = append(b.shown, takeback.Table{Sheet: sheet, Heads: heads})
}

// recordRow notes what a row shows, of the table that was begun last.
func (b *book) recordRow(id string, row []any) {
	t := &b.shown[len(b.shown)-1]
	texts := make([]string, len(t.Heads))
	for i := range row {
		if c, ok := row[i].(excelize.Cell); ok && t.Heads[i].What != takeback.Else {
			switch v := c.Value.(type) {
			case string:
				texts[i] = v
			case float64:
				texts[i] = strconv.FormatFloat(v, 'f', -1, 64)
			}
		}
	}
	for len(texts) > 0 && texts[len(texts)-1] == "" {
		texts = texts[:len(texts)-1]
	}
	t.Rows = append(t.Rows, takeback.Row{ID: id, Texts: texts})
}

// origin is the hidden sheet that says what the workbook was exported from, so that
// what is typed into it can be told from what was there.
func (b *book) origin() error {
	if b.o.Part.Is() {
		return nil
	}
	o := b.filled
	o.Tables = b.shown
	o.Class, o.Lab, o.Run = b.d.Class, b.d.Rubric.ID, b.d.Run.ID
	for i := range b.d.Students {
		s := &b.d.Students[i]
		o.Students = append(o.Students, takeback.State{
			ID: s.ID, Name: oneLine(s.Name), Override: takeback.ValueOf(s), Reason: b.reasons(s), Remark: s.Remark,
			Changes: len(s.History), Judged: takeback.Judged(s),
		})
	}
	if _, err := b.f.NewSheet(takeback.SheetName); err != nil {
		return err
	}
	sw, err := b.f.NewStreamWriter(takeback.SheetName)
	if err != nil {
		return err
	}
	i := 0
	for texts := range o.Rows() {
		i++
		row := make([]any, len(texts))
		for k, text := range texts {
			row[k] = textCell(text, b.st.text, b.st.textQuoted)
		}
		if err := sw.SetRow(ref(1, i), row); err != nil {
			return err
		}
	}
	if err := sw.Flush(); err != nil {
		return err
	}
	b.filled, b.shown = takeback.Origin{}, nil // a large class's are some of its memory
	// SetSheetVisible would read all sheets back that were written, a class's whole, for which of them is in front.
	sheets := b.f.WorkBook.Sheets.Sheet
	for i := range sheets {
		if sheets[i].Name == takeback.SheetName {
			sheets[i].State = "veryHidden"
		}
	}
	return nil
}
