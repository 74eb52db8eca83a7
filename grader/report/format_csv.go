package report

import (
	"io"

	"swarmgrade/grader/result"
)

// csvFormat is the scores as plain text, for spreadsheet programs and scripts. Points
// are the student's own of the student's own maximum, as in the workbook. Text that a
// spreadsheet program would compute has an apostrophe before it; a plain number, as
// most IDs are, is left as it is, since nothing but a formula would keep Excel from
// taking its zeros away.
var csvFormat = Format{Name: "csv", Ext: "csv", Media: "text/csv", Final: true, Roster: true, Write: writeScores}

func writeScores(w io.Writer, d *result.Data, o Options) error {
	o = o.For(d)
	t := Text{Lang: o.Lang}
	word := func(key string) string { return o.Lang.T("transfer.csv_" + key) }
	groups := tasks(o.columns)
	return writeCSV(w, func(add func(...string) error) error {
		head := []string{word("id"), word("name")}
		for _, h := range d.Headings {
			head = append(head, csvText(h))
		}
		for _, g := range groups {
			key := "transfer.csv_task"
			max, apart := taskMax(d, g)
			if apart {
				key = "apart.csv_head"
			}
			head = append(head, csvText(o.Lang.T(key, "task", g[0].Task, "max", max.String())))
		}
		if err := add(append(head, word("late"), word("final"), word("max"), word("state"), word("reason"), word("remark"))...); err != nil {
			return err
		}
		for i := range d.Students {
			s := &d.Students[i]
			row := []string{csvText(s.ID), csvText(s.Name)}
			for _, h := range d.Headings {
				row = append(row, csvText(s.Columns[h]))
			}
			for _, g := range groups {
				row = append(row, taskCell(s, g[0].Task))
			}
			if err := add(append(append(row, o.scoreCells(d, s)...), csvText(t.apartReasons(d, s)), csvText(s.Remark))...); err != nil {
				return err
			}
		}
		return nil
	})
}

// taskCell is a task's points; blank while something of it is open, or nothing counts.
func taskCell(s *result.Student, task string) string {
	if t := s.Task(task); !t.Open && !t.Excused && t.NotYet == 0 && t.Max > 0 {
		return t.Points.String()
	}
	return ""
}

// scoreCells are what lateness took off, the final score, its maximum, and whether it
// is one.
func (o Options) scoreCells(d *result.Data, s *result.Student) []string {
	t := s.Tally()
	late, max := "", ""
	if t.Late != 0 {
		late = (-t.Late).String()
	} else if forgiven(s, "") {
		late = "0" // it would be more, by the clock
	}
	if t.Max > 0 {
		max = t.Max.String()
	}
	switch h := o.Hand(d, s); {
	case h.State == Excused:
		return []string{late, "", "", o.Lang.T("transfer.state_excused")}
	case h.State == Open:
		return []string{late, "", max, o.Lang.T("transfer.state_open")}
	case t.Open || t.NotYet > 0:
		return []string{late, t.Points.String(), max, o.Lang.T("transfer.state_allowed")}
	case t.ByHand:
		return []string{late, t.Points.String(), max, o.Lang.T("transfer.state_by_hand")}
	default:
		return []string{late, t.Points.String(), max, o.Lang.T("transfer.state_graded")}
	}
}
