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

// lacking tells, for a word of a list, the newest version tried that does not
// have it, as a number; 0 for one that every version has. A word without an
// entry may be of a build or a version that was not tried.
func lacking(list, w string) int {
	return keywordLacks()[list][words(list).find(w)]
}

// newestTried is the newest version whose words were gathered.
const newestTried = 302

var keywordLacks = sync.OnceValue(func() map[string]wordSet {
	all := make(map[string]wordSet)
	eachKeyword(func(list, since, w string) {
		if all[list] == nil {
			all[list] = wordSet{}
		}
		if name, _ := keywordArgs(w); since != "" {
			all[list][name] = versionNumber(since)
		}
	})
	return all
})

var keywordSets = sync.OnceValue(func() map[string]wordSet {
	all := make(map[string]wordSet)
	eachKeyword(func(list, _, w string) {
		if all[list] == nil {
			all[list] = wordSet{}
		}
		name, args := keywordArgs(w)
		all[list][name] = args
	})
	return all
})

// keywordArgs parts name+N.
func keywordArgs(w string) (name string, args int) {
	name, n, ok := strings.Cut(w, "+")
	if ok && len(n) == 1 && isDigit(n[0]) {
		return name, int(n[0] - '0')
	}
	return w, 0
}

// eachKeyword goes through keywords.txt; since is the version that does not
// have the word yet, "" for none. "x.newer" and "x >2.6" join x; "x.removed"
// stands apart.
func eachKeyword(do func(list, since, w string)) {
	list, since := "", ""
	for line := range strings.Lines(keywordText) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			list, since, _ = strings.Cut(strings.Trim(line, "[]"), " >")
			list = strings.TrimSuffix(list, ".newer")
		default:
			for _, w := range strings.Fields(line) {
				do(list, since, w)
			}
		}
	}
}

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
func WordsAfter(line, option string) int { return words(line)[words(line).find(option)] }
