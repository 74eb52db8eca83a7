package observe

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/sight"
)

// lookup finds things in a snapshot by key: an index, and how many tasks each
// service runs.
type lookup struct {
	index      *sight.Index
	snap       *evidence.Snapshot
	service    map[string]*evidence.Service
	running    map[string]int // tasks by service ID
	node       map[string]*evidence.Node
	nodes      []*evidence.Node // ready, by host name
	containers map[string]*evidence.Container
	find       *haproxy.Finder

	crowd    *crowd                     // nil where nothing is known of the class
	held     map[int][]holder           // by port
	contents map[string]*sight.Contents // by the variable with the name
}

func newLookup(snap *evidence.Snapshot) *lookup {
	i := sight.NewIndex(snap)
	x := &lookup{
		index: i, snap: snap, service: i.Services, running: make(map[string]int, len(snap.Services)),
		node: i.Nodes, nodes: i.Ready, containers: i.Containers, find: haproxy.NewFinder(snap),
	}
	for k := range snap.Services {
		svc := &snap.Services[k]
		x.running[svc.ID] = len(i.Running(svc))
	}
	return x
}

// lookup is that of a snapshot: the one that the student was planned by, which
// the class shares, if it was made of it.
func (s *Student) lookup(snap *evidence.Snapshot) *lookup {
	if s.look != nil && s.look.snap == snap {
		return s.look
	}
	if s.look != nil {
		return knowing(snap, s.look.crowd)
	}
	return newLookup(snap)
}

// lookIn has the plan's students share what is looked up in a snapshot.
func (p *Plan) lookIn(snap *evidence.Snapshot) {
	var x *lookup
	for i := range p.Students {
		s := &p.Students[i]
		if s.look != nil && s.look.snap == snap {
			continue
		}
		if x == nil {
			x = s.lookup(snap)
		}
		s.look = x
	}
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
