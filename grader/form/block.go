package form

import (
	"slices"
	"strings"

	"golang.org/x/text/width"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/sheetfile"
)

// maxNamed bounds how many cells a refusal names.
const maxNamed = 20

// oneHeading refuses a sheet with another row of headings whose columns are not those
// of the first: what stands under it would be read, and written, by the wrong columns.
// The same headings again, as on every page of a print, are fine.
func (t *table) oneHeading() error {
	for i := range t.Rows {
		if i >= t.head && i < t.body || !t.heads(i) {
			continue
		}
		// Above the headings are remarks too: it counts if students stand under it.
		if i < t.head && !t.listed(i) {
			continue
		}
		if cells := t.differing(i); len(cells) > 0 {
			first, again := t.Rows[min(i, t.head)].N, t.Rows[max(i, t.head)].N
			return diag.Misuse(i18n.M("fill.other_heading", "sheet", clip(t.Sheet), "row", again, "first", first, "cells", named(cells)),
				i18n.M("fill.other_heading_hint"))
		}
	}
	return nil
}

// heads reports whether a row is one of headings: of IDs, or of names and scores,
// beside others, with no ID in the place of IDs.
func (t *table) heads(i int) bool {
	r, texts, scores := &t.Rows[i], 0, false
	for _, c := range r.Cells {
		if c.Text != "" {
			texts++
			scores = scores || isScore(c.Text)
		}
	}
	if c, _ := r.Cell(t.id); texts < 2 || looksLikeID(c.ID()) {
		return false
	}
	return len(r.IDColumns()) > 0 || scores && len(r.NameColumns()) > 0
}

// listed reports whether IDs stand between a row that names IDs and the headings.
func (t *table) listed(i int) bool {
	cols := t.Rows[i].IDColumns()
	for k := i + 1; k < t.head; k++ {
		for _, col := range cols {
			if c, _ := t.Rows[k].Cell(col); c.Text != "" && looksLikeID(c.ID()) {
				return true
			}
		}
	}
	return false
}

// differing are the cells in which headings differ from the first ones, with the rows
// under them that belong to them.
func (t *table) differing(i int) (cells []string) {
	for k := 0; k < t.body-t.head; k++ {
		if i+k >= len(t.Rows) || i < t.head && i+k >= t.head {
			break
		}
		cells = append(cells, differ(&t.Rows[min(i, t.head)+k], &t.Rows[max(i, t.head)+k])...)
	}
	// Headings under it that the first ones have not.
	if next := i + t.body - t.head; len(cells) == 0 && i > t.head && next < len(t.Rows) {
		r := &t.Rows[next]
		if id, _ := r.Cell(t.id); id.Text == "" {
			for _, c := range r.Cells {
				if isScore(c.Text) {
					cells = append(cells, sheetfile.Name(c.Col, r.N)+" "+clip(c.Text))
				}
			}
		}
	}
	return cells
}

// differ compares two rows of headings, in the order of their columns.
func differ(a, b *roster.FormRow) (out []string) {
	var cols []int
	for _, c := range slices.Concat(a.Cells, b.Cells) {
		cols = append(cols, c.Col)
	}
	slices.Sort(cols)
	for _, col := range slices.Compact(cols) {
		x, _ := a.Cell(col)
		y, _ := b.Cell(col)
		if tight(x.Text) == tight(y.Text) {
			continue
		}
		out = append(out, strings.TrimSpace(sheetfile.Name(col, a.N)+" "+clip(x.Text))+" / "+strings.TrimSpace(sheetfile.Name(col, b.N)+" "+clip(y.Text)))
	}
	return out
}

// tight is a text without spaces, and without regard to case and width.
func tight(s string) string {
	return strings.ToLower(strings.Join(strings.Fields(width.Fold.String(s)), ""))
}

// named are so many cells as a person can look through.
func named(cells []string) []string {
	if len(cells) > maxNamed {
		return append(slices.Clone(cells[:maxNamed]), "…")
	}
	return cells
}
