package check

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// networkParams name the service, the network that it should be on and the
// HAProxy that is to join it.
type networkParams struct {
	proxyParams `yaml:",inline"`
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
}

func (p *networkParams) Validate(vars []string) []rubric.ParamError {
	errs := append(p.proxyParams.Validate(vars), varsExist(vars, "service", p.Service)...)
	if p.Network == "" {
		errs = append(errs, paramError("network", i18n.M("check.param_empty", "param", "network")))
	}
	return errs
}

func (p *networkParams) needs() []Need {
	return append(p.proxyParams.needs(), Need{Kind: "snapshot", Service: p.Service, Network: p.Network})
}

var networkDefaults = networkParams{
	proxyParams: proxyParams{Name: "haproxy", Port: "frontend", Network: "network"}, Service: "service",
}

// joinParams are those of a network that a HAProxy may be to join.
type joinParams struct {
	networkParams `yaml:",inline"`
	// Alone says that the lab has no HAProxy: Name, Port and Or count for nothing.
	Alone bool `yaml:"alone"`
}

func (p *joinParams) Validate(vars []string) []rubric.ParamError {
	q := p.networkParams
	if p.Alone {
		q.Name, q.Port, q.Or = "name", "name", nil // such variables there always are
	}
	return q.Validate(vars)
}

func (p *joinParams) needs() []Need {
	if p.Alone {
		return []Need{{Kind: "snapshot", Service: p.Service, Network: p.Network}}
	}
	return p.networkParams.needs()
}

// serviceNetwork passes when an attachable overlay network has the derived
// name and the service is on it. Units are two: one with another name that
// serves earns one, and so does one that is not attachable, if HAProxy is on it
// all the same, as a service can be.
func serviceNetwork() Kind {
	return define("service-network", true, joinParams{networkParams: networkDefaults}, func(p *joinParams) []Need { return p.needs() }, judgeNetwork)
}

func judgeNetwork(in *Input, p *joinParams) Result {
	name := in.Vars[p.Network]
	svc := in.View.Service(p.Service)
	net := in.View.Network(svc, name)
	r := Result{
		Outcome: Fail, Measure: &Measure{Want: 2},
		Observed: Facts{"network": nil},
		Expected: Facts{"network": name, "driver": "overlay", "attachable": true},
		Hint:     i18n.M("check.network_hint", "network", name),
	}
	if svc == nil {
		r.Hint = i18n.M("check.network_with_service_hint", "service", in.Vars[p.Service])
	}
	if net == nil {
		if near := in.View.NearNetwork(name); near != nil {
			r.Observed["network"] = near.Name
			r.Message = i18n.M("check.network_near", "network", name, "other", near.Name)
			r.Hint = steps(r.Hint, do("docker network rm", near.Name))
			if svc != nil {
				r.Hint = i18n.M("check.network_near_service_hint", "network", name, "other", near.Name, "service", svc.Name)
			}
			return r
		}
		r.Message = i18n.M("check.network_none", "network", name)
		if svc != nil {
			r.Message = i18n.M("check.network_none_service", "network", name, "service", svc.Name)
			r.Hint = i18n.M("check.network_service_hint", "network", name, "service", svc.Name)
		}
		return r
	}
	r.Observed = Facts{"network": net.Name, "driver": net.Driver, "attachable": net.Attachable, "subnets": nonNil(net.Subnets)}
	on := svc == nil || slices.Contains(svc.Networks, net.ID)
	r.Observed["service_on_it"] = svc != nil && on
	switch {
	case net.Driver != "overlay":
		r.Message = i18n.M("check.network_driver", "network", net.Name, "driver", net.Driver)
		r.Hint = in.networkAgain(svc, name, !p.Alone)
	case !on:
		r.Message = i18n.M("check.network_unused", "network", net.Name, "service", svc.Name)
		r.Hint = i18n.M("check.network_unused_hint", "network", net.Name, "service", svc.Name)
	case !net.Attachable:
		r.Message = i18n.M("check.network_closed", "network", net.Name)
		r.Hint = in.networkAgain(svc, name, !p.Alone)
		if p.Alone {
			r.Message = i18n.M("check.network_closed_plain", "network", net.Name)
			break
		}
		if px := in.View.Proxy(); px != nil && px.Kind == "service" && net.Name == name && sight.Joined(px, net) {
			r.Measure.Got = 1
		}
	case net.Name != name:
		r.Measure.Got = 1
		r.Message = i18n.M("check.network_misnamed", "network", name, "other", net.Name)
		r.Hint = steps(i18n.M("check.network_misnamed_hint", "other", net.Name), in.makeNetwork(name),
			i18n.M("check.network_swap", "network", name, "other", net.Name, "service", in.Vars[p.Service]),
			in.join(in.View.Proxy(), in.Vars[p.Name], name), i18n.M("check.mend_addresses"))
		if p.Alone {
			r.Hint = steps(in.makeNetwork(name), i18n.M("check.network_swap", "network", name, "other", net.Name, "service", in.Vars[p.Service]))
		}
	default:
		r.Outcome, r.Measure.Got = Pass, 2
		r.Hint = i18n.Msg{}
		r.Message = i18n.M("check.network_ok", "network", net.Name)
		if svc != nil {
			r.Message = i18n.M("check.network_ok_service", "network", net.Name, "service", svc.Name)
		}
	}
	return r
}

