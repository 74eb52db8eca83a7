package haproxy

import (
	"fmt"
	"slices"
	"strings"
)

func (l *linter) useBackend(s *Section, ln Line) {
	if ln.Word(1) == "" {
		l.alert(ln, "'use_backend' expects a backend name.", "no_backend_name", "word", "use_backend")
		return
	}
	c, rest := splitCond(ln.From(2))
	if len(rest) > 0 {
		l.alert(ln, "unexpected keyword '"+rest[0]+"' after switching rule, only 'if' and 'unless' are allowed.", "extra_word", "word", rest[0])
		return
	}
	l.cond(ln, c, "error detected while parsing switching rule : ")
}

// acl checks a named acl line.
func (l *linter) acl(ln Line) {
	name := ln.Word(1)
	if l.badName(ln, "acl name", "config : parsing [%s:%d] : ", name) {
		return
	}
	if strings.EqualFold(name, "or") || name == "||" {
		l.alert(ln, "acl name '"+name+"' will never match. 'or' is used to express a logical disjunction within a condition.", "acl_named_or", "name", name)
		return
	}
	l.acls[name] = true
	head := "error detected while parsing ACL '" + name + "' : "
	if len(ln.Words) < 3 {
		l.alert(ln, head+"missing fetch method in ACL expression ''.", "acl_empty", "name", name)
		return
	}
	l.match(ln, ln.From(2), head)
}

// match checks a criterion such as "hdr(host) -i name".
func (l *linter) match(ln Line, ws []string, head string) {
	fetch, _, _ := strings.Cut(ws[0], ",")
	fetch, _, _ = strings.Cut(fetch, "(")
	if words("fetch").has(fetch) || (ln.Env && strings.Contains(ws[0], "$")) {
		if !l.late(ln, "fetch", fetch, head+"unknown fetch method '"+fetch+"' in ACL expression '"+ws[0]+"'.") {
			l.flags(ln, fetch, ws[1:], head)
		}
		return
	}
	near := words("fetch").nearest(fetch)
	said := head + "unknown fetch method '" + fetch + "' in ACL expression '" + ws[0] + "'."
	if near == "" && isWord(fetch) {
		// May be one that a later version brought.
		l.warn(ln, "", "unknown_match", "word", fetch, "near", "")
		return
	}
	l.alert(ln, said, "unknown_match", "word", fetch, "near", near)
}

func isWord(s string) bool {
	return strings.ContainsAny(s, "._") && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789._") == ""
}

// flags checks the -x options before the patterns.
func (l *linter) flags(ln Line, fetch string, ws []string, head string) {
	i := 0
	for ; i < len(ws) && strings.HasPrefix(ws[i], "-"); i++ {
		switch w := ws[i]; w {
		case "-i", "-n", "-u":
		case "--":
			l.patterns(ln, fetch, ws[i+1:], head)
			return
		case "-m":
			i++
			if i < len(ws) && !slices.Contains([]string{"found", "bool", "int", "ip", "bin", "len", "str", "sub", "reg", "beg", "end", "dir", "dom"}, ws[i]) {
				l.alert(ln, head+"unknown matching method '"+ws[i]+"' when parsing ACL expression.", "bad_flag", "word", "-m "+ws[i])
				return
			}
		case "-f", "-M":
			i++ // the file is not at hand
			fetch = ""
		default:
			if len(w) > 1 && isDigit(w[1]) {
				return
			}
			l.alert(ln, head+"'"+w+"' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'.", "bad_flag", "word", w)
			return
		}
	}
	if i < len(ws) {
		l.patterns(ln, fetch, ws[i:], head)
	}
}

// predefined are the ACLs that HAProxy brings along.
var predefined = []string{"TRUE", "FALSE", "LOCALHOST", "HTTP", "HTTP_1.0", "HTTP_1.1", "HTTP_2.0", "HTTP_3.0", "HTTP_CONTENT", "HTTP_URL_ABS", "HTTP_URL_SLASH", "HTTP_URL_STAR",
	"METH_CONNECT", "METH_DELETE", "METH_GET", "METH_HEAD", "METH_OPTIONS", "METH_POST", "METH_PUT", "METH_TRACE", "RDP_COOKIE", "REQ_CONTENT", "WAIT_END"}

// cond checks the words after if and unless.
func (l *linter) cond(ln Line, c Cond, head string) {
	for i := 0; i < len(c.Words); i++ {
		w := c.Words[i]
		bare := strings.TrimLeft(w, "!")
		switch {
		case bare == "" || strings.EqualFold(w, "or") || w == "||":
		case bare == "{":
			j := slices.Index(c.Words[i:], "}")
			if j < 0 {
				l.alert(ln, head+"missing closing '}' in condition.", "open_condition")
				return
			}
			if j > 1 {
				l.match(ln, c.Words[i+1:i+j], head)
			}
			i += j
		case slices.Contains(predefined, bare) || l.acls[bare] || l.inherited[bare]:
		default:
			l.alert(ln, head+"no such ACL : '"+bare+"'.", "unknown_acl", "name", bare)
			return
		}
	}
}

