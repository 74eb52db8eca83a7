package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// ids are 1 to n, as HAProxy numbers the servers of a backend.
func ids(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i + 1
	}
	return out
}

// TestRingShares: what a real HAProxy was seen to do, and what shares are.
func TestRingShares(t *testing.T) {
	shares := RingShares(ids(3), 1)
	for i, want := range []float64{0.351, 0.295, 0.354} {
		require.InDelta(t, want, shares[i], 0.001)
	}
	require.Equal(t, []float64{1}, RingShares([]int{7}, 1))
	require.Empty(t, RingShares(nil, 1))
	for _, n := range []int{2, 3, 5, 12, 40} {
		for _, weight := range []int{-1, 0, 1, 10, 256, 5000} {
			sum := 0.0
			for _, s := range RingShares(ids(n), weight) {
				require.Greater(t, s, 0.0)
				sum += s
			}
			require.InDelta(t, 1, sum, 1e-9)
		}
	}
	// More points make the shares more alike.
	spread := func(weight int) float64 {
		s := RingShares(ids(5), weight)
		return slices.Max(s) - slices.Min(s)
	}
	require.Less(t, spread(100), spread(1)/2)
}

// TestRingSharesAreTheRings: drawing from the ring gives its shares. The draw
// is made the way HAProxy makes it, by looking for the nearest point.
func TestRingSharesAreTheRings(t *testing.T) {
	type point struct {
		at    uint32
		owner int
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, list := range [][]int{ids(2), ids(3), {3, 17, 4, 900}} {
		var points []point
		for owner, id := range list {
			for i := range 16 {
				points = append(points, point{fullHash(uint32(id*4096 + i)), owner})
			}
		}
		counts := make([]float64, len(list))
		const draws = 200000
		for range draws {
			h := rng.Uint32()
			best, at := uint32(math.MaxUint32), 0
			for _, p := range points {
				if d := min(p.at-h, h-p.at); d < best {
					best, at = d, p.owner
				}
			}
			counts[at]++
		}
		for i, want := range RingShares(list, 1) {
			require.InDelta(t, want, counts[i]/draws, 0.006)
		}
	}
}

// TestRingBounds: with slots to spare any of them may be up.
func TestRingBounds(t *testing.T) {
	low, high := RingBounds(ids(3), 3, 1)
	require.InDelta(t, 0.295, low, 0.001)
	require.InDelta(t, 0.354, high, 0.001)
	spareLow, spareHigh := RingBounds(ids(5), 3, 1)
	require.Less(t, spareLow, low)
	require.Greater(t, spareHigh, high)
	for _, up := range [][]int{{1, 2, 3}, {1, 4, 5}, {2, 3, 5}, {3, 4, 5}} {
		for _, s := range RingShares(up, 1) {
			require.GreaterOrEqual(t, s, spareLow)
			require.LessOrEqual(t, s, spareHigh)
		}
	}
	low, high = RingBounds(ids(4), 1, 1)
	require.Equal(t, []float64{1, 1}, []float64{low, high})
	// Too many ways to choose, and fewer servers than containers.
	for _, n := range []int{40, 2} {
		low, high = RingBounds(ids(n), 5, 1)
		require.InDelta(t, 0.05, low, 1e-12)
		require.InDelta(t, 0.42, high, 1e-12)
	}
}

// TestRingFallbackHolds: the bounds for rings that are too many to look at hold
// for rings of random servers.
func TestRingFallbackHolds(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, k := range []int{2, 3, 5, 10, 20} {
		for range 800 {
			list := make([]int, k)
			for i := range list {
				list[i] = 1 + rng.IntN(100000)
			}
			for _, s := range RingShares(list, 1) {
				require.GreaterOrEqual(t, s, 0.25/float64(k))
				require.LessOrEqual(t, s, 2.1/float64(k))
			}
		}
	}
}

// TestPlanRing: the sample is at least the plain one and keeps its promises.
func TestPlanRing(t *testing.T) {
	for _, k := range []int{0, 1, 2, 3, 5, 10, 50} {
		d := PlanRing(k)
		require.GreaterOrEqual(t, d.Requests, Plan(k).Requests)
		require.LessOrEqual(t, d.FalseFail, Alpha)
		require.GreaterOrEqual(t, d.Power, Power)
		require.Positive(t, d.Low)
		require.Equal(t, d, PlanRing(k))
	}
	require.Equal(t, 640, PlanRing(3).Requests)
}

// TestJudgeSharesSpareCorrectDeployments: balance random never fails, whichever
// slots are up, and a container with twice the others' share nearly always
// does.
func TestJudgeSharesSpareCorrectDeployments(t *testing.T) {
	draw := func(rng *rand.Rand, shares []float64, n int) []int {
		counts := make([]int, len(shares))
		for range n {
			x := rng.Float64()
			i := 0
			for ; i < len(shares)-1 && x >= shares[i]; i++ {
				x -= shares[i]
			}
			counts[i]++
		}
		return counts
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for _, c := range []struct{ servers, k int }{{2, 2}, {3, 3}, {5, 5}, {5, 3}, {10, 10}} {
		low, high := RingBounds(ids(c.servers), c.k, 1)
		n := PlanRing(c.k).Requests
		found := 0
		for range 120 {
			up := rng.Perm(c.servers)[:c.k]
			for i := range up {
				up[i]++
			}
			e := JudgeShares(draw(rng, RingShares(up, 1), n), low, high)
			require.True(t, e.Even && e.Enough, "%v of %d: %v in %d to %d", up, c.servers, e.Counts, e.Low, e.High)
			heavy := make([]float64, c.k)
			for i := range heavy {
				heavy[i] = 1 / float64(c.k+1)
			}
			heavy[0] *= 2
			if !JudgeShares(draw(rng, heavy, n), low, high).Even {
				found++
			}
		}
		if c.servers == c.k {
			require.GreaterOrEqual(t, found, 114, "%d of %d", c.k, c.servers)
		}
	}
}

func TestJudgeSharesBounds(t *testing.T) {
	low, high := RingBounds(ids(3), 3, 1)
	require.True(t, JudgeShares([]int{225, 189, 226}, low, high).Even)
	require.False(t, JudgeShares([]int{320, 160, 160}, low, high).Even)
	require.False(t, JudgeShares([]int{640, 0, 0}, low, high).Even)
	require.False(t, JudgeShares([]int{0, 0, 0}, low, high).Even)
	require.False(t, JudgeShares(nil, low, high).Even)
	require.True(t, JudgeShares([]int{60}, low, high).Even)
	few := JudgeShares([]int{20, 20, 20}, low, high)
	require.True(t, few.Even && !few.Enough)
}
