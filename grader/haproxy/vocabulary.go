package haproxy

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed keywords.txt
var keywordText string

// Use is what a program makes of a word.
type Use int

const (
	// Refuses: not the whole configuration is run, and the word is named.
	Refuses Use = iota
	// Ignores: nothing is left to do, since no answer depends on it.
	Ignores
	// Does: what the word says is done.
	Does
)

// Word is an entry of keywords.txt, the one vocabulary of every program that
// reads configurations.
type Word struct {
	// Name is "" for a word that no tried version of HAProxy knows.
	Name string
	// Open says that an argument in parentheses or a number may follow at once.
	Open bool
	// Least and Most are how many words follow; Most is -1 where any may.
	Least, Most int
	// Lacking is the newest version tried that does not have the word, such as
	// 206; 0 for one that every version has, or that was not tried.
	Lacking int
	// Embedded is what the embedded balancer makes of it, Real what the filter in
	// front of the real HAProxy does.
	Embedded, Real Use
	marks          []string
}

// Is reports whether the table says more of the word, such as "rare".
func (w Word) Is(mark string) bool { return slices.Contains(w.marks, mark) }

// uses are the marks that say what a program does.
var uses = map[string]func(*Word){
	"plays":   func(w *Word) { w.Embedded = Does },
	"ignores": func(w *Word) { w.Embedded = Ignores },
	"carries": func(w *Word) { w.Real = Does },
	"drops":   func(w *Word) { w.Real = Ignores },
}

// newestTried is the newest version whose words were gathered.
const newestTried = 302

// wordList is a list of the vocabulary.
type wordList struct {
	words []Word
	at    map[string]int // by name, with the * of an open one
	set   wordSet
}

var vocabularies = sync.OnceValue(func() map[string]*wordList {
	all := map[string]*wordList{}
	var l *wordList
	since := ""
	for line := range strings.Lines(keywordText) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			// "x.newer" and "x >2.6" join x; "x.removed" stands apart.
			var name string
			name, since, _ = strings.Cut(strings.Trim(line, "[]"), " >")
			name = strings.TrimSuffix(name, ".newer")
			if l = all[name]; l == nil {
				l = &wordList{at: map[string]int{}, set: wordSet{}}
				all[name] = l
			}
		default:
			names, marks, _ := strings.Cut(line, " : ")
			for _, text := range strings.Fields(names) {
				l.add(newWord(text, strings.Fields(marks), versionNumber(since)))
			}
		}
	}
	return all
})

func newWord(text string, marks []string, lacking int) Word {
	w := Word{Name: text, Most: -1, Lacking: lacking}
	if name, n, ok := strings.Cut(text, "+"); ok && n != "" && isDigit(n[0]) && strings.Trim(n[1:], "-") == "" {
		w.Name, w.Least = name, int(n[0]-'0')
		if w.Most = w.Least; len(n) > 1 {
			w.Most = -1
		}
	}
	w.Name, w.Open = strings.CutSuffix(w.Name, "*")
	for _, m := range marks {
		if use, ok := uses[m]; ok {
			use(&w)
		} else {
			w.marks = append(w.marks, m)
		}
	}
	return w
}

func (l *wordList) add(w Word) {
	name := w.Name
	if w.Open {
		name += "*"
	}
	l.at[name] = len(l.words)
	l.words = append(l.words, w)
	l.set[name] = w.Least
}

// Vocabulary are the words of a list of keywords.txt, such as "proxy" or
// "option", in its order.
func Vocabulary(list string) []Word {
	if l := vocabularies()[list]; l != nil {
		return l.words
	}
	return nil
}

// Lookup is a word of a list, by its bare name; one without a name if the list
// has none such.
func Lookup(list, name string) Word {
	l := vocabularies()[list]
	if l == nil || strings.HasSuffix(name, "*") {
		return Word{Most: -1}
	}
	for _, key := range []string{name, name + "*"} {
		if i, ok := l.at[key]; ok {
			return l.words[i]
		}
	}
	return Word{Most: -1}
}

// proposed are the words of a list that are proposed to a student.
func proposed(list string) []string {
	var out []string
	for _, w := range Vocabulary(list) {
		if !w.Is("rare") {
			out = append(out, w.Name)
		}
	}
	return out
}

// lacking tells, for a word as it is written, the newest version tried that
// does not have it, as a number; 0 for one that every version has. A word
// without an entry may be of a build or a version that was not tried.
func lacking(list, w string) int {
	if l := vocabularies()[list]; l != nil {
		if i, ok := l.at[l.set.find(w)]; ok {
			return l.words[i].Lacking
		}
	}
	return 0
}

// words is a list of keywords.txt with how many words follow each.
func words(list string) wordSet {
	if l := vocabularies()[list]; l != nil {
		return l.set
	}
	return nil
}

// WordsAfter is how many words belong to an option of a server or bind line,
// such as 1 for "weight".
func WordsAfter(line, option string) int { return words(line)[words(line).find(option)] }
