package haproxy

import (
	_ "embed"
	"strings"
	"sync"
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
		d := distance(w, strings.ReplaceAll(k, "-", "_"))
		if d < at || (d == at && best != "" && k < best) {
			best, at = k, d
		}
	}
	return best
}

// distance counts the letters to insert, drop, change or swap.
func distance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}

// WordsAfter is how many words belong to an option of a server or bind line,
// such as 1 for "weight".
func WordsAfter(line, option string) int { return words(line)[option] }
