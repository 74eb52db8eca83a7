package haproxy

import (
	"fmt"
	"slices"
	"strings"
)

// Lines that do nothing, or are refused, in the wrong kind of proxy.
var (
	frontendOnly  = []string{"bind", "default_backend", "use_backend", "monitor-uri", "monitor", "maxconn", "capture"}
	backendOnly   = []string{"balance", "cookie", "dynamic-cookie-key", "http-reuse", "hash-type", "retries", "fullconn", "dispatch", "source", "stick", "http-check", "use-server"}
	notInDefaults = []string{"bind", "server", "server-template", "use_backend", "redirect", "id", "stick", "stick-table", "dispatch", "use-server", "capture"}
	namedDefaults = []string{"acl", "http-request", "http-response", "http-after-response", "tcp-request", "tcp-response"}
	wantsNumber   = []string{"maxconn", "fullconn", "backlog", "id"}
	algorithms    = []string{"roundrobin", "static-rr", "leastconn", "source", "uri", "url_param", "hdr", "rdp-cookie", "first", "random", "hash", "log-hash", "sticky"}
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
	if arg := ln.Word(1); slices.Contains(wantsNumber, w) {
		switch {
		case arg == "":
			l.alert(ln, "'"+w+"' expects an integer argument.", "missing_value", "word", w)
		case w != "id" && w != "backlog" && len(ln.Words) > 2:
			l.extra(ln, w, 2)
		case w == "id" && atoi(arg) == 0:
			l.at(ln, fmt.Sprintf("config : parsing [%s:%d]: custom id has to be > 0.", ln.File, ln.Num), "not_positive", "word", "id")
		}
		return
	}
	switch w {
	case "mode":
		l.mode(ln)
	case "bind":
		l.bind(s, ln)
	case "server", "server-template", "default-server":
		l.server(s, ln)
	case "balance":
		l.balance(ln)
	case "default_backend":
		if ln.Word(1) == "" {
			l.alert(ln, "'default_backend' expects a backend name.", "no_backend_name", "word", w)
		} else if len(ln.Words) > 2 {
			l.extra(ln, w, 2)
		}
	case "use_backend":
		l.useBackend(s, ln)
	case "acl":
		l.acl(ln)
	case "timeout":
		l.timeout(ln)
	case "retries":
		if ln.Word(1) == "" {
			l.alert(ln, "'retries' expects an integer argument (dispatch counts for one).", "missing_value", "word", w)
		} else if len(ln.Words) > 2 {
			l.extra(ln, w, 2)
		}
	case "disabled", "enabled":
		if len(ln.Words) > 1 {
			l.extra(ln, w, 1)
		}
	case "option":
		l.option(ln)
	case "stats":
		l.stats(ln)
	case "cookie":
		l.cookie(ln)
	case "dynamic-cookie-key":
		if ln.Word(1) == "" {
			l.alert(ln, "'dynamic-cookie-key' expects <secret_key> as argument.", "missing_value", "word", w)
		}
	case "http-reuse":
		if !slices.Contains([]string{"never", "safe", "aggressive", "always"}, ln.Word(1)) {
			l.alert(ln, "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'.", "bad_choice", "word", ln.Word(1), "what", w, "want", []string{"never", "safe", "aggressive", "always"})
		}
	case "http-request", "http-response", "http-after-response":
		l.action(s, ln, w, ln.Word(1), 2)
	case "tcp-request", "tcp-response":
		l.tcpRule(s, ln)
	case "redirect":
		l.redirect(s, ln, 1, "redirect rule")
	case "stick":
		if a := ln.Word(1); a != "on" && a != "match" && a != "store" && !strings.HasPrefix(a, "store-") {
			l.alert(ln, "'stick' expects 'on', 'match', or 'store'.", "bad_choice", "word", a, "what", w, "want", []string{"on", "match", "store-request", "store-response"})
		}
	case "use-server":
		if c, _ := splitCond(ln.From(2)); c.Kind == "" {
			l.alert(ln, "'use-server' requires either 'if' or 'unless' followed by a condition.", "needs_condition", "word", w)
		} else {
			l.cond(ln, c, "error detected while parsing switching rule : ")
		}
	case "log":
		l.logLine(ln)
	case "monitor-uri":
		if ln.Word(1) == "" {
			l.alert(ln, "'monitor-uri' expects an URI.", "missing_value", "word", w)
		} else if len(ln.Words) > 2 {
			l.extra(ln, w, 2)
		}
	case "errorfile":
		if ln.Word(2) == "" {
			l.alert(ln, "errorfile : expects <status_code> and <file> as arguments.", "missing_value", "word", w)
		} else if n := atoi(ln.Word(1)); n < 200 || n > 599 {
			l.alert(ln, "errorfile : status code '"+ln.Word(1)+"' not handled.", "bad_status", "word", ln.Word(1))
		}
	case "hash-type", "stick-table", "http-check", "compression", "capture", "monitor", "rate-limit", "persist", "filter", "dispatch":
		l.minor(s, ln)
	case "log-format", "unique-id-header", "unique-id-format", "http-send-name-header", "source", "description":
		if ln.Word(1) == "" {
			l.alert(ln, w+" expects an argument.", "missing_value", "word", w)
		}
	}
}

