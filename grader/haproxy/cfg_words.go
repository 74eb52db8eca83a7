package haproxy

import (
	"fmt"
	"strings"
)

// split is a line cut into words as HAProxy cuts it.
type split struct {
	words []string
	env   bool
	err   string // the name of a message, "" if the line is well-formed
	pos   int    // where, counted from 1 in bytes
	word  string // the last word kept, for too_many_words
}

func isSpace(c byte) bool { return c == ' ' || (c >= '\t' && c <= '\r') }

// splitWords follows HAProxy: words end at white space; # begins a comment, in
// the middle of a word too; "weak quotes" know escapes and $VARIABLES, 'strong
// quotes' nothing; a backslash escapes a space, a backslash, #, quotes, n, r, t
// and xHH, and stands for itself before anything else. There is no line
// continuation: a backslash at the end of a line is a word of its own.
func splitWords(s string) split {
	var out split
	i, n := 0, len(s)
	for {
		for i < n && isSpace(s[i]) {
			i++
		}
		if i >= n || s[i] == '#' {
			return out
		}
		if len(out.words) == MaxWords {
			out.err, out.pos, out.word = "too_many_words", i+1, s[i:endOfWord(s, i)]
			return out
		}
		w, next, ok := oneWord(s, i, &out)
		if !ok {
			out.words = nil
			return out
		}
		out.words = append(out.words, w)
		i = next
	}
}

func endOfWord(s string, i int) int {
	for i < len(s) && !isSpace(s[i]) && s[i] != '#' {
		i++
	}
	return i
}

// oneWord reads the word at i and returns where it ends.
func oneWord(s string, i int, out *split) (string, int, bool) {
	var b strings.Builder
	weak, strong := -1, -1 // where the open quote is
	fail := func(err string, at int) (string, int, bool) {
		out.err, out.pos = err, at+1
		return "", 0, false
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
			width, err := variable(s[i:])
			if err != "" {
				at := i + 1
				if err == "bad_var" && strings.HasPrefix(s[i:], "${") {
					at++
				}
				return fail(err, at)
			}
			out.env = true
			b.WriteString(s[i : i+width])
			i += width
		case (isSpace(c) || c == '#') && weak < 0 && strong < 0:
			return b.String(), i, true
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
	return b.String(), i, true
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

// variable measures the reference to an environment variable at the start of s.
func variable(s string) (width int, err string) {
	i := 1
	brace := i < len(s) && s[i] == '{'
	if brace {
		i++
	}
	if i >= len(s) || !isAlpha(s[i]) && s[i] != '_' && s[i] != '.' {
		return 0, "bad_var"
	}
	for i < len(s) && (isAlpha(s[i]) || isDigit(s[i]) || s[i] == '_' || s[i] == '.') {
		i++
	}
	if !brace {
		return i, ""
	}
	if strings.HasPrefix(s[i:], "[*]") {
		i += 3
	} else if i < len(s) && s[i] == '-' { // ${NAME-default}
		if j := strings.IndexByte(s[i:], '}'); j > 0 {
			i += j
		}
	}
	if i >= len(s) || s[i] != '}' {
		return 0, "open_brace"
	}
	return i + 1, ""
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
	case "bad_var":
		return at + fmt.Sprintf("forbidden first char in environment variable name at position %d:", s.pos)
	case "bad_hex":
		return at + fmt.Sprintf("truncated or invalid hexadecimal sequence at position %d:", s.pos)
	}
	return at + fmt.Sprintf("too many words, truncating after word %d, position %d: <%s>.", MaxWords, s.pos, s.word)
}
