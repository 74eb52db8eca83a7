package report

import (
	"io"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// csvFormat is the scores as plain text, for spreadsheet programs and scripts. Points
// are the student's own of the student's own maximum, as in the workbook: those of tasks
// are what the checks gave; with what was changed by hand and what lateness took off they
// add up to the final score. Text that a
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
		for _, h := range rosterCSV(o.Lang, d, groups) {
			head = append(head, csvText(h))
		}
		for _, g := range groups {
			head = append(head, csvText(taskHeading(o.Lang, d, g)))
		}
		if err := add(append(head, word("by_hand"), word("late"), word("final"), word("max"), word("state"), word("reason"), word("remark"))...); err != nil {
			return err
		}
		for i := range d.Students {
			s := &d.Students[i]
			row := []string{csvText(s.ID), csvText(s.Name)}
			for _, h := range d.Headings {
				row = append(row, csvText(s.Columns[h]))
			}
			var shown rubric.Points
			for _, g := range groups {
				cell, points := o.taskCell(s, g[0].Task)
				row, shown = append(row, cell), shown+points
			}
			row = append(row, o.byHandCell(d, s, shown))
			if err := add(append(append(row, o.scoreCells(d, s)...), csvText(t.apartReasons(d, s)), csvText(s.Remark))...); err != nil {
				return err
			}
		}
		return nil
	})
}

// taskHeading is that of a task's points.
func taskHeading(lang i18n.Lang, d *result.Data, task []result.Column) string {
	key := "transfer.csv_task"
	max, apart := taskMax(d, task)
	if apart {
		key = "apart.csv_head"
	}
	return lang.T(key, "task", task[0].Task, "max", max.String())
}

// rosterCSV are the headings of the roster's further columns. One that is called like one
// of the file's own, in either language, says that it is the roster's: a script that reads
// the last column of a name would take the wrong one.
func rosterCSV(lang i18n.Lang, d *result.Data, groups [][]result.Column) []string {
	taken := map[string]bool{"": true}
	for _, l := range i18n.Langs {
		for _, key := range []string{"id", "name", "by_hand", "late", "final", "max", "state", "reason", "remark"} {
			taken[alike(l.T("transfer.csv_"+key))] = true
		}
		for _, g := range groups {
			taken[alike(cellText(oneLine(taskHeading(l, d, g))))] = true
		}
	}
	return apart(lang, taken, d.Headings)
}

// taskCell is what the checks of a task gave; blank while something of it is open, unless
// that is given as final, and where there is nothing.
func (o Options) taskCell(s *result.Student, task string) (string, rubric.Points) {
	t := s.Task(task)
	if t.Open && !o.AllowUngraded || t.NotYet > 0 || t.Max == 0 && t.JudgedMax == 0 {
		return "", 0
	}
	return t.Judged.String(), t.Judged
}

// byHandCell is what an instructor's hand added to the points of the tasks that are shown;
// of a score that is none it is what is set so far.
func (o Options) byHandCell(d *result.Data, s *result.Student, shown rubric.Points) string {
	t := s.Tally()
	by := t.ByHandPoints()
	switch o.Hand(d, s).State {
	case Excused:
		return ""
	case Given:
		by = t.Points + t.Late - shown
	case Open:
	}
	if !t.ByHand || by == 0 {
		return ""
	}
	return by.String()
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
