package haproxy

import (
	"strings"

	"swarmgrade/grader/evidence"
)

// HostFor is a host name with which requests to a port are led to servers, where
// those without one are led to none: the first that a use_backend line asks for
// that has to be a plain host name, since it is sent. It is "" where the address
// will do, or where no name is found.
func (c *Config) HostFor(port int) string {
	host := ""
	for _, p := range c.Proxies {
		listens := false
		for _, b := range p.Binds {
			listens = listens || b.Covers(port)
		}
		if !listens || !p.Frontend() || p.Disabled {
			continue
		}
		var r Route
		c.follow(p, &r)
		if len(r.Always) > 0 || r.Dynamic {
			return ""
		}
		for _, u := range p.UseBackends {
			be := c.BackendNamed(u.Backend)
			if host == "" && be != nil && len(be.Servers)+len(be.Templates) > 0 {
				host = hostAsked(u.Cond, p.ACLs)
			}
		}
	}
	return host
}

// hostAsked is the first host name that a condition asks for.
func hostAsked(cond Cond, acls []ACL) string {
	if cond.Kind != "if" {
		return ""
	}
	for i := 0; i < len(cond.Words); i++ {
		w := cond.Words[i]
		no := strings.HasPrefix(w, "!")
		if strings.TrimPrefix(w, "!") != "{" {
			for _, a := range acls {
				if host := hostIn(a.Words); !no && a.Name == w && host != "" {
					return host
				}
			}
			continue
		}
		from := i + 1
		for i < len(cond.Words) && cond.Words[i] != "}" {
			i++
		}
		if host := hostIn(cond.Words[from:i]); !no && host != "" {
			return host
		}
	}
	return ""
}

// hostIn is the first plain host name among the values that a criterion on the
// Host header is compared with. What is compared with its beginning or end is
// equal to it too.
func hostIn(words []string) string {
	if len(words) == 0 {
		return ""
	}
	name, arg, _ := strings.Cut(strings.ToLower(words[0]), "(")
	name = strings.TrimPrefix(name, "req.")
	switch name {
	case "hdr", "hdr_beg", "hdr_dom", "hdr_end", "hdr_sub", "hdr_str":
	default:
		return ""
	}
	if arg != "host)" {
		return ""
	}
	values := words[1:]
	for len(values) > 0 && strings.HasPrefix(values[0], "-") {
		switch values[0] {
		case "-i":
			values = values[1:]
		case "-m":
			if len(values) < 2 || values[1] != "str" && values[1] != "beg" && values[1] != "dom" && values[1] != "end" && values[1] != "sub" {
				return ""
			}
			values = values[2:]
		case "--":
			values = values[1:]
		default:
			return "" // a file, or something unknown
		}
	}
	for _, v := range values {
		if evidence.PlainHost(v) {
			return v
		}
	}
	return ""
}
