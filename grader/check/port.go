package check

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// portParams names the variable with the port that a service must publish.
type portParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// Port is the variable with the port that must be published.
	Port string `yaml:"port"`
	// Modes are the publish modes accepted: ingress is the routing mesh.
	Modes []string `yaml:"modes"`
}

func (p *portParams) Validate(vars []string) []rubric.ParamError {
	errs := varsExist(vars, "service", p.Service, "port", p.Port)
	if len(p.Modes) == 0 {
		errs = append(errs, paramError("modes", i18n.M("check.param_empty", "param", "modes")))
	}
	for _, m := range p.Modes {
		if m != "ingress" && m != "host" {
			errs = append(errs, paramError("modes", i18n.M("check.param_mode", "mode", m)))
		}
	}
	return errs
}

// servicePort passes when the service publishes the derived port over TCP.
// Whether the port inside the container is the right one, requests tell.
func servicePort() Kind {
	return define("service-port", false,
		portParams{Service: "service", Port: "published", Modes: []string{"ingress"}},
		func(p *portParams) []Need { return snapshotNeed(p.Service, p.Port) }, judgePort)
}

func judgePort(in *Input, p *portParams) Result {
	svc := in.View.Service(p.Service)
	if svc == nil {
		return noService(in, p.Service)
	}
	want := in.Vars[p.Port]
	var published []string
	var hit, wrong *evidence.Port
	for i, port := range svc.Ports {
		if port.Published == 0 {
			continue
		}
		if wrong == nil {
			wrong = &svc.Ports[i]
		}
		published = append(published, itoa(port.Published)+":"+itoa(port.Target)+"/"+port.Protocol)
		if itoa(port.Published) == want && port.Protocol == "tcp" {
			hit = &svc.Ports[i]
		}
	}
	r := Result{
		Outcome:  Fail,
		Observed: Facts{"published": nonNil(published), "endpoint_mode": svc.EndpointMode},
		Expected: Facts{"published": want, "modes": p.Modes},
		Hint:     i18n.M("check.port_hint", "service", svc.Name, "port", want),
	}
	mesh := slices.Contains(p.Modes, "ingress")
	if !mesh {
		r.Hint = onHost(svc, wrong, want)
	}
	switch {
	case hit != nil && slices.Contains(p.Modes, hit.Mode):
		r.Outcome, r.Hint = Pass, i18n.Msg{}
		r.Message = i18n.M("check.port_ok", "service", svc.Name, "port", want, "target", hit.Target)
	case svc.EndpointMode == "dnsrr" && mesh:
		r.Message = i18n.M("check.port_dnsrr", "service", svc.Name, "port", want)
		r.Hint = i18n.M("check.port_dnsrr_hint", "service", svc.Name, "port", want)
	case hit != nil && !mesh:
		r.Message = i18n.M("check.port_mode_host", "port", want, "mode", hit.Mode, "want", p.Modes)
		r.Hint = onHost(svc, hit, want)
	case hit != nil:
		r.Message = i18n.M("check.port_mode", "port", want, "mode", hit.Mode, "want", p.Modes)
		r.Hint = i18n.M("check.port_mode_hint", "service", svc.Name, "port", want, "target", hit.Target, "unpublish", unpublish(*hit))
	default:
		if owner := in.View.Publisher(want, svc.Name); owner != "" {
			r.Observed["owner"] = owner
			r.Message = i18n.M("check.port_taken", "port", want, "owner", owner)
			r.Hint = i18n.M("check.port_taken_hint", "service", svc.Name, "port", want, "owner", owner)
			if in.View.IsAnothers(in.View.ServiceNamed(owner)) {
				r.Hint = i18n.M("check.port_taken_other_hint", "port", want, "owner", owner)
			}
		} else if len(published) == 0 {
			r.Message = i18n.M("check.port_none", "service", svc.Name, "port", want)
		} else {
			r.Message = i18n.M("check.port_other", "service", svc.Name, "published", published, "port", want)
			if mesh {
				r.Hint = i18n.M("check.port_other_hint", "service", svc.Name, "port", want, "unpublish", unpublish(*wrong))
			}
		}
	}
	return r
}

// onHost publishes a port on the nodes that have a task, in the place of
// another one if there is one.
func onHost(svc *evidence.Service, old *evidence.Port, port string) i18n.Msg {
	words, target := []string{"docker service update"}, 80
	if old != nil {
		words, target = append(words, unpublish(*old)), old.Target
	}
	add := published(evidence.Port{Published: atoi(port), Target: target, Protocol: "tcp", Mode: "host"})
	return do(append(words, "--publish-add", add, svc.Name)...)
}
