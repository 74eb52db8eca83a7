package result

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestOneParagraph: whatever is written is one paragraph of plain text, no longer than it
// was, and stays as it is from then on.
func TestOneParagraph(t *testing.T) {
	require.Equal(t, "a b 字", OneParagraph(" a\r\n\tb\u2029\x00字\x1b "))
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "text")
		got := OneParagraph(text)
		require.True(t, utf8.ValidString(got))
		require.LessOrEqual(t, utf8.RuneCountInString(got), utf8.RuneCountInString(text))
		require.Equal(t, got, OneParagraph(got))
		require.Equal(t, got, strings.TrimSpace(got))
		require.False(t, strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) && r != ' ' }))
	})
}

// TestRequestOpen: it waits for an instructor while the student spoke last.
func TestRequestOpen(t *testing.T) {
	at := time.Date(2024, 12, 2, 9, 0, 0, 0, time.UTC)
	r := Request{}
	require.False(t, r.Open())
	require.Zero(t, r.Asked())
	require.Zero(t, r.Moved())
	for i, w := range []struct {
		Word
		open bool
	}{
		{Word{Kind: RequestAsked, Student: true}, true}, {Word{Kind: RequestSaid}, false}, {Word{Kind: RequestSaid, Student: true}, true},
		{Word{Kind: RequestGraded}, false}, {Word{Kind: RequestSaid, Student: true}, true}, {Word{Kind: RequestWithdrawn, Student: true}, false},
	} {
		w.When = at.Add(time.Duration(i) * time.Minute)
		r.Words = append(r.Words, w.Word)
		require.Equal(t, w.open, r.Open(), i)
		require.Equal(t, at, r.Asked())
		require.Equal(t, w.When, r.Moved())
	}
	s := Student{Requests: []Request{{ID: 1, Task: "1"}, {ID: 2, Task: "1", Check: "a"}, {ID: 3}}}
	require.Equal(t, []Request{{ID: 2, Task: "1", Check: "a"}}, s.OfTarget("1", "a"))
	require.Equal(t, []Request{{ID: 1, Task: "1"}}, s.OfTarget("1", ""))
	require.Equal(t, []Request{{ID: 3}}, s.OfTarget("", ""))
}
