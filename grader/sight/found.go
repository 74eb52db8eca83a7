package sight

import (
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"swarmgrade/grader/evidence"
)

// found finds what of a snapshot may be what is asked for, so that no student has the whole class's
// looked through. What it gives is in the snapshot's order and holds all that fits; whoever asks
// looks at each as if it had been found by reading the whole list, so that the first is the first of the
// list. It is made when it is first asked for.
type found struct {
	nets []evidence.Network
	// Places of networks: by ID, name, squashed name and subnet.
	netID, netName, netLike map[string][]int
	subnets                 map[netip.Prefix][]int
	lengths                 []int // of the prefixes that there are

	serviceLike map[string][]*evidence.Service     // by the folded name
	onNet       map[string][]int                   // places of services, by the network's ID
	answering   map[named][]int                    // places of services, by what they answer to in a network
	vips        map[netip.Addr][]*evidence.Service // by their own addresses
	holders     map[string][]*evidence.Service     // by their own addresses and those of their tasks, as text

	containers    []evidence.Container
	containerID   map[string][]int                 // places
	containerOf   map[string][]*evidence.Container // by the service's ID
	containerLike map[string][]*evidence.Container // by the folded name
	containerAt   map[netip.Addr][]*evidence.Container
	containerText map[string][]*evidence.Container // by an address as it is written
	containerPort map[int][]*evidence.Container    // by public port
}

// named is a name in a network.
type named struct{ network, name string }

func newFound(s *evidence.Snapshot) *found {
	f := &found{
		netID: map[string][]int{}, netName: map[string][]int{}, netLike: map[string][]int{}, subnets: map[netip.Prefix][]int{},
		serviceLike: map[string][]*evidence.Service{}, onNet: map[string][]int{}, answering: map[named][]int{}, vips: map[netip.Addr][]*evidence.Service{}, holders: map[string][]*evidence.Service{},
		containerID: map[string][]int{}, containerOf: map[string][]*evidence.Container{}, containerLike: map[string][]*evidence.Container{},
		containerAt: map[netip.Addr][]*evidence.Container{}, containerText: map[string][]*evidence.Container{}, containerPort: map[int][]*evidence.Container{},
	}
	if s == nil {
		return f
	}
	f.nets = s.Networks
	f.networks(s)
	f.services(s)
	f.containers = s.Containers
	for i := range s.Containers {
		put(f.containerID, s.Containers[i].ID, i)
		f.container(&s.Containers[i])
	}
	return f
}

// put adds to a list what is not its last already.
func put[K comparable, V comparable](m map[K][]V, key K, v V) {
	if list := m[key]; len(list) == 0 || list[len(list)-1] != v {
		m[key] = append(list, v)
	}
}

func (f *found) networks(s *evidence.Snapshot) {
	for i := range s.Networks {
		n := &s.Networks[i]
		put(f.netID, n.ID, i)
		put(f.netName, n.Name, i)
		put(f.netLike, squash(n.Name), i)
		for _, text := range n.Subnets {
			if p, err := netip.ParsePrefix(text); err == nil {
				put(f.subnets, p.Masked(), i)
				if !slices.Contains(f.lengths, p.Bits()) {
					f.lengths = append(f.lengths, p.Bits())
				}
			}
		}
	}
}

func (f *found) services(s *evidence.Snapshot) {
	at := map[string][]string{} // the tasks' addresses, by service
	for i := range s.Tasks {
		for _, a := range s.Tasks[i].Addresses {
			at[s.Tasks[i].ServiceID] = append(at[s.Tasks[i].ServiceID], Bare(a.Address))
		}
	}
	for i := range s.Services {
		svc := &s.Services[i]
		put(f.serviceLike, folded(svc.Name), svc)
		for _, id := range svc.Networks {
			put(f.onNet, id, i)
			put(f.answering, named{id, folded(svc.Name)}, i)
			for _, alias := range svc.Aliases {
				put(f.answering, named{id, folded(alias)}, i)
			}
		}
		for _, v := range svc.VIPs {
			put(f.holders, Bare(v.Address), svc)
			if ip, err := netip.ParseAddr(Bare(v.Address)); err == nil {
				put(f.vips, ip.Unmap(), svc)
			}
		}
		for _, a := range at[svc.ID] {
			put(f.holders, a, svc)
		}
	}
}

func (f *found) container(c *evidence.Container) {
	if c.ServiceID != "" {
		put(f.containerOf, c.ServiceID, c)
	}
	for _, name := range c.Names {
		put(f.containerLike, folded(name), c)
	}
	for _, p := range c.Ports {
		put(f.containerPort, p.Public, c)
	}
	for _, n := range c.Networks {
		put(f.containerText, n.Address, c)
		if ip, err := netip.ParseAddr(n.Address); err == nil {
			put(f.containerAt, ip.Unmap(), c)
		}
	}
}

// within are the networks that may have an address in one of their subnets.
func (f *found) within(ip netip.Addr) []*evidence.Network {
	var at []int
	for _, bits := range f.lengths {
		if p, err := ip.Prefix(bits); err == nil { // it is of the other family
			at = append(at, f.subnets[p]...)
		}
	}
	return f.networksAt(at)
}

// known are the networks of some IDs and, unless it is "", a name.
func (f *found) known(name string, ids ...string) []*evidence.Network {
	var at []int
	for _, id := range ids {
		at = append(at, f.netID[id]...)
	}
	if name != "" {
		at = append(at, f.netName[name]...)
	}
	return f.networksAt(at)
}

// listed are the first containers of some IDs: two endpoints that are one engine list each twice.
func (f *found) listed(ids map[string]bool) []*evidence.Container {
	var at []int
	for id := range ids {
		if places := f.containerID[id]; len(places) > 0 {
			at = append(at, places[0])
		}
	}
	slices.Sort(at)
	out := make([]*evidence.Container, len(at))
	for i, place := range at {
		out[i] = &f.containers[place]
	}
	return out
}

// networksAt are those of some places, in order and each once.
func (f *found) networksAt(places []int) []*evidence.Network {
	slices.Sort(places)
	places = slices.Compact(places)
	out := make([]*evidence.Network, len(places))
	for i, at := range places {
		out[i] = &f.nets[at]
	}
	return out
}

// folded is a text of which two are the same if [strings.EqualFold] takes them for equal.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
			least = min(least, o)
		}
		return least
	}, s)
}
