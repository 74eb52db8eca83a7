package check

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
)

// method is how a HAProxy keeps its clients, as its configuration has it.
type method struct {
	px   *evidence.Proxy
	port string
	be   *haproxy.Proxy // the backend that it is about, nil if there is none
	// lines are those in force of it and of the frontends before it.
	lines []haproxy.Line
	// name is "insert", "prefix", "rewrite", "passive", "dynamic", "dynamic-no-key",
	// "no-value" (a server has none), "tcp" (where no cookie is read), "stick-table",
	// "source", "none", or "" where no configuration is known.
	name string
}

// methodOf finds it behind a published port: of several backends the first that
// keeps clients in some way.
func (in *Input) methodOf(port string) method {
	m := method{px: in.View.Proxy(), port: port}
	if m.px == nil {
		return m
	}
	for _, b := range in.View.Route(m.px, port).Binds {
		m.lines = append(m.lines, b.Proxy.Lines...)
	}
	for _, be := range in.View.Backends(m.px, port) {
		m.lines = append(m.lines, be.Lines...)
		if len(be.Servers)+len(be.Templates) == 0 {
			continue
		}
		if name := keeps(be); m.be == nil || m.name == "none" {
			m.be, m.name = be, name
		}
	}
	return m
}

func keeps(be *haproxy.Proxy) string {
	c := be.Cookie
	sourced := be.Balance.Algorithm == "source"
	switch {
	case c == nil && sourced, c == nil && slices.ContainsFunc(be.Sticky, bySource):
		return "source"
	case c == nil && slices.ContainsFunc(be.Sticky, func(l haproxy.Line) bool { return l.Word(0) == "stick" }):
		return "stick-table"
	case c == nil:
		return "none"
	case be.Mode != "http":
		return "tcp"
	}
	valued, bare := false, false
	count := func(s haproxy.Server) {
		valued = valued || s.Cookie != ""
		bare = bare || s.Cookie == "" && !s.Disabled && !s.Backup
	}
	for _, s := range be.Servers {
		count(s)
	}
	for _, t := range be.Templates {
		count(t.Server)
	}
	switch {
	case c.Dynamic && be.DynamicCookieKey == "" && bare:
		return "dynamic-no-key"
	case !c.Dynamic && bare:
		return "no-value"
	case c.Prefix:
		return "prefix"
	case c.Rewrite:
		return "rewrite"
	case !c.Insert:
		return "passive"
	case c.Dynamic && !valued:
		return "dynamic"
	}
	return "insert"
}

// bySource reports whether a line keeps clients by their address.
func bySource(l haproxy.Line) bool {
	return l.Word(0) == "stick" && (l.Word(1) == "on" || l.Word(1) == "match" || l.Word(1) == "store-request") && strings.HasPrefix(l.Word(2), "src")
}

// words says a method as the configuration does; empty where none is known.
func (m method) words() i18n.Msg {
	switch {
	case m.be != nil && m.be.Cookie != nil:
		return i18n.M("check.sticky_how", "line", m.be.Cookie.Line.Num, "text", clip(strings.TrimSpace(m.be.Cookie.Line.Text), 80))
	case m.name == "stick-table":
		return i18n.M("check.sticky_how_table")
	}
	return i18n.M("check.sticky_how_other")
}

// ruling is the line that decides by the values of cookies where a request goes, with
// what is said of it.
type ruling struct {
	line  haproxy.Line // zero if there is none
	words i18n.Msg
}

// by finds the first line that leads elsewhere, or refuses, by a cookie.
func (m method) by() ruling {
	named := map[string]bool{} // ACLs that look at cookies
	for _, l := range m.lines {
		cooks := slices.ContainsFunc(l.Words, func(w string) bool { return strings.Contains(w, "cook(") || strings.Contains(w, "hdr(cookie)") })
		if l.Word(0) == "acl" && cooks {
			named[l.Word(1)] = true
		}
		if !slices.Contains([]string{"use_backend", "use-server", "http-request", "redirect"}, l.Word(0)) {
			continue
		}
		if cooks || slices.ContainsFunc(l.Words, func(w string) bool { return named[strings.TrimPrefix(w, "!")] }) {
			return ruling{l, i18n.M("check.sticky_how", "line", l.Num, "text", clip(strings.TrimSpace(l.Text), 80))}
		}
	}
	return ruling{words: m.words()}
}

// unfixed is what has requests with an unknown cookie balanced anew.
func (in *Input) unfixed(m method) i18n.Msg {
	if by := m.by(); by.line.Num > 0 {
		return in.mend(m.px, []edit{{by.line, "delete", ""}})
	}
	return in.stick(m)
}

// allOne says that everybody comes to one container.
func (in *Input) allOne(m method, n, containers int) i18n.Msg {
	switch {
	case m.be != nil && m.be.Balance.Algorithm == "source": // beside a cookie too
		return i18n.M("check.sticky_source", "line", m.be.Balance.Line.Num, "text", clip(strings.TrimSpace(m.be.Balance.Line.Text), 80))
	case m.name == "source":
		i := slices.IndexFunc(m.be.Sticky, bySource)
		return i18n.M("check.sticky_source", "line", m.be.Sticky[i].Num, "text", clip(strings.TrimSpace(m.be.Sticky[i].Text), 80))
	}
	return i18n.M("check.sticky_one", "n", n, "containers", containers)
}

