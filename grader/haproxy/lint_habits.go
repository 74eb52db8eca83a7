package haproxy

import (
	"fmt"
	"strings"

	"swarmgrade/grader/i18n"
)

func msg(key string, args ...any) i18n.Msg { return i18n.M("haproxy."+key, args...) }

// habits reports what HAProxy accepts and a student probably did not mean.
func (l *linter) habits() {
	ports := map[int]Line{}
	for _, p := range l.cfg.Proxies {
		head := p.Section.Head
		if p.Frontend() {
			if len(p.Binds) == 0 {
				l.check(Warning, Checking, head, fmt.Sprintf("%s '%s' has no 'bind' directive. Please declare it as a backend if this was intended.", kindWord(p), p.Name),
					"no_bind", "name", p.Name)
			}
			l.sharedPorts(p, ports)
		}
		switch p.Kind {
		case "frontend":
			if p.DefaultBackend == "" && len(p.UseBackends) == 0 && !answersItself(p) {
				l.check(Warning, Checking, head, "", "no_backend", "name", p.Name)
			}
		case "backend":
			if len(p.Servers)+len(p.Templates) == 0 && !answersItself(p) {
				l.check(Warning, Checking, head, "", "no_servers", "name", p.Name)
			}
		case "listen":
			if len(p.Servers)+len(p.Templates) == 0 && p.DefaultBackend == "" && !answersItself(p) {
				l.check(Warning, Checking, head, "", "no_servers", "name", p.Name)
			}
		}
		l.tcpMode(p)
		l.timeouts(p)
		if c := p.Cookie; c != nil && c.Dynamic && p.DynamicCookieKey == "" {
			l.check(Warning, Checking, c.Line, "", "dynamic_no_key", "name", c.Name)
		}
		if c := p.Cookie; c != nil && !c.Dynamic && p.Mode == "http" {
			for _, s := range p.Servers {
				if s.Cookie == "" {
					l.check(Warning, Checking, s.Line, "", "cookie_no_value", "server", s.Name)
					break
				}
			}
		}
	}
	for _, s := range l.cfg.Sections {
		for _, ln := range s.Lines {
			switch {
			case len(ln.Unset) > 0:
				l.add(Finding{Severity: Warning, Phase: Reading, File: ln.File, Line: ln.Num, Unset: ln.Unset[0], Msg: msg("env_unset", "name", ln.Unset[0])})
			case ln.Env && (s.Kind == "backend" || s.Kind == "listen"):
				l.warn(ln, "", "env", "text", envName(ln))
			}
		}
	}
}

func envName(ln Line) string {
	for _, w := range ln.Words {
		if i := strings.IndexByte(w, '$'); i >= 0 {
			return w[i:]
		}
	}
	return "$"
}

func answersItself(p *Proxy) bool {
	if p.Stats.Enabled {
		return true
	}
	for _, r := range p.Rules {
		if r.Answers() {
			return true
		}
	}
	for _, ln := range p.Lines {
		if Lookup("proxy", ln.Words[0]).Is("answers") {
			return true
		}
	}
	return false
}

// sharedPorts: HAProxy opens both with SO_REUSEPORT, and the kernel spreads
// connections over them.
func (l *linter) sharedPorts(p *Proxy, ports map[int]Line) {
	for _, b := range p.Binds {
		if b.Addr.Unix != "" || b.Addr.Low == 0 {
			continue
		}
		if first, ok := ports[b.Addr.Low]; ok {
			l.check(Warning, Checking, b.Line, "", "same_port", "port", b.Addr.Low, "first", first.Num)
			continue
		}
		ports[b.Addr.Low] = b.Line
	}
}

// tcpMode: without "mode http" a proxy passes bytes and ignores what HTTP asks.
func (l *linter) tcpMode(p *Proxy) {
	if p.Mode != "tcp" {
		return
	}
	if p.ModeLine.Num == 0 {
		l.check(Warning, Checking, p.Section.Head, "", "no_mode", "name", p.Name)
	}
	for _, d := range Vocabulary("option") {
		name := d.Name
		if o, ok := p.Options[name]; ok && d.Is("http") {
			l.check(Warning, Checking, o.Line, fmt.Sprintf("'option %s' ignored for %s '%s' as it requires HTTP mode.", name, kindWord(p), p.Name),
				"http_only", "word", "option "+name, "name", p.Name)
		}
	}
	if p.Cookie != nil {
		l.check(Warning, Checking, p.Cookie.Line, fmt.Sprintf("cookie will be ignored for %s '%s' (needs 'mode http').", kindWord(p), p.Name), "http_only", "word", "cookie", "name", p.Name)
	}
	if len(p.Rules) > 0 {
		l.check(Warning, Checking, p.Rules[0].Line, fmt.Sprintf("'%s' rules ignored for %s '%s' as they require HTTP mode.", p.Rules[0].Keyword, kindWord(p), p.Name),
			"http_only", "word", p.Rules[0].Keyword, "name", p.Name)
	}
}

func (l *linter) timeouts(p *Proxy) {
	var missing []string
	if p.Frontend() && p.Timeouts["client"] == 0 {
		missing = append(missing, "client")
	}
	if p.Backend() && len(p.Servers)+len(p.Templates) > 0 {
		for _, t := range []string{"connect", "server"} {
			if p.Timeouts[t] == 0 {
				missing = append(missing, t)
			}
		}
	}
	if len(missing) == 0 || (p.Frontend() && len(p.Binds) == 0) {
		return
	}
	l.check(Warning, Checking, p.Section.Head, fmt.Sprintf("missing timeouts for %s '%s'.\n"+
		"   | While not properly invalid, you will certainly encounter various problems\n"+
		"   | with such a configuration. To fix this, please ensure that all following\n"+
		"   | timeouts are set to a non-zero value: 'client', 'connect', 'server'.", kindWord(p), p.Name), "no_timeouts", "name", p.Name, "which", missing)
}
