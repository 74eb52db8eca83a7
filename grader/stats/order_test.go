package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

func equal(k int) []float64 {
	out := make([]float64, k)
	for i := range out {
		out[i] = 1 / float64(k)
	}
	return out
}

// choose is one draw of a container.
func choose(rng *rand.Rand, shares []float64) int {
	x := rng.Float64()
	for i, s := range shares {
		if x -= s; x < 0 {
			return i
		}
	}
	return len(shares) - 1
}

// wheel deals in turn; each weight is dealt as smoothly as HAProxy's smooth
// round robin does.
type wheel struct{ weights, score []int }

func newWheel(weights []int) *wheel { return &wheel{weights, make([]int, len(weights))} }

func (w *wheel) next() int {
	best, total := 0, 0
	for i, v := range w.weights {
		w.score[i] += v
		total += v
		if w.score[i] > w.score[best] {
			best = i
		}
	}
	w.score[best] -= total
	return best
}

func sharesOf(weights []int) []float64 {
	total := 0
	for _, w := range weights {
		total += w
	}
	out := make([]float64, len(weights))
	for i, w := range weights {
		out[i] = float64(w) / float64(total)
	}
	return out
}

// TestInTurnSparesCorrectOnes: no order of a correct round robin is refused: one
// pointer or several that requests come to by chance, weights, requests of others in
// between, a server that goes and comes back, requests that fail.
func TestInTurnSparesCorrectOnes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, weights := range [][]int{{1, 1}, {1, 1, 1}, {1, 1, 1, 1, 1}, {2, 1, 1}, {5, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}} {
		k, shares := len(weights), sharesOf(weights)
		n := PlanRing(k).Requests
		for range 400 {
			pointers := 1 + rng.IntN(4)
			if weights[0] == 1 {
				pointers = 1 + rng.IntN(Pointers)
			}
			wheels := make([]*wheel, pointers)
			for i := range wheels {
				wheels[i] = newWheel(weights)
				for range rng.IntN(k) {
					wheels[i].next()
				}
			}
			seq := make([]int, n)
			for i := range seq {
				seq[i] = wheels[rng.IntN(pointers)].next()
				if weights[0] == 1 && rng.IntN(60) == 0 { // it fails, and up to three retries too
					for range rng.IntN(4) {
						wheels[rng.IntN(pointers)].next()
					}
					seq[i] = -1
				}
			}
			o := OrderOf(seq, shares, 0)
			require.True(t, o.InTurn(), "%v with %d pointers: %+v", weights, pointers, o)
			require.False(t, o.OneServer())
		}
		if weights[0] != 1 {
			continue
		}
		for range 400 { // one pointer that others move on, and a server that goes away for a while
			var seq []int
			w, up, lost := newWheel(weights), 1, 0
			gone := rng.IntN(n)
			for len(seq)+lost < n {
				if rng.IntN(6*k) == 0 {
					w.next() // somebody else's request
				}
				if at := len(seq) + lost; at == gone && k > 2 {
					up = 2
				} else if at == gone+n/5 {
					up = 1
				}
				s := w.next()
				for s == k-1 && up == 2 {
					s = w.next()
				}
				if rng.IntN(300) == 0 {
					lost++
					continue
				}
				seq = append(seq, s)
			}
			o := OrderOf(seq, shares, lost)
			require.True(t, o.InTurn(), "%v: %+v", weights, o)
		}
	}
}

// TestChanceIsNotInTurn: random choice does not look dealt in turn, nor does one
// server; and the other way round.
func TestChanceIsNotInTurn(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, k := range []int{2, 3, 4, 5, 8, 12} {
		d := PlanRing(k)
		seq := make([]int, d.Requests)
		shares := equal(k)
		const trials = 2000
		taken := 0
		for range trials {
			for i := range seq {
				seq[i] = choose(rng, shares)
			}
			o := OrderOf(seq, shares, 0)
			if o.InTurn() {
				taken++
			}
			require.False(t, o.OneServer(), "k=%d %+v", k, o)
		}
		require.LessOrEqual(t, float64(taken)/trials, 1-Power, "k=%d", k)
		clear(seq)
		one := OrderOf(seq, shares, 0)
		require.True(t, one.OneServer())
		require.False(t, one.InTurn())
		require.False(t, one.AtRandom(one.ChanceOf(1/float64(k), 1/float64(k))))
	}
}

