package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlanKeepsItsPromises(t *testing.T) {
	for k := 2; k <= 60; k++ {
		d := Plan(k)
		require.LessOrEqual(t, d.FalseFail, Alpha, "k=%d", k)
		require.GreaterOrEqual(t, d.Power, Power, "k=%d", k)
		require.Positive(t, d.Low, "a container that never answers must be outside, k=%d", k)
		unseen := float64(k) * math.Pow(1-1/float64(k), float64(d.Requests))
		require.LessOrEqual(t, unseen, Alpha, "k=%d", k)
		cover := Cover(k)
		require.LessOrEqual(t, float64(k)*math.Pow(1-1/float64(k), float64(cover)), Alpha, "k=%d", k)
		require.LessOrEqual(t, cover, d.Requests)
	}
}

// The tails are compared with plain sums of the binomial probabilities.
func TestTailsAgainstDirectSums(t *testing.T) {
	for _, c := range []struct{ k, n int }{{2, 60}, {3, 300}, {3, 480}, {5, 620}, {20, 1900}} {
		d := At(c.k, c.n)
		p := 1 / float64(c.k)
		logP := func(x int) float64 {
			a, _ := math.Lgamma(float64(c.n) + 1)
			b, _ := math.Lgamma(float64(x) + 1)
			e, _ := math.Lgamma(float64(c.n-x) + 1)
			return a - b - e + float64(x)*math.Log(p) + float64(c.n-x)*math.Log(1-p)
		}
		low, high := 0.0, 0.0
		for x := 0; x < d.Low; x++ {
			low += math.Exp(logP(x))
		}
		for x := d.High + 1; x <= c.n; x++ {
			high += math.Exp(logP(x))
		}
		require.InEpsilon(t, float64(c.k)*(low+high), d.FalseFail, 1e-6, "k=%d n=%d", c.k, c.n)
		// Narrowest: one step in, and a tail would be too heavy.
		tail := Alpha / float64(2*c.k)
		require.Greater(t, low+math.Exp(logP(d.Low)), tail)
		require.Greater(t, high+math.Exp(logP(d.High)), tail)
	}
}

func draw(rng *rand.Rand, weights []float64, n int) []int {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	counts := make([]int, len(weights))
	for range n {
		x := rng.Float64() * total
		for i, w := range weights {
			if x -= w; x < 0 || i == len(weights)-1 {
				counts[i]++
				break
			}
		}
	}
	return counts
}

func ones(k int) []float64 {
	w := make([]float64, k)
	for i := range w {
		w[i] = 1
	}
	return w
}

// Simulated at a bound of 1e-6 no failure is to be seen in some ten thousand
// correct deployments.
func TestRandomBalanceIsNeverCalledUneven(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, k := range []int{2, 3, 5, 9} {
		n := Plan(k).Requests
		for range 5000 {
			e := Judge(draw(rng, ones(k), n))
			require.True(t, e.Even && e.Enough, "k=%d %v", k, e.Counts)
		}
	}
}

func TestDoubleWeightIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, k := range []int{2, 3, 5, 9} {
		weights := ones(k)
		weights[0] = 2
		found := 0
		const trials = 4000
		for range trials {
			if !Judge(draw(rng, weights, Plan(k).Requests)).Even {
				found++
			}
		}
		// Four standard deviations below the promised power.
		require.GreaterOrEqual(t, float64(found)/trials, Power-4*math.Sqrt(Power*(1-Power)/trials), "k=%d", k)
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name   string
		counts []int
		even   bool
		enough bool
		index  float64
	}{
		{"exactly cyclic", []int{160, 160, 160}, true, true, 1},
		{"one container gets all", []int{480, 0, 0}, false, true, 1.0 / 3},
		{"weights 2:1:1 dealt in turn", []int{240, 120, 120}, false, true, 0.8889},
		{"one of three never answers", []int{240, 240, 0}, false, true, 0.6667},
		{"a single container", []int{60}, true, true, 1},
		{"nothing answered", []int{0, 0, 0}, false, false, 0},
		{"no containers", nil, false, false, 0},
		{"few answers, even", []int{3, 3, 3}, true, false, 1},
		{"few answers, one silent", []int{5, 4, 0}, false, false, 0},
		{"two requests lost", []int{160, 159, 159}, true, true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := Judge(c.counts)
			require.Equal(t, c.even, e.Even)
			require.Equal(t, c.enough, e.Enough)
			if c.index > 0 && c.even {
				require.InDelta(t, c.index, e.Index, 0.001)
			}
		})
	}
}

func BenchmarkJudge(b *testing.B) {
	counts := []int{160, 161, 159}
	for b.Loop() {
		Judge(counts)
	}
}

// TestRare: draws of equal shares are as rare as it says, at most.
func TestRare(t *testing.T) {
	require.InDelta(t, 1, Rare([]int{53, 53, 54}), 0)
	require.InDelta(t, 1, Rare([]int{7}), 0)
	require.InDelta(t, 1, Rare(nil), 0)
	require.Less(t, Rare([]int{240, 120, 120}), 1e-8)
	require.Less(t, Rare([]int{0, 80, 80}), 1e-20)
	require.Greater(t, Rare([]int{75, 43, 42}), 1e-8)
	rng := rand.New(rand.NewPCG(5, 6))
	const n = 20000
	rare := 0
	for range n {
		counts := make([]int, 3)
		for range 160 {
			counts[rng.IntN(3)]++
		}
		rare += count(Rare(counts) < 0.01)
	}
	require.LessOrEqual(t, float64(rare)/n, 0.01)
	require.Positive(t, rare)
}
