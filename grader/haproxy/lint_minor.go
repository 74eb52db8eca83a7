package haproxy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// minorLines check the keywords that a student's file seldom has.
var minorLines = map[string]func(*linter, Line){
	"hash-type": func(l *linter, ln Line) {
		if l.oneOf(ln, 1, "'hash-type' only supports 'consistent' and 'map-based'.", "consistent", "map-based") && ln.Word(2) != "" && ln.Word(2) != "avalanche" {
			l.oneOf(ln, 2, "'hash-type' only supports 'sdbm', 'djb2', 'crc32', or 'wt6' hash functions.", "sdbm", "djb2", "wt6", "crc32", "none")
		}
	},
	"stick-table": (*linter).stickTable,
	"http-check":  (*linter).httpCheck,
	"compression": func(l *linter, ln Line) {
		if l.oneOf(ln, 1, "'compression' expects 'algo', 'type' or 'offload'", "algo", "type", "offload", "algo-req", "algo-res", "type-req", "type-res", "direction", "minsize-req", "minsize-res") && ln.Word(1) == "algo" {
			l.oneOf(ln, 2, "'compression' : '"+ln.Word(2)+"' is not a supported algorithm.", "gzip", "deflate", "raw-deflate", "identity")
		}
	},
	"capture": func(l *linter, ln Line) {
		arg := ln.Word(1)
		switch {
		case arg == "cookie" && ln.Word(3) == "len":
		case (arg == "request" || arg == "response") && ln.Word(2) == "header" && ln.Word(4) == "len":
		default:
			l.alert(ln, "'capture' expects 'cookie' or 'request header' or 'response header'.", "bad_choice", "word", arg, "what", "capture",
				"want", []string{"cookie NAME len N", "request header NAME len N", "response header NAME len N"})
		}
	},
	"monitor": func(l *linter, ln Line) {
		if l.oneOf(ln, 1, "'monitor' only supports 'fail'.", "fail") {
			if c, _ := splitCond(ln.From(2)); c.Kind == "" {
				l.alert(ln, "'monitor fail' requires either 'if' or 'unless' followed by a condition.", "needs_condition", "word", "monitor fail")
			} else {
				l.cond(ln, c, "error detected while parsing a 'monitor fail' condition : ")
			}
		}
	},
	"rate-limit": func(l *linter, ln Line) {
		if l.oneOf(ln, 1, "'rate-limit' only supports 'sessions' (got '"+ln.Word(1)+"')", "sessions") && ln.Word(2) == "" {
			l.alert(ln, "'rate-limit sessions' expects expects an integer value (in sessions/second)", "missing_value", "word", "rate-limit sessions")
		}
	},
	"persist": func(l *linter, ln Line) {
		if name, _, _ := strings.Cut(ln.Word(1), "("); name != "rdp-cookie" {
			l.alert(ln, "missing persist method.", "missing_value", "word", "persist")
		}
	},
	"filter": func(l *linter, ln Line) {
		if strings.HasPrefix(ln.Word(1), "lua.") {
			return // a script's
		}
		l.oneOf(ln, 1, "'filter' : unknown keyword '"+ln.Word(1)+"'. Registered keywords :", "trace", "compression", "comp-req", "comp-res", "spoe", "cache", "fcgi-app", "bwlim-in", "bwlim-out", "opentracing", "ot")
	},
	"dispatch": func(l *linter, ln Line) {
		if a, bad := parseAddr(ln.Word(1)); bad.key != "" || (a.Unix == "" && a.Low == 0) {
			l.alert(ln, "'dispatch' : missing port specification in '"+ln.Word(1)+"'", "no_port", "text", ln.Word(1))
		}
	},
}

// oneOf reports a word that is none of those wanted.
func (l *linter) oneOf(ln Line, i int, said string, want ...string) bool {
	if slices.Contains(want, strings.TrimPrefix(ln.Word(i), "!")) {
		return true
	}
	l.alert(ln, said, "bad_choice", "word", ln.Word(i), "what", strings.Join(ln.Words[:min(i, len(ln.Words))], " "), "want", want)
	return false
}

