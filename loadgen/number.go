package loadgen

import (
	"bytes"

	"swarmgrade/grader/evidence"
)

// numbersIn finds the whole decimal numbers that stand by themselves in a body and
// appends them to dst, which is empty: at most [evidence.NumbersKept], the first and
// the last half if there are more. Steps are the bytes it looked at.
//
// A number stands by itself if it is no part of an address, a port behind one, an
// ID, a date, a time, a version, a path or a fraction, by what it touches; wording
// does not matter. Digits in groups of three are one number. What HTML does not
// show, tags with their attributes, styles and scripts, is passed over.
//
// Port is the request's own source port, 0 if it is not known; a number that is the
// same is kept as a negative one.
func numbersIn(dst []int64, body []byte, port int64) (numbers []int64, steps int) {
	tags, raw := true, true // whether there may be a further end of one
	total := 0
	for i := 0; i < len(body); {
		steps++
		switch c := body[i]; {
		case c == '<' && tags && opensTag(body, i):
			n := bytes.IndexByte(body[i:], '>')
			if n < 0 {
				tags = false
				steps += len(body) - i
				i++
				continue
			}
			name := rawText(body[i+1:])
			i, steps = i+n+1, steps+n
			if name == "" || !raw {
				continue
			}
			n = rawEnd(body[i:], name)
			if raw = n >= 0; !raw {
				steps += len(body) - i
				continue
			}
			i, steps = i+n, steps+n
		case isDigit(c):
			end, value, ok := readNumber(body, i)
			steps += end - i
			if ok && !gluedLeft(body, i) && !gluedRight(body, end) {
				if value == port {
					value = -value
				}
				if total < evidence.NumbersKept {
					dst = append(dst, value)
				} else {
					last := dst[evidence.NumberPlaces:]
					copy(last, last[1:])
					last[len(last)-1] = value
				}
				total++
			}
			i = end
		default:
			i++
		}
	}
	return dst, steps
}

// readNumber reads the digits that begin at i; ok is false for more than are kept.
func readNumber(b []byte, i int) (end int, value int64, ok bool) {
	digits := 0
	take := func(to int) {
		for ; i < to; i++ {
			if isDigit(b[i]) {
				if digits++; digits <= evidence.MaxDigits {
					value = value*10 + int64(b[i]-'0')
				}
			}
		}
	}
	end = i
	for end < len(b) && isDigit(b[end]) {
		end++
	}
	grouped := end-i <= 3
	take(end)
	for grouped && end+3 < len(b) && b[end] == ',' && isDigit(b[end+1]) && isDigit(b[end+2]) && isDigit(b[end+3]) &&
		(end+4 == len(b) || !isDigit(b[end+4])) {
		end += 4
		take(end)
	}
	return end, value, digits <= evidence.MaxDigits
}

// gluedLeft reports whether what ends before i makes the number there a part of
// something else.
func gluedLeft(b []byte, i int) bool {
	if i == 0 {
		return false
	}
	var before byte
	if i > 1 {
		before = b[i-2]
	}
	switch c := b[i-1]; c {
	case '_', '%', '@', '~', '\\':
		return true
	case '.', '-', '/', '+':
		return isAlnum(before)
	case ':':
		return isDigit(before) || before == ':' || before == ']'
	case '#':
		return before == '&'
	case 'n', 'r', 't': // an escaped end of line in JSON
		return before != '\\'
	default:
		return isAlnum(c)
	}
}

// clock are the characters that make a number a part of a date or a time in Chinese.
var clock = [][]byte{[]byte("年"), []byte("月"), []byte("日"), []byte("时"), []byte("時"), []byte("分"), []byte("秒")}

// gluedRight is gluedLeft for what begins at i.
func gluedRight(b []byte, i int) bool {
	if i == len(b) {
		return false
	}
	rest := b[i+1:]
	var after byte
	if len(rest) > 0 {
		after = rest[0]
	}
	switch c := b[i]; {
	case c == '_', c == '%', c == '@':
		return true
	case c == '.', c == '-', c == '/', c == '+':
		return isAlnum(after)
	case c == ':':
		return isAlnum(after) || after == ':'
	case c >= 0x80:
		for _, word := range clock {
			if bytes.HasPrefix(b[i:], word) {
				return true
			}
		}
		return false
	case isAlnum(c): // but for 1st, 2nd, 3rd and 4th
		if len(rest) == 0 || len(rest) > 1 && isAlnum(rest[1]) {
			return true
		}
		switch string(b[i : i+2]) {
		case "st", "nd", "rd", "th":
			return false
		}
		return true
	}
	return false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isAlnum(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// opensTag reports whether a tag or a comment of HTML may begin at i.
func opensTag(b []byte, i int) bool {
	if i+1 == len(b) {
		return false
	}
	c := b[i+1]
	return isAlnum(c) && !isDigit(c) || c == '/' || c == '!' || c == '?'
}

// rawText is the name of an element whose text is no text of the page.
func rawText(b []byte) string {
	for _, name := range []string{"style", "script"} {
		if len(b) > len(name) && equalFold(b[:len(name)], name) && !isAlnum(b[len(name)]) {
			return name
		}
	}
	return ""
}

// rawEnd is where such an element's end tag begins, -1 if there is none.
func rawEnd(b []byte, name string) int {
	for at := 0; ; at++ {
		n := bytes.IndexByte(b[at:], '<')
		if n < 0 {
			return -1
		}
		at += n
		if rest := b[at+1:]; len(rest) > len(name) && rest[0] == '/' && equalFold(rest[1:1+len(name)], name) {
			return at
		}
	}
}
