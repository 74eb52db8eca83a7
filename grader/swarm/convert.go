package swarm

import (
	"cmp"
	"maps"
	"net"
	"net/netip"
	"slices"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/swarm"

	"swarmgrade/grader/evidence"
)

// defaultHeartbeat is swarmkit's, for an engine that doesn't say.
const defaultHeartbeat = 5000

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// each converts a list up to the bound.
func each[A, B any](in []A, f func(A) B) []B {
	out := make([]B, 0, min(len(in), maxObjects))
	for _, a := range in[:min(len(in), maxObjects)] {
		out = append(out, f(a))
	}
	return out
}

// few converts a list inside an object; an empty one is nil.
func few[A, B any](in []A, f func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	return each(in[:min(len(in), maxEntries)], f)
}

func toSwarm(s swarm.Swarm, nodes []swarm.Node) evidence.Swarm {
	out := evidence.Swarm{
		ID:          word(s.ID),
		HeartbeatMS: s.Spec.Dispatcher.HeartbeatPeriod.Milliseconds(),
	}
	if out.HeartbeatMS <= 0 {
		out.HeartbeatMS = defaultHeartbeat
	}
	if limit := s.Spec.Orchestration.TaskHistoryRetentionLimit; limit != nil {
		out.TaskHistoryLimit = *limit
	}
	for _, n := range nodes {
		if n.ManagerStatus != nil {
			out.Managers++
		}
	}
	return out
}

func (c *Cluster) toNodes(nodes []swarm.Node, lists []listing) []evidence.Node {
	return each(nodes, func(n swarm.Node) evidence.Node {
		out := evidence.Node{
			ID:            word(n.ID),
			Hostname:      word(n.Description.Hostname),
			Role:          word(string(n.Spec.Role)),
			State:         word(string(n.Status.State)),
			Availability:  word(string(n.Spec.Availability)),
			EngineVersion: word(n.Description.Engine.EngineVersion),
			Labels:        labels(n.Spec.Labels),
		}
		manager := ""
		if m := n.ManagerStatus; m != nil {
			out.Leader, out.Reachability = m.Leader, word(string(m.Reachability))
			manager, _, _ = net.SplitHostPort(m.Addr)
		}
		var host, self string
		for i, l := range lists {
			if l.facts != nil && l.facts.nodeID == n.ID {
				host, self = c.endpoints[i].at.host, l.facts.nodeAddr
				break
			}
		}
		out.SwarmAddress = firstUsable(n.Status.Addr, self, manager)
		out.Address = c.nodes[out.Hostname]
		if out.Address == "" {
			out.Address = c.nodes[out.ID]
		}
		if out.Address == "" {
			out.Address = firstUsable(n.Status.Addr, host, self, manager)
		}
		return out
	})
}

// firstUsable is the first address that can be dialled. A leader often shows
// itself as 0.0.0.0. Host names pass, which an endpoint may have.
func firstUsable(addrs ...string) string {
	for _, a := range addrs {
		ip, err := netip.ParseAddr(a)
		if a != "" && (err != nil || !ip.IsUnspecified()) {
			return word(a)
		}
	}
	return ""
}

func toNetworks(list []network.Summary) []evidence.Network {
	return each(list, func(n network.Summary) evidence.Network {
		return evidence.Network{
			ID: word(n.ID), Name: word(n.Name), Driver: word(n.Driver), Scope: word(n.Scope),
			Attachable: n.Attachable, Ingress: n.Ingress, Internal: n.Internal,
			Subnets: few(n.IPAM.Config, func(c network.IPAMConfig) string { return word(c.Subnet) }),
		}
	})
}

// sortSnapshot puts every list into its promised order.
func sortSnapshot(s *evidence.Snapshot) {
	slices.SortFunc(s.Nodes, func(a, b evidence.Node) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Services, func(a, b evidence.Service) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Tasks, func(a, b evidence.Task) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Networks, func(a, b evidence.Network) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Configs, func(a, b evidence.Config) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Endpoints, func(a, b evidence.Endpoint) int { return cmp.Compare(a.Address, b.Address) })
	slices.SortFunc(s.Containers, func(a, b evidence.Container) int {
		return cmp.Or(cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(s.Gaps, func(a, b evidence.Gap) int { return cmp.Compare(a.What, b.What) })
}
