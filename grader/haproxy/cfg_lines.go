package haproxy

import (
	"strings"
	"time"
)

func parseBalance(l Line) Balance {
	b := Balance{Line: l, Args: l.From(2)}
	b.Algorithm = l.Word(1)
	if name, arg, ok := strings.Cut(b.Algorithm, "("); ok {
		b.Algorithm, b.Arg = name, strings.TrimSuffix(arg, ")")
	}
	if b.Algorithm == "" {
		b.Algorithm = "roundrobin" // a bare "balance" means that, in every version
	}
	return b
}

func parseBind(l Line) []Bind {
	proto := Bind{Line: l, Words: l.From(2)}
	for _, w := range proto.Words {
		switch w {
		case "ssl":
			proto.SSL = true
		case "v4v6":
			proto.V4V6 = true
		case "v6only":
			proto.V6Only = true
		}
	}
	var out []Bind
	for _, text := range strings.Split(l.Word(1), ",") {
		if text == "" && len(out) > 0 {
			continue
		}
		b := proto
		b.Addr, b.bad = parseAddr(text)
		out = append(out, b)
	}
	return out
}

func parseCookie(l Line) *Cookie {
	c := &Cookie{Name: l.Word(1), Line: l}
	ws := l.From(2)
	for i := 0; i < len(ws); i++ {
		arg := ""
		if i+1 < len(ws) {
			arg = ws[i+1]
		}
		switch ws[i] {
		case "rewrite":
			c.Rewrite = true
		case "insert":
			c.Insert = true
		case "prefix":
			c.Prefix = true
		case "indirect":
			c.Indirect = true
		case "nocache":
			c.Nocache = true
		case "postonly":
			c.Postonly = true
		case "preserve":
			c.Preserve = true
		case "dynamic":
			c.Dynamic = true
		case "httponly":
			c.HTTPOnly = true
		case "secure":
			c.Secure = true
		case "domain":
			c.Domains = append(c.Domains, arg)
			i++
		case "attr":
			c.Attrs = append(c.Attrs, arg)
			i++
		case "maxidle":
			c.MaxIdle, _ = parseTime(arg, time.Second)
			i++
		case "maxlife":
			c.MaxLife, _ = parseTime(arg, time.Second)
			i++
		}
	}
	return c
}

func newResolvers(s *Section) *Resolvers {
	r := &Resolvers{Name: s.Name, Line: s.Head, Retries: 3, Resolve: time.Second, Retry: time.Second,
		Hold: map[string]time.Duration{"valid": 10 * time.Second, "nx": 30 * time.Second, "timeout": 30 * time.Second,
			"refused": 30 * time.Second, "other": 30 * time.Second, "obsolete": 0}}
	for _, l := range s.Lines {
		d, ok := parseTime(l.Word(2), time.Millisecond)
		switch l.Words[0] {
		case "nameserver":
			r.Nameservers = append(r.Nameservers, l)
		case "parse-resolv-conf":
			r.ParseConf = true
		case "resolve_retries":
			r.Retries = atoi(l.Word(1))
		case "hold":
			if ok {
				r.Hold[l.Word(1)] = d
				if l.Word(1) == "obsolete" {
					r.Obsolete = &l
				}
			}
		case "timeout":
			if ok && l.Word(1) == "resolve" {
				r.Resolve = d
			} else if ok && l.Word(1) == "retry" {
				r.Retry = d
			}
		}
	}
	return r
}
