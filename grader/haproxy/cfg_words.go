package haproxy

import (
	"fmt"
	"strings"
)

// split is a line cut into words as HAProxy cuts it.
type split struct {
	words []string
	env   bool     // an unknown variable is among them
	names []string // of all variables
	unset []string // of those that are known to be unset
	err   string   // the name of a message, "" if the line is well-formed
	pos   int      // where, counted from 1 in bytes
	word  string   // the last word kept, for too_many_words
}

func isSpace(c byte) bool { return c == ' ' || (c >= '\t' && c <= '\r') }

// splitWords follows HAProxy: words end at white space; # begins a comment, in
// the middle of a word too; "weak quotes" know escapes and $VARIABLES, 'strong
// quotes' nothing; a backslash escapes a space, a backslash, #, quotes, n, r, t
// and xHH, and stands for itself before anything else. There is no line
// continuation: a backslash at the end of a line is a word of its own.
//
// A variable whose value is not known stands in its word as it was written. An
// empty word ends the line's arguments: what follows it is read by nobody.
func splitWords(s string, env *environment) split {
	var out split
	i, n := 0, len(s)
	for {
		for i < n && isSpace(s[i]) {
			i++
		}
		if i >= n || s[i] == '#' {
			return out
		}
		if len(out.words) >= MaxWords {
			out.err, out.pos, out.word = "too_many_words", i+1, s[i:endOfWord(s, i)]
			return out
		}
		next, ok := oneWord(s, i, &out, env)
		if !ok {
			out.words = nil
			return out
		}
		i = next
	}
}

func endOfWord(s string, i int) int {
	for i < len(s) && !isSpace(s[i]) && s[i] != '#' {
		i++
	}
	return i
}

// oneWord reads the word at i, which a variable may turn into several, and
// returns where it ends.
func oneWord(s string, i int, out *split, env *environment) (int, bool) {
	var b strings.Builder
	weak, strong := -1, -1 // where the open quote is
	fail := func(err string, at int) (int, bool) {
		out.err, out.pos = err, at+1
		return 0, false
	}
	end := func() {
		if len(out.words) < MaxWords {
			out.words = append(out.words, b.String())
		}
		b.Reset()
	}
	n := len(s)
	for i < n {
		c := s[i]
		switch {
		case c == '"' && strong < 0:
			if weak >= 0 {
				weak = -1
			} else {
				weak = i
			}
			i++
		case c == '\'' && weak < 0:
			if strong >= 0 {
				strong = -1
			} else {
				strong = i
			}
			i++
		case c == '\\' && strong < 0:
			esc, width, bad := escape(s[i:], weak >= 0)
			if bad {
				return fail("bad_hex", i)
			}
			b.WriteString(esc)
			i += width
		case c == '$' && weak >= 0:
			v := variable(s[i:])
			if v.err != "" {
				return fail(v.err, i+v.at)
			}
			if !out.variable(v, env, &b, end) {
				b.WriteString(s[i : i+v.width])
			}
			i += v.width
		case (isSpace(c) || c == '#') && weak < 0 && strong < 0:
			end()
			return i, true
		default:
			b.WriteByte(c)
			i++
		}
	}
	if weak >= 0 {
		return fail("open_quote", weak)
	}
	if strong >= 0 {
		return fail("open_quote", strong)
	}
	end()
	return i, true
}

// variable puts a reference's value in place; false if it is not known. With
// [*] each run of white space in the value ends a word.
func (out *split) variable(v reference, env *environment, b *strings.Builder, end func()) bool {
	out.names = append(out.names, v.name)
	value, st := env.value(v.name)
	if st == unset && v.hasDefault {
		value, st = v.def, set
	} else if st == unset {
		out.unset = append(out.unset, v.name)
	}
	if st == unknown || env.spent+len(value) > maxExpanded {
		out.env = true
		return false
	}
	env.spent += len(value)
	if !v.expand {
		b.WriteString(value)
		return true
	}
	for value != "" && len(out.words) < MaxWords {
		i := strings.IndexFunc(value, func(r rune) bool { return r < 128 && isSpace(byte(r)) })
		if i < 0 {
			b.WriteString(value)
			break
		}
		b.WriteString(value[:i])
		end()
		value = strings.TrimLeft(value[i:], " \t\n\v\f\r")
	}
	return true
}

