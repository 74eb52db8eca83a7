package haproxy

import (
	"net/netip"
	"slices"
	"strings"
)

// Truth is what is known of a condition before a request is sent.
type Truth int

const (
	Unknown Truth = iota // it depends on what nobody here can tell
	False
	True
)

func truth(b bool) Truth {
	if b {
		return True
	}
	return False
}

func (t Truth) not() Truth {
	switch t {
	case True:
		return False
	case False:
		return True
	}
	return Unknown
}

// ForLoad tells whether a condition holds for the requests of the load: GET /
// over plain HTTP/1.1, to an address rather than a name, from anywhere. ACLs are
// what [ACLsForLoad] tells of the section that the condition stands in; see
// HAProxy's configuration manual, section 7.
func (c Cond) ForLoad(acls map[string]Truth) Truth {
	if c.Kind == "" {
		return True
	}
	t := disjunction(c.Words, acls)
	if c.Kind == "unless" {
		return t.not()
	}
	return t
}

// ACLsForLoad tells which ACLs hold for the requests of the load. Of several
// lines with one name any may hold.
func ACLsForLoad(acls []ACL) map[string]Truth {
	out := map[string]Truth{}
	for _, a := range acls {
		before, ok := out[a.Name]
		if !ok {
			before = False
		}
		out[a.Name] = either(before, criterion(a.Words))
	}
	return out
}

// disjunction is terms, all of which must hold, with "or" between alternatives.
func disjunction(words []string, acls map[string]Truth) Truth {
	if len(words) == 0 {
		return True
	}
	out, all := False, True
	negated := false
	term := func(t Truth) {
		if negated {
			t, negated = t.not(), false
		}
		all = both(all, t)
	}
	for i := 0; i < len(words); i++ {
		w := words[i]
		if w == "or" || w == "||" {
			out, all = either(out, all), True
			continue
		}
		for strings.HasPrefix(w, "!") {
			negated, w = !negated, w[1:]
		}
		switch w {
		case "":
		case "{":
			begin := i + 1
			for i = begin; i < len(words) && words[i] != "}"; i++ {
			}
			term(criterion(words[begin:i]))
		default:
			term(named(w, acls))
		}
	}
	return either(out, all)
}

func both(a, b Truth) Truth {
	switch {
	case a == False || b == False:
		return False
	case a == Unknown || b == Unknown:
		return Unknown
	}
	return True
}

func either(a, b Truth) Truth { return both(a.not(), b.not()).not() }

// named is an ACL by its name: one of the section's, or HAProxy's own.
func named(name string, acls map[string]Truth) Truth {
	if t, ok := acls[name]; ok {
		return t
	}
	switch name {
	case "TRUE", "METH_GET", "HTTP", "HTTP_1.1", "HTTP_URL_SLASH", "WAIT_END":
		return True
	case "FALSE", "METH_CONNECT", "METH_DELETE", "METH_HEAD", "METH_OPTIONS", "METH_POST", "METH_PUT", "METH_TRACE",
		"HTTP_1.0", "HTTP_2.0", "HTTP_CONTENT", "HTTP_URL_ABS", "HTTP_URL_STAR", "RDP_COOKIE":
		return False
	}
	return Unknown
}

// criterion is what an ACL compares, with its patterns.
func criterion(words []string) Truth {
	if len(words) == 0 {
		return Unknown
	}
	fetch, fold, how := words[0], false, "str"
	patterns := words[1:]
	for len(patterns) > 0 && strings.HasPrefix(patterns[0], "-") {
		flag := patterns[0]
		patterns = patterns[1:]
		switch {
		case flag == "-i":
			fold = true
		case flag == "-m" && len(patterns) > 0:
			how, patterns = patterns[0], patterns[1:]
		case flag != "--":
			return Unknown // a file of patterns, or a name
		}
		if flag == "--" {
			break
		}
	}
	base, suffix, _ := strings.Cut(fetch, "_")
	switch {
	case fetch == "always_true" || fetch == "always_false" || fetch == "ssl_fc":
		return boolean(fetch == "always_true", patterns)
	case fetch == "method":
		return matches("GET", how, patterns, fold)
	case (base == "path" || base == "url") && slices.Contains([]string{"beg", "dir", "dom", "end", "len", "reg", "sub"}, suffix):
		return matches("/", suffix, patterns, fold)
	case fetch == "path" || fetch == "url" || fetch == "pathq":
		return matches("/", how, patterns, fold)
	case fetch == "src" && slices.ContainsFunc(patterns, everywhere):
		return True
	case host(fetch) && slices.Contains([]string{"str", "beg", "end", "dom", "dir", "sub"}, how) && !slices.ContainsFunc(patterns, numeric):
		return False // the load names an address, which has no letters
	}
	return Unknown
}

// boolean is a fetch that is true or false; a pattern can only turn it.
func boolean(value bool, patterns []string) Truth {
	if len(patterns) == 0 {
		return truth(value)
	}
	return Unknown
}

// matches compares what the load sends with patterns, any of which may fit.
func matches(value, how string, patterns []string, fold bool) Truth {
	if how == "found" {
		return True
	}
	if len(patterns) == 0 {
		return Unknown
	}
	out := False
	for _, p := range patterns {
		if fold {
			value, p = strings.ToLower(value), strings.ToLower(p)
		}
		switch how {
		case "str":
			out = either(out, truth(value == p))
		case "beg":
			out = either(out, truth(strings.HasPrefix(value, p)))
		case "end":
			out = either(out, truth(strings.HasSuffix(value, p)))
		case "sub":
			out = either(out, truth(strings.Contains(value, p)))
		case "dir", "dom":
			// Between slashes or dots there is nothing to be found in "/".
			if strings.Trim(p, "/.") == "" || value != "/" {
				out = either(out, Unknown)
			}
		default: // expressions and lengths
			out = either(out, Unknown)
		}
	}
	return out
}

// host reports whether a fetch is the request's own Host field.
func host(fetch string) bool {
	name, arg, _ := strings.Cut(strings.ToLower(fetch), "(")
	arg, _, _ = strings.Cut(arg, ")")
	field, _, _ := strings.Cut(arg, ",")
	name, _, _ = strings.Cut(strings.TrimPrefix(name, "req."), "_")
	return (name == "hdr" || name == "fhdr") && field == "host"
}

// numeric reports whether a pattern could be part of an address with a port.
func numeric(pattern string) bool {
	return strings.Trim(pattern, "0123456789.:[]abcdefABCDEF") == ""
}

func everywhere(pattern string) bool {
	p, err := netip.ParsePrefix(pattern)
	return err == nil && p.Bits() == 0 && p.Addr().Is4()
}
