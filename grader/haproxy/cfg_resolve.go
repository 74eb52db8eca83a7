package haproxy

import (
	"slices"
	"strings"
	"time"
)

// resolve joins sections with their defaults and builds the proxies.
func (c *Config) resolve() {
	c.byName, c.tables, c.peers = map[string][]*Proxy{}, map[string]bool{}, map[string]bool{}
	var last *Section // the defaults in force for what follows
	named, used := map[string]*Section{}, map[string]*Section{}
	spent := 0
	for _, s := range c.Sections {
		switch s.Kind {
		case "defaults", "frontend", "backend", "listen":
		case "resolvers":
			c.Resolvers = append(c.Resolvers, newResolvers(s))
			continue
		case "peers":
			c.peers[s.Name] = true
			continue
		default:
			continue
		}
		switch {
		case s.Base != "":
			if s.Defaults = named[s.Base]; s.Defaults != nil && used[s.Base] == nil {
				used[s.Base] = s.Defaults
			}
		case s.Kind != "defaults":
			s.Defaults = last
		}
		if s.Kind == "defaults" {
			last = s // even a named one is used implicitly
			named[s.Name], s.twin = s, used[s.Name]
			s.flatten()
			continue
		}
		inherit := s.inherited()
		if spent += len(inherit); spent > maxInheritedAll {
			inherit = nil
		}
		p := newProxy(s, inherit)
		c.Proxies = append(c.Proxies, p)
		c.byName[p.Name] = append(c.byName[p.Name], p)
		c.tables[p.Name] = c.tables[p.Name] || slices.ContainsFunc(s.Lines, func(l Line) bool { return l.Words[0] == "stick-table" })
	}
}

// inherited are the lines of the defaults of s, the outermost first.
func (s *Section) inherited() []Line {
	if s.Defaults == nil {
		return nil
	}
	return s.Defaults.effective
}

// flatten joins a defaults section with those that it builds upon. Each refers
// only to earlier ones, which are flat already.
func (s *Section) flatten() {
	base := s.inherited()
	if len(base)+len(s.Lines) > maxInherited {
		base = nil
	}
	s.effective = append(append([]Line(nil), base...), s.Lines...)
}

// Bounds on what a hostile file may multiply: lines of one chain of defaults,
// and lines inherited by all proxies together.
const (
	maxInherited    = 5000
	maxInheritedAll = 200000
)

type builder struct {
	*Proxy
	defServer Server
}

func newProxy(s *Section, inherit []Line) *Proxy {
	p := &Proxy{Kind: s.Kind, Name: s.Name, File: s.Head.File, Line: s.Head.Num, Section: s,
		Mode: "tcp", Retries: 3, Options: map[string]Option{}, Timeouts: map[string]time.Duration{}}
	b := builder{Proxy: p, defServer: newServer()}
	for _, l := range inherit {
		switch l.Words[0] {
		case "bind", "server", "server-template", "use_backend", "disabled", "enabled":
			continue // HAProxy refuses them in defaults
		}
		b.apply(l)
	}
	for _, l := range s.Lines {
		b.apply(l)
	}
	return p
}

