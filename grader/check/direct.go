package check

import (
	"net/netip"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
)

// direct passes when the student's containers got the requests from HAProxy
// itself.
//
// What proves it is the client's address that the containers saw: over
// a virtual address or the mesh it is that of a node's load balancer. Where the
// answers do not tell it, a service with neither a virtual address nor a
// published port can be reached in no other way; and failing that the
// configuration decides.
func direct() Kind {
	return define("direct", false, backendsParams{networkParams: networkDefaults, Target: 80},
		func(p *backendsParams) []Need {
			return append(p.needs(), loadNeed("haproxy", p.Service, p.Name, p.Port, p.Or, true))
		}, judgeDirect)
}

func judgeDirect(in *Input, p *backendsParams) Result {
	px, svc := in.View.Proxy(), in.View.Service(p.Service)
	switch {
	case svc == nil:
		return noService(in, p.Service)
	case px == nil:
		return judgeFound(in, &p.proxyParams)
	}
	traces, missing := in.View.Traces("haproxy", append([]string{p.Port}, p.Or...)...)
	if missing != nil {
		return Lacking(missing)
	}
	own := in.View.AddressesOf(px)
	seen, silent, answers := in.View.Clients(svc, traces)
	r := Result{
		Outcome:  Fail,
		Observed: Facts{"clients": nonNil(seen), "endpoint_mode": svc.EndpointMode},
		Expected: Facts{"clients": nonNil(own)},
		Hint:     in.taskServers(px, svc, p.public(in, px), p.Target),
	}
	at := slices.IndexFunc(seen, func(c string) bool { return !slices.Contains(own, c) })
	switch {
	case answers == 0:
		r.Message = i18n.M("check.direct_none", "service", svc.Name)
	case at >= 0:
		how, words := in.passage(px, svc, seen[at])
		r.Observed["through"] = how
		r.Message = words
	case len(seen) > 0 && !silent:
		r.Outcome = Pass
		r.Message = i18n.M("check.direct_ok", "name", px.Name, "clients", seen)
	case len(svc.VIPs) == 0 && len(svc.Ports) == 0:
		r.Outcome = Pass
		r.Message = i18n.M("check.direct_only", "service", svc.Name)
	default:
		got := in.View.Reach(px, svc, p.public(in, px), p.Target)
		if len(got.Wrong) > 0 {
			r.Observed["why"] = got.Wrong[0].Why
			r.Message = i18n.M("check.servers_wrong", "line", got.Wrong[0].Server.Line.Num,
				"server", clip(got.Wrong[0].Server.Name+" "+got.Wrong[0].Server.Addr.Text, 60), "why", got.Wrong[0].Words)
			break
		}
		r.Outcome = Pass
		r.Message = i18n.M("check.direct_config", "service", svc.Name)
	}
	if r.Outcome == Pass {
		r.Hint = i18n.Msg{}
	}
	return r
}

// passage says through what a request came whose client was not HAProxy.
func (in *Input) passage(px *evidence.Proxy, svc *evidence.Service, client string) (how string, words i18n.Msg) {
	ip, _ := netip.ParseAddr(client)
	for _, c := range in.View.ContainersAt(client) {
		for _, n := range c.Networks {
			if n.Address == client && len(c.Names) > 0 && in.View.IsSwarm(n.NetworkID) {
				return "container", i18n.M("check.direct_container", "service", svc.Name, "client", client, "other", c.Names[0])
			}
		}
	}
	for _, n := range in.View.NetworksWithin(ip) {
		switch {
		case !sight.InSubnet(n, ip) || n.Scope != "swarm":
		case n.Ingress:
			return "mesh", i18n.M("check.direct_mesh", "service", svc.Name, "client", client)
		case len(svc.VIPs) > 0:
			return "vip", i18n.M("check.direct_vip", "service", svc.Name, "client", client)
		}
	}
	if len(svc.Ports) > 0 {
		return "port", i18n.M("check.direct_port", "service", svc.Name, "client", client)
	}
	return "other", i18n.M("check.direct_other", "service", svc.Name, "client", client)
}
