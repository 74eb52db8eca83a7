package sight

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

// elsewhere is the doubt that no server leads to the student's service, or that
// not every one does: what answers in the name of an own task may be another
// server then, or one that only some requests are led to.
func (v *View) elsewhere(px *evidence.Proxy, svc *evidence.Service, port string) (Doubt, bool) {
	own, strange, first := v.Leads(px, svc, v.Backends(px, port))
	if strange > 0 && own == 0 {
		return first, true
	}
	if _, others, d := v.Leads(px, svc, v.conditional(px, port)); others > 0 && strange == 0 {
		strange, first = others, d
	}
	first.Why = "partly"
	return first, strange > 0
}

// Leads counts the servers in use that lead to the student's service and those
// that do not, with the doubt that the latter make if there is no other.
func (v *View) Leads(px *evidence.Proxy, svc *evidence.Service, backends []*haproxy.Proxy) (own, strange int, d Doubt) {
	d.Why = "elsewhere"
	for _, be := range backends {
		for _, s := range ServersOf(be) {
			if s.Disabled || s.Weight == 0 {
				continue
			}
			where, name := v.lead(px, svc, s)
			switch where {
			case leadOwn:
				own++
				continue
			case leadBlank:
				d.Why = "unverified"
			}
			if strange++; d.Line == 0 {
				d.Line, d.Text = s.Line.Num, clip(strings.TrimSpace(s.Addr.Text+" "+name), 120)
			}
		}
	}
	return own, strange, d
}

// lead follows one server line of a HAProxy. Name is whose the end is, for
// another service and a stand-alone container.
func (v *View) lead(px *evidence.Proxy, svc *evidence.Service, s haproxy.Server) (where lead, name string) {
	host, port := s.Addr.Host, s.Port()
	if ip, ok := s.Initial(); ok {
		host = ip.String()
	}
	if v.detour(px, s) {
		return leadBlank, ""
	}
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
	for _, s := range v.idx.found().vips[ip] {
		for _, vip := range s.VIPs {
			if p, err := netip.ParsePrefix(vip.Address); err == nil && p.Addr() == ip {
				return v.leadService(svc, s)
			}
		}
	}
	for _, c := range v.idx.found().containerAt[ip] {
		if c.ServiceID != "" || c.ID == px.ID {
			continue
		}
		for _, n := range c.Networks {
			if sameIP(ip, n.Address) && (c.NodeID == px.NodeID || v.IsSwarm(n.NetworkID)) {
				return leadAlone, nameOf(c)
			}
		}
	}
	return leadBlank, ""
}

// detour reports whether a server's address does not tell where it leads: the
// connection goes through a SOCKS proxy, or the name is asked of a DNS server
// that is not Docker's.
func (v *View) detour(px *evidence.Proxy, s haproxy.Server) bool {
	if s.Option("socks4") {
		return true
	}
	for _, r := range v.Config(px).Resolvers {
		if s.Resolvers == "" || r.Name != s.Resolvers {
			continue
		}
		return slices.ContainsFunc(r.Nameservers, func(l haproxy.Line) bool {
			return !strings.HasPrefix(l.Word(2), "127.0.0.11:")
		})
	}
	return false
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
		if strings.HasSuffix(name, "."+t.ID) || name == Short(t.ContainerID) {
			return leadOwn, svc.Name
		}
	}
	if s := v.idx.Services[name]; s != nil {
		return v.leadService(svc, s)
	}
	for _, c := range v.idx.found().containerLike[folded(host)] {
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
	for _, c := range v.idx.found().containerPort[port] {
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
	return Short(c.ID)
}

// End is what one server line in use leads to.
type End struct {
	Line int
	Addr string // as written
	Port int
	// Where is "own", "other" (another service), "stand-alone" or "unknown";
	// Name is whose it is.
	Where, Name string
}

// Ends are the server lines that a HAProxy uses for a port.
func (v *View) Ends(px *evidence.Proxy, svc *evidence.Service, port string) []End {
	var out []End
	if svc == nil {
		svc = &evidence.Service{}
	}
	for _, be := range v.Backends(px, port) {
		for _, s := range ServersOf(be) {
			if s.Disabled || s.Weight == 0 {
				continue
			}
			where, name := v.lead(px, svc, s)
			out = append(out, End{s.Line.Num, s.Addr.Text, s.Port(), string(where), name})
		}
	}
	return out
}
