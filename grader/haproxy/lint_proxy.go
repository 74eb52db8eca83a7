package haproxy

import (
	"fmt"
	"strings"
)

const (
	saidBalance = "balance only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', 'url_param', 'hdr(name)' and 'rdp-cookie(name)' options."
	saidTimeout = "'timeout' supports 'client', 'server', 'connect', 'check', 'queue', 'http-keep-alive', 'http-request', 'tunnel', 'tarpit', 'client-fin' and 'server-fin' (got '%s')"
	saidServer  = "'server' expects <name> and <addr>[:<port>] as arguments."
)

// proxyLine checks a line of a defaults, frontend, backend or listen.
func (l *linter) proxyLine(s *Section, ln Line) {
	w := ln.Words[0]
	switch {
	case ln.Env && strings.Contains(w, "$"):
		return
	case w == "no" || w == "default":
		l.negation(ln)
		return
	case words("proxy.removed").has(w):
		l.alert(ln, "The '"+w+"' directive is not supported anymore since HAProxy 2.1.", "removed_keyword", "word", w)
		return
	case !words("proxy").has(w):
		l.suggest(ln, fmt.Sprintf("unknown keyword '%s' in '%s' section", w, s.Kind), w, s.Kind, words("proxy"), words("sections"))
		return
	case l.late(ln, "proxy", w, fmt.Sprintf("unknown keyword '%s' in '%s' section", w, s.Kind)):
		return
	}
	if !l.place(s, ln) {
		return
	}
	if check := proxyLines[w]; check != nil {
		check(l, s, ln)
		return
	}
	said := w + " expects an argument."
	if Lookup("proxy", w).Is("number") {
		said = "'" + w + "' expects an integer argument."
	}
	l.counted(ln, said, "missing_value")
}

// proxyLines check the lines of which more than the number of words is known.
var proxyLines = func() map[string]func(*linter, *Section, Line) {
	plain := func(check func(*linter, Line)) func(*linter, *Section, Line) {
		return func(l *linter, _ *Section, ln Line) { check(l, ln) }
	}
	missing := func(said, key string) func(*linter, *Section, Line) {
		return func(l *linter, _ *Section, ln Line) { l.counted(ln, said, key) }
	}
	action := func(l *linter, s *Section, ln Line) { l.action(s, ln, ln.Words[0], ln.Word(1), 2) }
	all := map[string]func(*linter, *Section, Line){
		"mode":                plain((*linter).mode),
		"bind":                (*linter).bind,
		"server":              (*linter).server,
		"server-template":     (*linter).server,
		"default-server":      (*linter).server,
		"balance":             plain((*linter).balance),
		"default_backend":     missing("'default_backend' expects a backend name.", "no_backend_name"),
		"use_backend":         (*linter).useBackend,
		"acl":                 plain((*linter).acl),
		"timeout":             plain((*linter).timeout),
		"retries":             missing("'retries' expects an integer argument (dispatch counts for one).", "missing_value"),
		"option":              plain((*linter).option),
		"stats":               plain((*linter).stats),
		"cookie":              plain((*linter).cookie),
		"dynamic-cookie-key":  missing("'dynamic-cookie-key' expects <secret_key> as argument.", "missing_value"),
		"http-reuse":          plain((*linter).reuse),
		"http-request":        action,
		"http-response":       action,
		"http-after-response": action,
		"tcp-request":         (*linter).tcpRule,
		"tcp-response":        (*linter).tcpRule,
		"redirect":            func(l *linter, s *Section, ln Line) { l.redirect(s, ln, 1, "redirect rule") },
		"stick":               plain((*linter).stick),
		"use-server":          plain((*linter).useServer),
		"log":                 plain((*linter).logLine),
		"monitor-uri":         missing("'monitor-uri' expects an URI.", "missing_value"),
		"errorfile":           plain((*linter).errorFile),
		"id":                  plain((*linter).id),
	}
	for w, check := range minorLines {
		all[w] = plain(check)
	}
	return all
}()

// counted checks how many words follow; said and key say that one is missing.
func (l *linter) counted(ln Line, said, key string) {
	w := ln.Words[0]
	switch d := Lookup("proxy", w); {
	case d.Least > 0 && ln.Word(1) == "":
		l.alert(ln, said, key, "word", w)
	case d.Most >= 0 && len(ln.Words) > 1+d.Most:
		l.extra(ln, w, 1+d.Most)
	}
}

// extra reports a word too many.
func (l *linter) extra(ln Line, what string, i int) {
	l.alert(ln, "'"+what+"' cannot handle unexpected argument '"+ln.Word(i)+"'.", "extra_word", "word", ln.Word(i))
}

