package observe

import (
	"context"
	"maps"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
)

// Meter is what a Cluster may also be able to do: say how many packets
// containers have received so far, by container ID, those left out that it
// can't count for.
type Meter interface {
	Received(ctx context.Context, containers []evidence.Container) map[string]int64
}

// witnesses are the containers whose traffic bears out, or refutes, what a
// student's HAProxy answers: none unless there is a doubt about it, so that
// the engines are not asked for every student.
func (r *Runner) witnesses(s *Student, b *evidence.Bundle, snap *evidence.Snapshot) []evidence.Container {
	if _, ok := r.Cluster.(Meter); !ok {
		return nil
	}
	r.indexing.Do(func() { r.index = check.NewIndex(snap) })
	vars := maps.Clone(s.Vars)
	if vars == nil {
		vars = map[string]string{}
	}
	vars["id"], vars["name"] = s.Who.ID, s.Who.Name
	for _, t := range s.Targets {
		if t.Kind == "haproxy" {
			return check.Witnesses(r.index, b, vars, t.Address)
		}
	}
	return nil
}

// meter reads the counts before a load; what it returns reads them after it.
func (r *Runner) meter(ctx context.Context, s *Student, t evidence.Target) func(context.Context) []evidence.Traffic {
	if t.Kind != "haproxy" || len(s.witnesses) == 0 {
		return func(context.Context) []evidence.Traffic { return nil }
	}
	m := r.Cluster.(Meter)
	before := m.Received(ctx, s.witnesses)
	return func(ctx context.Context) []evidence.Traffic {
		after := m.Received(ctx, s.witnesses)
		var out []evidence.Traffic
		for _, c := range s.witnesses { // in the snapshot's order
			b, had := before[c.ID]
			a, has := after[c.ID]
			if had && has && a >= b {
				out = append(out, evidence.Traffic{Target: t.ID, ContainerID: c.ID, Before: b, After: a})
			}
		}
		return out
	}
}
