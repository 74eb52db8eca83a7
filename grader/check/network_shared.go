package check

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// sharedParams name two services and the network that both should be on.
type sharedParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// With is the variable with the name of the other service.
	With string `yaml:"with"`
	// Network is the variable with the overlay network's name.
	Network string `yaml:"network"`
}

func (p *sharedParams) Validate(vars []string) []rubric.ParamError {
	return varsExist(vars, "service", p.Service, "with", p.With, "network", p.Network)
}

// networkShared passes when two services are on the overlay network that has the
// derived name, so that each finds the other by its name there; whether others can join
// it, and what other networks they are on, counts for nothing. Of two services that
// are not both there, the one that is is judged alone: another check asks for the other.
// Units are two: a network of another name that both are on earns one.
func networkShared() Kind {
	return define("network-shared", true, sharedParams{Service: "service", With: "store", Network: "network"},
		func(p *sharedParams) []Need {
			return []Need{{Kind: "snapshot", Service: p.Service, Network: p.Network}, {Kind: "snapshot", Service: p.With, Network: p.Network}}
		}, judgeShared)
}

func judgeShared(in *Input, p *sharedParams) Result {
	name := in.Vars[p.Network]
	var made []*evidence.Service // of the two
	var called []string
	for _, service := range []string{p.Service, p.With} {
		if svc := in.View.Service(service); svc != nil {
			made, called = append(made, svc), append(called, svc.Name)
		}
	}
	var named *evidence.Network
	shared := []string{}
	for _, n := range in.View.KnownNetworks(name, made...) {
		if n.Ingress {
			continue
		}
		if n.Name == name && (named == nil || n.Driver == "overlay") {
			named = n
		}
		if n.Driver == "overlay" && len(made) > 0 && !slices.ContainsFunc(made, func(s *evidence.Service) bool { return !slices.Contains(s.Networks, n.ID) }) {
			shared = append(shared, n.Name)
		}
	}
	var off []string // of those made
	for _, svc := range made {
		if named == nil || !slices.Contains(svc.Networks, named.ID) {
			off = append(off, svc.Name)
		}
	}
	r := Result{
		Outcome: Fail, Measure: &Measure{Want: 2},
		Observed: Facts{"network": nil, "services": nonNil(called), "shared": shared},
		Expected: Facts{"network": name, "driver": "overlay", "services": []string{in.Vars[p.Service], in.Vars[p.With]}},
	}
	if named != nil {
		r.Observed["network"], r.Observed["driver"] = named.Name, named.Driver
	}
	var make i18n.Msg
	if named == nil {
		make = do("docker network create -d overlay", quote(name))
	}
	lines := []i18n.Msg{make}
	for _, svc := range off {
		lines = append(lines, do("docker service update --network-add", quote(name), svc))
	}
	args := []any{"network", name, "services", nonNil(called), "off", nonNil(off)}
	switch {
	case named != nil && named.Driver != "overlay":
		r.Message = i18n.M("check.network_driver", "network", name, "driver", named.Driver)
		lines[0] = steps(do("docker network rm", quote(name)), do("docker network create -d overlay", quote(name)))
	case named != nil && len(off) == 0:
		r.Outcome, r.Measure.Got = Pass, 2
		r.Message = i18n.M("check.meet_ok", args...)
		if len(made) < 2 {
			r.Message = i18n.M("check.meet_alone", args...)
		}
		return r
	case len(shared) > 0:
		r.Measure.Got = 1
		r.Message = i18n.M("check.meet_misnamed", append(args, "other", shared[0])...)
	case len(made) == 0:
		r.Message = i18n.M("check.network_none", "network", name)
	case named == nil:
		r.Message = i18n.M("check.meet_none", args...)
	default:
		r.Message = i18n.M("check.meet_off", args...)
	}
	r.Hint = steps(lines...)
	if len(made) == 0 {
		r.Hint = i18n.M("check.network_with_service_hint", "service", in.Vars[p.Service])
	}
	return r
}
