package form

import (
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sheetfile"
)

// doubts are what a form says of the cells of scores that their scores are not: how
// they are shown, what may be typed there, what they are of.
type doubts struct {
	rules  []rule // of the column
	maxima []int  // columns with a maximum in each row
	outOf  rubric.Points
	shown  []string // cells that would show something else
	broken []breach
	atMost *breach // a rule under which full marks are not allowed
	// fractions are cells of scores with decimals.
	fractions []string
	limits    []string
	limited   []rubric.Points
}

// breach are cells that a rule does not allow what is to be written into.
type breach struct {
	rule  rule
	limit rubric.Points
	cells []string
}

func newDoubts(t *table, col int, outOf rubric.Points) doubts {
	d := doubts{outOf: outOf, maxima: t.maximumColumns(col)}
	for _, r := range t.Rules {
		var areas []roster.Area
		for _, a := range r.Areas {
			if col >= a.FromCol && col <= a.ToCol {
				areas = append(areas, a)
			}
		}
		if r.Areas = areas; len(areas) > 0 {
			d.rules = append(d.rules, t.compare(r))
		}
	}
	d.broken = make([]breach, len(d.rules))
	return d
}

// doubt compares a score that stands in a cell, or will, with what the form says of it.
func (w *filling) doubt(row *roster.FormRow, cell roster.FormCell, p rubric.Points) {
	place := sheetfile.Name(w.col, row.N)
	look := func(s sheetfile.Shown) {
		if s.Decimals == sheetfile.Otherwise || !s.Zero && p == 0 || s.Decimals >= 0 && decimalsOf(p) > s.Decimals {
			w.shown = append(w.shown, place+" "+p.String()+" ("+clip(s.Code)+")")
		}
	}
	if decimalsOf(p) > 0 {
		w.fractions = append(w.fractions, place+" "+p.String())
	}
	look(w.out.form.Shows(cell.Style))
	for i, r := range w.rules {
		if !covers(r.Areas, w.col, row.N) {
			continue
		}
		if r.Kind == sheetfile.Format {
			look(sheetfile.Show(r.A))
			continue
		}
		if limit, ok := r.limit(w.outOf); ok && w.atMost == nil {
			w.atMost = &breach{r, limit, []string{place}}
		}
		if !r.allows(p) {
			w.broken[i].rule = r
			w.broken[i].cells = append(w.broken[i].cells, place+" "+p.String())
		}
	}
	w.ofRow(row)
}

// ofRow compares the maxima that a row says with that of the scores.
func (w *filling) ofRow(row *roster.FormRow) {
	var cells []string
	var maxima []rubric.Points
	for _, col := range w.maxima {
		c, _ := row.Cell(col)
		max, ok := count(strings.TrimSuffix(c.Text, "分"))
		switch {
		case !ok:
			continue
		case max == w.outOf:
			return
		}
		cells, maxima = append(cells, sheetfile.Name(col, row.N)+" "+clip(c.Text)), append(maxima, max)
	}
	if w.outOf > 0 {
		w.limits, w.limited = append(w.limits, cells...), append(w.limited, maxima...)
	}
}

// doubtful refuses a form that says of scores what they are not.
func (w *filling) doubtful() error {
	label := w.label(w.col)
	if len(w.limits) > 0 {
		return diag.Misuse(i18n.M("fill.row_maximum", "n", len(w.limits), "cells", named(w.limits), "full", w.outOf.String()),
			i18n.M("fill.said_hint", "max", w.limited[0].String()))
	}
	if m := w.atMost; m != nil {
		hint := i18n.M("fill.said_hint", "max", m.limit.String())
		if m.limit == w.outOf { // all below it
			hint = i18n.M("fill.not_allowed_hint")
		}
		return diag.Misuse(i18n.M("fill.rule_maximum", "column", label, "cell", m.cells[0], "rule", m.rule.said(), "full", w.outOf.String()), hint)
	}
	for _, b := range w.broken {
		if len(b.cells) > 0 {
			return diag.Misuse(i18n.M("fill.not_allowed", "column", label, "n", len(b.cells), "rule", b.rule.said(), "cells", named(b.cells)), i18n.M("fill.not_allowed_hint"))
		}
	}
	if len(w.fractions) > 0 {
		if cell, text := w.asksWhole(w.col); cell != "" {
			return diag.Misuse(i18n.M("fill.whole", "column", label, "n", len(w.fractions), "cells", named(w.fractions), "cell", cell, "text", text), i18n.M("fill.whole_hint"))
		}
	}
	if len(w.shown) > 0 {
		return diag.Misuse(i18n.M("fill.shown", "column", label, "n", len(w.shown), "cells", named(w.shown)), i18n.M("fill.shown_hint"))
	}
	return nil
}

// decimalsOf are how many a score has.
func decimalsOf(p rubric.Points) int {
	_, after, _ := strings.Cut(p.String(), ".")
	return len(after)
}

func covers(areas []roster.Area, col, row int) bool {
	for _, a := range areas {
		if col >= a.FromCol && col <= a.ToCol && row >= a.FromRow && row <= a.ToRow {
			return true
		}
	}
	return false
}
