package report

import (
	"fmt"
	"strings"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// score is points of the most, with "?" while something is ungraded and "*"
// where an instructor set them.
func (t Text) score(s *result.Student) string {
	a := s.Tally()
	if a.Open && a.Max == a.NotYet {
		return "?"
	}
	text := fmt.Sprintf("%s/%s", a.Points, a.Max)
	if a.Excused {
		text = t.Lang.T("hand.excused")
	}
	switch {
	case a.Open:
		return text + " ?"
	case a.ByHand:
		return text + " *"
	}
	return text + "  "
}

// taskScore is the same of a task, with marks that take no room where there are none.
func (t Text) taskScore(s *result.Student, task string) string {
	a := s.Task(task)
	switch text := fmt.Sprintf("%s/%s", a.Points, a.Max); {
	case a.Excused:
		return t.Lang.T("hand.excused") + "*"
	case a.Max == 0 || a.NotYet == a.Max:
		return absent
	case a.Open:
		return text + "?"
	case a.ByHand:
		return text + "*"
	default:
		return text
	}
}

// mainReason says in a line why a score is what it is.
func (t Text) mainReason(s *result.Student) string {
	for _, o := range s.Overrides {
		if o.Check == "" && o.Task == "" {
			return oneLine(t.Lang.T("report.overridden", "reason", o.Reason))
		}
	}
	none := s.Lacking(false)
	v, ok := reason(s)
	if late := lateMost(s); late > 0 && (ok || len(none) > 0 || len(s.Overrides) == 0) {
		return t.Lang.T("hand.late_reason", "points", late.String())
	}
	if lost := v.Max - v.Points; len(none) > 0 && (v.Outcome != check.Fail && v.Outcome != check.Partial || lost <= none[0].Max) {
		return t.lacked("missing.none", none)
	}
	if !s.Damaged && !ok && len(s.Overrides) > 0 { // nothing else to be said
		return oneLine(t.Lang.T("report.overridden", "reason", s.Overrides[0].Reason))
	}
	if on := forgivenReason(t.Lang, s); !ok && on != "" && !s.Damaged && len(s.Lacking(true)) == 0 {
		return on
	}
	switch {
	case s.Damaged:
		return t.Lang.T("report.damaged")
	case len(s.Verdicts) == 0:
		return t.Lang.T("report.no_verdicts")
	case !ok:
		return t.lacked("missing.yet", s.Lacking(true))
	case v.Outcome == check.Ungraded:
		return oneLine(t.Lang.T("report.ungraded_because", "reason", t.message(v.Message)))
	}
	return t.message(v.Message)
}

// reasons is mainReason, with what was late and counts as on time beside it.
func (t Text) reasons(s *result.Student) string {
	main, on := t.mainReason(s), forgivenReason(t.Lang, s)
	switch {
	case on == "" || main == on:
		return main
	case main == "":
		return on
	}
	return main + t.Lang.T("transfer.next") + on
}

// apartReasons is reasons, behind by which rubric a student was judged if it is not the
// class's.
func (t Text) apartReasons(d *result.Data, s *result.Student) string {
	parts := apartLines(t.Lang, d, s)
	if main := t.reasons(s); main != "" {
		parts = append(parts, main)
	}
	return strings.Join(parts, t.Lang.T("transfer.next"))
}

// reason is the verdict that says best why points are missing: the one that
// lost most, the first of equal ones, a cause before what it blocked; if
// nothing is lost, the first that is ungraded.
func reason(s *result.Student) (judge.Verdict, bool) {
	var worst judge.Verdict
	rank := func(v judge.Verdict) (class int, lost rubric.Points) {
		switch v.Outcome {
		case check.Fail, check.Partial:
			return 3, v.Max - v.Points
		case check.Blocked:
			return 2, v.Max
		case check.Ungraded:
			return 1, 0
		}
		return 0, 0
	}
	for _, v := range s.Verdicts {
		if _, set := s.Override(v.Check); set || s.Above(v.Task, v.Check) != nil {
			continue // what was judged does not count
		}
		class, lost := rank(v)
		worstClass, worstLost := rank(worst)
		if class > worstClass || class == worstClass && lost > worstLost {
			worst = v
		}
	}
	return worst, worst.Check != ""
}

// lateMost is what lateness took off where nothing else lost as much: no check, with what
// it blocked, and no task that was not handed in. It is 0 where something else did, or
// where a check is open, which is said first.
func lateMost(s *result.Student) rubric.Points {
	late := s.Tally().Late
	if late <= 0 || s.Damaged {
		return 0
	}
	most := rubric.Points(0)
	for _, m := range s.Lacking(false) {
		most = max(most, m.Max)
	}
	if v, ok := reason(s); ok {
		lost := v.Max - v.Points
		for _, x := range s.Verdicts {
			if _, set := s.Override(x.Check); v.Outcome != check.Blocked && x.Outcome == check.Blocked && x.Task == v.Task && !set {
				lost += x.Max
			}
		}
		if most = max(most, lost); v.Outcome == check.Ungraded {
			return 0
		}
	}
	if late <= most {
		return 0
	}
	return late
}

// tasks groups columns by task, in order.
func tasks(columns []result.Column) [][]result.Column {
	var groups [][]result.Column
	for _, c := range columns {
		if n := len(groups); n > 0 && groups[n-1][0].Task == c.Task {
			groups[n-1] = append(groups[n-1], c)
		} else {
			groups = append(groups, []result.Column{c})
		}
	}
	return groups
}

func firstTask(groups [][]result.Column) string {
	if len(groups) == 0 {
		return ""
	}
	return oneLine(groups[0][0].Task)
}
