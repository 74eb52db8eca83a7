// Package trouble tells what is wrong with a node of the swarm that no student
// can cause and every student suffers from: its engine can't set up the network
// or the disk of a task.
package trouble

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
)

// Node is a node in trouble.
type Node struct {
	ID, Hostname string
	// Error is the engine's words, of one of the tasks.
	Error string
}

// words are those that the engine has for it; read in libnetwork's overlay and
// bridge drivers and in the executor of swarmkit's agent.
var words = []string{
	"sandbox join failed", "vxlan interface", "veth pair", "failed to allocate gateway", "no space left on device",
}

// OfEngine reports whether a task's error is of this sort.
func OfEngine(err string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(err, w) })
}

// Nodes gives the nodes of a snapshot that are in trouble now, by host name.
// Only tasks count that have no newer one in their slot. One service alone
// could suffer from a network of its own, as one whose subnet overlaps with
// another's: it takes two, or the ingress network's subnet in the engine's
// words.
func Nodes(snap *evidence.Snapshot) []Node {
	if snap == nil {
		return nil
	}
	return Among(snap.Tasks, snap)
}

// Among is Nodes for other tasks than the snapshot's, as those of a window.
func Among(tasks []evidence.Task, snap *evidence.Snapshot) []Node {
	newest := map[slot]*evidence.Task{}
	for i := range tasks {
		t := &tasks[i]
		if old := newest[slotOf(t)]; old == nil || old.Created <= t.Created {
			newest[slotOf(t)] = t
		}
	}
	ingress := subnets(snap)
	services := map[string]map[string]bool{} // by node ID
	words := map[string]string{}
	for _, t := range newest {
		if t.NodeID == "" || t.State == "running" || !OfEngine(t.Error) {
			continue
		}
		if services[t.NodeID] == nil {
			services[t.NodeID] = map[string]bool{}
		}
		services[t.NodeID][t.ServiceID] = true
		if concerns(t.Error, ingress) {
			services[t.NodeID]["ingress"] = true // counts as one more
		}
		words[t.NodeID] = max(words[t.NodeID], t.Error) // any, but always the same
	}
	var out []Node
	for _, n := range snap.Nodes {
		if len(services[n.ID]) > 1 {
			out = append(out, Node{n.ID, n.Hostname, words[n.ID]})
		}
	}
	slices.SortFunc(out, func(a, b Node) int { return cmp.Or(cmp.Compare(a.Hostname, b.Hostname), cmp.Compare(a.ID, b.ID)) })
	return out
}

// slot is where one task at a time belongs.
type slot struct {
	service, node string // node is set in global mode
	number        int
}

func slotOf(t *evidence.Task) slot {
	if t.Slot == 0 {
		return slot{service: t.ServiceID, node: t.NodeID}
	}
	return slot{service: t.ServiceID, number: t.Slot}
}

func subnets(snap *evidence.Snapshot) []netip.Prefix {
	var out []netip.Prefix
	for _, n := range snap.Networks {
		if !n.Ingress {
			continue
		}
		for _, s := range n.Subnets {
			if p, err := netip.ParsePrefix(s); err == nil {
				out = append(out, p.Masked())
			}
		}
	}
	return out
}

var prefix = regexp.MustCompile(`\d+\.\d+\.\d+\.\d+/\d+`)

// concerns reports whether an error names one of the subnets.
func concerns(err string, nets []netip.Prefix) bool {
	for _, m := range prefix.FindAllString(err, 4) {
		if p, e := netip.ParsePrefix(m); e == nil && slices.Contains(nets, p.Masked()) {
			return true
		}
	}
	return false
}
