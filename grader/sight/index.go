package sight

import (
	"net/netip"
	"sort"
	"sync"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/mention"
)

// Index is what all students of a run share: the snapshot by key.
type Index struct {
	Snap       *evidence.Snapshot
	service    map[string]*evidence.Service
	tasks      map[string][]*evidence.Task // by service ID, newest last
	ready      map[string]bool             // by node ID
	publishers map[int][]*evidence.Service // by published port
	container  map[string]*evidence.Task   // by the ID's first 12 characters
	address    map[netip.Addr]*evidence.Task
	sole       map[netip.Addr]*evidence.Task // addresses of one task and nobody else
	byID       map[string]*evidence.Service
	known      func() *mention.Known
}

// NewIndex indexes a snapshot; a nil one gives an empty index.
func NewIndex(s *evidence.Snapshot) *Index {
	x := &Index{
		Snap:       s,
		service:    map[string]*evidence.Service{},
		tasks:      map[string][]*evidence.Task{},
		ready:      map[string]bool{},
		publishers: map[int][]*evidence.Service{},
		container:  map[string]*evidence.Task{},
		address:    map[netip.Addr]*evidence.Task{},
		byID:       map[string]*evidence.Service{},
		sole:       mention.Addresses(s),
		known:      sync.OnceValue(func() *mention.Known { return mention.New(s) }),
	}
	if s == nil {
		return x
	}
	for i := range s.Services {
		svc := &s.Services[i]
		x.service[svc.Name] = svc
		x.byID[svc.ID] = svc
		for _, p := range svc.Ports {
			if p.Published > 0 {
				x.publishers[p.Published] = append(x.publishers[p.Published], svc)
			}
		}
	}
	for i := range s.Tasks {
		t := &s.Tasks[i]
		x.tasks[t.ServiceID] = append(x.tasks[t.ServiceID], t)
		if len(t.ContainerID) >= ShortID {
			x.container[t.ContainerID[:ShortID]] = t
		}
		if t.Desired != "running" {
			continue // its address may have been given to another
		}
		for _, a := range addresses(t) {
			x.address[a] = t
		}
	}
	for _, ts := range x.tasks {
		sort.SliceStable(ts, func(i, j int) bool { return ts[i].Created < ts[j].Created })
	}
	for _, n := range s.Nodes {
		x.ready[n.ID] = n.State == "ready"
	}
	return x
}

func (x *Index) running(svc *evidence.Service) []*evidence.Task {
	if svc == nil {
		return nil
	}
	var out []*evidence.Task
	for _, t := range x.tasks[svc.ID] {
		if t.Desired == "running" && t.State == "running" && x.ready[t.NodeID] {
			out = append(out, t)
		}
	}
	return out
}

// indexes are the snapshots before and after the load: a task may have come
// up in between.
func (v *View) indexes() []*Index {
	if v.after == nil {
		return []*Index{v.idx}
	}
	return []*Index{v.idx, v.after}
}

// addresses are a task's addresses in every network, without prefix length.
func addresses(t *evidence.Task) []netip.Addr {
	var out []netip.Addr
	for _, a := range t.Addresses {
		if p, err := netip.ParsePrefix(a.Address); err == nil {
			out = append(out, p.Addr())
		} else if ip, err := netip.ParseAddr(a.Address); err == nil {
			out = append(out, ip)
		}
	}
	return out
}