// escape reads the sequence at the start of s, which begins with a backslash.
func escape(s string, weak bool) (text string, width int, bad bool) {
	if len(s) == 1 {
		return `\`, 1, false
	}
	switch c := s[1]; c {
	case ' ', '\\', '#', '\'', '"':
		return string(c), 2, false
	case '$':
		if weak {
			return "$", 2, false
		}
	case 'n':
		return "\n", 2, false
	case 'r':
		return "\r", 2, false
	case 't':
		return "\t", 2, false
	case 'x':
		var v int
		if len(s) < 4 {
			return "", 0, true
		}
		for _, h := range []byte(s[2:4]) {
			d := strings.IndexByte("0123456789abcdef", h|0x20)
			if d < 0 {
				return "", 0, true
			}
			v = v*16 + d
		}
		return string([]byte{byte(v)}), 4, false
	}
	return `\`, 1, false
}

// reference is a $NAME, ${NAME}, ${NAME[*]} or ${NAME-default} in a line.
type reference struct {
	name       string
	def        string
	hasDefault bool
	expand     bool
	width      int
	err        string // the name of a message, "" if it is well-formed
	at         int    // where the error is
}

// variable reads the reference to an environment variable at the start of s.
func variable(s string) reference {
	i := 1
	brace := i < len(s) && s[i] == '{'
	if brace {
		i++
	}
	start := i
	if i < len(s) && s[i] == '.' {
		i++
	} else if i >= len(s) || !isAlpha(s[i]) && s[i] != '_' {
		return reference{err: "bad_var", at: start}
	}
	for i < len(s) && (isAlpha(s[i]) || isDigit(s[i]) || s[i] == '_') {
		i++
	}
	r := reference{name: s[start:i]}
	if r.name[0] == '.' && r.name != ".LINE" && r.name != ".FILE" && r.name != ".SECTION" {
		return reference{err: "bad_var", at: start}
	}
	if !brace {
		r.width = i
		return r
	}
	if i < len(s) && s[i] == '[' {
		if !strings.HasPrefix(s[i:], "[*]") {
			return reference{err: "bad_expansion", at: i}
		}
		r.expand = true
		i += 3
	}
	if i < len(s) && s[i] == '-' {
		if j := strings.IndexByte(s[i:], '}'); j > 0 {
			r.def, r.hasDefault = s[i+1:i+j], true
			i += j
		}
	}
	if i >= len(s) || s[i] != '}' {
		return reference{err: "open_brace", at: 1}
	}
	r.width = i + 1
	return r
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// complaint is what HAProxy says of a line that it cannot cut into words.
func (s split) complaint(l Line) string {
	at := fmt.Sprintf("config : parsing [%s:%d]: ", l.File, l.Num)
	switch s.err {
	case "open_quote":
		return at + fmt.Sprintf("unmatched quote at position %d:", s.pos)
	case "open_brace":
		return at + fmt.Sprintf("unmatched brace in environment variable name at position %d:", s.pos)
	case "bad_expansion":
		return at + fmt.Sprintf("truncated or invalid word expansion sequence at position %d:", s.pos)
	case "bad_var":
		return at + fmt.Sprintf("forbidden first char in environment variable name at position %d:", s.pos)
	case "bad_hex":
		return at + fmt.Sprintf("truncated or invalid hexadecimal sequence at position %d:", s.pos)
	}
	return at + fmt.Sprintf("too many words, truncating after word %d, position %d: <%s>.", MaxWords, s.pos, s.word)
}
