package haproxy

import (
	_ "embed"
	"strings"
	"sync"

	"swarmgrade/grader/diag"
)

//go:embed keywords.txt
var keywordText string

// wordSet maps a keyword to the number of words that follow it.
type wordSet map[string]int

// has also finds name(arg) under name* .
func (s wordSet) has(w string) bool {
	if _, ok := s[w]; ok {
		return true
	}
	if i := strings.IndexByte(w, '('); i > 0 {
		_, ok := s[w[:i]+"*"]
		return ok
	}
	return false
}

var keywordSets = sync.OnceValue(func() map[string]wordSet {
	all := make(map[string]wordSet)
	var cur wordSet
	for line := range strings.Lines(keywordText) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			// "x.newer" joins x; "x.removed" stands apart.
			name := strings.TrimSuffix(strings.Trim(line, "[]"), ".newer")
			if all[name] == nil {
				all[name] = wordSet{}
			}
			cur = all[name]
		default:
			for _, w := range strings.Fields(line) {
				name, n, ok := strings.Cut(w, "+")
				args := 0
				if ok && len(n) == 1 && isDigit(n[0]) {
					args, w = int(n[0]-'0'), name
				}
				cur[w] = args
			}
		}
	}
	return all
})

// words is a list of keywords.txt.
func words(list string) wordSet { return keywordSets()[list] }

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

// WordsAfter is how many words belong to an option of a server or bind line,
// such as 1 for "weight".
func WordsAfter(line, option string) int { return words(line)[option] }
