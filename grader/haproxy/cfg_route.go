package haproxy

import (
	"slices"
	"strings"
)

// Route is where a connection to a port may end up.
type Route struct {
	// Binds are the addresses that listen on the port.
	Binds []BoundPort
	// Always are the backends that requests of the load reach: a
	// default_backend, a listen of its own, a use_backend without condition or
	// whose condition holds for them.
	Always []*Proxy
	// Sometimes are those of use_backend lines whose conditions do not hold for
	// the load, or may not; Open are the lines of which that can't be told.
	Sometimes []*Proxy
	Open      []Switch
	// Answers are rules by which HAProxy answers by itself, whatever the
	// request.
	Answers []Rule
	// Dynamic says that a use_backend computes the backend's name.
	Dynamic bool
	// Computed are the lines that do so for every request of the load, where that
	// may lead to several backends: those are in Sometimes, the default_backend,
	// which serves where none has the name, among them.
	Computed []Switch
}

// BoundPort is a bind and the proxy it belongs to.
type BoundPort struct {
	Proxy *Proxy
	Bind  Bind
}

// RouteFor follows a TCP port through the configuration.
func (c *Config) RouteFor(port int) Route {
	var r Route
	seen := map[*Proxy]bool{}
	for _, p := range c.Proxies {
		if !p.Frontend() || p.Disabled {
			continue
		}
		for _, b := range p.Binds {
			if !b.Covers(port) {
				continue
			}
			r.Binds = append(r.Binds, BoundPort{p, b})
			if !seen[p] {
				seen[p] = true
				c.follow(p, &r)
			}
		}
	}
	return r
}

func (c *Config) follow(p *Proxy, r *Route) {
	for _, rule := range p.Rules {
		if rule.Answers() && rule.Cond.Always() {
			r.Answers = append(r.Answers, rule)
			break
		}
	}
	acls := ACLsForLoad(p.ACLs)
	for _, u := range p.UseBackends {
		if u.Dynamic {
			r.Dynamic = true
			switch u.Cond.ForLoad(acls) {
			case True:
				c.compute(p, u, r)
				return // nothing after it is reached
			case Unknown:
				r.Open = append(r.Open, u)
			}
			continue
		}
		be := c.BackendNamed(u.Backend)
		if be == nil {
			continue
		}
		switch u.Cond.ForLoad(acls) {
		case True:
			r.add(&r.Always, be)
			return // nothing after it is reached
		case Unknown:
			r.Open = append(r.Open, u)
		}
		r.add(&r.Sometimes, be)
	}
	if p.DefaultBackend != "" {
		if be := c.BackendNamed(p.DefaultBackend); be != nil {
			r.add(&r.Always, be)
		}
		return
	}
	if p.Kind == "listen" {
		r.add(&r.Always, p)
	}
}

// compute follows a line that computes the backend's name: to the one that it can be,
// else to all of them; from one without servers comes no answer of anybody's. Where no
// backend has the name HAProxy takes the default one.
func (c *Config) compute(p *Proxy, u Switch, r *Route) {
	var may []*Proxy
	for _, be := range c.Proxies {
		if be.Backend() && !be.Disabled && len(be.Servers)+len(be.Templates) > 0 && u.MayBe(be.Name) {
			may = append(may, be)
		}
	}
	or := c.BackendNamed(p.DefaultBackend)
	if or == nil && p.Kind == "listen" {
		or = p
	}
	if or != nil && !slices.Contains(may, or) {
		may = append(may, or)
	}
	if len(may) == 1 {
		r.add(&r.Always, may[0])
		return
	}
	if len(may) > 0 {
		r.Computed = append(r.Computed, u)
	}
	for _, be := range may {
		r.add(&r.Sometimes, be)
	}
}

// MayBe reports whether a computed name may come to be this one: it has to begin and
// to end with what stands there before and after all that is computed.
func (u Switch) MayBe(name string) bool {
	head, rest, _ := strings.Cut(u.Backend, "%")
	if u.Line.Env {
		head = ""
	}
	tail := ""
	if i := strings.LastIndex(rest, "]"); i >= 0 && !u.Line.Env && !strings.Contains(rest[i:], "%") {
		tail = rest[i+1:]
	}
	return len(name) >= len(head)+len(tail) && strings.HasPrefix(name, head) && strings.HasSuffix(name, tail)
}

func (r *Route) add(list *[]*Proxy, be *Proxy) {
	for _, x := range *list {
		if x == be {
			return
		}
	}
	*list = append(*list, be)
	for _, rule := range be.Rules {
		if list == &r.Always && rule.Answers() && rule.Cond.Always() {
			r.Answers = append(r.Answers, rule)
			break
		}
	}
}

// Ports are the TCP ports that the configuration listens on, without repeats,
// in the order of the files; a range counts up to 1000 of its ports.
func (c *Config) Ports() []int {
	var out []int
	seen := map[int]bool{}
	for _, p := range c.Proxies {
		if p.Disabled {
			continue
		}
		for _, b := range p.Binds {
			if b.Addr.Unix != "" || b.Addr.Low == 0 {
				continue
			}
			for port := b.Addr.Low; port <= b.Addr.High && port < b.Addr.Low+1000; port++ {
				if !seen[port] {
					seen[port] = true
					out = append(out, port)
				}
			}
		}
	}
	return out
}