// stays is the probability that a container of k, each answer being an
// independent draw, is at no time more than off answers off its share over any
// stretch of n: exact, over all ranges that its walk may keep to.
func stays(k, n, off int) float64 {
	within := func(low, high int) float64 { // the walk in steps of 1/k: +(k-1) or -1
		p := make([]float64, high-low+1)
		p[-low] = 1
		for range n {
			next := make([]float64, len(p))
			for x, v := range p {
				if x+k-1 < len(p) {
					next[x+k-1] += v / float64(k)
				}
				if x > 0 {
					next[x-1] += v * (1 - 1/float64(k))
				}
			}
			p = next
		}
		sum := 0.0
		for _, v := range p {
			sum += v
		}
		return sum
	}
	total := 0.0 // each walk lies in as many ranges of off as it leaves room, one more than of off-1/k
	for low := -off * k; low <= 0; low++ {
		total += within(low, low+off*k)
		if low < 0 {
			total -= within(low+1, low+off*k)
		}
	}
	return total
}

// TestInTurnHasPower: the promised power, with nothing simulated: that of one
// container bounds that of all.
func TestInTurnHasPower(t *testing.T) {
	require.InDelta(t, 1, stays(2, 4, 2), 1e-9, "four draws of two never leave a range of two")
	require.InDelta(t, 10.0/16, stays(2, 4, 1), 1e-9)
	for _, k := range []int{2, 3, 4, 5, 8} {
		n := PlanRing(k).Requests
		require.LessOrEqual(t, stays(k, n, Pointers), (1-Power)/2, "k=%d", k)
		o := Order{Answers: n, Containers: k}
		require.True(t, o.enough(), "k=%d", k)
		// The other way to pass: few repeats.
		tail := below(distuv.Binomial{N: float64(n - 1), P: 1 / float64(k)}, n/(2*k)+1)
		require.LessOrEqual(t, tail, Alpha, "k=%d", k)
	}
}

// TestChanceIsSpared: independent draws, also from HAProxy's uneven ring, are
// within the bound; dealing in turn and one server are not.
func TestChanceIsSpared(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, k := range []int{2, 3, 5, 9} {
		shares := RingShares(ids(k), 1)
		low, high := RingBounds(ids(k), k, 1)
		n := PlanRing(k).Requests
		seq := make([]int, n)
		for range 5000 {
			for i := range seq {
				seq[i] = choose(rng, shares)
			}
			o := OrderOf(seq, equal(k), 0)
			c := o.ChanceOf(low, high)
			require.LessOrEqual(t, c.FalseFail, Alpha)
			require.True(t, o.AtRandom(c), "k=%d: %d not in %d to %d", k, o.Repeats, c.Low, c.High)
		}
		for i := range seq {
			seq[i] = i % k
		}
		o := OrderOf(seq, equal(k), 0)
		require.False(t, o.AtRandom(o.ChanceOf(low, high)))
	}
}

// TestChanceTails: the bound is that of plain sums of binomial probabilities.
func TestChanceTails(t *testing.T) {
	o := Order{Answers: 480, Containers: 3}
	c := o.ChanceOf(1.0/3, 1.0/3)
	sum := 0.0
	for x := range 480 {
		if x < c.Low || x > c.High {
			a, _ := math.Lgamma(480)
			b, _ := math.Lgamma(float64(x) + 1)
			e, _ := math.Lgamma(float64(479-x) + 1)
			sum += math.Exp(a - b - e + float64(x)*math.Log(1.0/3) + float64(479-x)*math.Log(2.0/3))
		}
	}
	require.InEpsilon(t, sum, c.FalseFail, 1e-6)
	require.LessOrEqual(t, sum, Alpha)
}

func TestOrderOf(t *testing.T) {
	third := equal(3)
	for _, c := range []struct {
		name           string
		seq            []int
		lost           int
		repeats, moves int
		inTurn, one    bool
	}{
		{"nothing", nil, 0, 0, 0, false, false},
		{"one answer", []int{1}, 0, 0, 0, false, true},
		{"others' answers are left out", []int{0, 7, 1, -1, 2, 0}, 0, 0, 3, true, false},
		{"one server that was gone once", append(append(make([]int, 30), 1, 1), make([]int, 30)...), 0, 59, 2, false, true},
		{"two servers in blocks", []int{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}, 0, 10, 1, false, true},
		{"weights that were not said", []int{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, 0, 8, 7, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := OrderOf(c.seq, third, c.lost)
			require.Equal(t, c.repeats, o.Repeats)
			require.Equal(t, c.moves, o.Moves())
			require.Equal(t, c.inTurn, o.InTurn(), "%+v", o)
			require.Equal(t, c.one, o.OneServer(), "%+v", o)
		})
	}
	o := OrderOf([]int{0, 1, 2, 0, 1, 2}, third, 0)
	require.InDelta(t, 2.0/3, o.Off, 1e-9)
}
