package haproxy

import (
	"fmt"
	"slices"
	"strings"
)

// section checks the keywords of one section.
func (l *linter) section(s *Section) {
	l.head(s)
	l.acls, l.inherited = map[string]bool{}, l.defaultACLs(s.Defaults)
	for _, ln := range s.Lines {
		switch s.Kind {
		case "defaults", "frontend", "backend", "listen":
			l.proxyLine(s, ln)
		case "global":
			l.globalLine(ln)
		case "resolvers":
			if l.known(ln, "resolvers") {
				l.resolverLine(ln)
			}
		case "userlist":
			if !words("userlist").has(ln.Words[0]) {
				l.at(ln, fmt.Sprintf("config : parsing [%s:%d]: unknown keyword '%s' in 'users' section", ln.File, ln.Num, ln.Words[0]),
					"unknown_keyword", "word", ln.Words[0], "section", s.Kind)
			}
		case "peers", "mailers", "program", "http-errors", "cache", "ring":
			l.known(ln, s.Kind)
		}
	}
}

// defaultACLs are the acls that a defaults section hands down.
func (l *linter) defaultACLs(d *Section) map[string]bool {
	if d == nil {
		return nil
	}
	names, ok := l.handed[d]
	if !ok {
		names = map[string]bool{}
		for _, ln := range d.effective {
			if ln.Words[0] == "acl" {
				names[ln.Word(1)] = true
			}
		}
		if l.handed == nil {
			l.handed = map[*Section]map[string]bool{}
		}
		l.handed[d] = names
	}
	return names
}

// head checks the line that opens a section.
func (l *linter) head(s *Section) {
	ln := s.Head
	if l.late(ln, "sections", s.Kind, fmt.Sprintf("unknown keyword '%s' out of section.", s.Kind)) {
		return
	}
	switch s.Kind {
	case "frontend", "backend", "listen":
		if s.Name == "" {
			l.alert(ln, "'"+s.Kind+"' expects an <id> argument", "no_name", "section", s.Kind)
			return
		}
		l.badName(ln, s.Kind+"' name", "config : parsing [%s:%d] : ", s.Name)
		if third := ln.Word(2); third != "" && s.Base == "" && strings.ContainsAny(third, ":/@") || third == "from" && s.Base == "" {
			l.alert(ln, "please use the 'bind' keyword for listening addresses.", "bind_on_head", "section", s.Kind, "name", s.Name)
		}
		fallthrough
	case "defaults":
		if s.Base != "" && s.Defaults == nil {
			l.alert(ln, fmt.Sprintf("defaults section '%s' not found for %s '%s'.", s.Base, s.Kind, s.Name), "unknown_defaults", "name", s.Base)
		}
		if first := l.ambiguous(s); first != nil {
			l.alert(ln, fmt.Sprintf("ambiguous defaults section name '%s' referenced by %s '%s' exists at least at %s:%d and %s:%d.",
				s.Base, s.Kind, s.Name, first.Head.File, first.Head.Num, s.Defaults.Head.File, s.Defaults.Head.Num), "same_proxy", "name", s.Base, "first", first.Head.Num)
		}
	case "resolvers":
		if s.Name == "" {
			l.alert(ln, "missing name for resolvers section.", "no_name", "section", s.Kind)
		}
	}
}

// ambiguous finds an earlier defaults section of the name that s inherits from.
// HAProxy forgets one that nothing referred to before the next of its name.
func (l *linter) ambiguous(s *Section) *Section {
	if s.Defaults == nil || s.Base == "" {
		return nil
	}
	return s.Defaults.twin
}

// badName reports a character that no name may have.
func (l *linter) badName(ln Line, what, head, name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		if isAlpha(c) || isDigit(c) || c == '_' || c == ':' || c == '.' || c == '-' {
			continue
		}
		quote := ""
		if strings.HasSuffix(what, "' name") {
			quote = "'"
		}
		l.at(ln, fmt.Sprintf(head, ln.File, ln.Num)+fmt.Sprintf("character '%s' is not permitted in %s%s '%s'.", name[i:i+1], quote, what, name),
			"bad_name", "name", name)
		return true
	}
	return false
}

// known reports an unknown keyword, with what was probably meant.
func (l *linter) known(ln Line, list string) bool {
	w := ln.Words[0]
	if words(list).has(w) || (ln.Env && strings.Contains(w, "$")) {
		return !l.late(ln, list, w, fmt.Sprintf("unknown keyword '%s' in '%s' section", w, list))
	}
	section := list
	said := fmt.Sprintf("unknown keyword '%s' in '%s' section", w, section)
	l.suggest(ln, said, w, section, words(list))
	return false
}

func (l *linter) suggest(ln Line, said, w, section string, sets ...wordSet) {
	near := ""
	for _, s := range sets {
		if near == "" && len(l.found) < maxFindings {
			near = s.nearest(w)
		}
	}
	if near == "" {
		l.alert(ln, said, "unknown_keyword", "word", w, "section", section)
		return
	}
	l.alert(ln, said+"; did you mean '"+near+"' maybe ?", "unknown_keyword_near", "word", w, "section", section, "near", near)
}

