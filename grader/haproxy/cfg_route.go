package haproxy

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
