package haproxy

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// names reports proxies, servers and the like that share a name.
func (l *linter) names() {
	type side struct {
		name string
		back bool
	}
	first := map[side]*Proxy{}
	for _, p := range l.cfg.Proxies {
		// A listen is compared as a frontend only.
		q := first[side{p.Name, p.Kind == "backend"}]
		for _, s := range []side{{p.Name, true}, {p.Name, false}} {
			if first[s] == nil && (s.back && p.Backend() || !s.back && p.Frontend()) {
				first[s] = p
			}
		}
		if q != nil && p.Name != "" {
			ln := p.Section.Head
			l.at(ln, fmt.Sprintf("config : Parsing [%s:%d]: %s '%s' has the same name as %s '%s' declared at %s:%d.",
				ln.File, ln.Num, kindWord(p), p.Name, kindWord(q), q.Name, q.File, q.Line), "same_proxy", "name", p.Name, "first", q.Line)
		}
		l.serverNames(p)
	}
	l.sameSections()
}

// maxNames is how many names of a backend are compared.
const maxNames = 10000

func (l *linter) serverNames(p *Proxy) {
	type one struct {
		name string
		line Line
	}
	var all []one
	for _, s := range p.Servers {
		all = append(all, one{s.Name, s.Line})
	}
	for _, t := range p.Templates {
		for i := range t.Count() {
			if len(all) > maxNames {
				break
			}
			all = append(all, one{fmt.Sprintf("%s%d", t.Prefix, t.First+i), t.Server.Line})
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].line.Num < all[j].line.Num })
	first := map[string]int{}
	for _, s := range all {
		n, ok := first[s.name]
		if !ok {
			first[s.name] = s.line.Num
			continue
		}
		l.check(Alert, Checking, s.line, fmt.Sprintf("parsing [%s:%d] : %s '%s', another server named '%s' was already defined at line %d, please use distinct names.",
			s.line.File, s.line.Num, kindWord(p), p.Name, s.name, n), "same_server", "name", s.name, "first", n)
	}
}

func (l *linter) sameSections() {
	seen := map[string]Line{}
	for _, s := range l.cfg.Sections {
		if s.Kind != "resolvers" || s.Name == "" {
			continue
		}
		if first, ok := seen[s.Name]; ok {
			l.at(s.Head, fmt.Sprintf("config : Parsing [%s:%d]: resolvers '%s' has same name as another resolvers (declared at %s:%d).",
				s.Head.File, s.Head.Num, s.Name, first.File, first.Num), "same_proxy", "name", s.Name, "first", first.Num)
		}
		seen[s.Name] = s.Head
		servers := map[string]int{}
		for _, ln := range s.Lines {
			if ln.Words[0] != "nameserver" || len(ln.Words) < 3 {
				continue
			}
			if n, ok := servers[ln.Words[1]]; ok {
				l.at(ln, fmt.Sprintf("config : Parsing [%s:%d]: nameserver '%s' has same name as another nameserver (declared at %s:%d).",
					ln.File, ln.Num, ln.Words[1], ln.File, n), "same_server", "name", ln.Words[1], "first", n)
			}
			servers[ln.Words[1]] = ln.Num
		}
	}
}

// references follows the names from one proxy to another.
func (l *linter) references() {
	for _, p := range l.cfg.Proxies {
		// HAProxy keeps these lines even in a backend, where they do nothing,
		// and refuses what they name.
		target, line := p.DefaultBackend, p.DefaultBackendLine
		var uses []Switch
		if p.Frontend() {
			uses = p.UseBackends
		} else {
			for _, ln := range p.Section.Lines {
				switch {
				case ln.Words[0] == "default_backend" && len(ln.Words) == 2:
					target, line = ln.Words[1], ln
				case ln.Words[0] == "use_backend" && len(ln.Words) > 1:
					uses = append(uses, Switch{Backend: ln.Words[1], Line: ln})
				}
			}
		}
		if target != "" && !line.Env {
			l.target(p, line, "default_backend", target, "as its default backend")
		}
		for _, u := range uses {
			if !u.Dynamic && !u.Line.Env {
				l.target(p, u.Line, "use_backend", u.Backend, "in a 'use_backend' rule")
			}
		}
		l.effective(p)
		for _, ln := range p.Section.Lines {
			if ln.Words[0] == "use-server" && ln.Word(1) != "" && !l.hasServer(p, ln.Words[1]) {
				l.check(Alert, Checking, ln, fmt.Sprintf("%s '%s' : unable to find server '%s' referenced in a 'use-server' rule.", kindWord(p), p.Name, ln.Words[1]),
					"unknown_server", "name", ln.Words[1])
			}
		}
		l.sticky(p)
	}
}