func (p *builder) apply(l Line) {
	p.Lines = append(p.Lines, l)
	fe, be := p.Frontend(), p.Backend()
	switch l.Words[0] {
	case "mode":
		p.Mode, p.ModeLine = l.Word(1), l
	case "disabled":
		p.Disabled = true
	case "enabled":
		p.Disabled = false
	case "bind":
		if fe {
			p.Binds = append(p.Binds, parseBind(l)...)
		}
	case "server":
		if be && len(l.Words) > 2 {
			p.Servers = append(p.Servers, parseServer(l, 1, p.defServer))
		}
	case "server-template":
		if be && len(l.Words) > 3 {
			p.Templates = append(p.Templates, parseTemplate(l, p.defServer))
		}
	case "default-server":
		p.defServer.options(l.From(1))
	case "balance":
		if be {
			p.Balance = parseBalance(l)
		}
	case "default_backend":
		if fe {
			p.DefaultBackend, p.DefaultBackendLine = l.Word(1), l
		}
	case "use_backend":
		if fe && len(l.Words) > 1 {
			cond, _ := splitCond(l.From(2))
			p.UseBackends = append(p.UseBackends, Switch{Backend: l.Words[1], Cond: cond, Line: l,
				Dynamic: strings.Contains(l.Words[1], "%[")})
		}
	case "acl":
		if len(l.Words) > 1 {
			p.ACLs = append(p.ACLs, ACL{Name: l.Words[1], Words: l.From(2), Line: l})
		}
	case "cookie":
		if be {
			p.Cookie = parseCookie(l)
		}
	case "dynamic-cookie-key":
		if be {
			p.DynamicCookieKey = l.Word(1)
		}
	case "http-reuse":
		if be {
			p.HTTPReuse = l.Word(1)
		}
	case "option":
		p.option(l.Word(1), l.From(2), l)
	case "no":
		if l.Word(1) == "option" {
			delete(p.Options, l.Word(2))
		}
	case "default":
		if l.Word(1) == "option" {
			delete(p.Options, l.Word(2))
		}
	case "stats":
		p.stats(l)
	case "timeout":
		if d, ok := sloppyTime(l.Word(2), time.Millisecond); ok {
			p.Timeouts[l.Word(1)] = d
		}
	case "retries":
		if be {
			p.Retries = atoi(l.Word(1))
		}
	case "redirect", "http-request":
		p.Rules = append(p.Rules, RuleOf(l))
	case "monitor-uri":
		if fe {
			p.Monitor = l.Word(1)
		}
	case "stick", "stick-table":
		if be {
			p.Sticky = append(p.Sticky, l)
		}
	}
}

// RuleOf reads a rule about requests or responses; other lines have no action.
func RuleOf(l Line) Rule {
	r := Rule{Keyword: l.Word(0), Line: l}
	switch r.Keyword {
	case "redirect":
		r.Action = "redirect"
		r.Args, r.Cond = cutCond(l.From(1))
	case "http-request", "http-response", "http-after-response":
		r.Action = l.Word(1)
		r.Args, r.Cond = cutCond(l.From(2))
	case "tcp-request", "tcp-response":
		r.Action = l.Word(2)
		r.Args, r.Cond = cutCond(l.From(3))
	}
	return r
}

// option turns one on; the three about connections replace each other.
func (p *builder) option(name string, args []string, l Line) {
	modes := []string{"httpclose", "http-server-close", "http-keep-alive"}
	if slices.Contains(modes, name) {
		for _, m := range modes {
			delete(p.Options, m)
		}
	}
	checks := []string{"httpchk", "tcp-check", "ssl-hello-chk", "smtpchk", "mysql-check", "pgsql-check", "redis-check", "ldap-check", "spop-check", "external-check"}
	if slices.Contains(checks, name) {
		for _, m := range checks {
			delete(p.Options, m)
		}
	}
	if name != "" {
		p.Options[name] = Option{Args: args, Line: l}
	}
}

func (p *builder) stats(l Line) {
	p.Stats.Line = l
	switch l.Word(1) {
	case "uri":
		p.Stats.URI = l.Word(2)
	case "refresh":
		p.Stats.Refresh, _ = parseTime(l.Word(2), time.Second)
	case "show-legends":
		p.Stats.Legends = true
	case "auth":
		p.Stats.Auth = append(p.Stats.Auth, l.Word(2))
	}
	p.Stats.Enabled = true
}

// splitCond reads "if …" or "unless …" at the start of ws; rest is what stands
// there instead.
func splitCond(ws []string) (c Cond, rest []string) {
	if len(ws) == 0 {
		return Cond{}, nil
	}
	if ws[0] == "if" || ws[0] == "unless" {
		return Cond{Kind: ws[0], Words: ws[1:]}, nil
	}
	return Cond{}, ws
}

// cutCond finds the condition at the end of a rule.
func cutCond(ws []string) ([]string, Cond) {
	for i, w := range ws {
		if w == "if" || w == "unless" {
			return ws[:i], Cond{Kind: w, Words: ws[i+1:]}
		}
	}
	return ws, Cond{}
}

// Lag is how long servers that are looked up while HAProxy runs may stay behind what DNS
// says: the time for which an answer is taken for valid, that for which an address which
// is gone is kept, and one more look. 0 if no section says how names are looked up. See
// "hold" and "timeout resolve" in HAProxy's configuration manual.
func (c *Config) Lag() time.Duration {
	var most time.Duration
	for _, r := range c.Resolvers {
		most = max(most, r.Hold["valid"]+r.Hold["obsolete"]+r.Resolve)
	}
	return most
}