// loose says why clients are not kept by a cookie: what the answers show first, and
// which line of the configuration does it.
func (in *Input) loose(m method, c *clients) i18n.Msg {
	name, line, text := "", 0, ""
	if m.be != nil && m.be.Cookie != nil {
		name, line, text = m.be.Cookie.Name, m.be.Cookie.Line.Num, clip(strings.TrimSpace(m.be.Cookie.Line.Text), 80)
	}
	// What is said of the balancer's own cookie goes before others'.
	sets := slices.Clone(c.sets)
	if own := slices.DeleteFunc(slices.Clone(sets), func(s evidence.SetCookie) bool { return s.Name != name }); len(own) > 0 {
		sets = own
	}
	all := func(is func(s evidence.SetCookie) bool) bool {
		return len(sets) > 0 && !slices.ContainsFunc(sets, func(s evidence.SetCookie) bool { return !is(s) })
	}
	expired := all(func(s evidence.SetCookie) bool { return s.Refused == "expired" })
	cookie := ""
	if len(sets) > 0 {
		cookie = clip(sets[0].Name, 40)
	}
	switch {
	case m.name == "dynamic-no-key" && (expired || len(sets) == 0):
		return i18n.M("check.sticky_no_key", "cookie", name, "line", line, "text", text)
	case m.name == "no-value" && (expired || c.stray != nil || len(sets) == 0):
		return i18n.M("check.sticky_no_value", "cookie", name, "server", clip(bareServer(m.be), 40), "line", line, "text", text)
	case m.name == "tcp":
		return i18n.M("check.sticky_tcp", "line", line, "text", text)
	case len(sets) == 0 && m.be != nil && m.be.Cookie != nil && m.be.Cookie.Insert && m.be.Cookie.Postonly:
		return i18n.M("check.sticky_postonly", "line", line, "text", text)
	case (len(sets) == 0 || !slices.ContainsFunc(sets, func(s evidence.SetCookie) bool { return s.Name == name })) &&
		slices.Contains([]string{"prefix", "rewrite", "passive"}, m.name):
		return i18n.M("check.sticky_app", "cookie", name, "line", line, "text", text)
	case len(sets) == 0 && (m.name == "source" || m.name == "stick-table"):
		return i18n.M("check.sticky_other", "how", map[string]string{"source": "balance source", "stick-table": "stick-table"}[m.name])
	case len(sets) == 0:
		return i18n.M("check.sticky_none")
	case expired:
		return i18n.M("check.sticky_expired", "cookie", cookie)
	case all(func(s evidence.SetCookie) bool { return s.Refused != "" }):
		why := i18n.M("check.sticky_refused_"+sets[0].Refused, "attributes", clip(sets[0].Attributes, 80))
		return i18n.M("check.sticky_refused", "cookie", cookie, "why", why)
	case c.stray == nil:
		return i18n.M("check.sticky_none")
	}
	return i18n.M("check.sticky_strays", "client", c.stray.client, "request", c.stray.request, "stuck", c.stuck, "clients", c.kept,
		"from", short(c.stray.from), "to", short(c.stray.to), "cookie", cookie)
}

// bareServer is the first server that has no cookie value.
func bareServer(be *haproxy.Proxy) string {
	for _, s := range be.Servers {
		if s.Cookie == "" && !s.Disabled && !s.Backup {
			return s.Name
		}
	}
	for _, t := range be.Templates {
		if t.Server.Cookie == "" {
			return t.Prefix
		}
	}
	return ""
}

// stickyName and stickyKey are those of the hints: a student takes any.
const (
	stickyName = "SRVID"
	stickyKey  = "pick-a-secret-word"
)

// stick are the edits after which clients are kept by a cookie whose values are
// hashes, and by nothing else.
func (in *Input) stick(m method) i18n.Msg {
	if m.px == nil {
		return i18n.M("check.mend_later")
	}
	if m.be == nil {
		return in.mend(m.px, nil)
	}
	be, head := m.be, m.be.Section.Head
	var out []edit
	name := stickyName
	if be.Cookie != nil {
		name = be.Cookie.Name
	}
	text := "cookie " + written([]string{name}) + " insert indirect nocache dynamic"
	switch c := be.Cookie; {
	case c == nil:
		out = append(out, edit{head, "add", text})
	case m.name == "dynamic-no-key" && c.Insert && len(c.Domains) == 0 && !c.Secure && !c.Postonly:
		// The key alone is missing.
	case written(c.Line.Words) != text:
		out = append(out, edit{c.Line, "line", text})
	}
	if be.DynamicCookieKey == "" {
		at := head
		if be.Cookie != nil && slices.ContainsFunc(be.Section.Lines, func(l haproxy.Line) bool { return l.Num == be.Cookie.Line.Num }) {
			at = be.Cookie.Line
		}
		out = append(out, edit{at, "add", "dynamic-cookie-key " + stickyKey})
	}
	if a := be.Balance.Algorithm; a != "" && !inTurn(a) {
		out = append(out, edit{be.Balance.Line, "line", "balance roundrobin"})
	}
	for _, l := range be.Sticky {
		out = append(out, edit{l, "delete", ""})
	}
	if m.name == "tcp" {
		if be.ModeLine.Num > 0 {
			out = append(out, edit{be.ModeLine, "line", "mode http"})
		} else {
			out = append(out, edit{head, "add", "mode http"})
		}
	}
	for _, s := range sight.ServersOf(be) {
		if text := withoutWord(s.Line, "cookie", 1); s.Cookie != "" && text != written(s.Line.Words) {
			out = append(out, edit{s.Line, "line", text})
		}
	}
	switch {
	case len(out) == 0:
		return steps(in.reload(m.px, ""))
	case be.DynamicCookieKey == "":
		return steps(i18n.M("check.sticky_key_hint", "word", stickyKey), in.mend(m.px, out))
	}
	return in.mend(m.px, out)
}

// short is a task's container as engines show it.
func short(t *evidence.Task) string { return t.ContainerID[:min(len(t.ContainerID), 12)] }
