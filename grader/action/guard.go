package action

import "swarmgrade/grader/evidence"

// Why a window is broken off; the words of evidence.Window.Reason.
const (
	Quorum    = "quorum"
	OtherNode = "other-node"
	APISilent = "api-silent"
)

// How long the managers may be silent, in milliseconds. Losing the leader
// silences them while they elect another.
const (
	silentLimit       = 30_000
	silentLimitLeader = 90_000
)

// Guard watches the readings of a fault window for what a fault must never lead
// to. It is not safe for concurrent use.
type Guard struct {
	target   string
	takesOne bool // the fault takes a manager away
	ready    map[string]bool
	managers int
	limit    int64
	last     int64 // when the managers answered last
	strikes  int   // readings in a row with quorum at risk
}

// NewGuard starts from the nodes as they were before the fault, read at a time
// in the run's milliseconds.
func NewGuard(f evidence.Action, before []evidence.Node, at int64) *Guard {
	g := &Guard{target: f.NodeID, ready: map[string]bool{}, limit: silentLimit, last: at}
	if f.Leader && kindOf(f).TakesEngine {
		g.limit = silentLimitLeader
	}
	for _, n := range before {
		g.ready[n.ID] = n.State == "ready"
		if n.Role != "manager" {
			continue
		}
		g.managers++
		g.takesOne = g.takesOne || n.ID == f.NodeID && kindOf(f).TakesEngine
	}
	return g
}

// Look takes one reading, asked for at a time in the run's milliseconds, and
// gives the reason to break off, or "". A reading that failed has failed true
// and no nodes.
func (g *Guard) Look(at int64, nodes []evidence.Node, failed bool) string {
	if failed {
		if at-g.last > g.limit {
			return APISilent
		}
		return ""
	}
	g.last = at
	lost := 0
	if g.takesOne {
		lost = 1
	}
	for _, n := range nodes {
		if n.ID == g.target {
			continue
		}
		// While a leader is elected, nodes are "unknown" for a while; only
		// "down" is a word of the managers' own.
		if n.State == "down" && g.ready[n.ID] {
			return OtherNode
		}
		if n.Role == "manager" && (n.State == "down" || n.Reachability == "unreachable") {
			lost++
		}
	}
	// A new leader has not heard of all others at its first look.
	if lost > 0 && g.managers-lost < majority(g.managers) {
		g.strikes++
	} else {
		g.strikes = 0
	}
	if g.strikes > 1 {
		return Quorum
	}
	return ""
}

// majority is the number of managers that must agree.
func majority(n int) int { return n/2 + 1 }
