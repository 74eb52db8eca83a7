package check

import (
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// dnsrrParams name the service.
type dnsrrParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
}

func (p *dnsrrParams) Validate(vars []string) []rubric.ParamError {
	return varsExist(vars, "service", p.Service)
}

// serviceDNSRR passes when the service's endpoint mode is dnsrr and it has no
// virtual address.
func serviceDNSRR() Kind {
	return define("service-dnsrr", false, dnsrrParams{Service: "service"}, func(p *dnsrrParams) []Need { return snapshotNeed(p.Service, "") }, judgeDNSRR)
}

func judgeDNSRR(in *Input, p *dnsrrParams) Result {
	svc := in.View.Service(p.Service)
	if svc == nil {
		return noService(in, p.Service)
	}
	var vips, published []string
	for _, v := range svc.VIPs {
		vips = append(vips, sight.Bare(v.Address))
	}
	for _, port := range svc.Ports {
		if port.Mode == "ingress" {
			published = append(published, itoa(port.Published))
		}
	}
	r := Result{
		Outcome:  Fail,
		Observed: Facts{"endpoint_mode": svc.EndpointMode, "vips": nonNil(vips)},
		Expected: Facts{"endpoint_mode": "dnsrr", "vips": []string{}},
	}
	switch {
	case svc.EndpointMode == "dnsrr" && len(vips) == 0:
		r.Outcome = Pass
		r.Message = i18n.M("check.dnsrr_ok", "service", svc.Name)
	case svc.EndpointMode == "dnsrr":
		r.Message = i18n.M("check.dnsrr_left", "service", svc.Name, "vips", vips)
		r.Hint = steps(i18n.M("check.dnsrr_left_hint", "service", svc.Name), do("docker service rm", svc.Name), do(in.serviceAgain(svc, nil)))
	case len(published) > 0:
		r.Message = i18n.M("check.dnsrr_vip", "service", svc.Name, "vips", nonNil(vips))
		r.Hint = i18n.M("check.dnsrr_published_hint", "published", published, "todnsrr", toDNSRR(svc))
	case len(vips) == 0:
		r.Message = i18n.M("check.dnsrr_mode", "service", svc.Name)
		r.Hint = i18n.M("check.dnsrr_hint", "todnsrr", toDNSRR(svc))
	default:
		r.Message = i18n.M("check.dnsrr_vip", "service", svc.Name, "vips", vips)
		r.Hint = i18n.M("check.dnsrr_hint", "todnsrr", toDNSRR(svc))
	}
	return r
}