// makeNetwork makes an attachable overlay, if there is none of the name.
func (in *Input) makeNetwork(name string) i18n.Msg {
	if in.View.HasNetwork(name) {
		return i18n.Msg{}
	}
	return do("docker network create -d overlay --attachable", name)
}

// networkAgain makes a network anew, with everything that holds it; balanced says that
// a HAProxy leads to the tasks by addresses that change then.
func (in *Input) networkAgain(svc *evidence.Service, name string, balanced bool) i18n.Msg {
	px := in.renamed(in.View.Proxy())
	lines := []i18n.Msg{i18n.M("check.network_again_hint", "network", name)}
	if px != nil {
		lines = append(lines, in.remove(px, ""))
	}
	if svc != nil {
		lines = append(lines, do("docker service rm", svc.Name))
	}
	// An engine takes a moment to let go of what was removed.
	lines = append(lines, do("sleep 10"), do("docker network rm", name), do("docker network create -d overlay --attachable", name))
	if svc != nil {
		lines = append(lines, do(in.serviceAgain(svc, func(_ *evidence.Service, nets *[]string) {
			if !slices.Contains(*nets, name) {
				*nets = append(*nets, name)
			}
		})))
	}
	if balanced {
		lines = append(lines, i18n.M("check.mend_addresses"))
	}
	return steps(lines...)
}

// haproxyNetwork passes when HAProxy is on a network that the service is on.
func haproxyNetwork() Kind {
	return define("haproxy-network", false, networkDefaults, func(p *networkParams) []Need { return p.needs() }, judgeProxyNetwork)
}

func judgeProxyNetwork(in *Input, p *networkParams) Result {
	px := in.View.Proxy()
	if px == nil {
		return judgeFound(in, &p.proxyParams)
	}
	name := in.Vars[p.Network]
	net := in.View.Network(in.View.Service(p.Service), name)
	r := Result{Outcome: Fail, Observed: Facts{}, Expected: Facts{"network": name}}
	if net != nil {
		r.Expected["network"], name = net.Name, net.Name
	}
	var on []string
	for _, n := range px.Networks {
		on = append(on, n.Name)
	}
	r.Observed["networks"] = nonNil(on)
	if net != nil && sight.Joined(px, net) {
		r.Outcome = Pass
		r.Message = i18n.M("check.joined_ok", "name", px.Name, "network", net.Name)
		return r
	}
	for _, s := range in.View.SharedNetworks(px, in.View.Service(p.Service)) {
		r.Outcome = Pass
		r.Message = i18n.M("check.joined_ok", "name", px.Name, "network", s.Name)
		return r
	}
	r.Hint = steps(in.join(px, "", name), in.reload(px, ""))
	switch {
	case px.HostNetwork:
		r.Message = i18n.M("check.joined_host", "name", px.Name, "network", name)
		r.Hint = in.offHost(px, name, p.public(in, px))
	case len(on) == 0:
		r.Message = i18n.M("check.joined_none", "name", px.Name, "network", name)
	default:
		r.Message = i18n.M("check.joined_not", "name", px.Name, "network", name, "networks", nonNil(on))
	}
	return r
}

// offHost takes a HAProxy from its node's network to one of the swarm's.
func (in *Input) offHost(px *evidence.Proxy, network, port string) i18n.Msg {
	if px.Kind == "service" {
		return in.hintFor(px, "joined_again", "network", network, "port", port)
	}
	return steps(i18n.M("check.joined_again_hint", "network", network),
		in.runAgain(px, rerun{name: in.renamed(px).Name, image: px.Image, publish: port, networks: []string{network}}))
}
