package haproxy

import (
	"fmt"
	"slices"
	"strings"
)

// bind checks the addresses and options of a bind line.
func (l *linter) bind(s *Section, ln Line) {
	if ln.Word(1) == "" {
		l.alert(ln, "'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments.", "no_bind_address")
		return
	}
	binds := parseBind(ln)
	for _, b := range binds {
		if b.Addr.Unix != "" {
			continue
		}
		a := b.Addr
		switch {
		case b.bad.key != "":
			l.alert(ln, "'bind' : "+b.bad.text, b.bad.key, "text", a.Text)
		case a.Offset != 0 || (a.HasPort && a.portText[0] != '0' && a.Low == 0):
			l.alert(ln, "'bind' : port offset not permitted here in '"+a.Text+"'", "bad_port", "text", a.Text)
		case !a.HasPort:
			l.alert(ln, "'bind' : missing port specification in '"+a.Text+"'", "no_port", "text", a.Text)
		case a.Low == 0:
			l.alert(ln, "'bind' : invalid port '"+a.portText+"'", "bad_port", "text", a.Text)
		case a.Named() && (a.NeverResolves() || (l.resolves != nil && !l.resolves(a.Host))):
			l.alert(ln, "'bind' : invalid address: '"+a.Host+"' in '"+a.Text+"'", "bad_host", "text", a.Host)
		default:
			if odd := trailing(a.portText); odd != "" {
				l.warn(ln, "", "port_tail", "text", a.Text, "port", a.Low, "tail", odd)
			}
			continue
		}
		return
	}
	l.bindWords(s, ln, binds)
}

func (l *linter) bindWords(s *Section, ln Line, binds []Bind) {
	known := words("bind")
	ws := ln.From(2)
	crt := false
	for i := 0; i < len(ws); i++ {
		w := ws[i]
		n, ok := known[known.find(w)]
		head := fmt.Sprintf("'bind %s' in section '%s'", ln.Word(1), s.Kind)
		if !ok {
			said := head + ": unknown keyword '" + w + "'"
			if near := known.nearest(w); near != "" {
				said += "; did you mean '" + near + "' maybe ?"
			} else {
				said += "."
			}
			l.alert(ln, said, "unknown_bind_word", "word", w)
			return
		}
		if l.late(ln, "bind", w, head+": unknown keyword '"+w+"'.") {
			return
		}
		if n > 0 && i+1 >= len(ws) {
			l.alert(ln, head+" : '"+w+"' : missing value", "missing_value", "word", w)
			return
		}
		crt = crt || w == "crt" || w == "crt-list" || w == "default-crt" || w == "generate-certificates"
		i += n
	}
	if slices.ContainsFunc(binds, func(b Bind) bool { return b.SSL }) && !crt {
		l.check(Alert, Checking, ln, fmt.Sprintf("Proxy '%s': no SSL certificate specified for bind '%s' at [%s:%d] (use 'crt').", s.Name, ln.Word(1), ln.File, ln.Num), "ssl_no_cert")
	}
}

// trailing is what HAProxy silently drops after the digits of a port.
func trailing(port string) string {
	low, high, isRange := strings.Cut(port, "-")
	if isRange {
		low = high
	}
	return strings.TrimLeft(low, "0123456789")
}

// server checks a server, server-template or default-server line.
func (l *linter) server(s *Section, ln Line) {
	head := fmt.Sprintf("config : [%s:%d] : ", ln.File, ln.Num)
	switch ln.Words[0] {
	case "default-server":
		d := newServer()
		d.options(ln.From(1))
		for _, w := range d.wrong {
			l.at(ln, head+w.text+" Hint: no address was expected for this server.", w.key, "word", w.word)
		}
		return
	case "server":
		if ln.Word(1) == "" || ln.Word(2) == "" {
			if !ln.Env {
				l.at(ln, head+saidServer, "server_no_address")
			}
			return
		}
		if l.badName(ln, "server name", "config : [%s:%d] : ", ln.Word(1)) {
			return
		}
		l.oneServer(s, ln, parseServer(ln, 1, newServer()), ln.Word(1))
	case "server-template":
		if len(ln.Words) < 4 || ln.Word(3) == "" {
			// HAProxy looks at the count before it counts the words.
			if t := parseTemplate(ln, newServer()); t.First == 0 && len(ln.Words) == 3 {
				l.at(ln, head+"Wrong server-template number or range arg '"+ln.Word(2)+"'.", "bad_template", "text", ln.Word(2))
				return
			}
			l.at(ln, head+"'server-template' expects <prefix> <nb | range> <addr>[:<port>] as arguments.", "template_no_address")
			return
		}
		if l.badName(ln, "server-template prefix", "config : [%s:%d] : ", ln.Word(1)) {
			return
		}
		t := parseTemplate(ln, newServer())
		if t.First == 0 {
			l.at(ln, head+"Wrong server-template number or range arg '"+ln.Word(2)+"'.", "bad_template", "text", ln.Word(2))
			return
		}
		l.oneServer(s, ln, t.Server, t.Prefix)
	}
}

