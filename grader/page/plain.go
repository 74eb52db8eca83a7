package page

import (
	"unicode/utf8"
)

// replacement stands for a character that is not shown.
const replacement = "\uFFFD"

// Plain is what a page may be sent as: what steers a terminal, or turns text around, is replaced.
// It gives b itself if there is nothing to replace.
func Plain(b []byte) []byte { return plain(b) }

// plain replaces what steers: control characters, marks that turn the direction of
// text around or hide in it, and bytes that are no UTF-8. Markup has none of them,
// so that a whole page can be looked through.
func plain(b []byte) []byte {
	clean := true
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if steers(r, n) {
			clean = false
			break
		}
		i += n
	}
	if clean {
		return b
	}
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if steers(r, n) {
			out = append(out, replacement...)
		} else {
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return out
}

func steers(r rune, n int) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r == utf8.RuneError:
		return n <= 1
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r == 0x061c, r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	case r == 0xfeff, r == 0x2028, r == 0x2029, r == 0x200b, r == 0x2060, r == 0x00ad, r >= 0xe0000 && r <= 0xe007f:
		return true
	}
	return false
}

// Clip bounds text from outside to so many characters, the last of them "…".
func Clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	n := 0
	for i := range s {
		if n == most-1 {
			if utf8.RuneCountInString(s[i:]) <= 1 {
				return s
			}
			return s[:i] + "…"
		}
		n++
	}
	return s
}