// extra reports a word too many.
func (l *linter) extra(ln Line, what string, i int) {
	l.alert(ln, "'"+what+"' cannot handle unexpected argument '"+ln.Word(i)+"'.", "extra_word", "word", ln.Word(i))
}

// place checks that a keyword may stand in this kind of section.
func (l *linter) place(s *Section, ln Line) bool {
	w := ln.Words[0]
	switch s.Kind {
	case "defaults":
		if slices.Contains(notInDefaults, w) {
			l.alert(ln, "'"+w+"' not allowed in 'defaults' section.", "not_in_defaults", "word", w)
			return false
		}
		if s.Name == "" && slices.Contains(namedDefaults, w) && ln.Word(1) != "inspect-delay" {
			l.alert(ln, "'"+w+"' not allowed in anonymous 'defaults' section.", "not_in_defaults", "word", w)
			return false
		}
	case "frontend":
		switch w {
		case "server", "server-template", "default-server":
			l.at(ln, fmt.Sprintf("config : [%s:%d] : parsing [%s:%d] : '%s' not allowed because frontend '%s' has no backend capability.",
				ln.File, ln.Num, ln.File, ln.Num, w, s.Name), "server_in_frontend", "word", w, "name", s.Name)
			return false
		}
		if slices.Contains(backendOnly, w) {
			l.warn(ln, fmt.Sprintf("'%s' ignored because frontend '%s' has no backend capability.", w, s.Name), "ignored_here", "word", w, "section", s.Kind)
		}
	case "backend":
		if slices.Contains(frontendOnly, w) {
			l.warn(ln, fmt.Sprintf("'%s' ignored because backend '%s' has no frontend capability.", w, s.Name), "ignored_here", "word", w, "section", s.Kind)
			return w != "bind" && w != "monitor"
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
	switch m := ln.Word(1); m {
	case "http", "tcp", "log", "spop", "haterm":
		if len(ln.Words) > 2 {
			l.extra(ln, "mode", 2)
		}
	case "health":
		l.alert(ln, "'mode health' doesn't exist anymore. Please use 'http-request return status 200' instead.", "bad_mode", "word", m)
	default:
		l.alert(ln, "unknown proxy mode '"+m+"'.", "bad_mode", "word", m)
	}
}

func (l *linter) balance(ln Line) {
	b := parseBalance(ln)
	word := ln.Word(1)
	if !slices.Contains(algorithms, b.Algorithm) || (b.Algorithm == "hdr" && !strings.Contains(word, "(")) || b.Algorithm == "sticky" && l.cfg.version <= 206 ||
		(strings.Contains(word, "(") && !slices.Contains([]string{"hdr", "random", "rdp-cookie"}, b.Algorithm)) {
		near := wordSet{}
		for _, a := range algorithms {
			near[a] = 0
		}
		delete(near, "sticky")
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
	names := []string{"client", "server", "connect", "check", "queue", "http-keep-alive", "http-request", "tunnel", "tarpit", "client-fin", "server-fin", "client-hs"}
	if !slices.Contains(names, ln.Word(1)) {
		l.alert(ln, fmt.Sprintf(saidTimeout, ln.Word(1)), "bad_timeout", "word", ln.Word(1), "want", names[:8])
		return
	}
	l.time(ln, 2, "timeout "+ln.Word(1))
}
