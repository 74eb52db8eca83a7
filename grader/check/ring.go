package check

import (
	"slices"
	"strconv"

	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/stats"
)

// ringRange is how far the shares of a balancer's servers may lie apart though
// it is asked to treat them alike, and the line's algorithm.
type ringRange struct {
	low, high float64
	algorithm string
}

func (r *ringRange) args() []any {
	name := r.algorithm
	if name == "" {
		name = "random"
	}
	return []any{"algorithm", name, "from", percent(r.low), "to", percent(r.high)}
}

// ring gives the range for k containers that HAProxy deals to directly; nil if
// its algorithm leaves no more than chance to move the counts.
//
// "balance random" draws from a ring of points and is less even than chance.
// From 3.3 on that is the default, and from 3.2 on leastconn chooses among idle
// servers in a way of its own; which version runs is not known, so both are
// given the ring's room.
func (in *Input) ring(p *spreadParams, k int) *ringRange {
	px := in.View.Proxy()
	if !p.Direct || px == nil {
		return nil
	}
	public := (&proxyParams{Port: p.Port, Or: p.Or}).public(in, px)
	backends := in.View.Backends(px, public)
	if len(backends) != 1 {
		return nil
	}
	be := backends[0]
	if !slices.Contains([]string{"", "random", "leastconn"}, be.Balance.Algorithm) {
		return nil
	}
	ids, weight := serverIDs(be)
	low, high := stats.RingBounds(ids, k, weight)
	return &ringRange{low, high, be.Balance.Algorithm}
}

// serverIDs are the IDs of the servers that take part, as HAProxy numbers them:
// those of the lines in their order, passing over numbers that "id" has given
// to others; and the weight of the first.
func serverIDs(be *haproxy.Proxy) (ids []int, weight int) {
	type line struct {
		s     haproxy.Server
		slots int
	}
	lines := make([]line, 0, len(be.Servers)+len(be.Templates))
	for _, s := range be.Servers {
		lines = append(lines, line{s, 1})
	}
	for _, t := range be.Templates {
		lines = append(lines, line{t.Server, t.Count()})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.s.Line.Num - b.s.Line.Num })
	taken := map[int]bool{}
	for _, l := range lines {
		taken[ownID(l.s)] = true
	}
	next := 1
	for _, l := range lines {
		for range l.slots {
			id := ownID(l.s)
			if id == 0 {
				for taken[next] {
					next++
				}
				id, taken[next] = next, true
			}
			if be.Idle(l.s) {
				continue
			}
			if weight == 0 {
				weight = l.s.Weight
			}
			ids = append(ids, id)
		}
	}
	return ids, max(weight, 1)
}

// ownID is the number that a server line gives itself, or 0.
func ownID(s haproxy.Server) int {
	i := slices.Index(s.Options, "id")
	if i < 0 || i+1 >= len(s.Options) {
		return 0
	}
	n, _ := strconv.Atoi(s.Options[i+1])
	return max(n, 0)
}
