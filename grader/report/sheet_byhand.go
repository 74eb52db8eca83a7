package report

import (
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// handed is what of a class was done by hand, so that columns nobody needs are
// not there.
type handed struct {
	points  bool // of a check or a task, by hand or excused
	excused bool
	history int // entries
}

func byHandOf(d *result.Data) (h handed) {
	for i := range d.Students {
		s := &d.Students[i]
		for _, o := range s.Overrides {
			h.points = h.points || o.Check != "" || o.Task != ""
			h.excused = h.excused || o.Excused
		}
		h.history += len(s.History)
	}
	return h
}

// counted are the cells behind the automatic points: what makes the final score of
// them, and that score, as a formula over them.
func (b *book) counted(l layout, s *result.Student, row int) []any {
	st := b.st
	all := s.Tally()
	var open, byHand, late rubric.Points
	for _, t := range s.Tallies() {
		open, byHand, late = open+t.OpenPoints, byHand+t.ByHandPoints(), late+t.Late
	}
	number := func(p rubric.Points) excelize.Cell {
		c := excelize.Cell{StyleID: st.points}
		if p != 0 {
			c.Value = p.Float()
		}
		return c
	}
	out := []any{number(open)}
	if l.byHand > 0 {
		out = append(out, number(byHand))
	}
	if l.late > 0 {
		out = append(out, number(-late))
	}
	if l.own > 0 {
		own := excelize.Cell{StyleID: st.points}
		if all.Excused || all.Max > 0 {
			own.Value = all.Max.Float()
		}
		out = append(out, own)
	}
	override := excelize.Cell{StyleID: st.inputPoints}
	for _, o := range s.Overrides {
		switch {
		case o.Check != "" || o.Task != "":
		case o.Excused:
			override.Value = b.lang.T("hand.excused")
		default:
			override.Value = all.Points.Float()
		}
	}
	final := excelize.Cell{StyleID: st.total, Value: any(all.Points.Float()), Formula: b.finalFormula(l, row)}
	switch {
	case all.Excused:
		final.Value = b.lang.T("hand.excused")
	case all.Open:
		final.Value = b.t("ungraded")
	}
	return append(out, override, textCell(b.reasons(s), st.inputText, st.inputTextQuoted), final,
		textCell(s.Remark, st.inputText, st.inputTextQuoted))
}

// finalFormula is the override, else what the columns before it come to.
func (b *book) finalFormula(l layout, row int) string {
	override, automatic, open := ref(l.override, row), ref(l.automatic, row), b.t("ungraded")
	if l.byHand == 0 && l.late == 0 && l.own == 0 {
		return fmt.Sprintf(`IF(ISNUMBER(%[1]s),%[1]s,IF(COUNTIF(%[2]s:%[3]s,"%[4]s")>0,"%[4]s",%[3]s))`,
			override, ref(leadColumns+1, row), automatic, open)
	}
	parts := automatic
	if l.byHand > 0 {
		parts += "," + ref(l.byHand, row)
	}
	sum := parts
	if l.late > 0 {
		sum += "," + ref(l.late, row)
	}
	count := fmt.Sprintf(`IF(ISNUMBER(%s),"%s",IF(COUNT(%s)=0,"%s",SUM(%s)))`, ref(l.open, row), open, parts, open, sum)
	if l.own > 0 {
		count = fmt.Sprintf(`IF(AND(ISNUMBER(%[1]s),%[1]s=0),"%[2]s",%[3]s)`, ref(l.own, row), b.lang.T("hand.excused"), count)
	}
	return fmt.Sprintf(`IF(ISNUMBER(%[1]s),%[1]s,%[2]s)`, override, count)
}

// reasons says why points were set: that of the total alone where the total is set,
// since that is what the column takes; else each with what it is of.
func (b *book) reasons(s *result.Student) string {
	var parts []string
	for _, o := range s.Overrides {
		if o.Check == "" && o.Task == "" {
			return o.Reason
		}
		points := o.Points.String()
		if o.Excused {
			points = b.lang.T("hand.excused")
		}
		parts = append(parts, fmt.Sprintf("%s %s → %s: %s", target(b.lang, o.Task, o.Check), judgedText(b.lang, s, o), points, o.Reason))
	}
	return strings.Join(parts, "; ")
}

// changes is every change by hand, a row each; no sheet where there was none.
func (b *book) changes() error {
	rows := byHandOf(b.d).history
	if rows == 0 {
		return nil
	}
	st := b.st
	s, err := b.open(b.t("sheet_changes"), []float64{
		18, 14, b.longest(12, func(s *result.Student) string { return s.ID }), b.longest(10, func(s *result.Student) string { return oneLine(s.Name) }),
		22, 10, 11, 11, 11, 11, 44,
	}, rows+1, 4)
	if err != nil {
		return err
	}
	if err := s.heads([]string{
		"change_when", "change_who", "id", "name", "change_what", "change_kind", "change_before", "change_after", "change_total_before",
		"change_total_after", "change_reason",
	}); err != nil {
		return err
	}
	text := func(s string) excelize.Cell { return textCell(oneLine(s), st.text, st.textQuoted) }
	for i := range b.d.Students {
		student := &b.d.Students[i]
		for _, c := range student.History {
			when, e, why := "", c.Effect, c.Reason
			if !c.When.IsZero() {
				when = c.When.Format("2006-01-02 15:04:05")
			}
			row := []any{
				text(when), text(c.Who), textCell(student.ID, st.text, st.textQuoted), text(student.Name), text(target(b.lang, c.Task, c.Check)),
				text(b.word("kind_", string(c.Kind))),
			}
			if c.Kind == result.Remark {
				row[4], why = text(""), c.Text
			}
			for _, score := range []result.Score{e.Before, e.After, e.TotalBefore, e.TotalAfter} {
				if c.Kind == result.Remark || e == (result.Effect{}) {
					row = append(row, text(""))
					continue
				}
				row = append(row, text(ScoreText(b.lang, score)))
			}
			if err := s.add(append(row, b.wrap(why))); err != nil {
				return err
			}
		}
	}
	if err := s.filter(); err != nil {
		return err
	}
	if err := b.f.AddIgnoredErrors(s.name, "A2:"+ref(4, rows+1), excelize.IgnoredErrorsNumberStoredAsText); err != nil {
		return err
	}
	return s.Flush()
}
