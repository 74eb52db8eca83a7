package report

import (
	"fmt"
	"slices"
	"strings"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// ChangeLine says in one line what was done by hand, by whom, when and why.
func ChangeLine(lang i18n.Lang, c result.Change) string {
	e := c.Effect
	pairs := []any{
		"who", c.Who, "what", target(lang, c.Task, c.Check), "before", ScoreText(lang, e.Before), "after", ScoreText(lang, e.After),
		"was", ScoreText(lang, e.TotalBefore), "is", ScoreText(lang, e.TotalAfter), "reason", c.Reason, "text", c.Text,
	}
	key := "hand.did_" + strings.ReplaceAll(string(c.Kind), "-", "_")
	switch {
	case c.Kind == result.Remark && c.Text == "":
		key = "hand.did_no_remark"
	case c.Kind == result.SetPoints && e == (result.Effect{}): // of before that was recorded
		key, pairs = "hand.did_points_old", append(pairs, "points", c.Points.String())
	case c.Kind == result.Remove && e == (result.Effect{}):
		key = "hand.did_remove_old"
	}
	if _, ok := lang.Raw(key); !ok { // of a newer program
		key = "hand.did_other"
		pairs = append(pairs, "kind", string(c.Kind))
	}
	line := lang.T(key, pairs...)
	if e.From != "" {
		line += lang.T("hand.did_from", "lab", e.From)
	}
	return oneLine(line)
}

// history is every change by hand of one student.
func (t Text) history(b *strings.Builder, s *result.Student) {
	if len(s.History) == 0 {
		return
	}
	b.WriteString("\n" + t.paint(t.Lang.T("hand.history"), bold) + "\n")
	for _, c := range s.History {
		when := ""
		if !c.When.IsZero() {
			when = c.When.Format("2006-01-02 15:04") + "  "
		}
		t.paragraph(b, when+ChangeLine(t.Lang, c), 2, "")
	}
}

// listedByHand is how many lines of changes and lateness stand under a class.
const listedByHand = 20

// byHand lists under a class what was set by hand, and who was late.
func (t Text) byHand(b *strings.Builder, d *result.Data) {
	var hand, late []string
	for i := range d.Students {
		s := &d.Students[i]
		who := "  " + oneLine(s.ID) + "  "
		for _, o := range s.Overrides {
			hand = append(hand, who+OverrideLine(t.Lang, s, o))
		}
		for _, a := range s.Attempts {
			if line := lateLine(t.Lang, s, a); line != "" {
				late = append(late, who+line)
			}
		}
	}
	for _, list := range []struct {
		key   string
		lines []string
	}{{"hand.list", hand}, {"hand.list_late", late}} {
		if len(list.lines) == 0 {
			continue
		}
		fmt.Fprintln(b, t.Lang.T(list.key, "n", len(list.lines)))
		for _, line := range list.lines[:min(len(list.lines), listedByHand)] {
			fmt.Fprintln(b, clipTo(line, t.Width))
		}
		if more := len(list.lines) - listedByHand; more > 0 {
			fmt.Fprintln(b, "  "+t.Lang.T("hand.list_more", "n", more, "class", oneLine(d.Class)))
		}
	}
}

// target names what a change or an override is of.
func target(lang i18n.Lang, task, check string) string {
	switch {
	case check != "":
		return check
	case task != "":
		return lang.T("report.task", "task", task)
	}
	return lang.T("report.total")
}

// ScoreText is points of the most, "?" while something is open.
func ScoreText(lang i18n.Lang, s result.Score) string {
	switch {
	case s.Excused:
		return lang.T("hand.excused")
	case s.Open && s.Max == 0: // nothing is known of it at all
		return lang.T("report.ungraded")
	case s.Open && s.Points == 0:
		return "?/" + s.Max.String()
	case s.Open:
		return s.Points.String() + "/" + s.Max.String() + "?"
	}
	return s.Points.String() + "/" + s.Max.String()
}

// judgedText is what stood at an override's target before it: what was judged.
func judgedText(lang i18n.Lang, s *result.Student, o result.Override) string {
	bare := *s
	bare.Overrides, bare.Attempts = nil, nil // nothing was taken off yet
	return ScoreText(lang, bare.Score(o.Task, o.Check))
}

// OverrideLine says what an override in force puts in the place of what.
func OverrideLine(lang i18n.Lang, s *result.Student, o result.Override) string {
	when := ""
	if !o.When.IsZero() {
		when = o.When.Format("2006-01-02")
	}
	key := "hand.override_points"
	switch above := s.Above(o.Task, o.Check); {
	case o.Gone:
		key = "hand.override_gone"
	case o.Excused: // from the maximum whatever stands above
		key = "hand.override_excused"
	case above != nil && above.Check == "" && above.Task == "":
		key = "hand.override_under_total"
	case above != nil:
		key = "hand.override_under_task"
	}
	points := lang.T("hand.excused")
	if !o.Excused {
		points = s.Score(o.Task, o.Check).Points.String()
		if o.Gone {
			points = o.Points.String()
		}
	}
	return oneLine(lang.T(key, "what", target(lang, o.Task, o.Check), "was", judgedText(lang, s, o), "points", points,
		"reason", o.Reason, "who", o.Who, "when", when, "task", o.Task))
}

// lateLine says how late an attempt was and what that takes off, or that an instructor
// counts it as on time; "" for one that was in time.
func lateLine(lang i18n.Lang, s *result.Student, a result.Attempt) string {
	if f := a.Forgiven; f != nil {
		return oneLine(lang.T("hand.late_line_forgiven", "task", a.Task, "days", f.Days, "reason", f.Reason,
			"due", f.Due.Format(toTheMinute), "at", f.At.In(f.Due.Location()).Format("2006-01-02 15:04")))
	}
	if a.Late == nil {
		return ""
	}
	t := s.Task(a.Task)
	key := "hand.late_line"
	if t.Late == 0 {
		key = "hand.late_line_nothing"
	}
	return oneLine(lang.T(key, "task", a.Task, "days", a.Late.Days, "points", t.Late.String(),
		"due", a.Late.Due.Format(toTheMinute), "at", a.Late.At.In(a.Late.Due.Location()).Format("2006-01-02 15:04")))
}

// forgiven reports whether an attempt at a task was late and counts as on time; "" is
// any task.
func forgiven(s *result.Student, task string) bool {
	return slices.ContainsFunc(s.Attempts, func(a result.Attempt) bool { return a.Forgiven != nil && (task == "" || a.Task == task) })
}

// forgivenReason says in a few words which tasks were late and count as on time, and
// why; "" for none.
func forgivenReason(lang i18n.Lang, s *result.Student) string {
	var tasks, reasons []string
	for _, a := range s.Attempts {
		if f := a.Forgiven; f != nil {
			tasks = append(tasks, oneLine(a.Task))
			if why := oneLine(f.Reason); !slices.Contains(reasons, why) {
				reasons = append(reasons, why)
			}
		}
	}
	if len(tasks) == 0 {
		return ""
	}
	return oneLine(lang.T("hand.forgiven_reason", "tasks", tasks, "reason", strings.Join(reasons, "; ")))
}

// JSONChange is one entry of a history, in JSON.
type JSONChange struct {
	Task        string         `json:"task,omitempty"`
	Check       string         `json:"check,omitempty"`
	Kind        string         `json:"kind"`
	Points      *rubric.Points `json:"points,omitempty"`
	Text        string         `json:"text,omitempty"`
	Reason      string         `json:"reason,omitempty"`
	Who         string         `json:"who"`
	When        string         `json:"when"`
	Before      *result.Score  `json:"before,omitempty"`
	After       *result.Score  `json:"after,omitempty"`
	TotalBefore *result.Score  `json:"total_before,omitempty"`
	TotalAfter  *result.Score  `json:"total_after,omitempty"`
	From        string         `json:"from_lab,omitempty"`
}

// JSONHistory is a history in JSON, oldest first.
func JSONHistory(history []result.Change) []JSONChange {
	var out []JSONChange
	for _, c := range history {
		j := JSONChange{
			Task: c.Task, Check: c.Check, Kind: string(c.Kind), Text: c.Text, Reason: c.Reason, Who: c.Who, When: rfc3339(c.When), From: c.Effect.From,
		}
		if c.Kind == result.SetPoints {
			j.Points = &c.Points
		}
		if e := c.Effect; c.Kind != result.Remark && e != (result.Effect{}) {
			j.Before, j.After, j.TotalBefore, j.TotalAfter = &e.Before, &e.After, &e.TotalBefore, &e.TotalAfter
		}
		out = append(out, j)
	}
	return out
}

// latePolicy says what the class takes off for lateness; "" for nothing.
func (b *book) latePolicy() string {
	l := b.d.Late
	if l == nil {
		return ""
	}
	amount := func(a result.Amount) string {
		n := rubric.Points(a.Hundredths).String()
		if a.Percent {
			return n + "%"
		}
		return b.lang.T("hand.points_of_lab", "points", n)
	}
	pairs := []any{"due", clock(l.Due), "grace", l.Grace.String(), "per_day", amount(l.PerDay), "cap", amount(l.Cap), "n", len(l.Dues)}
	text := b.lang.T("hand.policy", pairs...)
	if l.Cap.Hundredths > 0 {
		text += b.lang.T("hand.policy_cap", pairs...)
	}
	if l.Grace > 0 {
		text += b.lang.T("hand.policy_grace", pairs...)
	}
	if len(l.Dues) > 0 {
		text += b.lang.T("hand.policy_own", pairs...)
	}
	return text
}
