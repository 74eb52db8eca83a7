package haproxy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheVocabularyIsWellFormed: every mark is one that the table explains, no
// list has a word twice, and what is handed to the real HAProxy is something
// that the embedded balancer may run too, since it takes over where the other
// can't.
func TestTheVocabularyIsWellFormed(t *testing.T) {
	marks := strings.Fields("front back not-front unread not-defaults named-defaults number time name text lax answers http rare")
	for list, l := range vocabularies() {
		require.Len(t, l.at, len(l.words), "a word twice in %s", list)
		for _, w := range l.words {
			require.NotEmpty(t, w.Name, list)
			require.NotContains(t, w.Name, ":", list)
			require.Subset(t, marks, append([]string{}, w.marks...), "%s %s", list, w.Name)
			require.True(t, w.Real == Refuses || w.Embedded != Refuses, "%s %s", list, w.Name)
			require.Equal(t, w, Lookup(list, w.Name))
		}
	}
	for _, list := range []string{"sections", "global", "proxy", "option", "server", "bind"} {
		require.NotEmpty(t, Vocabulary(list), list)
	}
}

// TestTheLintChecksKnownWords: what it has a check for is in the table.
func TestTheLintChecksKnownWords(t *testing.T) {
	for w := range proxyLines {
		require.NotEmpty(t, Lookup("proxy", w).Name, w)
	}
}

// TestInnocentLinesAreOfKnownWords: innocent.txt lists forms of lines, and each is
// of a word that the vocabulary has.
func TestInnocentLinesAreOfKnownWords(t *testing.T) {
	known := func(list, w string) bool {
		return strings.HasSuffix(w, "*") || words(list).has(w) || Lookup(list+".prefix", w).Name != "" ||
			w == "debug" || // of versions before those tried
			list == "server" && w == "interface" // behind source
	}
	for _, list := range []string{"global", "proxy", "resolvers"} {
		for w := range innocentLists()[list] {
			require.True(t, w == "" || known(list, w), "%s %s", list, w)
		}
	}
	for _, list := range []string{"server", "bind"} {
		for _, w := range innocentWords()[list] {
			require.True(t, known(list, w), "%s %s", list, w)
		}
	}
	for _, w := range innocentWords()["sections"] {
		for kind := range strings.SplitSeq(w, "|") {
			require.True(t, known("sections", kind), kind)
		}
	}
}

func TestLookup(t *testing.T) {
	require.Equal(t, Word{Name: "weight", Least: 1, Most: 1, Embedded: Does, Real: Does, marks: []string{"number", "lax"}}, Lookup("server", "weight"))
	require.Equal(t, 206, Lookup("balance", "sticky").Lacking)
	require.True(t, Lookup("balance", "random").Open)
	require.Equal(t, -1, Lookup("proxy", "description").Most)
	require.Equal(t, "base32+src", Lookup("fetch", "base32+src").Name)
	require.Equal(t, Word{Most: -1}, Lookup("proxy", "nosuch"))
	require.Equal(t, Word{Most: -1}, Lookup("nosuch", "mode"))
	require.Equal(t, Word{Most: -1}, Lookup("balance", "random*"))
}
