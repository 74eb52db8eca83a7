package observe

import (
	"maps"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/sight"
)

// nameHosts gives targets the Host header that the student's HAProxy asks for, as
// its configuration has it, where a rubric wants that: by its address alone it may
// answer nothing but 503.
func (s *Student) nameHosts(b *evidence.Bundle, x *lookup) {
	if len(s.named) == 0 {
		return
	}
	vars := maps.Clone(s.Vars)
	if vars == nil {
		vars = map[string]string{}
	}
	vars["id"], vars["name"] = s.Who.ID, s.Who.Name
	view := sight.NewView(evidence.Case{Bundle: b, Before: x.snap}, x.index, nil, vars).With(s.names)
	for i := range s.Targets {
		if t := &s.Targets[i]; slices.Contains(s.named, t.ID) {
			t.Host = view.AskedHost(sight.PortOf(t.Address))
		}
	}
}
