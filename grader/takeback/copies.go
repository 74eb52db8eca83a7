package takeback

import "swarmgrade/grader/sheetfile"

// Copy is a row of another sheet with the headings of the one that is read, or with
// those of IDs and overrides among others, in which something was typed that is not in
// the one that is read.
type Copy struct {
	Sheet, Ref string // the first cell of that row that differs
	ID         string
	// Part says that the sheet has not all of the headings, so that it is no copy.
	Part bool
}

// maxCopies are kept, enough to say where they are.
const maxCopies = 20

// copies looks for what was typed into copies of the sheet that is read. A copy that was
// made before, or after, is no harm, nor is one that somebody hid.
func (w *Workbook) copies(b *sheetfile.Book, sheets []sheetfile.Sheet) error {
	was := make(map[string]*State, len(w.Origin.Students))
	for i := range w.Origin.Students {
		was[w.Origin.Students[i].ID] = &w.Origin.Students[i]
	}
	read := make(map[string]*Entry, len(w.Entries))
	for i := range w.Entries {
		read[bareID(w.Entries[i].ID.Text)] = &w.Entries[i]
	}
	for _, s := range sheets[:min(len(sheets), maxSheets)] {
		if s.Name == SheetName || s.Name == w.Sheet || s.Hidden {
			continue
		}
		t := &table{w: w, sheet: s.Name, part: true}
		if err := b.Cells(s, t.row, t.merge); err != nil {
			return err
		}
		if !t.found || len(t.problems) > 0 {
			continue
		}
		part := t.at[Reason] == 0 || t.at[Remark] == 0
		for i := range t.entries {
			e := &t.entries[i]
			id := bareID(e.ID.Text)
			if was[id] == nil || len(w.Copies) >= maxCopies || part && e.Override.blank() {
				continue
			}
			if ref := e.differs(was[id], read[id]); ref != "" {
				w.Copies = append(w.Copies, Copy{s.Name, ref, id, part})
			}
		}
	}
	return nil
}

// differs is the first cell of a row that says neither what was exported nor what the row
// that is read says; "" for none. other is nil where that one is gone.
func (e *Entry) differs(was *State, other *Entry) string {
	if other == nil {
		other = &Entry{}
	}
	for _, c := range []struct {
		cell, other Cell
		was         string
		points      bool
	}{{e.Override, other.Override, was.Override.String(), true}, {e.Reason, other.Reason, was.Reason, false}, {e.Note, other.Note, was.Remark, false}} {
		if c.cell.Ref == "" {
			continue // that sheet has no such column
		}
		says := func(c Cell) string {
			if v, bad := value(c); c.Ref != "" && bad == nil {
				return v.String()
			}
			return bare(shown(c))
		}
		if !c.points {
			says = func(c Cell) string { return bare(tidy(said(c))) }
		}
		if now := says(c.cell); now != bare(c.was) && now != says(c.other) {
			return c.cell.Ref
		}
	}
	return ""
}

// copied refuses a workbook with copies in which something else was typed: which of them
// counts, nobody knows.
func (d *decider) copied() {
	for i, c := range d.w.Copies {
		if i > 0 && d.w.Copies[i-1].Sheet == c.Sheet {
			continue // one of a sheet is enough
		}
		n := 0
		for _, x := range d.w.Copies {
			if x.Sheet == c.Sheet {
				n++
			}
		}
		key := "copy"
		if c.Part {
			key = "beside"
		}
		p := whole(d.w.File+":"+d.w.AtSheet(c.Sheet, c.Ref), key, "sheet", clip(c.Sheet), "read", clip(d.w.Sheet), "student", clip(c.ID), "n", n,
			"override", d.w.HeadOf(Override))
		d.problems = append(d.problems, p...)
	}
}
