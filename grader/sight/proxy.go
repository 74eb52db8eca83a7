package sight

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// Proxy is the student's HAProxy: the one under the derived name, else the one
// that can only be meant, on the derived port or under a name that is nearly
// right; nil if there is none.
func (v *View) Proxy() *evidence.Proxy {
	var meant *evidence.Proxy
	for i := range v.proxies {
		p := &v.proxies[i]
		if p.Matched == "name" {
			return p
		}
		if meant == nil {
			meant = p
		}
	}
	return meant
}

// settled are the proxies with the state that lasts. A container that restarts
// again and again runs for a moment each time, and may be seen running; the
// lists of containers and tasks that were read last tell.
func settled(c evidence.Case, before, after *Index) []evidence.Proxy {
	out := slices.Clone(c.Bundle.Proxies)
	last := after
	if c.After == nil {
		last = before
	}
	if last == nil || last.Snap == nil {
		return out
	}
	for i := range out {
		for _, at := range last.found().containerID[out[i].ID] {
			if ctr := &last.Snap.Containers[at]; out[i].State == "running" && ctr.State == "restarting" {
				out[i].State = ctr.State
			}
		}
		if over := ended(&out[i], before, after); over != nil {
			out[i].State, out[i].ExitCode, out[i].Error = over.State, over.ExitCode, over.Error
		}
	}
	return out
}

// ended is a failed task of a service whose task was seen running between failures
// of others, and had failed as well by the last snapshot or was so long ago by then
// that failures alone are remembered; nil if that is not so.
func ended(px *evidence.Proxy, before, after *Index) *evidence.Task {
	if px.Kind != "service" || px.State != "running" || px.RestartCount == 0 || before == nil || before.Snap == nil || after == nil || after.Snap == nil {
		return nil
	}
	failed := func(t *evidence.Task) bool { return t.State == "failed" || t.State == "rejected" }
	now := map[string]*evidence.Task{}
	var last *evidence.Task // that has failed
	only := true            // failures are all that is remembered
	for _, t := range after.tasks[px.ID] {
		now[t.ID] = t
		if failed(t) && (last == nil || last.Created <= t.Created) {
			last = t
		}
		only = only && (failed(t) || t.Desired != "shutdown")
	}
	ran := false
	for _, t := range before.tasks[px.ID] {
		if t.State != "running" || t.Desired != "running" {
			continue
		}
		ran = true
		if is := now[t.ID]; is != nil && !failed(is) || is == nil && !only {
			return nil
		}
	}
	if !ran {
		return nil
	}
	return last
}

// Config is the parsed configuration, parsed once a student.
func (v *View) Config(px *evidence.Proxy) *haproxy.Config {
	if v.parsed == nil {
		v.parsed = map[*evidence.Proxy]*haproxy.Config{}
	}
	c, ok := v.parsed[px]
	if !ok {
		c = haproxy.Read(px)
		v.parsed[px] = c
	}
	return c
}

// Reachable reports whether a published port can be reached from other machines.
func Reachable(px *evidence.Proxy, public string) bool {
	return px.HostNetwork || slices.ContainsFunc(px.Publishes, func(p evidence.ContainerPort) bool {
		ip, err := netip.ParseAddr(p.IP)
		return strconv.Itoa(p.Public) == public && p.Protocol == "tcp" && (err != nil || !ip.IsLoopback())
	})
}

// Inside is the container's port behind a published one.
func Inside(px *evidence.Proxy, public string) (private int, ok bool) {
	for _, p := range px.Publishes {
		if strconv.Itoa(p.Public) == public && p.Protocol == "tcp" {
			return p.Private, true
		}
	}
	if px.HostNetwork {
		n, err := strconv.Atoi(public)
		return n, err == nil
	}
	return 0, false
}

