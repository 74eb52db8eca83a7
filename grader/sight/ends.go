package sight

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/i18n"
)

// Destination is what a server line leads to: one running task of the student's own, a
// task that swarm has replaced since, all tasks together by their name (then
// all fields are empty), or something wrong.
type Destination struct {
	Server haproxy.Server
	Task   *evidence.Task
	Moved  *evidence.Task
	Why    string // what is wrong, a stable word; "" for nothing
	Words  i18n.Msg
}

func (e Destination) bad(why string, words i18n.Msg) Destination {
	e.Why, e.Words = why, words
	return e
}

// Destination follows a server line.
func (v *View) Destination(px *evidence.Proxy, svc *evidence.Service, s haproxy.Server, port int) Destination {
	e := Destination{Server: s}
	host := strings.ToLower(strings.TrimSuffix(s.Addr.Host, "."))
	if s.Line.Env && strings.Contains(s.Addr.Text, "$") {
		return e
	}
	ip, isIP := s.Addr.IP()
	if known := mapped(px, host); !isIP && known.IsValid() {
		ip, isIP = known, true
	}
	if first, ok := s.Initial(); !isIP && ok {
		ip, isIP = first, true
	}
	if isIP {
		e = v.endAddress(e, px, svc, ip.Unmap())
	} else {
		e = v.endName(e, px, svc, host)
	}
	switch {
	case e.Why != "" || s.Port() == port:
	case s.Port() == 0:
		e = e.bad("port", i18n.M("check.backend_no_port", "want", port))
	default:
		e = e.bad("port", i18n.M("check.backend_port", "port", s.Port(), "want", port))
	}
	return e
}

// mapped is the address that --add-host gives a name.
func mapped(px *evidence.Proxy, host string) netip.Addr {
	for _, h := range px.ExtraHosts {
		name, text, ok := strings.Cut(h, ":")
		if !ok || !strings.EqualFold(name, host) {
			continue
		}
		if ip, err := netip.ParseAddr(text); err == nil {
			return ip
		}
	}
	return netip.Addr{}
}

// endAddress finds whose an address is.
func (v *View) endAddress(e Destination, px *evidence.Proxy, svc *evidence.Service, ip netip.Addr) Destination {
	shared := v.SharedNetworks(px, svc)
	within := func(id string) bool {
		return len(shared) == 0 || slices.ContainsFunc(shared, func(n *evidence.Network) bool { return n.ID == id })
	}
	for _, t := range v.Running(svc) {
		for _, a := range t.Addresses {
			if !sameIP(ip, Bare(a.Address)) {
				continue
			}
			if !slices.Contains(svc.Networks, a.NetworkID) || !within(a.NetworkID) {
				return e.bad("network", i18n.M("check.backend_other_network", "network", v.NetworkName(a.NetworkID)))
			}
			e.Task = t
			return e
		}
	}
	for _, vip := range svc.VIPs {
		if sameIP(ip, Bare(vip.Address)) {
			return v.vip(e, svc)
		}
	}
	for _, n := range v.idx.Snap.Nodes {
		if sameIP(ip, n.SwarmAddress) || sameIP(ip, n.Address) {
			return e.bad("node", i18n.M("check.backend_node", "node", n.Hostname))
		}
	}
	if ip.IsLoopback() || ip.IsUnspecified() {
		return e.bad("local", i18n.M("check.backend_local"))
	}
	joinedAny := func(ip netip.Addr) *evidence.Network {
		for _, n := range v.idx.found().within(ip) {
			if !n.Ingress && Joined(px, n) && InSubnet(n, ip) {
				return n
			}
		}
		return nil
	}
	// An address in a network that HAProxy is not on leads nowhere, whoever has
	// it there.
	if joinedAny(ip) != nil {
		if found, ok := v.occupant(e, px, svc, ip); ok {
			return found
		}
	}
	if old := v.former(svc, ip); old != nil {
		if v.moved(svc, old) {
			e.Moved = old
			return e
		}
		return e.bad("stale", i18n.M("check.backend_stale", "service", svc.Name))
	}
	for _, id := range svc.Networks {
		for _, n := range v.idx.found().known("", id) {
			if InSubnet(n, ip) {
				return e.bad("nobody", i18n.M("check.backend_nobody", "network", n.Name))
			}
		}
	}
	if len(shared) > 0 {
		return e.bad("outside", i18n.M("check.backend_outside", "network", shared[0].Name, "subnets", append([]string{}, shared[0].Subnets...)))
	}
	return e.bad("unknown", i18n.M("check.backend_unknown", "service", svc.Name))
}

