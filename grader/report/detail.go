package report

import (
	"fmt"
	"io"
	"strings"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// Line writes one verdict as it falls: mark, points, title, what was seen, and
// for one that does not pass the next thing to do. Long lines are not broken,
// so that a command can be copied.
func Line(w io.Writer, rub *rubric.Rubric, v judge.Verdict, t Text) error {
	_, err := io.WriteString(w, t.line(rub, v, false))
	return err
}

// indent stands under the title of a line.
const indent = "              "

func (t Text) line(rub *rubric.Rubric, v judge.Verdict, withFacts bool) string {
	title := v.Check
	if c, ok := rub.Check(v.Check); ok {
		title = c.Title.In(t.Lang)
	}
	points := fmt.Sprintf("%s/%s", v.Points, v.Max)
	if v.Outcome == check.Ungraded {
		points = fmt.Sprintf("?/%s", v.Max)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %9s   %s\n", t.paintMark(v.Outcome), points, oneLine(title))
	if !v.Message.Empty() {
		b.WriteString(indent + oneLine(t.Lang.Text(v.Message)) + "\n")
	}
	for _, f := range []struct {
		key   string
		facts check.Facts
	}{{"report.seen", v.Observed}, {"report.wanted", v.Expected}} {
		if withFacts && len(f.facts) > 0 {
			b.WriteString(indent + t.paint(t.Lang.T(f.key, "facts", facts(f.facts)), dim) + "\n")
		}
	}
	if v.Outcome != check.Pass && !v.Hint.Empty() {
		t.hint(&b, t.Lang.Lines(v.Hint), len(indent))
	}
	return b.String()
}

// Detail writes everything about one student: each check with its outcome,
// points, what was seen and wanted, the next thing to do, and the hash of the
// evidence that says so.
func Detail(w io.Writer, d *Data, s *Student, t Text) error {
	var b strings.Builder
	title := fmt.Sprintf("%s %s  %s", oneLine(s.ID), oneLine(s.Name), strings.TrimSpace(score(s)))
	b.WriteString(t.paint(title, bold) + "\n")
	for _, o := range s.Overrides {
		b.WriteString(t.override(o) + "\n")
	}
	if s.Remark != "" {
		b.WriteString(t.Lang.T("report.remark_is", "text", oneLine(s.Remark)) + "\n")
	}
	if len(s.Verdicts) == 0 {
		b.WriteString("\n" + t.Lang.T("report.no_verdicts") + "\n")
	}
	one := Data{Rubric: d.Rubric, Students: []Student{*s}}
	for _, g := range tasks(one.Columns()) {
		t.task(&b, d.Rubric, ofTask(s.Verdicts, g[0].Task))
	}
	if s.Timeline != nil {
		t.timeline(&b, s.Timeline)
	}
	if _, _, ungraded := judge.Total(s.Verdicts); ungraded > 0 {
		b.WriteString("\n" + t.paint(t.Lang.T("report.ungraded_points", "points", ungraded.String()), magenta) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t Text) task(b *strings.Builder, rub *rubric.Rubric, vs []judge.Verdict) {
	title := t.Lang.T("report.task", "task", oneLine(vs[0].Task))
	if task, ok := rub.Task(vs[0].Task); ok {
		title = task.Title.In(t.Lang)
	}
	points, max, _ := judge.Total(vs)
	fmt.Fprintf(b, "\n%s\n", t.paint(fmt.Sprintf("%s  %s/%s", oneLine(title), points, max), bold))
	seen := ""
	for i, v := range vs {
		b.WriteString(t.line(rub, v, true))
		// The checks of a task share their evidence as a rule.
		if v.Evidence != "" && (i == len(vs)-1 || vs[i+1].Evidence != v.Evidence) && v.Evidence != seen {
			b.WriteString(t.paint(t.Lang.T("report.evidence_is", "hash", oneLine(v.Evidence)), dim) + "\n")
			seen = v.Evidence
		}
	}
}

func (t Text) override(o Override) string {
	what := o.Check
	if what == "" {
		what = t.Lang.T("report.total")
	}
	when := ""
	if !o.When.IsZero() {
		when = o.When.Format("2006-01-02")
	}
	return oneLine(t.Lang.T("report.override_is", "what", what, "points", o.Points.String(), "reason", o.Reason,
		"who", o.Who, "when", when))
}