func (l *linter) httpCheck(ln Line) {
	arg := ln.Word(1)
	if name, _, _ := strings.Cut(arg, "("); Lookup("http-check", name).Name == "" {
		l.oneOf(ln, 1, "'http-check' only supports 'disable-on-404', 'send-state', 'comment', 'connect', 'send', 'expect', 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'. but got '"+arg+"'", proposed("http-check")...)
	} else if arg == "expect" {
		i := 2
		for slices.Contains([]string{"min-recv", "comment", "ok-status", "error-status", "tout-status", "on-success", "on-error", "status-code"}, ln.Word(i)) {
			i += 2
		}
		l.oneOf(ln, i, "'http-check expect' : 'only supports min-recv, [!]string', '[!]rstring', '[!]string-lf', '[!]status', '[!]rstatus', [!]hdr, [!]fhdr or comment.",
			proposed("http-check expect")...)
	}
}

func (l *linter) stick(ln Line) {
	if a := ln.Word(1); a != "on" && a != "match" && a != "store" && !strings.HasPrefix(a, "store-") {
		l.alert(ln, "'stick' expects 'on', 'match', or 'store'.", "bad_choice", "word", a, "what", "stick", "want", []string{"on", "match", "store-request", "store-response"})
	}
}

func (l *linter) useServer(ln Line) {
	if c, _ := splitCond(ln.From(2)); c.Kind == "" {
		l.alert(ln, "'use-server' requires either 'if' or 'unless' followed by a condition.", "needs_condition", "word", "use-server")
	} else {
		l.cond(ln, c, "error detected while parsing switching rule : ")
	}
}

func (l *linter) errorFile(ln Line) {
	if ln.Word(2) == "" {
		l.alert(ln, "errorfile : expects <status_code> and <file> as arguments.", "missing_value", "word", "errorfile")
	} else if n := atoi(ln.Word(1)); n < 200 || n > 599 {
		l.alert(ln, "errorfile : status code '"+ln.Word(1)+"' not handled.", "bad_status", "word", ln.Word(1))
	}
}

func (l *linter) id(ln Line) {
	l.counted(ln, "'id' expects an integer argument.", "missing_value")
	if arg := ln.Word(1); arg != "" && atoi(arg) == 0 {
		l.at(ln, fmt.Sprintf("config : parsing [%s:%d]: custom id has to be > 0.", ln.File, ln.Num), "not_positive", "word", "id")
	}
}

func (l *linter) stickTable(ln Line) {
	kind, size := "", false
	for i, w := range ln.Words {
		switch w {
		case "type":
			kind = ln.Word(i + 1)
		case "size":
			size = true
		}
	}
	kind, _, _ = strings.Cut(kind, "(")
	switch {
	case slices.Contains([]string{"ip", "ipv6", "integer", "string", "binary"}, kind) && size:
	case kind == "":
		l.alert(ln, "stick-table: missing type.", "missing_value", "word", "stick-table type")
	case !size:
		l.alert(ln, "stick-table: missing size.", "missing_value", "word", "stick-table size")
	default:
		l.alert(ln, "stick-table: unknown type '"+kind+"'.", "bad_choice", "word", kind, "what", "stick-table type", "want", []string{"ip", "ipv6", "integer", "string", "binary"})
	}
}

// patterns checks the values of the criteria whose form is known.
func (l *linter) patterns(ln Line, fetch string, ws []string, head string) {
	for _, w := range ws {
		switch fetch {
		case "src", "dst":
			_, err1 := netip.ParseAddr(w)
			_, err2 := netip.ParsePrefix(w)
			if err1 == nil || err2 == nil || strings.Trim(w, "0123456789./") == "" && !isQuad(w) || isName(w) {
				continue
			}
			l.alert(ln, head+"'"+w+"' is not a valid IPv4 or IPv6 address.", "bad_pattern", "word", w, "what", fetch)
			return
		case "src_port", "dst_port", "status":
			if w == "eq" || w == "ne" || w == "lt" || w == "le" || w == "gt" || w == "ge" || strings.Trim(w, "0123456789:") == "" {
				continue
			}
			l.alert(ln, head+"'"+w+"' is not a number.", "bad_pattern", "word", w, "what", fetch)
			return
		}
	}
}

func isQuad(w string) bool { return strings.Count(w, ".") == 3 }

// isName: a host name is looked up, which can't be foretold.
func isName(w string) bool {
	return strings.ContainsFunc(w, func(r rune) bool { return r >= 'g' && r <= 'z' })
}
