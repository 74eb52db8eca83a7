package grader

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestToken: a token is known however it is typed, and nothing else is one.
func TestToken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		token := newToken()
		want, ok := tokenHash(token)
		require.True(t, ok)
		typed := strings.NewReplacer("0", rapid.SampledFrom([]string{"0", "o", "O"}).Draw(t, "0"), "1", rapid.SampledFrom([]string{"1", "i", "L"}).Draw(t, "1")).Replace(token)
		if rapid.Bool().Draw(t, "upper") {
			typed = strings.ToUpper(typed)
		}
		got, ok := tokenHash(" " + typed + "\n")
		require.True(t, ok)
		require.Equal(t, want, got)
		at := rapid.IntRange(0, len(token)-1).Draw(t, "at")
		other := rapid.SampledFrom([]byte("0123456789abcdefghjkmnpqrstvwxyz")).Draw(t, "other")
		if other != token[at] {
			got, ok = tokenHash(token[:at] + string(other) + token[at+1:])
			require.True(t, ok)
			require.NotEqual(t, want, got)
		}
		_, ok = tokenHash(rapid.StringN(0, 25, 25).Draw(t, "short"))
		require.False(t, ok)
	})
	for _, none := range []string{"", strings.Repeat("u", 26), strings.Repeat("-", 26), strings.Repeat("字", 26), strings.Repeat("\xff", 26)} {
		_, ok := tokenHash(none)
		require.False(t, ok, none)
	}
}