// target checks one reference to a backend.
func (l *linter) target(p *Proxy, ln Line, keyword, name, as string) {
	be := l.cfg.BackendNamed(name)
	switch {
	case be == nil:
		set := l.backendNames()
		key, near := "unknown_backend", set.nearest(name)
		if len(set) == 1 && near == "" {
			for only := range set {
				near = only
			}
		}
		if near != "" {
			key = "unknown_backend_near"
		}
		l.checkOdd(Alert, Checking, ln, fmt.Sprintf("Proxy '%s': unable to find required %s: '%s'.", p.Name, keyword, name), key, "name", name, "near", near, "keyword", keyword)
	case be == p:
		l.check(Alert, Checking, ln, fmt.Sprintf("Proxy '%s': loop detected for %s: '%s'.", p.Name, keyword, name), "loop", "name", name, "keyword", keyword)
	case be.Mode != p.Mode && (p.Mode != "tcp" || be.Mode != "http"):
		l.check(Alert, Checking, ln, fmt.Sprintf("%s %s '%s' (%s:%d) tries to use incompatible %s %s '%s' (%s:%d) %s (see 'mode').",
			p.Mode, kindWord(p), p.Name, p.File, p.Line, be.Mode, kindWord(be), be.Name, be.File, be.Line, as), "mode_clash", "from", p.Name, "mode", p.Mode, "to", be.Name, "other", be.Mode)
	}
}

// backendNames are those that may have been meant; of a great many nobody can
// tell, and the first are looked at.
func (l *linter) backendNames() wordSet {
	if l.backends == nil {
		l.backends = wordSet{}
		for _, q := range l.cfg.Proxies {
			if q.Backend() && len(l.backends) < maxSuggestions {
				l.backends[q.Name] = 0
			}
		}
	}
	return l.backends
}

const maxSuggestions = 200

// sticky checks that a stick rule has its table.
func (l *linter) sticky(p *Proxy) {
	for _, ln := range p.Sticky {
		if table, ok := l.tableOf(p, ln); ln.Words[0] == "stick" && !ok {
			l.check(Alert, Checking, ln, fmt.Sprintf("Proxy '%s': unable to find stick-table '%s'.", p.Name, table), "no_stick_table", "name", table)
		}
	}
	for _, ln := range p.Section.Lines {
		action := ln.Word(1)
		if strings.HasPrefix(ln.Words[0], "tcp-") {
			action = ln.Word(2)
		}
		if !strings.HasPrefix(action, "track-sc") {
			continue
		}
		if table, ok := l.tableOf(p, ln); !ok {
			l.check(Alert, Checking, ln, fmt.Sprintf("Proxy '%s': unable to find table '%s' referenced by %s.", p.Name, table, action), "no_stick_table", "name", table)
		}
	}
}

// tableOf finds the table that a line keeps its counts in; false if there is no
// such table.
func (l *linter) tableOf(p *Proxy, ln Line) (name string, ok bool) {
	name = p.Name
	if i := slices.Index(ln.Words, "table"); i > 0 {
		name = ln.Word(i + 1)
	}
	section, _, _ := strings.Cut(name, "/")
	return name, l.cfg.tables[name] || ln.Env || l.cfg.peers[section]
}

// listeners checks that something listens at all.
func (l *linter) listeners() {
	read := false
	for _, f := range l.cfg.files {
		read = read || f.err == ""
	}
	if !read {
		return
	}
	for _, p := range l.cfg.Proxies {
		if len(p.Binds) > 0 && !p.Disabled {
			return
		}
	}
	for _, s := range l.cfg.Sections {
		if s.Kind == "peers" || s.Kind == "log-forward" {
			return // these listen too
		}
	}
	file := ""
	if len(l.cfg.files) > 0 {
		file = l.cfg.files[0].path
	}
	l.add(Finding{Severity: Alert, Phase: Starting, File: file, Msg: msg("no_listener"),
		Text: noListener})
}

const noListener = "[haproxy.main()] No enabled listener found (check for 'bind' directives) ! Exiting."
