package haproxy

import (
	"strings"

	"swarmgrade/grader/diag"
)

// wordSet maps a keyword to the number of words that follow it.
type wordSet map[string]int

// has also finds name(arg) under name*, and a table's number, as in track-sc0.
// What a Lua script brings along can't be known.
func (s wordSet) has(w string) bool { return s.find(w) != "" || strings.HasPrefix(w, "lua.") }

// find is the entry of the list that a word is found under, "" for none.
func (s wordSet) find(w string) string {
	if _, ok := s[w]; ok {
		return w
	}
	w, _, _ = strings.Cut(w, "(")
	for _, name := range []string{w, w + "*", strings.TrimRight(w, "0123456789") + "*"} {
		if _, ok := s[name]; ok {
			return name
		}
	}
	return ""
}

// nearest is the known word most like w, or "" if none is near enough to be
// what was meant: at most a third of its letters differ.
func (s wordSet) nearest(w string) string {
	if len(w) > 40 {
		return ""
	}
	w = strings.ToLower(strings.ReplaceAll(w, "-", "_"))
	best, at := "", len(w)/3+1
	for k := range s {
		if len(k)-len(w) > 3 || len(w)-len(k) > 3 {
			continue
		}
		d := diag.Distance(w, strings.ReplaceAll(k, "-", "_"))
		if d < at || (d == at && best != "" && k < best) {
			best, at = k, d
		}
	}
	return best
}
