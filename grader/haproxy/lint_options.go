package haproxy

import "fmt"

func (l *linter) option(ln Line) {
	name := ln.Word(1)
	head := fmt.Sprintf("config : parsing [%s:%d]: ", ln.File, ln.Num)
	switch {
	case name == "":
		l.at(ln, head+"'option' expects an option name.", "missing_value", "word", "option")
		return
	case words("option.removed").has(name):
		l.at(ln, head+"option '"+name+"' is not supported any more.", "removed_keyword", "word", "option "+name)
		return
	case !words("option").has(name):
		near := words("option").nearest(name)
		said := "unknown option '" + name + "'"
		if near != "" {
			said += "; did you mean '" + near + "' maybe ?"
		} else {
			said += "."
		}
		l.alert(ln, said, "bad_option", "word", name)
		return
	case l.late(ln, "option", name, "unknown option '"+name+"'."):
		return
	}
	args := ln.From(2)
	if d := Lookup("option", name); d.Most == 0 && len(args) > 0 {
		l.alert(ln, "'option "+name+"' cannot handle unexpected argument '"+args[0]+"'.", "extra_word", "word", args[0])
	}
	switch name {
	case "forwardfor":
		for i := 0; i < len(args); i++ {
			switch args[i] {
			case "except", "header":
				if i+1 >= len(args) {
					l.alert(ln, "'option forwardfor "+args[i]+"' expects an argument.", "missing_value", "word", args[i])
				}
				i++
			case "if-none":
			default:
				l.alert(ln, "'option forwardfor' only supports optional values: 'except', 'header' and 'if-none'.", "extra_word", "word", args[i])
				return
			}
		}
	case "httplog":
		if len(args) > 0 && args[0] != "clf" {
			l.alert(ln, "keyword 'httplog' only supports option 'clf'.", "extra_word", "word", args[0])
		}
	case "httpchk":
		if len(args) > 3 && (l.cfg.version < 302 || len(args) > 4) { // later ones take a host name
			l.alert(ln, "'option httpchk' cannot handle unexpected argument '"+args[3]+"'.", "extra_word", "word", args[3])
		}
	case "pgsql-check":
		if len(args) < 2 {
			l.alert(ln, "'option pgsql-check' expects 'user <username>' as argument.", "missing_value", "word", name)
		}
	}
}

func (l *linter) stats(ln Line) {
	head := fmt.Sprintf("config : parsing [%s:%d]: ", ln.File, ln.Num)
	w := ln.Word(1)
	d := Lookup("stats", w)
	if d.Name == "" {
		l.at(ln, head+"unknown stats parameter '"+w+"', expects 'admin', 'uri', 'realm', 'auth', 'scope', 'enable', 'hide-version', 'show-node', 'show-desc' or 'show-legends'.",
			"bad_choice", "word", w, "what", "stats", "want", proposed("stats"))
		return
	}
	switch w {
	case "refresh":
		if _, ok := parseTime(ln.Word(2), 1e9); !ok {
			l.at(ln, head+"unexpected character in argument to stats refresh interval.", "bad_time", "word", ln.Word(2), "what", "stats refresh")
		}
	case "admin":
		c, _ := splitCond(ln.From(2))
		if c.Kind == "" {
			l.alert(ln, "'stats admin' requires either 'if' or 'unless' followed by a condition.", "needs_condition", "word", "stats admin")
		} else {
			l.cond(ln, c, "error detected while parsing a 'stats admin' rule : ")
		}
	default:
		if d.Least > 0 && ln.Word(2) == "" {
			l.alert(ln, "'"+w+"' needs a value.", "missing_value", "word", "stats "+w)
		}
	}
}

func (l *linter) cookie(ln Line) {
	if ln.Word(1) == "" {
		l.alert(ln, "'cookie' expects <cookie_name> as argument.", "missing_value", "word", "cookie")
		return
	}
	ws := ln.From(2)
	for i := 0; i < len(ws); i++ {
		d := Lookup("cookie", ws[i])
		if d.Name == "" {
			l.alert(ln, "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly', 'domain', 'maxidle', 'dynamic', 'maxlife' and 'attr' options.",
				"bad_choice", "word", ws[i], "what", "cookie", "want", proposed("cookie"))
			return
		}
		if i+d.Least >= len(ws) {
			l.at(ln, fmt.Sprintf("config : parsing [%s:%d]: '%s' expects an argument.", ln.File, ln.Num, ws[i]), "missing_value", "word", ws[i])
			return
		}
		i += d.Least
	}
	c := parseCookie(ln)
	modes := 0
	for _, on := range []bool{c.Rewrite, c.Insert, c.Prefix} {
		if on {
			modes++
		}
	}
	if modes > 1 {
		l.alert(ln, "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.", "cookie_modes")
	}
	if c.Preserve && !c.Insert && !c.Indirect {
		l.alert(ln, "cookie 'preserve' requires at least 'insert' or 'indirect'.", "cookie_preserve")
	}
}
