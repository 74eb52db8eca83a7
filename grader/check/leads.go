package check

import (
	"net/netip"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// lead is where a server line leads, as far as the snapshot tells.
type lead string

const (
	leadOwn   lead = "own"         // the student's service
	leadOther lead = "other"       // another service
	leadAlone lead = "stand-alone" // a container that is no task
	leadBlank lead = "unknown"     // nothing that the snapshot knows
)

// lead follows one server line of a HAProxy. Name is whose the end is, for
// another service and a stand-alone container.
func (v *View) lead(px *evidence.Proxy, svc *evidence.Service, s haproxy.Server) (where lead, name string) {
	host, port := s.Addr.Host, s.Port()
	if ip := mapped(px, host); ip.IsValid() {
		host = ip.String()
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return v.leadName(px, svc, host, port)
	}
	ip = ip.Unmap()
	snap := v.idx.Snap
	for _, n := range snap.Nodes {
		if sameIP(ip, n.SwarmAddress) || sameIP(ip, n.Address) {
			return v.leadNode(svc, n.ID, port)
		}
	}
	if px.HostNetwork && ip.IsLoopback() || gateway(ip) {
		return v.leadNode(svc, px.NodeID, port)
	}
	if t := v.idx.address[ip]; t != nil {
		return v.leadService(svc, v.idx.byID[t.ServiceID])
	}
	for i := range snap.Services {
		for _, vip := range snap.Services[i].VIPs {
			if p, err := netip.ParsePrefix(vip.Address); err == nil && p.Addr() == ip {
				return v.leadService(svc, &snap.Services[i])
			}
		}
	}
	for i := range snap.Containers {
		c := &snap.Containers[i]
		if c.ServiceID != "" || c.ID == px.ID {
			continue
		}
		for _, n := range c.Networks {
			if sameIP(ip, n.Address) && (c.NodeID == px.NodeID || v.isSwarm(n.NetworkID)) {
				return leadAlone, nameOf(c)
			}
		}
	}
	return leadBlank, ""
}

// leadName follows a name: a node's, a service's in a network that they share,
// or a container's.
func (v *View) leadName(px *evidence.Proxy, svc *evidence.Service, host string, port int) (lead, string) {
	mapped := slices.ContainsFunc(px.Mounts, func(m evidence.Mount) bool { return m.Target == "/etc/hosts" })
	if mapped {
		return leadBlank, ""
	}
	for _, n := range v.idx.Snap.Nodes {
		if strings.EqualFold(host, n.Hostname) || host == n.ID {
			return v.leadNode(svc, n.ID, port)
		}
	}
	name := strings.TrimPrefix(strings.TrimSuffix(host, "."), "tasks.")
	if slices.ContainsFunc(svc.Aliases, func(a string) bool { return strings.EqualFold(a, name) }) {
		return leadOwn, svc.Name
	}
	for _, t := range v.Running(svc) {
		if strings.HasSuffix(name, "."+t.ID) || name == short(t.ContainerID) {
			return leadOwn, svc.Name
		}
	}
	if s := v.idx.service[name]; s != nil {
		return v.leadService(svc, s)
	}
	for i := range v.idx.Snap.Containers {
		c := &v.idx.Snap.Containers[i]
		if c.ServiceID == "" && c.ID != px.ID && slices.Contains(c.Names, host) {
			return leadAlone, nameOf(c)
		}
	}
	return leadBlank, ""
}

// leadNode follows a port of a node: a published one, or a container's.
func (v *View) leadNode(svc *evidence.Service, node string, port int) (lead, string) {
	for _, s := range v.idx.publishers[port] {
		return v.leadService(svc, s)
	}
	for i := range v.idx.Snap.Containers {
		c := &v.idx.Snap.Containers[i]
		if c.NodeID == node && c.ServiceID == "" && slices.ContainsFunc(c.Ports, func(p evidence.ContainerPort) bool {
			return p.Public == port && p.Protocol == "tcp"
		}) {
			return leadAlone, nameOf(c)
		}
	}
	return leadBlank, ""
}

func (v *View) leadService(svc, to *evidence.Service) (lead, string) {
	switch {
	case to == nil:
		return leadBlank, ""
	case svc != nil && to.ID == svc.ID:
		return leadOwn, to.Name
	}
	return leadOther, to.Name
}

// gateway reports whether an address is by custom a bridge's own, which is the
// node as its containers see it.
func gateway(ip netip.Addr) bool {
	return ip.Is4() && ip.IsPrivate() && ip.As4()[3] == 1
}

func nameOf(c *evidence.Container) string {
	if len(c.Names) > 0 {
		return c.Names[0]
	}
	return short(c.ID)
}
