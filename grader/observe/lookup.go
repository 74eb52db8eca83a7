package observe

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// lookup finds things in a snapshot by key.
type lookup struct {
	snap       *evidence.Snapshot
	service    map[string]*evidence.Service
	running    map[string]int // tasks by service ID
	node       map[string]*evidence.Node
	nodes      []*evidence.Node // ready, by host name
	containers map[string]*evidence.Container
}

func newLookup(snap *evidence.Snapshot) *lookup {
	x := &lookup{
		snap:       snap,
		service:    make(map[string]*evidence.Service, len(snap.Services)),
		running:    make(map[string]int, len(snap.Services)),
		node:       make(map[string]*evidence.Node, len(snap.Nodes)),
		containers: make(map[string]*evidence.Container),
	}
	for i := range snap.Services {
		x.service[snap.Services[i].Name] = &snap.Services[i]
	}
	for i := range snap.Nodes {
		n := &snap.Nodes[i]
		x.node[n.ID] = n
		if n.State == "ready" {
			x.nodes = append(x.nodes, n)
		}
	}
	slices.SortFunc(x.nodes, func(a, b *evidence.Node) int { return strings.Compare(a.Hostname, b.Hostname) })
	for _, t := range snap.Tasks {
		if n := x.node[t.NodeID]; t.Desired == "running" && t.State == "running" && n != nil && n.State == "ready" {
			x.running[t.ServiceID]++
		}
	}
	for i := range snap.Containers {
		x.containers[snap.Containers[i].ID] = &snap.Containers[i]
	}
	return x
}

// entry is the node on whose address a balancer's port answers.
func (x *lookup) entry(ref haproxy.Ref, port int) (node *evidence.Node, why string) {
	if ref.Kind == "service" {
		svc := x.service[ref.Name]
		if svc == nil || x.running[svc.ID] == 0 {
			return nil, "proxy-not-running"
		}
		mode := ""
		for _, p := range svc.Ports {
			if p.Published == port && p.Protocol == "tcp" {
				mode = p.Mode
			}
		}
		switch {
		case mode == "":
			return nil, "proxy-not-published"
		case mode == "ingress" && len(x.nodes) > 0:
			return x.nodes[0], ""
		}
		for _, t := range x.snap.Tasks {
			if t.ServiceID == svc.ID && t.Desired == "running" && t.State == "running" && x.node[t.NodeID] != nil {
				return x.node[t.NodeID], ""
			}
		}
		return nil, "proxy-not-running"
	}
	c := x.containers[ref.ID]
	if c == nil || c.State != "running" || x.node[c.NodeID] == nil {
		return nil, "proxy-not-running"
	}
	published := c.NetworkMode == "host" || slices.ContainsFunc(c.Ports, func(p evidence.ContainerPort) bool {
		return p.Public == port && p.Protocol == "tcp"
	})
	if !published {
		return nil, "proxy-not-published"
	}
	return x.node[c.NodeID], ""
}

func publishes(svc *evidence.Service, port int) bool {
	return slices.ContainsFunc(svc.Ports, func(p evidence.Port) bool {
		return p.Published == port && p.Protocol == "tcp" && p.Mode == "ingress"
	})
}