// action checks an http-request, http-response or http-after-response line.
func (l *linter) action(s *Section, ln Line, set, name string, from int) {
	known := words("action " + set)
	head := fmt.Sprintf("config : parsing [%s:%d]: ", ln.File, ln.Num)
	if !known.has(name) {
		near := known.nearest(name)
		l.at(ln, head+"'"+set+"' expects one of its actions, but got '"+name+"'.", "bad_action", "word", name, "what", set, "near", near)
		return
	}
	if l.late(ln, "action "+set, name, "'"+set+"' expects one of its actions, but got '"+name+"'.") {
		return
	}
	args, c := cutCond(ln.From(from))
	what := set + " " + name
	failed := func(why string) {
		l.alert(ln, fmt.Sprintf("error detected in %s '%s' while parsing '%s' rule : %s", s.Kind, s.Name, what, why), "bad_rule", "what", what)
	}
	stray := func(w string) {
		l.at(ln, head+"'"+what+"' expects either 'if' or 'unless' followed by a condition but found '"+w+"'.", "extra_word", "word", w)
	}
	switch name {
	case "set-header", "add-header":
		if len(args) < 2 {
			failed("expects exactly 2 arguments.")
			return
		} else if len(args) > 2 {
			stray(args[2])
			return
		}
	case "set-path", "set-uri", "set-query", "set-method", "del-header":
		if len(args) < 1 {
			failed("expects exactly 1 argument <format>.")
			return
		}
	case "redirect":
		l.redirect(s, ln, from, "'"+what+"' rule")
		return
	case "return", "deny", "tarpit":
		if w, why := answerArgs(args, name); why != "" {
			failed(why)
			return
		} else if w != "" {
			stray(w)
			return
		}
	case "allow", "reject", "silent-drop":
		if len(args) > 0 && name == "allow" {
			stray(args[0])
			return
		}
	}
	for _, a := range args {
		l.sample(ln, a, failed)
	}
	l.cond(ln, c, fmt.Sprintf("error detected while parsing an '%s' condition : ", what))
}

// sample checks the %[…] of a format.
func (l *linter) sample(ln Line, format string, failed func(string)) {
	for {
		i := strings.Index(format, "%[")
		if i < 0 {
			return
		}
		format = format[i+2:]
		expr := format
		if j := strings.IndexByte(format, ']'); j >= 0 {
			expr = format[:j]
		}
		fetch := expr
		if j := strings.IndexAny(expr, ",("); j >= 0 {
			fetch = expr[:j]
		}
		if !words("fetch").has(fetch) && (words("fetch").nearest(fetch) != "" || !isWord(fetch)) {
			failed("failed to parse sample expression <" + expr + "]> : unknown fetch method '" + fetch + "'.")
			return
		}
	}
}

// answerArgs reads the arguments of return and deny: stray is the first word
// that has no business there, wrong what is wrong with a known one.
func answerArgs(args []string, action string) (stray, wrong string) {
	for i := 0; i < len(args); i++ {
		w, arg := pairAt(args, i)
		d := Lookup("answer", w)
		switch {
		case d.Name == "":
			return w, ""
		case w == "status" || w == "deny_status":
			if n := atoi(arg); n < 200 || n > 599 {
				return "", fmt.Sprintf("Unexpected status code '%d'.", n)
			}
		case d.Least == 1 && i+1 >= len(args):
			return "", "'" + w + "' expects <str> as argument."
		}
		i += d.Least
	}
	return "", ""
}

// pairAt is a word and the one after it, "" if there is none.
func pairAt(args []string, i int) (word, next string) {
	if i+1 < len(args) {
		next = args[i+1]
	}
	return args[i], next
}

// redirect checks what follows redirect.
func (l *linter) redirect(s *Section, ln Line, from int, rule string) {
	args, c := cutCond(ln.From(from))
	failed := func(why string) {
		l.alert(ln, fmt.Sprintf("error detected in %s '%s' while parsing %s : %s", s.Kind, s.Name, rule, why), "bad_redirect")
	}
	kind := false
	for i := 0; i < len(args); i++ {
		w, arg := pairAt(args, i)
		d := Lookup("redirect", w)
		switch {
		case d.Name == "":
			failed("expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'clear-cookie', 'drop-query', 'ignore-empty' or 'append-slash' (was '" + w + "').")
			return
		case w == "location" || w == "prefix" || w == "scheme":
			if arg == "" {
				failed("missing argument for '" + w + "'.")
				return
			}
			kind = true
		case w == "code" && !slices.Contains([]string{"301", "302", "303", "307", "308"}, arg):
			failed("'code': unsupported HTTP code '" + arg + "' (must be one of 301, 302, 303, 307 or 308).")
			return
		}
		i += d.Least
	}
	if !kind {
		failed("redirection type expected ('prefix', 'location', or 'scheme').")
		return
	}
	l.cond(ln, c, "error detected while parsing redirect rule : ")
}

func (l *linter) tcpRule(s *Section, ln Line) {
	w, sub := ln.Words[0], ln.Word(1)
	if sub == "inspect-delay" {
		if _, ok := parseTime(ln.Word(2), 1e6); !ok {
			l.alert(ln, fmt.Sprintf("'%s inspect-delay' expects a positive delay in milliseconds, in %s '%s'", w, s.Kind, s.Name), "bad_time", "word", ln.Word(2), "what", w+" inspect-delay")
		}
		return
	}
	list := "action " + w + "/" + sub
	if words(list) == nil {
		l.alert(ln, fmt.Sprintf("'%s' expects 'inspect-delay', 'connection', or 'content' in %s '%s' (got '%s')", w, s.Kind, s.Name, sub), "bad_action", "word", sub, "what", w, "near", "")
		return
	}
	if name := ln.Word(2); !words(list).has(name) && !strings.HasPrefix(name, "track-sc") {
		l.alert(ln, fmt.Sprintf("'%s %s' expects one of its actions in %s '%s' (got '%s').", w, sub, s.Kind, s.Name, name), "bad_action", "word", name, "what", w+" "+sub, "near", "")
		return
	}
	_, c := cutCond(ln.From(3))
	l.cond(ln, c, fmt.Sprintf("error detected in %s '%s' while parsing '%s' condition : ", s.Kind, s.Name, w))
}