// place checks that a keyword may stand in this kind of section.
func (l *linter) place(s *Section, ln Line) bool {
	w := ln.Words[0]
	d := Lookup("proxy", w)
	switch s.Kind {
	case "defaults":
		if d.Is("not-defaults") {
			l.alert(ln, "'"+w+"' not allowed in 'defaults' section.", "not_in_defaults", "word", w)
			return false
		}
		if s.Name == "" && d.Is("named-defaults") && ln.Word(1) != "inspect-delay" {
			l.alert(ln, "'"+w+"' not allowed in anonymous 'defaults' section.", "not_in_defaults", "word", w)
			return false
		}
	case "frontend":
		if d.Is("not-front") {
			l.at(ln, fmt.Sprintf("config : [%s:%d] : parsing [%s:%d] : '%s' not allowed because frontend '%s' has no backend capability.",
				ln.File, ln.Num, ln.File, ln.Num, w, s.Name), "server_in_frontend", "word", w, "name", s.Name)
			return false
		}
		if d.Is("back") {
			l.warn(ln, fmt.Sprintf("'%s' ignored because frontend '%s' has no backend capability.", w, s.Name), "ignored_here", "word", w, "section", s.Kind)
		}
	case "backend":
		if d.Is("front") {
			l.warn(ln, fmt.Sprintf("'%s' ignored because backend '%s' has no frontend capability.", w, s.Name), "ignored_here", "word", w, "section", s.Kind)
			return !d.Is("unread")
		}
	}
	return true
}

// negation checks "no option x" and the like.
func (l *linter) negation(ln Line) {
	switch ln.Word(1) {
	case "option":
		if !words("option").has(ln.Word(2)) {
			l.at(ln, fmt.Sprintf("config : parsing [%s:%d]: negation/default is not supported for option '%s'.", ln.File, ln.Num, ln.Word(2)), "bad_option", "word", ln.Word(2))
		}
	case "log", "busy-polling", "set-dumpable", "strict-limits":
	default:
		l.at(ln, fmt.Sprintf("config : parsing [%s:%d]: negation/default currently supported only for options, log, busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.", ln.File, ln.Num),
			"bad_negation", "word", ln.Word(1))
	}
}

func (l *linter) mode(ln Line) {
	switch m := ln.Word(1); {
	case Lookup("mode", m).Name != "":
		if len(ln.Words) > 2 {
			l.extra(ln, "mode", 2)
		}
	case m == "health":
		l.alert(ln, "'mode health' doesn't exist anymore. Please use 'http-request return status 200' instead.", "bad_mode", "word", m)
	default:
		l.alert(ln, "unknown proxy mode '"+m+"'.", "bad_mode", "word", m)
	}
}

func (l *linter) balance(ln Line) {
	b := parseBalance(ln)
	word := ln.Word(1)
	d := Lookup("balance", b.Algorithm)
	if d.Name == "" || b.Algorithm == "hdr" && !strings.Contains(word, "(") || d.Lacking > 0 && l.cfg.version <= d.Lacking ||
		strings.Contains(word, "(") && !d.Open {
		near := wordSet{}
		for _, name := range proposed("balance") {
			near[name] = 0
		}
		l.alert(ln, saidBalance, "bad_balance", "word", word, "near", near.nearest(word))
		return
	}
	bad := func(said string) { l.alert(ln, "balance "+said, "bad_balance_arg", "word", b.Algorithm) }
	arg0 := ""
	if len(b.Args) > 0 {
		arg0 = b.Args[0]
	}
	switch b.Algorithm {
	case "hdr":
		if b.Arg == "" {
			bad("hdr requires an http header field name.")
		}
	case "random":
		if strings.Contains(word, "(") && (b.Arg == "" || strings.Trim(b.Arg, "0123456789") != "") {
			bad("random : unexpected character '" + b.Arg[:min(1, len(b.Arg))] + "' after argument.")
		} else if b.Arg != "" && atoi(b.Arg) == 0 {
			bad("random : number of draws must be at least 1.")
		}
	case "uri":
		for i := 0; i < len(b.Args); i++ {
			switch b.Args[i] {
			case "len", "depth":
				i++
			case "whole", "path-only":
			default:
				bad("uri only accepts parameters 'len', 'depth', 'path-only', and 'whole' (got '" + b.Args[i] + "').")
				return
			}
		}
	case "url_param":
		if arg0 == "" {
			bad("url_param requires an URL parameter name.")
		}
	case "hash":
		fetch, _, _ := strings.Cut(arg0, ",")
		fetch, _, _ = strings.Cut(fetch, "(")
		if arg0 == "" {
			bad("hash requires a sample expression.")
		} else if !words("fetch").has(fetch) && !isWord(fetch) {
			bad("hash: unknown fetch method '" + fetch + "'.")
		}
	}
}

func (l *linter) timeout(ln Line) {
	if Lookup("timeout", ln.Word(1)).Name == "" {
		l.alert(ln, fmt.Sprintf(saidTimeout, ln.Word(1)), "bad_timeout", "word", ln.Word(1), "want", proposed("timeout"))
		return
	}
	l.time(ln, 2, "timeout "+ln.Word(1))
}

func (l *linter) reuse(ln Line) {
	if Lookup("http-reuse", ln.Word(1)).Name == "" {
		l.alert(ln, "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'.", "bad_choice", "word", ln.Word(1), "what", "http-reuse", "want", proposed("http-reuse"))
	}
}
