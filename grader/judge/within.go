package judge

import (
	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// within asks a check about what was seen while an action was in force.
func within(in *check.Input, chk *rubric.Check, kind check.Kind) check.Result {
	if g, ok := in.Case.Bundle.EpisodeGap(chk.After, "action"); ok && g.Code == "no-service" {
		return check.NoService(in, chk)
	} else if ok {
		return open(check.ActionReason(g))
	}
	s := in.Case.Scene(chk.After)
	view := in.View.Within(chk.After)
	if view == nil || s.Action == nil {
		return open(i18n.M("judge.action_none"))
	}
	if cut, ok := view.Cut(); ok {
		return check.Lacking(cut.Missing())
	}
	inner := *in
	inner.Case, inner.View = view.Case(), view
	r := kind.Judge(&inner, chk.Params)
	r.Message = i18n.M("judge.during", "action", check.Did(s.Action), "message", r.Message)
	if !r.Hint.Empty() && r.Outcome == check.Fail {
		r.Hint = i18n.M("judge.during_hint", "action", check.Did(s.Action), "hint", r.Hint)
	}
	return r
}

// open is a check that nothing is known about through no fault of the student.
func open(why i18n.Msg) check.Result {
	r := check.Result{Outcome: check.Ungraded, Observed: check.Facts{"missing": "action"}, Message: why, Hint: i18n.M("check.ungraded_hint")}
	if why.Key == "judge.action_self_check" { // the reason says it all
		r.Hint = i18n.Msg{}
	}
	return r
}
