package sight

import (
	"maps"

	"swarmgrade/grader/evidence"
)

// WithScenes lets the view be asked what was seen in the case's episodes; index
// gives a snapshot's.
func (v *View) WithScenes(index func(*evidence.Snapshot) *Index) *View {
	v.index, v.within = index, map[string]*View{}
	return v
}

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
	b.Traces, b.Traffic, b.Names, b.Lookups, b.Gaps, b.Episodes = s.Traces, s.Traffic, s.Names, nil, s.Gaps, nil
	if s.Proxies != nil {
		b.Proxies = s.Proxies
	}
	c := evidence.Case{Bundle: &b, Before: s.From, After: s.To}
	if s.Action != nil && s.Probing != nil && s.Window != nil {
		// Whoever looks at a window finds it where a fault's is, with what was done to
		// this student's service for the fault.
		b.Episodes = []evidence.Episode{{Name: evidence.FaultEpisode, Probing: s.Probing}}
		w := *s.Window
		w.Fault = *s.Action
		c.Episodes = []evidence.Scene{{Episode: &b.Episodes[0], Window: &w}}
	}
	var after *Index
	if s.To != nil {
		after = v.index(s.To)
	}
	in := NewView(c, v.index(s.From), after, maps.Clone(v.vars)).With(v.names).WithReadings(v.readings)
	for i := range v.c.Episodes {
		if a := v.c.Episodes[i].Action; v.c.Episodes[i].Name == episode {
			break
		} else if a != nil && a.Kind == "container-kill" {
			in.kills++
		}
	}
	v.within[episode] = in
	return in
}

// Kills is how many containers of the student's the grader had killed before the
// episode that the view is of: they count among the attempts of a restart policy.
func (v *View) Kills() int { return v.kills }

// Case is what the view is of.
func (v *View) Case() evidence.Case { return v.c }
