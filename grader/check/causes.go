package check

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/i18n"
)

// cause is a hint that names the line of the configuration which explains what
// was wrong with HAProxy's answers, empty if none does. Class is the loader's
// word for the failures, "" for answers that name no container.
func (v *View) cause(px *evidence.Proxy, svc *evidence.Service, port, class string) i18n.Msg {
	route := v.route(px, port)
	var found []*haproxy.Proxy
	for _, b := range route.Binds {
		found = append(found, b.Proxy)
	}
	backends := v.backends(px, port)
	found = append(found, backends...)
	say := func(key string, l haproxy.Line) i18n.Msg {
		return i18n.M("check.cause_"+key+"_hint", "line", l.Num, "text", clip(strings.TrimSpace(l.Text), 80), "reload", reload(px, ""))
	}
	for _, p := range found {
		for _, r := range p.Rules {
			if key := ruleCause(r, class); key != "" {
				return say(key, r.Line)
			}
		}
		switch {
		case class == "" && p.Stats.Enabled && p.Stats.URI == "/":
			return say("stats", p.Stats.Line)
		case class == "reset" || class == "eof":
			if i := slices.IndexFunc(p.Lines, func(l haproxy.Line) bool {
				return l.Word(0) == "tcp-request" && slices.Contains(l.Words, "reject")
			}); i >= 0 {
				return say("deny", p.Lines[i])
			}
		}
	}
	if strings.HasPrefix(class, "http-50") && len(route.Always) == 0 && len(route.Sometimes) > 0 && !route.Dynamic {
		return i18n.M("check.cause_condition_hint", "backend", clip(route.Sometimes[0].Name, 60), "reload", reload(px, ""))
	}
	if class == "timeout" {
		for _, be := range backends {
			for _, s := range be.Servers {
				if v.loops(px, s) {
					return say("loop", s.Line)
				}
			}
		}
	}
	if own, strange, _ := v.leads(px, svc, backends); class == "http-503" && own > 0 && strange == 0 {
		for _, be := range backends {
			if o, ok := be.Options["httpchk"]; ok {
				return say("check", o.Line)
			}
		}
	}
	return i18n.Msg{}
}

// ruleCause is what a rule does to requests that fail in this way, "" if it
// does not explain it.
func ruleCause(r haproxy.Rule, class string) string {
	switch r.Action {
	case "redirect":
		if class == "redirect" {
			return "redirect"
		}
	case "return", "use-service":
		if class == "" {
			return "return"
		}
	case "deny", "tarpit", "auth", "reject", "silent-drop":
		if strings.HasPrefix(class, "http-4") || slices.Contains([]string{"reset", "eof", "timeout"}, class) {
			return "deny"
		}
	}
	return ""
}

// loops reports whether a server is the HAProxy's own published port.
func (v *View) loops(px *evidence.Proxy, s haproxy.Server) bool {
	ip, isIP := s.Addr.IP()
	_, published := inside(px, itoa(s.Port()))
	return published && slices.ContainsFunc(v.idx.Snap.Nodes, func(n evidence.Node) bool {
		here := px.Kind == "service" || n.ID == px.NodeID
		return here && (isIP && (sameIP(ip, n.SwarmAddress) || sameIP(ip, n.Address)) || strings.EqualFold(s.Addr.Host, n.Hostname))
	})
}
