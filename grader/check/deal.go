package check

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/stats"
)

// backupTurns is how often requests may go over to a backup server: the others may
// be taken for dead so many times.
const backupTurns = 2

// deal is how HAProxy dealt a load's requests to the containers.
type deal struct {
	stats.Order
	chance stats.Chance
	// least is the smallest share that a container has of independent draws.
	least float64
	// busy is how requests were dealt while others were held open; nil if none were.
	busy *busy
	// backup is the line of a backup server that got requests while others were up.
	backup haproxy.Line
}

// deal reads the order of a load's answers, each container's share being what the
// weights of a backend's servers make it.
func (in *Input) deal(px *evidence.Proxy, svc *evidence.Service, be *haproxy.Proxy, tr *evidence.Trace, target int) deal {
	sequence := in.View.Sequence(svc, tr)
	var seen []string
	counts := map[string]int{}
	for _, id := range sequence {
		if id == "" {
			continue
		}
		if counts[id] == 0 {
			seen = append(seen, id)
		}
		counts[id]++
	}
	ends := in.ends(px, svc, be, target)
	shares := ends.shares(seen, counts)
	order := make([]int, len(sequence))
	for i, id := range sequence {
		order[i] = slices.Index(seen, id)
	}
	d := deal{Order: stats.OrderOf(order, shares, 0), backup: ends.backupUsed(sequence)}
	low, high := 1.0, 1.0
	if k := len(seen); k > 1 {
		ids, weight := serverIDs(be)
		low, high = stats.RingBounds(ids, k, weight)
		if least := slices.Min(shares); least < 1/float64(k) {
			low, high = least/4, min(1, 2.1*slices.Max(shares))
		}
	}
	d.chance, d.least = d.ChanceOf(low, high), low
	return d
}

// shown is the word for the order: "one", "turns", "chance" or "mixed"; "none"
// without an answer.
func (d *deal) shown() string {
	switch {
	case d.Answers == 0:
		return "none"
	case d.OneServer():
		return "one"
	case d.InTurn():
		return "turns"
	case d.AtRandom(d.chance):
		return "chance"
	}
	return "mixed"
}

// bears gives the word for what bears an algorithm out, "" if the order contradicts
// it.
func (d *deal) bears(algorithm string) string {
	switch algorithm {
	case "roundrobin", "static-rr":
		if d.InTurn() {
			return "turns"
		}
	case "random":
		if d.AtRandom(d.chance) {
			return "chance"
		}
	case "leastconn":
		switch {
		case d.Containers < 2 || d.OneServer() || d.busy != nil && d.busy.Known && !d.busy.spares():
		case d.busy != nil && d.busy.Known:
			return "spares"
		default:
			return "least"
		}
	default:
		if d.OneServer() {
			return "one"
		}
	}
	return ""
}

// ends are a backend's servers in use, with the own task that each leads to, "" if
// only HAProxy knows.
type ends struct {
	main, backup []end
	unknown      bool // of one of them
}

type end struct {
	task   string
	weight int
	line   haproxy.Line
}

func (in *Input) ends(px *evidence.Proxy, svc *evidence.Service, be *haproxy.Proxy, target int) ends {
	var out ends
	add := func(s haproxy.Server, slots int) {
		if s.Disabled || s.Weight == 0 { // a backup may stand in
			return
		}
		e := end{weight: s.Weight, line: s.Line}
		if to := in.View.Destination(px, svc, s, target); to.Task != nil {
			e.task = to.Task.ID
		} else {
			out.unknown = true
		}
		for range slots {
			if be.Idle(s) {
				out.backup = append(out.backup, e)
			} else {
				out.main = append(out.main, e)
			}
		}
	}
	for _, s := range be.Servers {
		add(s, 1)
	}
	for _, t := range be.Templates {
		add(t.Server, max(t.Count(), 1))
	}
	return out
}

// shares are the shares of the containers that answered: those of their servers'
// weights; where nobody can tell which is whose, the most answers are taken for the
// heaviest server's. They add up to 1.
func (e ends) shares(seen []string, counts map[string]int) []float64 {
	used := e.main
	if len(used) == 0 {
		used = e.backup
	}
	weight := make([]int, len(seen))
	for i, id := range seen {
		for _, s := range used {
			if s.task == id {
				weight[i] += s.weight
			}
		}
	}
	known := !e.unknown && !slices.Contains(weight, 0)
	if !known {
		heavy := make([]int, 0, len(used))
		for _, s := range used {
			heavy = append(heavy, s.weight)
		}
		slices.SortFunc(heavy, func(a, b int) int { return b - a })
		byCount := make([]int, len(seen))
		for i := range byCount {
			byCount[i] = i
		}
		slices.SortStableFunc(byCount, func(a, b int) int { return counts[seen[b]] - counts[seen[a]] })
		for at, i := range byCount {
			weight[i] = 1
			if len(heavy) >= len(seen) {
				weight[i] = heavy[at]
			}
		}
	}
	total := 0
	for _, w := range weight {
		total += w
	}
	out := make([]float64, len(seen))
	for i, w := range weight {
		out[i] = float64(w) / float64(total)
	}
	return out
}

// backupUsed is the line of a backup server whose container answered, with the
// others up, more often than they can have been taken for dead.
func (e ends) backupUsed(sequence []string) haproxy.Line {
	leads := func(list []end, id string) int {
		return slices.IndexFunc(list, func(s end) bool { return s.task == id })
	}
	if e.unknown || len(e.main) == 0 {
		return haproxy.Line{}
	}
	times, at := 0, -1
	before := false
	for _, id := range sequence {
		if id == "" {
			continue
		}
		i := leads(e.backup, id)
		spare := i >= 0 && leads(e.main, id) < 0
		if spare && !before {
			times, at = times+1, i
		}
		before = spare
	}
	if times <= backupTurns {
		return haproxy.Line{}
	}
	return e.backup[at].line
}
