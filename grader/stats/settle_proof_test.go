package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

// TestUnevenTurnsAreNotSettled: whatever the weights, nobody who has twice the share of
// each other, or half, is ever taken for even by turns or counts, dealt smoothly or one
// container after the other.
func TestUnevenTurnsAreNotSettled(t *testing.T) {
	for _, k := range []int{2, 3, 4} {
		weights := make([]int, k)
		var try func(i int)
		try = func(i int) {
			if i < k {
				for weights[i] = 1; weights[i] <= 4; weights[i]++ {
					try(i + 1)
				}
				return
			}
			shares := sharesOf(weights)
			if slices.Max(shares) < 2/float64(k+1)-1e-9 && slices.Min(shares) > 1/float64(2*k-1)+1e-9 {
				return
			}
			w := Want{Containers: k, Spread: true, MaxErrors: 1, Most: Plan(k).Requests}
			for from := range 12 {
				wheel := newWheel(weights)
				for range from {
					wheel.next()
				}
				_, by := drive(w, wheel.next)
				require.Equal(t, Whole, by, "%v smoothly from %d", weights, from)
				var round []int
				for c, n := range weights {
					round = append(round, slices.Repeat([]int{c}, n)...)
				}
				n := from
				_, by = drive(w, func() int { n++; return round[n%len(round)] })
				require.Equal(t, Whole, by, "%v in blocks from %d", weights, from)
			}
		}
		try(0)
	}
}

// TestEarlyLoadsLeaveLittleRoom: whoever knows all of this and sees each request can give
// no container more than these shares of a load that ends early, in whatever order; by
// turns, which ask for less than counts do.
func TestEarlyLoadsLeaveLittleRoom(t *testing.T) {
	for _, c := range []struct{ k, n, least, most int }{
		{2, 44, 21, 23}, {3, 44, 14, 16}, {3, 100, 29, 39}, {5, 45, 9, 9}, {10, 80, 8, 9},
	} {
		s := NewSettling(Want{Containers: c.k, Spread: true, MaxErrors: 0.01, Most: 1000})
		least, most := c.n, 0
		for own := range c.n + 1 {
			if s.low.log(c.n, own) >= plain {
				least = min(least, own)
			}
			if s.high.log(c.n, own) >= plain {
				most = max(most, own)
			}
		}
		require.Equal(t, []int{c.least, c.most}, []int{least, most}, "%+v", c)
	}
}

// TestTurnsAreAProbability: the mixture's probabilities of all sequences of one length add
// up to 1, which makes it a martingale under whatever draws.
func TestTurnsAreAProbability(t *testing.T) {
	for _, c := range []struct{ k, n int }{{2, 12}, {3, 8}, {4, 6}} {
		total := 0.0
		seq := make([]int, c.n)
		var try func(i int)
		try = func(i int) {
			if i < c.n {
				for seq[i] = 0; seq[i] < c.k; seq[i]++ {
					try(i + 1)
				}
				return
			}
			x := newTurns(c.k)
			for _, s := range seq {
				x.next(s)
			}
			total += math.Exp(x.mixture())
		}
		try(0)
		require.InDelta(t, 1, total, 1e-9, "k=%d", c.k)
	}
}

// TestDrawsAreNotTurns: independent draws never come to the bound, of whatever shares.
func TestDrawsAreNotTurns(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	for _, k := range []int{2, 3, 5} {
		for _, first := range []float64{0.2, 0.5, 1, 2, 4} {
			shares := ones(k)
			shares[0] = first
			next := drawn(func(int) []float64 { return shares })(rng, k)
			for range 400 {
				x := newTurns(k)
				for range 200 {
					x.next(next())
					require.False(t, x.shown())
				}
			}
		}
	}
}

// TestTwiceIsNotTakenForEven: with nothing simulated, the probability that a load of
// draws ever comes to the bound by its counts, where one container has twice the share of
// each other, or half: that of one container bounds that of all.
func TestTwiceIsNotTakenForEven(t *testing.T) {
	for _, k := range []int{2, 3, 5, 10, 20} {
		s := NewSettling(Want{Containers: k, Spread: true, MaxErrors: 0.01, Most: Plan(k).Requests})
		ever := func(share float64, r ratio, bound float64) float64 {
			p, out := []float64{1}, 0.0
			for n := 1; n < s.want.Most; n++ {
				next := make([]float64, n+1)
				for c, v := range p {
					next[c+1] += v * share
					next[c] += v * (1 - share)
				}
				for c := range next {
					if n >= s.clean && r.log(n, c) >= bound {
						out += next[c]
						next[c] = 0
					}
				}
				p = next
			}
			return out
		}
		twice := ever(2/float64(k+1), s.high, s.double)
		require.LessOrEqual(t, twice, doubleIsEven(k), "k=%d", k)
		require.Positive(t, twice)
		require.LessOrEqual(t, ever(1/float64(2*k-1), s.low, -math.Log(halfIsEven)), halfIsEven, "k=%d", k)
	}
	// And with what whole samples miss it is no more than was promised.
	for k := 2; k <= 60; k++ {
		if p := doubleIsEven(k); p > 0 { // else counts settle nothing
			require.LessOrEqual(t, 1-Plan(k).Power+8*p, 1-Power+1e-12, "k=%d", k)
			require.LessOrEqual(t, 1-PlanRing(k).Power+8*p, 1-Power+1e-12, "k=%d", k)
		}
	}
	require.Positive(t, doubleIsEven(30))
	require.Zero(t, doubleIsEven(200), "whole samples of so many containers leave nothing")
}

// TestCleanFindsFailures: the shares that Clean promises to show, exactly.
func TestCleanFindsFailures(t *testing.T) {
	for _, c := range []struct {
		max         float64
		k, loads, n int
	}{{0.01, 3, 0, 90}, {0.01, 3, 1, 90}, {0.01, 3, 2, 45}, {0.01, 3, 3, 30}, {0.01, 3, 7, 27}, {0, 3, 1, 113}, {0, 3, 3, 38}, {0.05, 3, 1, 49}, {0.05, 3, 9, 21}, {0.01, 20, 3, 95}, {1, 3, 1, 17}, {-1, 3, 1, 113}} {
		w := Want{Containers: c.k, MaxErrors: c.max, Loads: c.loads, Most: 1000}
		require.Equal(t, c.n, w.Clean(), "%+v", c)
		none := func(n int, beyond float64) float64 {
			return distuv.Binomial{N: float64(n), P: min(0.99, max(0, c.max)+beyond)}.Prob(0)
		}
		require.LessOrEqual(t, none(c.n*max(1, c.loads), 0.04), 1-Power)
		require.LessOrEqual(t, none(c.n, 0.15), 1-Power)
		stranger := math.Pow(1-1/float64(c.k+1), float64(c.n))
		require.LessOrEqual(t, stranger, 1-Power)
	}
}
