package observe

import (
	"context"
	"slices"
	"time"

	"swarmgrade/grader/action"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/sight"
)

// Meter says how many packets containers have received so far, by container ID,
// those left out that it can't count for.
type Meter interface {
	Received(ctx context.Context, containers []evidence.Container) map[string]int64
}

// witnesses are the containers whose traffic bears out, or refutes, what a
// student's HAProxy answers: none unless there is a doubt about it, so that
// the engines are not asked for every student.
func (r *Runner) witnesses(s *Student, b *evidence.Bundle, x *lookup) []evidence.Container {
	if r.Meter == nil {
		return nil
	}
	for _, t := range s.Targets {
		if t.Balanced() {
			return sight.Witnesses(x.index, b, s.sightVars(), s.names, t.Address)
		}
	}
	return nil
}

// idleFor is how long a container is counted without the load, before it and
// after it.
const idleFor = 500 * time.Millisecond

// metered reports whether packets are counted around the load on a target.
func (s *Student) metered(t evidence.Target) bool { return t.Balanced() && len(s.witnesses) > 0 }

// meter reads the counts before a load; what it returns reads them after it.
// Where somebody checks a container's health ten times a second, its packets say
// little of the load, so that those of a quiet moment are kept too.
func (r *Runner) meter(ctx context.Context, s *Student, t evidence.Target) func(context.Context) []evidence.Traffic {
	if !s.metered(t) {
		return func(context.Context) []evidence.Traffic { return nil }
	}
	read := func(ctx context.Context) (map[string]int64, int64) { return r.Meter.Received(ctx, s.witnesses), r.At() }
	quiet, quietAt := read(ctx)
	_ = pause(ctx, idleFor)
	before, beforeAt := read(ctx)
	return func(ctx context.Context) []evidence.Traffic {
		after, afterAt := read(ctx)
		_ = pause(ctx, idleFor)
		end, endAt := read(ctx)
		var out []evidence.Traffic
		for _, c := range s.witnesses { // in the snapshot's order
			n := []int64{quiet[c.ID], before[c.ID], after[c.ID], end[c.ID]}
			known := slices.IsSorted(n)
			for _, m := range []map[string]int64{quiet, before, after, end} {
				_, had := m[c.ID]
				known = known && had
			}
			if known {
				out = append(out, evidence.Traffic{
					Target: t.ID, ContainerID: c.ID, Before: n[1], After: n[2], TookMS: afterAt - beforeAt,
					IdleMS: max(1, (beforeAt-quietAt+endAt-afterAt)/2), IdleBefore: n[1] - n[0], IdleAfter: n[3] - n[2],
				})
			}
		}
		return out
	}
}

// pause waits for d or for the context's end.
var pause = action.Pause