func (l *linter) globalLine(ln Line) {
	w := ln.Words[0]
	if words("global.removed").has(w) {
		l.alert(ln, w+" is not supported any more since HAProxy 2.5. Threads will automatically be used on multi-processor machines if available.", "removed_keyword", "word", w)
		return
	}
	if w == "no" || w == "default" {
		return
	}
	if !l.known(ln, "global") {
		return
	}
	switch w {
	case "maxconn", "nbthread", "ulimit-n", "spread-checks":
		if ln.Word(1) == "" {
			l.alert(ln, "'"+w+"' expects an integer argument.", "missing_value", "word", w)
		}
	case "log":
		l.logLine(ln)
	}
}

var (
	facilities = []string{"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2", "ftp", "ntp", "audit", "alert", "cron2",
		"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}
	logLevels = []string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}
)

// logLine checks "log <address> [len|format|sample|ring …] <facility> [<level> [<minimum>]]".
func (l *linter) logLine(ln Line) {
	ws := ln.From(1)
	if len(ws) == 1 && ws[0] == "global" {
		return
	}
	if len(ws) < 2 {
		l.alert(ln, "log : expects <address> and <facility> or global as arguments", "bad_log")
		return
	}
	ws = ws[1:]
	for len(ws) > 2 && slices.Contains([]string{"len", "format", "sample", "profile"}, ws[0]) {
		ws = ws[2:]
	}
	for i, w := range ws {
		if known := facilities; i > 0 {
			known = logLevels
			if !slices.Contains(known, w) {
				l.alert(ln, "log : unknown optional log level '"+w+"'", "bad_log_word", "word", w)
				return
			}
		} else if !slices.Contains(known, w) {
			l.alert(ln, "log : unknown log facility '"+w+"'", "bad_log_word", "word", w)
			return
		}
	}
}

func (l *linter) resolverLine(ln Line) {
	switch ln.Words[0] {
	case "nameserver":
		if len(ln.Words) < 3 {
			l.alert(ln, "'nameserver' expects <name> and <addr>[:<port>] as arguments.", "bad_nameserver")
			return
		}
		a, bad := parseAddr(ln.Words[2])
		switch {
		case bad.key != "":
			l.alert(ln, "'nameserver "+ln.Words[1]+"' : "+bad.text, bad.key, "text", a.Text)
		case a.Unix == "" && !a.HasPort:
			l.alert(ln, "'nameserver "+ln.Words[1]+"' : missing port specification in '"+a.Text+"'", "no_port", "text", a.Text)
		case a.Named():
			l.alert(ln, "'nameserver "+ln.Words[1]+"' : invalid address: '"+a.Host+"' in '"+a.Text+"'", "bad_host", "text", a.Host)
		}
	case "hold":
		switch ln.Word(1) {
		case "nx", "timeout", "refused", "valid", "obsolete", "other":
		default:
			l.alert(ln, "'hold' unknown <event>: '"+ln.Word(1)+"', expects either 'nx', 'timeout', 'valid', 'obsolete' or 'other'.", "bad_hold", "word", ln.Word(1))
			return
		}
		l.time(ln, 2, "hold "+ln.Word(1))
	case "timeout":
		if w := ln.Word(1); w != "resolve" && w != "retry" {
			l.alert(ln, "'timeout' expects 'retry' or 'resolve' and <time> as arguments got '"+w+"'.", "bad_timeout", "word", w, "want", []string{"resolve", "retry"})
			return
		}
		l.time(ln, 2, "timeout "+ln.Word(1))
	case "resolve_retries", "accepted_payload_size":
		if ln.Word(1) == "" {
			l.alert(ln, "'"+ln.Words[0]+"' expects <nb> as argument.", "missing_value", "word", ln.Words[0])
		}
	}
}

// time checks that word i is a time. A unit that is merely misspelt after
// digits is only warned of by HAProxy 2.6, and refused by later versions.
func (l *linter) time(ln Line, i int, what string) {
	w := ln.Word(i)
	if w == "" {
		l.alert(ln, "'"+what+"' expects an integer value (in milliseconds)", "missing_value", "word", what)
		return
	}
	if _, ok := parseTime(w, 1e6); ok {
		if extra := ln.Word(i + 1); extra != "" {
			l.alert(ln, "'"+what+"' : unexpected extra argument '"+extra+"' after value '"+w+"'.", "extra_word", "word", extra)
		}
		return
	}
	digits := len(w) - len(strings.TrimLeft(w, "0123456789"))
	if _, ok := sloppyTime(w, 1e6); ok {
		l.warn(ln, "", "bad_time", "word", w, "what", what)
	} else if digits == len(w) || (digits > 0 && slices.Contains([]string{"us", "ms", "s", "m", "h", "d"}, w[digits:])) {
		l.alert(ln, "timer overflow in argument '"+w+"' to '"+what+"' (maximum value is 2147483647 ms or ~24.8 days)", "bad_time", "word", w, "what", what)
	} else {
		l.alert(ln, fmt.Sprintf("unexpected character '%s' in '%s'", w[digits:digits+1], what), "bad_time", "word", w, "what", what)
	}
}
