package check

import (
	"slices"

	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// serversParams say which port on the nodes the servers must have.
type serversParams struct {
	proxyParams `yaml:",inline"`
	// Target is the variable with the port that the service publishes.
	Target string `yaml:"target"`
	// AtLeast is how many nodes must be listed; it is fewer where the swarm has
	// fewer.
	AtLeast int `yaml:"at_least"`
}

func (p *serversParams) Validate(vars []string) []rubric.ParamError {
	errs := append(p.proxyParams.Validate(vars), varsExist(vars, "target", p.Target)...)
	if p.AtLeast < 1 || p.AtLeast > 1000 {
		errs = append(errs, paramError("at_least", i18n.M("check.param_count", "param", "at_least")))
	}
	return errs
}

// haproxyServers passes when the servers are nodes of this swarm at the
// student's published port, and nothing else. Servers that are disabled or
// backup are not used and do not count, for or against. Units are nodes.
func haproxyServers() Kind {
	return define("haproxy-servers", true,
		serversParams{proxyParams: proxyDefaults, Target: "published", AtLeast: 3},
		func(p *serversParams) []Need { return p.needs() }, whichever(judgeServers))
}

// wrongServer is a server that leads elsewhere.
type wrongServer struct {
	server haproxy.Server
	why    i18n.Msg
}

func judgeServers(in *Input, p *serversParams) Result {
	px := in.View.Proxy()
	if px == nil {
		return judgeFound(in, &p.proxyParams)
	}
	port := in.Vars[p.Target]
	var nodes, listed []string
	var wrong []wrongServer
	var idle *wrongServer
	var twice []sight.Repeat
	first := map[string]int{}
	for _, be := range in.View.Backends(px, p.public(in, px)) {
		for i, s := range sight.ServersOf(be) {
			listed = append(listed, clip(s.Name+" "+s.Addr.Text, 80))
			if be.Idle(s) {
				if idle == nil {
					idle = &wrongServer{s, i18n.M("check.server_backup")}
					if !s.Backup {
						idle.why = i18n.M("check.server_disabled")
					}
				}
				continue
			}
			node, why := in.View.ServerNode(px, s, port)
			switch {
			case !why.Empty():
				wrong = append(wrong, wrongServer{s, why})
			case first[node] > 0:
				twice = append(twice, sight.Repeat{Server: s, First: first[node]})
			default:
				nodes, first[node] = append(nodes, node), s.Line.Num
				if sight.Several(be, i) {
					twice = append(twice, sight.Repeat{Server: s, First: s.Line.Num})
				}
			}
		}
	}
	slices.Sort(nodes)
	want := min(p.AtLeast, len(in.View.ReadyNodes()))
	r := Result{
		Outcome:  Fail,
		Measure:  &Measure{Got: float64(min(len(nodes), want)), Want: float64(max(want, len(nodes)+len(wrong)))},
		Observed: Facts{"servers": nonNil(listed), "nodes": nonNil(nodes)},
		Expected: Facts{"nodes_at_least": want, "port": port},
	}
	mend := in.mend(px, in.nodeEdits(px, p.public(in, px), port, false))
	switch {
	case len(wrong) > 0:
		w := wrong[0]
		r.Observed["wrong"] = len(wrong)
		r.Message = i18n.M("check.servers_wrong", "line", w.server.Line.Num, "server", clip(w.server.Name+" "+w.server.Addr.Text, 60), "why", w.why)
		r.Hint = mend
	case len(listed) == 0:
		r.Message = i18n.M("check.servers_none")
		r.Hint = mend
	case len(nodes) < want && idle != nil:
		r.Message = i18n.M("check.servers_wrong", "line", idle.server.Line.Num, "server", clip(idle.server.Name, 60), "why", idle.why)
		r.Hint = mend
	case len(nodes) < want && len(twice) > 0:
		a := twice[0]
		r.Message = i18n.M("check.servers_"+a.How(), "line", a.Server.Line.Num, "server", clip(a.Server.Name+" "+a.Server.Addr.Text, 60), "first", a.First,
			"have", len(nodes), "nodes", nodes, "want", want)
		r.Hint = mend
	case len(nodes) < want:
		r.Message = i18n.M("check.servers_few", "have", len(nodes), "nodes", nodes, "want", want)
		r.Hint = mend
	default:
		r.Outcome = Pass
		r.Message = i18n.M("check.servers_ok", "nodes", nodes, "port", port)
	}
	return r
}
