package report

import (
	"fmt"
	"slices"
	"strings"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// lacked says in a line which tasks a student lacks; "" if none.
func (t Text) lacked(key string, missing []result.Missing) string {
	if len(missing) == 0 {
		return ""
	}
	var tasks []string
	var points rubric.Points
	for _, m := range missing {
		tasks, points = append(tasks, oneLine(m.Task)), points+m.Max
	}
	return t.Lang.T(key, "n", len(tasks), "tasks", tasks, "points", points.String())
}

// lackedWord is what stands in the place of a task's points: that it was not handed in,
// or that it is not graded yet; "" if neither.
func lackedWord(lang i18n.Lang, s *result.Student, task string) string {
	i := slices.IndexFunc(s.Missing, func(m result.Missing) bool { return m.Task == task })
	switch {
	case i < 0:
		return ""
	case s.Missing[i].NotYet:
		return lang.T("missing.cell_yet")
	}
	return lang.T("missing.cell_none")
}

// lacking says under a class who has not handed in what, and what is not graded
// yet: of everybody in one line, else by task. A run by itself knows of no other.
func (t Text) lacking(b *strings.Builder, d *result.Data, s *result.Summary) {
	line := func(key string, l result.Lack) {
		ids := make([]string, 0, listedOpen+1)
		for _, id := range l.Students[:min(len(l.Students), listedOpen)] {
			ids = append(ids, oneLine(id))
		}
		if len(l.Students) > listedOpen {
			ids = append(ids, "…")
		}
		text := t.Lang.T(key, "task", oneLine(l.Task), "max", l.Max.String(), "n", len(l.Students), "ids", ids)
		if t.Width > 0 {
			text = t.Wrapped(text)
		}
		fmt.Fprintln(b, text)
	}
	for _, l := range s.NotHandedIn {
		line("missing.class_none", l)
	}
	yet, all, run := "missing.class_yet", "missing.all_yet", d.Run.Policy == ""
	if run {
		yet, all = yet+"_run", all+"_run"
	}
	for _, l := range s.NotYet {
		if l.All {
			continue
		}
		line(yet, l)
		if !run {
			fmt.Fprintln(b, "    → "+t.Lang.T("missing.class_yet_hint", "class", oneLine(d.Class), "task", oneLine(l.Task)))
		}
	}
	if text := t.yetAll(all, d, s); text != "" {
		fmt.Fprintln(b, text)
	}
	if run && len(s.NotYet) > 0 {
		fmt.Fprintln(b, "    → "+t.Lang.T("missing.all_runs", "class", oneLine(d.Class)))
	}
}

// yetAll says which tasks nobody has been graded on; "" if there are none.
func (t Text) yetAll(key string, d *result.Data, s *result.Summary) string {
	var tasks []string
	var points rubric.Points
	for _, l := range s.NotYet {
		if l.All {
			tasks, points = append(tasks, oneLine(l.Task)), points+l.Max
		}
	}
	if len(tasks) == 0 {
		return ""
	}
	return t.Lang.T(key, "n", len(tasks), "tasks", tasks, "points", points.String(), "max", d.Rubric.Points.String())
}

// missing is each task that a student lacks, as a heading and what is known.
func (t Text) missing(b *strings.Builder, d *result.Data, s *result.Student) {
	for _, m := range s.Missing {
		if t := s.Task(m.Task); t.ByHand || s.Above(m.Task, "") != nil {
			continue // what an instructor set stands above
		}
		title := t.Lang.T("report.task", "task", oneLine(m.Task))
		if task, ok := d.Rubric.Task(m.Task); ok {
			title = oneLine(task.Title.In(t.Lang))
		}
		b.WriteString("\n")
		t.paragraph(b, title+"  "+t.taskScore(s, m.Task), 0, bold)
		if m.NotYet {
			fmt.Fprintf(b, "%s %s\n", absent, t.Lang.T("missing.detail_yet"))
			continue
		}
		t.paragraph(b, mark(check.Fail)+" "+t.Lang.T("missing.detail_none"), 0, "")
		t.hint(b, t.Lang.Lines(i18n.M("missing.detail_none_hint", "class", d.Class, "task", m.Task, "student", s.ID)), 2)
	}
}
