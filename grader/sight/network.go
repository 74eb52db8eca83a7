package sight

import (
	"iter"
	"net/netip"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
)

// Network is the one to speak of: that with the derived name if the service is
// on it or on no other; else the overlay that the service is on; nil if there
// is neither.
func (v *View) Network(svc *evidence.Service, name string) *evidence.Network {
	var named, used *evidence.Network
	for _, n := range v.KnownNetworks(name, svc) {
		if n.Ingress {
			continue
		}
		on := svc != nil && slices.Contains(svc.Networks, n.ID)
		if n.Name == name && (named == nil || on) {
			named = n
		}
		if on && n.Driver == "overlay" && (used == nil || n.Attachable && !used.Attachable) {
			used = n
		}
	}
	switch {
	case named != nil && (used == nil || slices.Contains(svc.Networks, named.ID)):
		return named
	case used != nil:
		return used
	}
	return named
}

// NearNetwork is the one whose name is nearly the derived one, nil if there is
// none.
func (v *View) NearNetwork(name string) *evidence.Network {
	f := v.idx.found()
	for _, i := range f.netLike[squash(name)] {
		if n := &f.nets[i]; !n.Ingress {
			return n
		}
	}
	return nil
}

// KnownNetworks are those of a name and those that services are on, nil ones apart, in the
// snapshot's order.
func (v *View) KnownNetworks(name string, services ...*evidence.Service) []*evidence.Network {
	var ids []string
	for _, svc := range services {
		if svc != nil {
			ids = append(ids, svc.Networks...)
		}
	}
	return v.idx.found().known(name, ids...)
}

// NetworkNamed is the first network of a name, nil if there is none.
func (v *View) NetworkNamed(name string) *evidence.Network {
	f := v.idx.found()
	for _, i := range f.netName[name] {
		return &f.nets[i]
	}
	return nil
}

// NetworksWithin are those that may have an address in one of their subnets; see [InSubnet].
func (v *View) NetworksWithin(ip netip.Addr) []*evidence.Network { return v.idx.found().within(ip) }

// ContainersAt are the containers of which an address is written so, in the snapshot's order.
func (v *View) ContainersAt(address string) []*evidence.Container {
	return v.idx.found().containerText[address]
}

// ServicesOn are the services that are on one of some networks at least, by ID, in the snapshot's
// order.
func (v *View) ServicesOn(networks []string) []*evidence.Service {
	f := v.idx.found()
	var at []int
	for _, id := range networks {
		at = append(at, f.onNet[id]...)
	}
	return v.servicesAt(at)
}

// EachOn gives the same services as they come: by network, so that one may come several times. Whoever needs a few
// of a network that a whole class share takes no more.
func (v *View) EachOn(networks []string) iter.Seq[*evidence.Service] {
	f := v.idx.found()
	return func(yield func(*evidence.Service) bool) {
		for _, id := range networks {
			for _, place := range f.onNet[id] {
				if !yield(&v.idx.Snap.Services[place]) {
					return
				}
			}
		}
	}
}

// Answering are the services whose name a word is in some networks, or an alias of theirs there, in the snapshot's
// order: as it stands, with a dot at its end, or of their tasks.
func (v *View) Answering(networks []string, word string) []*evidence.Service {
	f, name := v.idx.found(), folded(strings.TrimPrefix(strings.TrimSuffix(word, "."), "tasks."))
	var at []int
	for _, id := range networks {
		at = append(at, f.answering[named{id, name}]...)
	}
	return v.servicesAt(at)
}

// servicesAt are those of some places, in order and each once.
func (v *View) servicesAt(at []int) []*evidence.Service {
	slices.Sort(at)
	at = slices.Compact(at)
	out := make([]*evidence.Service, len(at))
	for i, place := range at {
		out[i] = &v.idx.Snap.Services[place]
	}
	return out
}

// ServiceOf is the service of the task whose container's ID a host name is, nil if there is none.
func (v *View) ServiceOf(host string) *evidence.Service {
	if t := v.idx.named(host); t != nil {
		return v.idx.byID[t.ServiceID]
	}
	return nil
}

// ContainersOf are the containers of a service, by its ID.
func (v *View) ContainersOf(service string) []*evidence.Container {
	return v.idx.found().containerOf[service]
}

// Joined reports whether a HAProxy is on a network. The name counts too: an
// engine knows no ID for a container that has never run.
func Joined(px *evidence.Proxy, net *evidence.Network) bool {
	return slices.ContainsFunc(px.Networks, func(n evidence.ContainerNetwork) bool {
		return n.NetworkID == net.ID || n.NetworkID == "" && n.Name == net.Name
	})
}

// InSubnet reports whether an address belongs to a network.
func InSubnet(net *evidence.Network, ip netip.Addr) bool {
	return slices.ContainsFunc(net.Subnets, func(s string) bool {
		p, err := netip.ParsePrefix(s)
		return err == nil && p.Contains(ip)
	})
}

// Bare is an address without its prefix length.
func Bare(cidr string) string {
	ip, _, _ := strings.Cut(cidr, "/")
	return ip
}

// SharedNetworks are those that both HAProxy and the service are on.
func (v *View) SharedNetworks(px *evidence.Proxy, svc *evidence.Service) []*evidence.Network {
	var out []*evidence.Network
	for _, n := range v.KnownNetworks("", svc) {
		if svc != nil && !n.Ingress && slices.Contains(svc.Networks, n.ID) && Joined(px, n) {
			out = append(out, n)
		}
	}
	return out
}

// NetworkName is the name of a network, its ID for one that is not known.
func (v *View) NetworkName(id string) string {
	for _, n := range v.idx.found().known("", id) {
		return n.Name
	}
	return id
}

// IsSwarm reports whether a network is one of the whole swarm's, by its ID.
func (v *View) IsSwarm(id string) bool {
	return slices.ContainsFunc(v.idx.found().known("", id), func(n *evidence.Network) bool { return n.Scope == "swarm" })
}

// HasNetwork reports whether there is a network of a name.
func (v *View) HasNetwork(name string) bool {
	return v.NetworkNamed(name) != nil
}

// IsIngress reports whether a network is the mesh's own, by its ID.
func (v *View) IsIngress(id string) bool {
	return slices.ContainsFunc(v.idx.found().known("", id), func(n *evidence.Network) bool { return n.Ingress })
}

func sameIP(ip netip.Addr, s string) bool {
	other, err := netip.ParseAddr(s)
	return err == nil && other.Unmap() == ip.Unmap()
}

// AddressesOf are a HAProxy's in all its networks, before the load and after
// it; of a service those of all its tasks.
func (v *View) AddressesOf(px *evidence.Proxy) []string {
	var out []string
	add := func(a string) {
		if a = Bare(a); a != "" && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	for _, n := range px.Networks {
		add(n.Address)
	}
	for _, x := range v.indexes() {
		for _, t := range x.tasks[px.ID] {
			for _, a := range t.Addresses {
				add(a.Address)
			}
		}
		addAll := func(c *evidence.Container) {
			for _, n := range c.Networks {
				add(n.Address)
			}
		}
		if px.Kind != "service" {
			if c := x.Containers[px.ID]; c != nil {
				addAll(c)
			}
			continue
		}
		for _, i := range x.found().containerID[px.ID] {
			addAll(&x.Snap.Containers[i])
		}
		for _, c := range x.found().containerOf[px.ID] {
			addAll(c)
		}
	}
	slices.Sort(out)
	return out
}
