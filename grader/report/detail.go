package report

import (
	"fmt"
	"io"
	"strings"

	"swarmgrade/grader/result"
)

// Detail writes everything about one student: each check with its outcome and
// points, what was seen and wanted where points were lost, the next thing to
// do, and the hash of the evidence that says so.
func Detail(w io.Writer, d *result.Data, s *result.Student, t Text) error {
	var b strings.Builder
	title := fmt.Sprintf("%s %s  %s", oneLine(s.ID), oneLine(s.Name), strings.TrimSpace(t.score(s)))
	b.WriteString(t.paint(title, bold) + "\n")
	for _, o := range s.Overrides {
		if _, judged := s.Verdict(o.Check); judged {
			continue // it stands with the check
		}
		t.paragraph(&b, OverrideLine(t.Lang, s, o), 0, "")
	}
	for _, a := range s.Attempts {
		if line := lateLine(t.Lang, s, a); line != "" {
			t.paragraph(&b, line, 0, "")
		}
	}
	for _, line := range apartLines(t.Lang, d, s) {
		t.paragraph(&b, line, 0, "")
	}
	if s.Remark != "" {
		b.WriteString(t.Lang.T("report.remark_is", "text", oneLine(s.Remark)) + "\n")
	}
	if len(s.Verdicts) == 0 {
		b.WriteString("\n" + t.Lang.T("report.no_verdicts") + "\n")
	}
	l := NewListing(&b, d.Rubric, t)
	l.facts = true
	l.note = func(check string) string {
		o, set := s.Override(check)
		if !set {
			return ""
		}
		return OverrideLine(t.Lang, s, o)
	}
	l.heading = func(task string) string {
		return "  " + t.taskScore(s, task)
	}
	one := result.Data{Rubric: d.Rubric, Students: []result.Student{*s}}
	for _, g := range tasks(one.Columns()) {
		for _, v := range ofTask(s.Verdicts, g[0].Task) {
			_ = l.Add(v) // a Builder takes it all
		}
	}
	_ = l.Close()
	t.missing(&b, d, s)
	if s.Timeline != nil {
		t.timeline(&b, s.Timeline)
	}
	if open := s.Tally().OpenPoints; open > 0 {
		b.WriteString("\n" + t.paint(t.Lang.T("report.ungraded_points", "points", open.String()), magenta) + "\n")
	}
	t.history(&b, s)
	t.requests(&b, s)
	_, err := io.WriteString(w, b.String())
	return err
}
