package check

import (
	"slices"
	"strings"
	"time"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
)

// behind is what to do about a HAProxy whose answers are wrong: the line of the
// configuration that explains them, else the lines that keep requests from the
// student's own containers, all of them or some; empty if there are none. Class
// is the loader's word for the failures, "" for answers that are wrong in
// themselves.
func (in *Input) behind(px *evidence.Proxy, svc *evidence.Service, port, class string) i18n.Msg {
	if key, edits, args := in.cause(px, svc, port, class); key != "" {
		return steps(i18n.M("check.cause_"+key+"_hint", args...), in.mend(px, edits))
	}
	if edits := in.servers(px, svc, port, false); len(edits) > 0 {
		return steps(i18n.M("check.mend_servers"), in.mend(px, edits))
	}
	if class != "" {
		return i18n.Msg{}
	}
	return in.evenly(px, port, in.wants().toTasks)
}

// cause finds the line that explains what was wrong with HAProxy's answers, and
// what becomes of it; key is "" if none does.
func (in *Input) cause(px *evidence.Proxy, svc *evidence.Service, port, class string) (key string, edits []edit, args []any) {
	route := in.View.Route(px, port)
	var found []*haproxy.Proxy
	for _, b := range route.Binds {
		found = append(found, b.Proxy)
	}
	backends := in.View.Backends(px, port)
	found = append(found, backends...)
	say := func(key string, l haproxy.Line, edits ...edit) (string, []edit, []any) {
		if edits == nil {
			edits = []edit{{l, "delete", ""}}
		}
		return key, edits, []any{"line", l.Num, "text", clip(strings.TrimSpace(l.Text), 80)}
	}
	for _, p := range found {
		for _, r := range p.Rules {
			if key := ruleCause(r, class); key != "" {
				return say(key, r.Line)
			}
		}
		switch {
		case class == "" && p.Stats.Enabled && p.Stats.URI == "/":
			return say("stats", p.Stats.Line, moved(p)...)
		case class == "reset" || class == "eof":
			if i := slices.IndexFunc(p.Lines, func(l haproxy.Line) bool {
				return l.Word(0) == "tcp-request" && slices.Contains(l.Words, "reject")
			}); i >= 0 {
				return say("deny", p.Lines[i])
			}
		}
	}
	if strings.HasPrefix(class, "http-50") && len(route.Always) == 0 && len(route.Sometimes) > 0 && !route.Dynamic && len(route.Binds) > 0 {
		name := route.Sometimes[0].Name
		return "condition", []edit{{route.Binds[0].Bind.Line, "add", "default_backend " + name}}, []any{"backend", clip(name, 60)}
	}
	if class == "timeout" {
		for _, be := range backends {
			for _, s := range be.Servers {
				if in.View.Loops(px, s) {
					return "", nil, nil // the servers' own hint has the right line
				}
			}
		}
	}
	if l := in.holdsOn(px, backends); l != nil && (strings.HasPrefix(class, "http-50") || class == "timeout") {
		edits := []edit{{*l, "line", "hold obsolete 10s"}}
		return say("obsolete", *l, append(edits, in.checked(px, port)...)...)
	}
	if lines := in.strangeDNS(px, backends); len(lines) > 0 && (strings.HasPrefix(class, "http-50") || class == "timeout") {
		var edits []edit
		for i, l := range lines {
			if i == 0 {
				edits = append(edits, edit{l, "line", "nameserver dns 127.0.0.11:53"})
				continue
			}
			edits = append(edits, edit{l, "delete", ""})
		}
		return say("nameserver", lines[0], edits...)
	}
	own, strange, _ := in.View.Leads(px, svc, backends)
	if own > 0 && strange == 0 {
		if word, l, edits := in.speech(px, backends, class); word != "" {
			_, _, args := say("", l, edits...)
			return "speech", edits, append(args, "word", word)
		}
	}
	if class == "http-503" && own > 0 && strange == 0 {
		for _, be := range backends {
			if o, ok := be.Options["httpchk"]; ok {
				edits := []edit{{o.Line, "delete", ""}}
				for _, l := range be.Lines {
					if l.Word(0) == "http-check" {
						edits = append(edits, edit{l, "delete", ""})
					}
				}
				return say("check", o.Line, edits...)
			}
		}
	}
	return "", nil, nil
}

// longHold is for how long an address that a name no longer has may be held: tasks that are
// gone are then asked for as long, unless they are checked.
const longHold = 30 * time.Second

// holdsOn is the line by which servers that are to follow the tasks keep to those that
// are gone; nil if none does.
func (in *Input) holdsOn(px *evidence.Proxy, backends []*haproxy.Proxy) *haproxy.Line {
	if !in.wants().follows {
		return nil
	}
	for _, r := range in.View.Config(px).Resolvers {
		if r.Obsolete == nil || r.Hold["obsolete"] <= longHold {
			continue
		}
		for _, be := range backends {
			if slices.ContainsFunc(sight.ServersOf(be), func(s haproxy.Server) bool { return s.Resolvers == r.Name }) {
				return r.Obsolete
			}
		}
	}
	return nil
}

// moved gives a statistics page at / another path.
func moved(p *haproxy.Proxy) []edit {
	for _, l := range p.Lines {
		if l.Word(0) == "stats" && l.Word(1) == "uri" {
			return []edit{{l, "line", "stats uri /haproxy"}}
		}
	}
	return []edit{{p.Stats.Line, "add", "stats uri /haproxy"}}
}

// servers are the edits that make a HAProxy's servers what its task wants; tidy
// takes out too what is there twice and does no harm but to evenness.
func (in *Input) servers(px *evidence.Proxy, svc *evidence.Service, public string, tidy bool) []edit {
	w := in.wants()
	if w.toTasks {
		return in.taskEdits(px, svc, public, w.inner, tidy)
	}
	if w.port == "" {
		return nil
	}
	return in.nodeEdits(px, public, w.port, tidy)
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
