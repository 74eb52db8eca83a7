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

// haproxyBackends passes when every server is a running task of the student's
// own service at the containers' port, and every task is covered, whatever the
// spelling: addresses, the name tasks.<service> (or in dnsrr mode the
// service's own), a server-template, names from --add-host. Slots to spare,
// disabled and backup servers do not count, for or against. Units are tasks.
//
// An address that was right until swarm replaced the task counts as that
// task's: see [View.moved].
func haproxyBackends() Kind {
	return define("haproxy-backends", true, backendsParams{networkParams: networkDefaults, Target: 80},
		func(p *backendsParams) []Need {
			return append(p.needs(), loadNeed("haproxy", p.Service, p.Name, p.Port, p.Or, true))
		}, judgeBackends)
}

func judgeBackends(in *Input, p *backendsParams) Result {
	px, svc := in.View.Proxy(), in.View.Service(p.Service)
	switch {
	case svc == nil:
		return noService(in, p.Service)
	case px == nil:
		return judgeFound(in, &p.proxyParams)
	}
	got := in.View.reach(px, svc, p.public(in, px), p.Target)
	running := in.View.Running(svc)
	missing := in.View.cover(&got, svc)
	r := Result{
		Outcome: Fail,
		Measure: &Measure{
			Got:  float64(len(running) - len(missing)),
			Want: float64(max(len(running)+len(got.wrong), 1)),
		},
		Observed: Facts{
			"servers": nonNil(got.listed), "tasks_covered": len(running) - len(missing), "wrong": len(got.wrong),
			"follows": got.follows(),
		},
		Expected: Facts{"tasks": in.View.whereabouts(svc, running), "port": p.Target},
	}
	r.Hint = in.taskServers(px, svc, p.public(in, px), p.Target)
	if len(got.moved) > 0 {
		r.Observed["moved"] = len(got.moved)
	}
	switch {
	case len(got.wrong) > 0:
		w := got.wrong[0]
		r.Observed["why"] = w.why
		r.Message = i18n.M("check.servers_wrong", "line", w.server.Line.Num,
			"server", clip(w.server.Name+" "+w.server.Addr.Text, 60), "why", w.words)
	case len(got.listed) == got.idle:
		r.Message = i18n.M("check.servers_none")
	case len(missing) == 0 && len(got.moved) > 0:
		r.Outcome = Pass
		r.Message = i18n.M("check.backends_moved", "n", len(got.moved), "server", clip(got.moved[0].server.Addr.Text, 60),
			"node", in.View.NodeName(got.moved[0].moved.NodeID))
	case len(missing) == 0:
		r.Outcome = Pass
		r.Message = i18n.M("check.backends_ok", "n", len(running), "service", svc.Name)
		if got.follows() == "resolvers" {
			r.Message = i18n.M("check.backends_follow", "n", len(running), "service", svc.Name)
		}
	case got.once > 0:
		r.Message = i18n.M("check.backends_once", "n", len(running), "missing", len(missing), "service", svc.Name)
	case got.slots > 0:
		r.Message = i18n.M("check.backends_slots", "n", len(running), "slots", got.slots, "service", svc.Name)
	case len(got.again) > 0:
		a := got.again[0]
		r.Message = i18n.M("check.backends_"+a.key(), "line", a.server.Line.Num, "server", clip(a.server.Name+" "+a.server.Addr.Text, 60), "first", a.first,
			"n", len(running), "missing", len(missing), "addresses", in.View.whereabouts(svc, missing))
	default:
		r.Message = i18n.M("check.backends_few", "n", len(running), "missing", len(missing),
			"addresses", in.View.whereabouts(svc, missing))
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
