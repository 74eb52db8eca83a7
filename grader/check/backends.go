package check

import (
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// backendsParams say whose tasks the servers must be, and at which port.
type backendsParams struct {
	networkParams `yaml:",inline"`
	// Target is the port that the containers listen on.
	Target int `yaml:"target"`
}

func (p *backendsParams) Validate(vars []string) []rubric.ParamError {
	errs := p.networkParams.Validate(vars)
	if p.Target < 1 || p.Target > 65535 {
		errs = append(errs, paramError("target", i18n.M("check.param_port", "param", "target")))
	}
	return errs
}

// coverParams say too how the servers are to be found.
type coverParams struct {
	backendsParams `yaml:",inline"`
	// Follow asks for servers that go on following the tasks when these come and go:
	// a name that resolvers ask for again and again.
	Follow bool `yaml:"follow"`
}

// haproxyBackends passes when every server is a running task of the student's
// own service at the containers' port, and every task is covered, whatever the
// spelling: addresses, the name tasks.<service> (or in dnsrr mode the
// service's own), a server-template, names from --add-host. Slots to spare,
// disabled and backup servers do not count, for or against. Units are tasks; where
// they are to be followed and are not, each is half a unit.
//
// An address that was right until swarm replaced the task counts as that
// task's.
func haproxyBackends() Kind {
	return define("haproxy-backends", true, coverParams{backendsParams: backendsParams{networkParams: networkDefaults, Target: 80}},
		func(p *coverParams) []Need {
			return append(p.needs(), loadNeed("haproxy", p.Service, p.Name, p.Port, p.Or, true))
		}, whichever(judgeBackends))
}

func judgeBackends(in *Input, p *coverParams) Result {
	px, svc := in.View.Proxy(), in.View.Service(p.Service)
	switch {
	case svc == nil:
		return noService(in, p.Service)
	case px == nil:
		return judgeFound(in, &p.proxyParams)
	}
	got := in.View.Reach(px, svc, p.public(in, px), p.Target)
	running := in.View.Running(svc)
	missing := in.View.Uncovered(&got, svc)
	r := Result{
		Outcome: Fail,
		Measure: &Measure{
			Got:  float64(len(running) - len(missing)),
			Want: float64(max(len(running)+len(got.Wrong), 1)),
		},
		Observed: Facts{
			"servers": nonNil(got.Listed), "tasks_covered": len(running) - len(missing), "wrong": len(got.Wrong),
			"follows": got.Follows(),
		},
		Expected: Facts{"tasks": in.View.Whereabouts(svc, running), "port": p.Target},
	}
	r.Hint = in.taskServers(px, svc, p.public(in, px), p.Target)
	if len(got.Moved) > 0 {
		r.Observed["moved"] = len(got.Moved)
	}
	switch {
	case len(got.Wrong) > 0:
		w := got.Wrong[0]
		r.Observed["why"] = w.Why
		r.Message = i18n.M("check.servers_wrong", "line", w.Server.Line.Num,
			"server", clip(w.Server.Name+" "+w.Server.Addr.Text, 60), "why", w.Words)
	case len(got.Listed) == got.Idle:
		r.Message = i18n.M("check.servers_none")
	case p.Follow && len(missing) == 0 && got.Follows() != "resolvers":
		r.Measure.Got /= 2
		r.Message = i18n.M("check.backends_fixed", "service", svc.Name)
		if got.Follows() == "at-start" {
			r.Message = i18n.M("check.backends_asked_once", "service", svc.Name)
		}
	case len(missing) == 0 && len(got.Moved) > 0:
		r.Outcome = Pass
		r.Message = i18n.M("check.backends_moved", "n", len(got.Moved), "server", clip(got.Moved[0].Server.Addr.Text, 60),
			"node", in.View.NodeName(got.Moved[0].Moved.NodeID))
	case len(missing) == 0:
		r.Outcome = Pass
		r.Message = i18n.M("check.backends_ok", "n", len(running), "service", svc.Name)
		if got.Follows() == "resolvers" {
			r.Message = i18n.M("check.backends_follow", "n", len(running), "service", svc.Name)
		}
	case got.Once > 0:
		r.Message = i18n.M("check.backends_once", "n", len(running), "missing", len(missing), "service", svc.Name)
	case got.Slots > 0:
		r.Message = i18n.M("check.backends_slots", "n", len(running), "slots", got.Slots, "service", svc.Name)
	case len(got.Again) > 0:
		a := got.Again[0]
		r.Message = i18n.M("check.backends_"+a.How(), "line", a.Server.Line.Num, "server", clip(a.Server.Name+" "+a.Server.Addr.Text, 60), "first", a.First,
			"n", len(running), "missing", len(missing), "addresses", in.View.Whereabouts(svc, missing))
	default:
		r.Message = i18n.M("check.backends_few", "n", len(running), "missing", len(missing),
			"addresses", in.View.Whereabouts(svc, missing))
	}
	if r.Outcome == Pass {
		r.Hint = i18n.Msg{}
	} else if stable, known := in.View.Stable(svc); known && !stable {
		return unstable(in, r, svc)
	}
	return r
}

// taskServers are the edits that make the servers the tasks; where addresses are
// still going to change, that comes first.
func (in *Input) taskServers(px *evidence.Proxy, svc *evidence.Service, public string, port int) i18n.Msg {
	if w := in.wants(); in.Task != nil && !in.settledNetwork(svc, w) {
		if svc.EndpointMode != "dnsrr" && w.dnsrr {
			return i18n.M("check.backends_later_hint", "service", svc.Name)
		}
		return i18n.M("check.mend_later")
	}
	return in.mend(px, in.taskEdits(px, svc, public, port, false))
}
