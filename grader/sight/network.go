package sight

import (
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
	for i := range v.idx.Snap.Networks {
		n := &v.idx.Snap.Networks[i]
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
	for i := range v.idx.Snap.Networks {
		if n := &v.idx.Snap.Networks[i]; !n.Ingress && NearlySame(n.Name, name) {
			return n
		}
	}
	return nil
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
	for i := range v.idx.Snap.Networks {
		n := &v.idx.Snap.Networks[i]
		if svc != nil && !n.Ingress && slices.Contains(svc.Networks, n.ID) && Joined(px, n) {
			out = append(out, n)
		}
	}
	return out
}

// NetworkName is the name of a network, its ID for one that is not known.
func (v *View) NetworkName(id string) string {
	for _, n := range v.idx.Snap.Networks {
		if n.ID == id {
			return n.Name
		}
	}
	return id
}

// IsSwarm reports whether a network is one of the whole swarm's, by its ID.
func (v *View) IsSwarm(id string) bool {
	return slices.ContainsFunc(v.idx.Snap.Networks, func(n evidence.Network) bool { return n.ID == id && n.Scope == "swarm" })
}

// HasNetwork reports whether there is a network of a name.
func (v *View) HasNetwork(name string) bool {
	return slices.ContainsFunc(v.idx.Snap.Networks, func(n evidence.Network) bool { return n.Name == name })
}

// IsIngress reports whether a network is the mesh's own, by its ID.
func (v *View) IsIngress(id string) bool {
	return slices.ContainsFunc(v.idx.Snap.Networks, func(n evidence.Network) bool { return n.ID == id && n.Ingress })
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
		for i := range x.Snap.Containers {
			if c := &x.Snap.Containers[i]; c.ID == px.ID || c.ServiceID == px.ID {
				addAll(c)
			}
		}
	}
	slices.Sort(out)
	return out
}
