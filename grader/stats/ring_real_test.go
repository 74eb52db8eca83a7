package stats_test

import (
	"math"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/stats"
)

// TestRingSharesOfARealHAProxy: the shares that are computed are those that a
// HAProxy on this machine deals out, with every slot up and with one down.
func TestRingSharesOfARealHAProxy(t *testing.T) {
	bin := installedHAProxy(t)
	for name, c := range map[string]struct {
		servers int
		ids     []int
	}{
		"three":       {3, []int{1, 2, 3}},
		"five":        {5, []int{1, 2, 3, 4, 5}},
		"two of four": {4, []int{2, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			const n = 3000
			counts := deal(t, bin, c.servers, c.ids, n)
			low, high := stats.RingBounds(c.ids, len(c.ids), 1)
			e := stats.JudgeShares(counts, low, high)
			require.True(t, e.Even, "%v, each %d to %d", counts, e.Low, e.High)
			for i, share := range stats.RingShares(c.ids, 1) {
				sigma := math.Sqrt(n * share * (1 - share))
				require.InDelta(t, n*share, counts[i], 6*sigma, "server %d of %v: %v", c.ids[i], c.ids, counts)
			}
		})
	}
}

// deal sends n requests through "balance random" and counts who answered of the
// servers that are up, whose numbers begin at 1.
func deal(t *testing.T, bin string, servers int, up []int, n int) []int {
	t.Helper()
	lines := make([]string, servers)
	for i := range lines {
		if !slices.Contains(up, i+1) {
			lines[i] = "disabled"
		}
	}
	next := behindHAProxy(t, bin, "random", lines, &http.Transport{})
	counts := make([]int, len(up))
	for range n {
		id := next() + 1
		require.Contains(t, up, id)
		counts[slices.Index(up, id)]++
	}
	return counts
}