// occupant finds who else has an address in a network that HAProxy is on.
func (v *View) occupant(e Destination, px *evidence.Proxy, svc *evidence.Service, ip netip.Addr) (Destination, bool) {
	if t := v.idx.address[ip]; t != nil && t.ServiceID != svc.ID && t.ServiceID != px.ID {
		if s := v.idx.byID[t.ServiceID]; s != nil {
			return e.bad("foreign", i18n.M("check.backend_foreign", "other", s.Name)), true
		}
	}
	for _, s := range v.idx.found().vips[ip.Unmap()] {
		for _, vip := range s.VIPs {
			if s.ID != svc.ID && sameIP(ip, Bare(vip.Address)) {
				return e.bad("foreign", i18n.M("check.backend_foreign", "other", s.Name)), true
			}
		}
	}
	for _, n := range px.Networks {
		if sameIP(ip, n.Address) {
			return e.bad("self", i18n.M("check.backend_self", "name", px.Name)), true
		}
	}
	for _, c := range v.idx.found().containerAt[ip.Unmap()] {
		if c.ServiceID != "" || len(c.Names) == 0 {
			continue
		}
		for _, n := range c.Networks {
			if sameIP(ip, n.Address) {
				return e.bad("container", i18n.M("check.backend_container", "name", c.Names[0])), true
			}
		}
	}
	return e, false
}

// former is a task of the service that is over and had an address; the last
// one that did.
func (v *View) former(svc *evidence.Service, ip netip.Addr) *evidence.Task {
	ts := v.idx.tasks[svc.ID]
	for i := len(ts) - 1; i >= 0; i-- {
		if ts[i].Desired != "running" && slices.Contains(addresses(ts[i]), ip) {
			return ts[i]
		}
	}
	return nil
}

func (v *View) vip(e Destination, svc *evidence.Service) Destination {
	return e.bad("vip", i18n.M("check.backend_vip", "service", svc.Name))
}

// endName finds what Docker's own DNS answers to a name.
func (v *View) endName(e Destination, px *evidence.Proxy, svc *evidence.Service, host string) Destination {
	name, tasksOnly := strings.CutPrefix(host, "tasks.")
	if strings.EqualFold(name, svc.Name) || slices.ContainsFunc(svc.Aliases, func(a string) bool { return strings.EqualFold(a, name) }) {
		if tasksOnly || svc.EndpointMode == "dnsrr" {
			return e
		}
		return v.vip(e, svc)
	}
	for _, t := range v.Running(svc) {
		place := strconv.Itoa(t.Slot)
		if t.Slot == 0 {
			place = t.NodeID
		}
		if strings.EqualFold(host, svc.Name+"."+place+"."+t.ID) || host == Short(t.ContainerID) && host != "" {
			e.Task = t
			return e
		}
	}
	if host == "localhost" {
		return e.bad("local", i18n.M("check.backend_local"))
	}
	for _, s := range v.idx.found().serviceLike[folded(name)] {
		return e.bad("foreign", i18n.M("check.backend_foreign", "other", s.Name))
	}
	for _, n := range v.idx.Snap.Nodes {
		if strings.EqualFold(n.Hostname, host) {
			return e.bad("node", i18n.M("check.backend_node", "node", n.Hostname))
		}
	}
	for _, c := range v.idx.found().containerLike[folded(host)] {
		if c.ServiceID == "" && slices.ContainsFunc(c.Names, func(n string) bool { return strings.EqualFold(n, host) }) {
			return e.bad("container", i18n.M("check.backend_container", "name", c.Names[0]))
		}
	}
	return e.bad("name", i18n.M("check.backend_name", "host", clip(host, 60), "service", svc.Name))
}

// ServerNode is the node that a server line leads to, or why it leads to none
// at the student's port.
func (v *View) ServerNode(px *evidence.Proxy, s haproxy.Server, port string) (node string, why i18n.Msg) {
	ip, isIP := s.Addr.IP()
	if known := mapped(px, s.Addr.Host); !isIP && known.IsValid() {
		ip, isIP = known, true
	}
	for _, n := range v.idx.Snap.Nodes {
		same := strings.EqualFold(s.Addr.Host, n.Hostname) || s.Addr.Host == n.ID
		if isIP {
			same = sameIP(ip, n.SwarmAddress) || sameIP(ip, n.Address)
		}
		if same {
			node = n.Hostname
			break
		}
	}
	// In the host's network its loopback address is the node itself.
	if node == "" && px.HostNetwork && (isIP && ip.IsLoopback() || s.Addr.Host == "localhost") {
		node = v.NodeName(px.NodeID)
	}
	switch {
	case node == "" && (isIP && (ip.IsLoopback() || ip.IsUnspecified()) || s.Addr.Host == "localhost"):
		return "", i18n.M("check.server_local")
	case node == "":
		if where, _ := v.lead(px, v.Subject(), s); where == leadOwn {
			return "", i18n.M("check.server_direct", "service", v.SubjectName())
		}
		return "", i18n.M("check.server_stranger")
	case strconv.Itoa(s.Port()) == port:
		return node, i18n.Msg{}
	}
	if other := v.Publisher(strconv.Itoa(s.Port()), v.SubjectName()); other != "" {
		return "", i18n.M("check.server_foreign", "port", s.Port(), "other", other)
	}
	return "", i18n.M("check.server_port", "port", port)
}