func (l *linter) oneServer(s *Section, ln Line, sv Server, name string) {
	head := fmt.Sprintf("config : [%s:%d] : 'server %s/%s' : ", ln.File, ln.Num, s.Name, name)
	if sv.bad.key != "" {
		l.at(ln, head+sv.bad.text, sv.bad.key, "text", sv.Addr.Text)
		return
	}
	if odd := trailing(sv.Addr.portText); odd != "" && sv.Addr.Offset == 0 && isDigit(sv.Addr.portText[0]) {
		l.warn(ln, "", "port_tail", "text", sv.Addr.Text, "port", sv.Addr.Low, "tail", odd)
	}
	for _, w := range sv.wrong {
		l.at(ln, head+w.text, w.key, "word", w.word, "what", w.word)
		return
	}
	for i := 0; i < len(sv.Options); i++ {
		if w := sv.Options[i]; l.late(ln, "server", w, "'server "+s.Name+"/"+name+"' : unknown keyword '"+w+"'.") {
			return
		}
		i += WordsAfter("server", sv.Options[i])
	}
}

// effective checks what depends on default-server too: names that must be
// resolved, ports to check, resolvers.
func (l *linter) effective(p *Proxy) {
	for _, sv := range p.Servers {
		l.effectiveServer(p, sv, sv.Name)
	}
	for _, t := range p.Templates {
		l.effectiveServer(p, t.Server, fmt.Sprintf("%s%d", t.Prefix, t.First))
	}
}

func (l *linter) effectiveServer(p *Proxy, sv Server, name string) {
	ln := sv.Line
	// Word for word what HAProxy says; the second "config" is its own.
	if sv.Check && sv.bad.key == "" && sv.Addr.Unix == "" && sv.Addr.Low == 0 && sv.CheckPort == 0 && sv.Track == "" && !ln.Env && !sv.Addr.Named() {
		l.check(Alert, Checking, ln, fmt.Sprintf("config: %s '%s': server '%s' has neither service port nor check port.", kindWord(p), p.Name, name),
			"no_check_port", "server", name)
	}
	if (sv.SSL || sv.checkSSL) && !sv.verified && !l.trustsServers() {
		l.at(ln, fmt.Sprintf("config : [%s:%d] : 'server %s/%s' : verify is enabled by default but no CA file specified. If you're running on a LAN where you're certain to trust the server's certificate, please set an explicit 'verify none' statement on the 'server' line, or use 'ssl-server-verify none' in the global section to disable server-side verifications by default.",
			ln.File, ln.Num, p.Name, name), "ssl_no_ca")
	}
	if r := sv.Resolvers; r != "" || sv.Option("resolvers") {
		if !slices.ContainsFunc(l.cfg.Resolvers, func(x *Resolvers) bool { return x.Name == r }) && r != "default" {
			l.check(Alert, Checking, ln, fmt.Sprintf("%s '%s', server '%s': unable to find required resolvers '%s'", kindWord(p), p.Name, name, r),
				"unknown_resolvers", "name", r)
		}
	}
	if t := sv.Track; t != "" {
		be, want := p, t
		if b, s, ok := strings.Cut(t, "/"); ok {
			be, want = l.cfg.BackendNamed(b), s
		}
		if be == nil || !l.hasServer(be, want) {
			l.check(Alert, Checking, ln, fmt.Sprintf("[%s:%d] : 'server %s/%s' : unable to find required server '%s' for tracking.", ln.File, ln.Num, p.Name, name, want),
				"unknown_server", "name", t)
		}
	}
	if sv.bad.key != "" || !sv.Addr.Named() || ln.Env {
		return
	}
	never := sv.Addr.NeverResolves()
	known := !never
	if !never && l.resolves != nil {
		known = l.resolves(sv.Addr.Host)
	}
	said := fmt.Sprintf("[%s:%d] : 'server %s/%s' : could not resolve address '%s'", ln.File, ln.Num, p.Name, name, sv.Addr.Host)
	switch {
	case sv.NeedsName() && !known:
		f := "unresolvable"
		l.checkOdd(Alert, Resolving, ln, said+".", f, "host", sv.Addr.Host)
	case sv.NeedsName() && l.resolves == nil:
		l.check(Warning, Resolving, ln, "", "name_needed", "host", sv.Addr.Host)
	case never:
		l.checkOdd(Warning, Resolving, ln, said+", disabling server.", "unresolvable_later", "host", sv.Addr.Host)
	}
}

// trustsServers reports "ssl-server-verify none" in a global section.
func (l *linter) trustsServers() bool {
	for _, s := range l.cfg.Sections {
		if s.Kind != "global" {
			continue
		}
		for _, ln := range s.Lines {
			if ln.Words[0] == "ssl-server-verify" && ln.Word(1) == "none" {
				return true
			}
		}
	}
	return false
}

// checkOdd is check that prefers the explanation of an odd line.
func (l *linter) checkOdd(sev Severity, ph Phase, ln Line, said, key string, args ...any) {
	n := len(l.found)
	l.check(sev, ph, ln, said, key, args...)
	if len(l.found) > n {
		l.found[n].blame(ln)
	}
}

func (l *linter) hasServer(p *Proxy, name string) bool {
	names, ok := l.slots[p]
	if !ok {
		names = map[string]bool{}
		for _, s := range p.Servers {
			names[s.Name] = true
		}
		if l.slots == nil {
			l.slots = map[*Proxy]map[string]bool{}
		}
		l.slots[p] = names
	}
	if names[name] {
		return true
	}
	for _, t := range p.Templates {
		if n, ok := strings.CutPrefix(name, t.Prefix); ok && n != "" && strings.Trim(n, "0123456789") == "" {
			if i := atoi(n); i >= t.First && i <= t.Last && n[0] != '0' {
				return true
			}
		}
	}
	return false
}

// kindWord is HAProxy's word for a proxy in its messages.
func kindWord(p *Proxy) string {
	if p.Kind == "listen" {
		return "proxy"
	}
	return p.Kind
}
