package check

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
)

// haproxyPort passes when the derived port is published and leads to a port that
// HAProxy listens on. The port inside the container may be another one, and where
// the frontend leads on to is for other checks.
func haproxyPort() Kind {
	return define("haproxy-port", false, proxyDefaults, proxyNeeds, judgeProxyPort)
}

func judgeProxyPort(in *Input, p *proxyParams) Result {
	px := in.View.Proxy()
	if px == nil {
		return judgeFound(in, p)
	}
	want := p.public(in, px)
	cfg := in.View.Config(px)
	r := Result{
		Outcome:  Fail,
		Observed: Facts{"published": sight.PublishedBy(px), "binds": sight.Binds(cfg), "host_network": px.HostNetwork},
		Expected: Facts{"port": want},
	}
	private, published := sight.Inside(px, want)
	if !published {
		r.Message = i18n.M("check.bind_not_published", "name", px.Name, "port", want, "published", sight.PublishedBy(px))
		if len(sight.PublishedBy(px)) == 0 {
			r.Message = i18n.M("check.bind_none_published", "name", px.Name, "port", want)
		}
		if h := in.View.HolderOf(px, atoi(want), "tcp"); h != nil {
			r.Message = i18n.M("check.bind_port_held", "name", px.Name, "port", want, "holder", h.Words())
		}
		r.Hint = in.publish(px, want)
		return r
	}
	if svc := in.View.OwnPublisher(px, want); svc != nil && px.State == "running" {
		r.Observed["service"] = svc.Name
		r.Message = i18n.M("check.bind_taken", "name", px.Name, "port", want, "service", svc.Name)
		free, _ := in.freed(px, px.Name, want)
		r.Hint = steps(free, in.reload(px, ""))
		return r
	}
	if !sight.Reachable(px, want) {
		r.Message = i18n.M("check.bind_published_local", "name", px.Name, "port", want)
		r.Hint = in.publish(px, want)
		return r
	}
	route := cfg.RouteFor(private)
	listens := slices.ContainsFunc(route.Binds, func(b haproxy.BoundPort) bool {
		ip, ok := b.Bind.Addr.IP()
		// Docker leads to a container's IPv4 address.
		return px.HostNetwork || (!ok || !ip.IsLoopback()) && !b.Bind.V6Only
	})
	if !listens {
		r.Message = i18n.M("check.bind_elsewhere", "port", want, "private", private, "binds", sight.Binds(cfg))
		r.Hint = in.mend(px, bindEdits(cfg, private))
		return r
	}
	r.Outcome = Pass
	r.Message = i18n.M("check.bind_ok", "port", want)
	return r
}

// publish is how a HAProxy gets to publish a port.
func (in *Input) publish(px *evidence.Proxy, port string) i18n.Msg {
	first, ours := in.freed(px, in.renamed(px).Name, port)
	if !ours {
		return first
	}
	if px.Kind == "service" {
		return steps(first, in.hintFor(px, "bind_not_published", "port", port))
	}
	return steps(first, i18n.M("check.bind_not_published_hint", "port", port),
		in.runAgain(px, rerun{name: in.renamed(px).Name, image: px.Image, publish: port}))
}

// bindEdits have the first frontend listen on a port.
func bindEdits(cfg *haproxy.Config, port int) []edit {
	for _, p := range cfg.Proxies {
		if p.Frontend() && len(p.Binds) > 0 {
			return []edit{{p.Binds[0].Line, "line", "bind *:" + itoa(port)}}
		}
	}
	return nil
}

// toBackend has the frontend of a port lead to a backend, if there is only one.
func (in *Input) toBackend(px *evidence.Proxy, public string) i18n.Msg {
	cfg := in.View.Config(px)
	var backends []*haproxy.Proxy
	for _, p := range cfg.Proxies {
		if p.Kind == "backend" {
			backends = append(backends, p)
		}
	}
	route := in.View.Route(px, public)
	if len(route.Binds) == 0 || len(backends) != 1 {
		return in.rewrite(px)
	}
	fe := route.Binds[0]
	text := "default_backend " + backends[0].Name
	if fe.Proxy.DefaultBackend != "" {
		return in.mend(px, []edit{{fe.Proxy.DefaultBackendLine, "line", text}})
	}
	return in.mend(px, []edit{{fe.Bind.Line, "add", text}})
}
