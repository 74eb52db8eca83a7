package observe

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// TestStretches: they lie apart and in order, cover all that was added, and are bounded.
func TestStretches(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var list, added []evidence.Stretch
		for range 1 + rng.IntN(600) {
			s := evidence.Stretch{From: rng.Int64N(100000)}
			s.To = s.From + rng.Int64N(200)
			list = addStretch(list, s)
			added = append(added, s)
		}
		require.LessOrEqual(t, len(list), maxStretches)
		for i := range list {
			require.LessOrEqual(t, list[i].From, list[i].To)
			require.False(t, i > 0 && list[i].From <= list[i-1].To)
		}
		for _, s := range added {
			inside := false
			for _, l := range list {
				inside = inside || l.From <= s.From && s.To <= l.To
			}
			require.True(t, inside)
		}
	}
	require.Equal(t, []evidence.Stretch{{From: 1, To: 5}}, addStretch(addStretch(nil, evidence.Stretch{From: 1, To: 3}), evidence.Stretch{From: 3, To: 5}))
}
