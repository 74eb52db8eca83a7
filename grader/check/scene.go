package check

import (
	"maps"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// WithScenes lets the view be asked what was seen in the case's episodes; index
// gives a snapshot's.
func (v *View) WithScenes(index func(*evidence.Snapshot) *Index) *View {
	v.index, v.within = index, map[string]*View{}
	return v
}

// Case is what the view is of.
func (v *View) Case() evidence.Case { return v.c }

// Within is the view of what was seen in an episode: its load between its
// snapshots, and the HAProxies as they were then, where they were read again. It is
// nil if the cluster was not read in it.
func (v *View) Within(episode string) *View {
	if in, ok := v.within[episode]; ok {
		return in
	}
	s := v.c.Scene(episode)
	if s == nil || s.From == nil {
		return nil
	}
	b := *v.c.Bundle
	b.Traces, b.Traffic, b.Gaps, b.Episodes = s.Traces, s.Traffic, s.Gaps, nil
	if s.Proxies != nil {
		b.Proxies = s.Proxies
	}
	c := evidence.Case{Bundle: &b, Before: s.From, After: s.To}
	var after *Index
	if s.To != nil {
		after = v.index(s.To)
	}
	in := NewView(c, v.index(s.From), after, maps.Clone(v.vars)).With(v.names)
	v.within[episode] = in
	return in
}

// Did says what an action did, for the middle of a sentence.
func Did(a *evidence.Action) i18n.Msg {
	return i18n.M("action.did_"+strings.ReplaceAll(a.Kind, "-", "_"), "service", a.Name, "was", a.Was, "to", a.To)
}

// ActionReason says why an action was not done to a student's service.
func ActionReason(g evidence.Gap) i18n.Msg {
	switch g.Code {
	case "left-out", selfCheck, "no-service", "global", "changed":
		return i18n.M("judge.action_" + strings.ReplaceAll(g.Code, "-", "_"))
	}
	return i18n.M("judge.action_failed", "code", g.Code, "detail", clip(g.Detail, 120))
}
