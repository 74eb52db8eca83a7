package check

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// answersParams say where requests go and what share of them may fail.
type answersParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// Via is the way in: mesh is the published port on every node.
	Via string `yaml:"via"`
	// Port is the variable with the port that is driven.
	Port string `yaml:"port"`
	// MaxErrors is the share of requests that may fail.
	MaxErrors float64 `yaml:"max_errors"`
	// Or are variables with ports that may be published in place of Port.
	Or []string `yaml:"or"`
	// Direct says that HAProxy's servers are the containers themselves.
	Direct bool `yaml:"direct"`
	// Name is the variable with the HAProxy's name, for requests via haproxy.
	Name string `yaml:"name"`
	// Host is the Host header of requests via haproxy: none is the address,
	// configured the host name that haproxy.cfg asks for, if it does.
	Host string `yaml:"host"`
}

func (p *answersParams) Validate(vars []string) []rubric.ParamError {
	errs := append(varsExist(vars, "service", p.Service, "port", p.Port), viaKnown(p.Via)...)
	errs = append(errs, nameExists(vars, p.Via, p.Name)...)
	errs = append(append(errs, orExist(vars, p.Or)...), hostKnown(p.Host)...)
	if p.MaxErrors < 0 || p.MaxErrors >= 1 {
		errs = append(errs, paramError("max_errors", i18n.M("check.param_share", "param", "max_errors")))
	}
	return errs
}

func nameExists(vars []string, via, name string) []rubric.ParamError {
	if via != "haproxy" && name == sight.Usual.Balancer {
		return nil // nobody has asked for one
	}
	return varsExist(vars, "name", name)
}

func hostKnown(host string) []rubric.ParamError {
	if host == "" || evidence.PlainHost(host) { // "configured" is one
		return nil
	}
	return []rubric.ParamError{paramError("host", i18n.M("check.param_host", "host", clip(host, 60)))}
}

func viaKnown(via string) []rubric.ParamError {
	if via == "mesh" || via == "haproxy" {
		return nil
	}
	return []rubric.ParamError{paramError("via", i18n.M("check.param_via", "via", via))}
}

// answers passes when requests are answered by the student's own running
// tasks, by all of them, and by nobody else, with few failures: through every
// node of the mesh, or through HAProxy. No more requests are sent once every task and
// nobody else has answered, and none failed, of as many as it takes to tell.
//
// Units are the nodes that lead to all containers. Where there is one target,
// as with HAProxy, the measure is the share of requests that own tasks answered,
// times the share of the tasks that did.
func answers() Kind {
	return define("answers", true,
		answersParams{Service: "service", Via: "mesh", Port: "published", MaxErrors: 0.01, Name: sight.Usual.Balancer},
		func(p *answersParams) []Need {
			load := loadNeed(p.Via, p.Service, p.Name, p.Port, p.Or, p.Direct)
			load.Host, load.MaxErrors = p.Host, p.MaxErrors
			return []Need{{Kind: "snapshot", Service: p.Service}, load}
		}, sparing(func(p *answersParams) string { return p.Service }, judgeAnswers))
}

func judgeAnswers(in *Input, p *answersParams) Result {
	svc := in.View.Service(p.Service)
	if svc == nil {
		return noService(in, p.Service)
	}
	traces, missing := in.View.Traces(p.Via, append([]string{p.Port}, p.Or...)...)
	if missing != nil {
		return in.unsent(missing, p.Via, p.Service, p.Name, p.Port, p.Or)
	}
	expected := in.View.Lasting(svc)
	r := Result{
		Outcome:  Fail,
		Measure:  &Measure{Want: float64(len(traces))},
		Expected: Facts{"containers": len(expected), "max_error_share": p.MaxErrors},
	}
	rows := make([]Facts, 0, len(traces))
	var worst *problem
	for _, tr := range traces {
		t := in.View.Tally(svc, tr)
		bad := in.complain(svc, p, tr, &t, expected)
		if bad == nil {
			r.Measure.Got++
		} else if worst == nil || bad.weight > worst.weight {
			worst = bad
		}
		rows = append(rows, figuresAt(tr, &t, expected))
	}
	r.Observed = Facts{"targets": rows}
	if len(traces) == 1 {
		r.Observed = rows[0]
		t := in.View.Tally(svc, traces[0])
		r.Measure = &Measure{Got: t.Quality(expected), Want: 1}
	}
	if worst == nil {
		if missing := in.unsettled(svc, traces, expected, p.MaxErrors); missing != nil {
			return Lacking(missing)
		}
		r.Outcome = Pass
		key := "check.answers_ok"
		if slices.ContainsFunc(traces, endedEarly) {
			key = "check.answers_ok_early"
		}
		r.Message = i18n.M(key, "via", viaName(p.Via), "sent", sent(traces), "containers", len(expected), "most", atMost(traces))
		return r
	}
	if stable, known := in.View.Stable(svc); known && !stable {
		return unstable(in, r, svc)
	}
	if node := in.lostPath(svc, p, expected); node != "" {
		r.Outcome, r.Measure = Ungraded, nil
		r.Message = i18n.M("check.lost_path", "node", node, "service", svc.Name)
		r.Hint = i18n.M("check.lost_path_hint", "node", node)
		return r
	}
	if p.Direct && worst.weight != foreignWeight {
		if e := in.View.Gone(svc, sight.PortOf(traces[0].Target.Address)); e != nil {
			r.Outcome, r.Measure = Ungraded, nil
			r.Message = i18n.M("check.answers_moved", "service", svc.Name, "server", clip(e.Server.Addr.Text, 60))
			r.Hint = i18n.M("check.answers_moved_hint", "lookup", taskAddresses(svc.Name), "reload", in.reload(in.View.Proxy(), in.Vars[in.View.Names().Balancer]))
			return r
		}
	}
	r.Message, r.Hint = worst.msg, worst.hint
	if px := in.View.Proxy(); p.Via == "haproxy" && px != nil {
		if hint := in.behind(px, svc, in.Vars[p.Port], worst.class); !hint.Empty() {
			r.Hint = hint
		}
		in.blameLoaded(&r, px, sight.PortOf(traces[0].Target.Address))
	}
	return r
}
