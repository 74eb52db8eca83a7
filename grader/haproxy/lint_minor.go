package haproxy

import (
	"net/netip"
	"slices"
	"strings"
)

// minor checks the keywords that a student's file seldom has.
func (l *linter) minor(s *Section, ln Line) {
	w, arg := ln.Words[0], ln.Word(1)
	oneOf := func(i int, said string, want ...string) bool {
		if slices.Contains(want, strings.TrimPrefix(ln.Word(i), "!")) {
			return true
		}
		l.alert(ln, said, "bad_choice", "word", ln.Word(i), "what", strings.Join(ln.Words[:min(i, len(ln.Words))], " "), "want", want)
		return false
	}
	switch w {
	case "hash-type":
		if oneOf(1, "'hash-type' only supports 'consistent' and 'map-based'.", "consistent", "map-based") && ln.Word(2) != "" && ln.Word(2) != "avalanche" {
			oneOf(2, "'hash-type' only supports 'sdbm', 'djb2', 'crc32', or 'wt6' hash functions.", "sdbm", "djb2", "wt6", "crc32", "none")
		}
	case "stick-table":
		l.stickTable(ln)
	case "http-check":
		kinds := []string{"disable-on-404", "send-state", "comment", "connect", "send", "expect", "set-var", "set-var-fmt", "unset-var"}
		if name, _, _ := strings.Cut(arg, "("); !slices.Contains(kinds, name) {
			oneOf(1, "'http-check' only supports 'disable-on-404', 'send-state', 'comment', 'connect', 'send', 'expect', 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'. but got '"+arg+"'", kinds...)
		} else if arg == "expect" {
			i := 2
			for slices.Contains([]string{"min-recv", "comment", "ok-status", "error-status", "tout-status", "on-success", "on-error", "status-code"}, ln.Word(i)) {
				i += 2
			}
			oneOf(i, "'http-check expect' : 'only supports min-recv, [!]string', '[!]rstring', '[!]string-lf', '[!]status', '[!]rstatus', [!]hdr, [!]fhdr or comment.",
				"status", "string", "rstring", "string-lf", "rstatus", "hdr", "fhdr")
		}
	case "compression":
		if oneOf(1, "'compression' expects 'algo', 'type' or 'offload'", "algo", "type", "offload", "algo-req", "algo-res", "type-req", "type-res", "direction", "minsize-req", "minsize-res") && arg == "algo" {
			oneOf(2, "'compression' : '"+ln.Word(2)+"' is not a supported algorithm.", "gzip", "deflate", "raw-deflate", "identity")
		}
	case "capture":
		switch {
		case arg == "cookie" && ln.Word(3) == "len":
		case (arg == "request" || arg == "response") && ln.Word(2) == "header" && ln.Word(4) == "len":
		default:
			l.alert(ln, "'capture' expects 'cookie' or 'request header' or 'response header'.", "bad_choice", "word", arg, "what", w,
				"want", []string{"cookie NAME len N", "request header NAME len N", "response header NAME len N"})
		}
	case "monitor":
		if oneOf(1, "'monitor' only supports 'fail'.", "fail") {
			if c, _ := splitCond(ln.From(2)); c.Kind == "" {
				l.alert(ln, "'monitor fail' requires either 'if' or 'unless' followed by a condition.", "needs_condition", "word", "monitor fail")
			} else {
				l.cond(ln, c, "error detected while parsing a 'monitor fail' condition : ")
			}
		}
	case "rate-limit":
		if oneOf(1, "'rate-limit' only supports 'sessions' (got '"+arg+"')", "sessions") && ln.Word(2) == "" {
			l.alert(ln, "'rate-limit sessions' expects expects an integer value (in sessions/second)", "missing_value", "word", "rate-limit sessions")
		}
	case "persist":
		if name, _, _ := strings.Cut(arg, "("); name != "rdp-cookie" {
			l.alert(ln, "missing persist method.", "missing_value", "word", w)
		}
	case "filter":
		if strings.HasPrefix(arg, "lua.") {
			return // a script's
		}
		oneOf(1, "'filter' : unknown keyword '"+arg+"'. Registered keywords :", "trace", "compression", "comp-req", "comp-res", "spoe", "cache", "fcgi-app", "bwlim-in", "bwlim-out", "opentracing", "ot")
	case "dispatch":
		if a, bad := parseAddr(arg); bad.key != "" || (a.Unix == "" && a.Low == 0) {
			l.alert(ln, "'dispatch' : missing port specification in '"+arg+"'", "no_port", "text", arg)
		}
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