// PublishedBy are the ports that a HAProxy publishes, as public->private, with
// the protocol where that is not TCP.
func PublishedBy(px *evidence.Proxy) []string {
	out := []string{}
	for _, p := range px.Publishes {
		s := strconv.Itoa(p.Public) + "->" + strconv.Itoa(p.Private)
		if p.Protocol != "tcp" && p.Protocol != "" {
			s += "/" + p.Protocol
		}
		if p.Public > 0 && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Binds are the addresses that a configuration listens on, as written.
func Binds(cfg *haproxy.Config) []string {
	out := []string{}
	for _, p := range cfg.Proxies {
		for _, b := range p.Binds {
			if len(out) < 20 {
				out = append(out, clip(b.Addr.Text, 60))
			}
		}
	}
	return out
}

// Route follows the student's port through the configuration. Where the port
// leads nowhere, which the port's own check tells, the first frontend stands
// in, so that one mistake costs its points once.
func (v *View) Route(px *evidence.Proxy, public string) haproxy.Route {
	cfg := v.Config(px)
	ports := cfg.Ports()
	if private, ok := Inside(px, public); ok {
		ports = append([]int{private}, ports...)
	}
	if n, err := strconv.Atoi(public); err == nil {
		ports = append(ports, n)
	}
	var fallback haproxy.Route
	for _, port := range ports {
		r := cfg.RouteFor(port)
		if len(r.Binds) > 0 && len(r.Always)+len(r.Sometimes) > 0 {
			return r
		}
		if len(fallback.Binds) == 0 {
			fallback = r
		}
	}
	return fallback
}

// Backends are those that the student's port leads to: unconditionally if
// there are any, else under conditions.
func (v *View) Backends(px *evidence.Proxy, public string) []*haproxy.Proxy {
	if v.taken != nil {
		return []*haproxy.Proxy{v.taken}
	}
	r := v.Route(px, public)
	if len(r.Always) > 0 {
		return r.Always
	}
	return r.Sometimes
}

// Computed is a line that computes from each request which backend it is led to, and the
// backends that those may be; none if that is known.
func (v *View) Computed(px *evidence.Proxy, public string) (haproxy.Line, []*haproxy.Proxy) {
	r := v.Route(px, public)
	if len(r.Always) > 0 || len(r.Computed) == 0 {
		return haproxy.Line{}, nil
	}
	return r.Computed[0].Line, r.Sometimes
}

// Taking is the view as it is if all requests come to one backend.
func (v *View) Taking(be *haproxy.Proxy) *View {
	out := *v
	out.taken = be
	return &out
}

// conditional are the backends that only some requests are led to, beside those
// of all others.
func (v *View) conditional(px *evidence.Proxy, port string) []*haproxy.Proxy {
	route := v.Route(px, port)
	switch {
	case route.Dynamic:
		return v.Config(px).Proxies // any of them
	case len(route.Always) > 0:
		return route.Sometimes
	}
	return nil
}

// OpenCondition is the first use_backend line by which requests of the load may
// have come to other servers than others did, or than those that were judged; false
// if there is none.
func (v *View) OpenCondition(px *evidence.Proxy, port string) (haproxy.Line, bool) {
	if line, may := v.Computed(px, port); len(may) > 0 {
		return line, true
	}
	route := v.Route(px, port)
	if len(route.Always) == 0 || len(route.Open) == 0 {
		return haproxy.Line{}, false
	}
	return route.Open[0].Line, true
}

// ServersOf are the server lines of a backend; a template's slots are one.
func ServersOf(be *haproxy.Proxy) []haproxy.Server {
	servers := slices.Clone(be.Servers)
	for _, t := range be.Templates {
		servers = append(servers, t.Server)
	}
	return servers
}

// Several reports whether the nth of [ServersOf] is a template of more than one
// slot. Where its address is one that stays, all of them are one server.
func Several(be *haproxy.Proxy, n int) bool {
	return n >= len(be.Servers) && be.Templates[n-len(be.Servers)].Count() > 1
}

// Loops reports whether a server is the HAProxy's own published port.
func (v *View) Loops(px *evidence.Proxy, s haproxy.Server) bool {
	ip, isIP := s.Addr.IP()
	_, published := Inside(px, strconv.Itoa(s.Port()))
	return published && slices.ContainsFunc(v.idx.Snap.Nodes, func(n evidence.Node) bool {
		here := px.Kind == "service" || n.ID == px.NodeID
		return here && (isIP && (sameIP(ip, n.SwarmAddress) || sameIP(ip, n.Address)) || strings.EqualFold(s.Addr.Host, n.Hostname))
	})
}
