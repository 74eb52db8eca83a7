package check

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/leak"
	"swarmgrade/grader/sight"
)

// cookiePrivate passes when no cookie that came through the HAProxy gives anything
// of the inside away: the address of a task, a container, a node or a service, as
// it stands, in hexadecimal digits, as one number or in base64, with a port or
// without; nor a container's ID, or the host name that a service gives its
// containers.
//
// A hash is none of that: but for plain addresses only whole words count, and only
// what exists. Without any cookie it does not pass.
func cookiePrivate() Kind {
	return define("cookie-private", false, stickyDefaults, func(p *stickyParams) []Need { return p.needs() },
		sparing(func(p *stickyParams) string { return p.Service }, judgePrivate))
}

func judgePrivate(in *Input, p *stickyParams) Result {
	svc, tr, open := cookieLoad(in, p, "cookies")
	if open != nil {
		return *open
	}
	var sets []evidence.SetCookie
	for _, v := range tr.Visits {
		for _, s := range v.Set {
			if s.Value != "" && !slices.ContainsFunc(sets, func(k evidence.SetCookie) bool { return k.Name == s.Name && k.Value == s.Value }) {
				sets = append(sets, s)
			}
		}
	}
	m := in.methodOf(sight.PortOf(tr.Target.Address))
	r := Result{Outcome: Fail, Observed: Facts{"values": len(sets), "cookies": named(sets)}, Expected: Facts{"leaks": 0}}
	if len(sets) == 0 {
		r.Message, r.Hint = i18n.M("check.private_none", "n", tr.Sent), in.stick(m)
		return r
	}
	for _, s := range sets {
		for _, text := range []string{s.Value, s.Name} {
			l, ok := in.View.GivesAway(text)
			if !ok {
				continue
			}
			r.Observed["cookie"], r.Observed["value"] = clip(s.Name, 64), clip(s.Value, 120)
			r.Observed["leak"], r.Observed["form"], r.Observed["means"] = l.What, l.Form, l.Means
			r.Message = i18n.M("check.private_leak", "cookie", clip(s.Name, 40), "value", clip(s.Value, 60), "form", in.form(l), "what", in.holder(svc, l))
			r.Hint = in.hide(m, s.Name)
			return r
		}
	}
	r.Outcome = Pass
	r.Message = i18n.M("check.private_ok", "n", len(sets), "cookies", clip(strings.Join(named(sets), ", "), 60), "value", clip(sets[0].Value, 40))
	return r
}

// form is how something stands in a cookie, in words.
func (in *Input) form(l leak.Leak) i18n.Msg {
	return i18n.M("check.private_form_"+strings.ReplaceAll(l.Form, "-", "_"), "text", clip(l.Text, 60))
}

// holder is what a leak tells, in words.
func (in *Input) holder(svc *evidence.Service, l leak.Leak) i18n.Msg {
	return i18n.M("check.private_what_"+l.What, "means", clip(l.Means, 60), "service", svc.Name)
}

// hide has the balancer's own cookie be a hash. Another cookie is the application's.
func (in *Input) hide(m method, cookie string) i18n.Msg {
	if m.be == nil || m.be.Cookie == nil || m.be.Cookie.Name != cookie {
		if written := in.setBy(m); written.Num > 0 {
			return in.mend(m.px, []edit{{written, "delete", ""}})
		}
		return i18n.M("check.private_app_hint", "cookie", clip(cookie, 40))
	}
	return in.stick(m)
}

// setBy is a line by which the balancer writes a cookie of its own, as with
// http-response add-header Set-Cookie.
func (in *Input) setBy(m method) haproxy.Line {
	if m.px == nil {
		return haproxy.Line{}
	}
	for _, p := range in.View.Config(m.px).Proxies {
		for _, l := range p.Lines {
			if slices.ContainsFunc(l.Words, func(w string) bool { return strings.EqualFold(w, "set-cookie") }) {
				return l
			}
		}
	}
	return haproxy.Line{}
}
