package sight

import (
	"net/netip"
	"path"
	"slices"
	"sort"
	"strings"
	"sync"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/leak"
	"swarmgrade/grader/mention"
	"swarmgrade/grader/trouble"
)

// Index is what all students of a run share: the snapshot by key. It is made once
// of each, by [NewIndex], and only read from then on.
type Index struct {
	Snap       *evidence.Snapshot
	Services   map[string]*evidence.Service   // by name
	Nodes      map[string]*evidence.Node      // by ID
	Containers map[string]*evidence.Container // by ID
	Ready      []*evidence.Node               // the nodes that are up, by host name

	byID       map[string]*evidence.Service
	tasks      map[string][]*evidence.Task // by service ID, newest last
	publishers map[int][]*evidence.Service // by published port
	container  map[string]*evidence.Task   // by the ID's first 12 characters
	address    map[netip.Addr]*evidence.Task
	sole       map[netip.Addr]*evidence.Task // addresses of one task and nobody else
	known      func() *mention.Known
	inside     func() *leak.Inside
	marked     []*evidence.Service // those that a grader was changing
	// likely finds services by what may tell whose they are.
	likely func() *likely
	// haproxies counts the containers of images called haproxy, by the content's digest.
	haproxies func() map[string]int
	// found finds what else is looked for.
	found func() *found
	// images counts services by their image.
	images func() map[string]int
	// troubled are the nodes whose engines fail; see [trouble.Among].
	troubled func() []trouble.Node
	// refused are tasks that engines could not set up; see [refusedTasks].
	refused func() map[string][]*evidence.Task
	// cuts are the snapshot's; see [Cuts].
	cuts func() []Cut
}

// NewIndex indexes a snapshot; a nil one gives an empty index.
func NewIndex(s *evidence.Snapshot) *Index {
	x := &Index{
		Snap:       s,
		Services:   map[string]*evidence.Service{},
		Nodes:      map[string]*evidence.Node{},
		Containers: map[string]*evidence.Container{},
		byID:       map[string]*evidence.Service{},
		tasks:      map[string][]*evidence.Task{},
		publishers: map[int][]*evidence.Service{},
		container:  map[string]*evidence.Task{},
		address:    map[netip.Addr]*evidence.Task{},
		sole:       mention.Addresses(s),
		known:      sync.OnceValue(func() *mention.Known { return mention.New(s) }),
		inside:     sync.OnceValue(func() *leak.Inside { return leak.New(s) }),
		likely:     sync.OnceValue(func() *likely { return newLikely(s) }),
		haproxies:  sync.OnceValue(func() map[string]int { return haproxyImages(s) }),
		found:      sync.OnceValue(func() *found { return newFound(s) }),
		images:     sync.OnceValue(func() map[string]int { return imagesOf(s) }),
		troubled:   sync.OnceValue(func() []trouble.Node { return trouble.Among(s.Tasks, s) }),
		refused:    sync.OnceValue(func() map[string][]*evidence.Task { return refusedTasks(s) }),
		cuts:       sync.OnceValue(func() []Cut { return Cuts(s) }),
	}
	if s == nil {
		return x
	}
	for i := range s.Services {
		svc := &s.Services[i]
		x.Services[svc.Name] = svc
		x.byID[svc.ID] = svc
		for _, p := range svc.Ports {
			if p.Published > 0 {
				x.publishers[p.Published] = append(x.publishers[p.Published], svc)
			}
		}
	}
	for _, c := range s.Configs {
		if id, is := strings.CutPrefix(c.Name, evidence.ServiceMark); is && x.byID[id] != nil {
			x.marked = append(x.marked, x.byID[id])
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
	for i := range s.Nodes {
		n := &s.Nodes[i]
		x.Nodes[n.ID] = n
		if n.State == "ready" {
			x.Ready = append(x.Ready, n)
		}
	}
	slices.SortFunc(x.Ready, func(a, b *evidence.Node) int { return strings.Compare(a.Hostname, b.Hostname) })
	for i := range s.Containers {
		x.Containers[s.Containers[i].ID] = &s.Containers[i]
	}
	return x
}

// ServiceByID is a service, nil if there is none of that ID.
func (x *Index) ServiceByID(id string) *evidence.Service { return x.byID[id] }

// Running are the tasks of a service that really run: see [View.Running].
func (x *Index) Running(svc *evidence.Service) []*evidence.Task {
	if svc == nil {
		return nil
	}
	var out []*evidence.Task
	for _, t := range x.tasks[svc.ID] {
		if n := x.Nodes[t.NodeID]; t.Desired == "running" && t.State == "running" && n != nil && n.State == "ready" {
			out = append(out, t)
		}
	}
	return out
}

// indexOf is the index of one of the case's snapshots.
func (v *View) indexOf(s *evidence.Snapshot) *Index {
	for _, x := range v.indexes() {
		if x.Snap == s {
			return x
		}
	}
	if v.index != nil {
		return v.index(s)
	}
	return NewIndex(s)
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

// Images counts the services of the snapshot by the image that they name.
func (v *View) Images() map[string]int { return v.idx.images() }

func imagesOf(s *evidence.Snapshot) map[string]int {
	count := map[string]int{}
	if s != nil {
		for i := range s.Services {
			count[s.Services[i].Image]++
		}
	}
	return count
}

func haproxyImages(s *evidence.Snapshot) map[string]int {
	count := map[string]int{}
	for i := range s.Containers {
		c := &s.Containers[i]
		if name, _ := splitTag(c.Image); path.Base(name) == "haproxy" && c.ImageID != "" {
			count[c.ImageID]++
		}
	}
	return count
}
