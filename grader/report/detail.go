package report

import (
	"fmt"
	"io"
	"strings"

	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
)

// Detail writes everything about one student: each check with its outcome and
// points, what was seen and wanted where points were lost, the next thing to
// do, and the hash of the evidence that says so.
func Detail(w io.Writer, d *result.Data, s *result.Student, t Text) error {
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
	l := NewListing(&b, d.Rubric, t)
	l.facts = true
	l.heading = func(task string) string {
		points, max, _ := judge.Total(ofTask(s.Verdicts, task))
		return fmt.Sprintf("  %s/%s", points, max)
	}
	one := result.Data{Rubric: d.Rubric, Students: []result.Student{*s}}
	for _, g := range tasks(one.Columns()) {
		for _, v := range ofTask(s.Verdicts, g[0].Task) {
			_ = l.Add(v) // a Builder takes it all
		}
	}
	_ = l.Close()
	if s.Timeline != nil {
		t.timeline(&b, s.Timeline)
	}
	if _, _, ungraded := judge.Total(s.Verdicts); ungraded > 0 {
		b.WriteString("\n" + t.paint(t.Lang.T("report.ungraded_points", "points", ungraded.String()), magenta) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t Text) override(o result.Override) string {
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
