package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

// good are rules that have to pass.
var good = map[string]rule{
	"in turn":                inTurn(1, false, 0),
	"health checks":          inTurn(1, false, 0.03),
	"many health checks":     inTurn(1, false, 0.2),
	"two nodes":              inTurn(2, false, 0.03),
	"four nodes":             inTurn(4, false, 0.01),
	"eight nodes":            inTurn(8, false, 0),
	"two pointers at random": inTurn(2, true, 0.03),
	"four pointers":          inTurn(4, true, 0),
	"eight pointers":         inTurn(8, true, 0.01),
	"AAABBBCCC":              blocks(3),
	"leastconn, idle":        idle,
	"random":                 drawn(ones),
}

// TestGoodLoadsAreSettledAndStayEven: whatever good loads show by the time they may end,
// it is what they show when they go on.
func TestGoodLoadsAreSettledAndStayEven(t *testing.T) {
	for name, r := range good {
		rng := rand.New(rand.NewPCG(11, uint64(len(name))))
		for _, k := range []int{2, 3, 4, 5, 7, 10} {
			for range 60 {
				w := Want{Containers: k, Spread: true, MaxErrors: 0.01, Most: Plan(k).Requests}
				next := r(rng, k)
				l, by := drive(w, next)
				require.LessOrEqual(t, len(l.Answers), w.Most)
				e := JudgeOrdered([]Load{l}, k)
				require.True(t, e.Even && e.Enough, "%s k=%d: %+v", name, k, e)
				require.Equal(t, by != Whole, e.Settled)
				if e.Settled {
					require.Equal(t, by, e.By)
					require.Equal(t, len(l.Answers), e.After)
					require.Zero(t, e.FalseFail)
					require.GreaterOrEqual(t, e.Power, Power)
				}
				for len(l.Answers) < w.Most {
					l.Answers = append(l.Answers, next())
				}
				whole := JudgeOrdered([]Load{l}, k)
				require.True(t, whole.Even && whole.Enough && !whole.Settled, "%s k=%d: settled %v, then %+v", name, k, e, whole)
			}
		}
	}
}

// TestLongerLoadsInTurnAreSettledToo: of containers in turn any load that is longer than
// it had to be is settled, whatever least size was drawn.
func TestLongerLoadsInTurnAreSettledToo(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	for _, k := range []int{2, 3, 5, 10} {
		for pointers := 1; pointers <= 4; pointers++ {
			w := Want{Containers: k, Spread: true, MaxErrors: 0.01, Most: Plan(k).Requests}
			next := inTurn(pointers, false, 0)(rng, k)
			l, by := drive(w, next)
			require.Equal(t, Turns, by)
			for len(l.Answers) < w.Most-1 {
				l.Answers = append(l.Answers, next())
				if n := len(l.Answers); n > k*pointers*4 { // one pointer's round apart
					e := JudgeOrdered([]Load{l}, k)
					require.True(t, e.Settled && e.By == Turns || n%(k*pointers) != 0, "k=%d, %d pointers, %d answers: %+v", k, pointers, n, e)
				}
			}
		}
	}
}

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

// TestAContainerThatGoesAwayIsSeen: one that answers nothing more keeps a load from
// ending early, but for what are its last few answers.
func TestAContainerThatGoesAwayIsSeen(t *testing.T) {
	w := Want{Containers: 3, Spread: true, MaxErrors: 0.01, Most: 480}
	for after := range 44 {
		for seed := range 20 {
			rng := rand.New(rand.NewPCG(uint64(after), uint64(seed)))
			turns := inTurn(1, false, 0)
			l, by := drive(w, until(after, turns, without(turns))(rng, 3))
			require.True(t, by == Whole || after >= 40, "gone after %d, ended by %s after %d", after, by, len(l.Answers))
			_, by = drive(w, until(after, turns, failing(turns, 1))(rng, 3))
			require.Equal(t, Whole, by)
		}
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

// TestLoadsThatEndedEarlyNextToWholeOnes: the bound on false fails holds for both
// intervals together, and those that are settled dilute what the others show as whole
// ones would.
func TestLoadsThatEndedEarlyNextToWholeOnes(t *testing.T) {
	even, uneven := Load{Most: 160}, Load{Most: 160}
	for i := range 44 {
		even.Answers = append(even.Answers, i%3)
	}
	for i := range 160 {
		uneven.Answers = append(uneven.Answers, []int{0, 1, 0, 2}[i%4])
	}
	all := uneven
	all.Answers = make([]int, 160)
	for _, c := range []struct {
		name          string
		loads         []Load
		even, settled bool
	}{
		{"all settled", []Load{even, even, even}, true, true},
		{"one node of three is uneven: even as a whole, as ever", []Load{even, uneven, even}, true, false},
		{"two are: each may have up to 214 of 480", []Load{even, uneven, uneven}, true, false},
		{"all are", []Load{uneven, uneven, uneven}, false, false},
		{"one node always sends to one", []Load{even, all, even}, false, false},
		{"none", nil, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := JudgeOrdered(c.loads, 3)
			require.Equal(t, c.even, e.Even, "%+v", e)
			require.Equal(t, c.settled, e.Settled)
			require.Equal(t, len(c.loads) > 0, e.Enough)
			require.LessOrEqual(t, e.FalseFail, Alpha)
		})
	}
	for k := 2; k <= 30; k++ {
		for _, n := range []int{Plan(k).Requests, Plan(k).Requests + 7, 3 * Plan(k).Requests} {
			share := 1 / float64(k)
			d := At(k, n)
			require.InDelta(t, d.FalseFail, outside(d, share, share), 1e-18)
			wide := d
			wide.Low, wide.High = widen(d, share, share)
			require.LessOrEqual(t, d.FalseFail+outside(wide, share, share), Alpha, "k=%d n=%d", k, n)
			require.LessOrEqual(t, d.Low-wide.Low, 12, "k=%d n=%d", k, n)
			require.LessOrEqual(t, wide.High-d.High, 12, "k=%d n=%d", k, n)
		}
	}
	// Random nodes, some of which are settled by chance or by a rule of their own.
	rng := rand.New(rand.NewPCG(17, 18))
	w := Want{Containers: 3, Spread: true, MaxErrors: 0.01, Most: 480}
	mixed := 0
	for range 300 {
		var loads []Load
		for range 3 {
			l, _ := drive(w, drawn(ones)(rng, 3))
			loads = append(loads, l)
		}
		e := JudgeOrdered(loads, 3)
		require.True(t, e.Even && e.Enough, "%+v", e)
		mixed += count(!e.Settled)
	}
	require.Positive(t, mixed)
}

func TestSettlingGoesOn(t *testing.T) {
	turns := func(k int) dealer { return inTurn(1, false, 0)(rand.New(rand.NewPCG(1, 1)), k) }
	spoilt := func(at, with int) dealer {
		next, n := turns(3), 0
		return func() int {
			if n++; n == at {
				return with
			}
			return next()
		}
	}
	few := func(w Want) Want { w.MaxErrors = 0.01; return w }
	for _, c := range []struct {
		name string
		want Want
		next dealer
		n    int
		by   Reason
	}{
		{"in turn", few(Want{Containers: 3, Spread: true, Most: 480}), turns(3), 44, Turns},
		{"a failure", few(Want{Containers: 3, Spread: true, Most: 480}), spoilt(40, -1), 480, Whole},
		{"somebody unknown", few(Want{Containers: 3, Spread: true, Most: 480}), spoilt(2, 3), 480, Whole},
		{"one never answers", few(Want{Containers: 3, Spread: true, Most: 480}), turns(2), 480, Whole},
		{"one never answers, no evenness", few(Want{Containers: 3, Most: 60}), turns(2), 60, Whole},
		{"no evenness", few(Want{Containers: 3, Most: 60}), turns(3), 44, Seen},
		{"no evenness, ten", few(Want{Containers: 10, Most: 160}), turns(10), 49, Seen},
		{"a single one", few(Want{Containers: 1, Spread: true, Most: 60}), turns(1), 44, Seen},
		{"none", few(Want{Spread: true, Most: 60}), turns(1), 44, Seen},
		{"an audit", few(Want{Containers: 3, Spread: true, Most: 480, Least: 480}), turns(3), 480, Whole},
		{"a larger least size", few(Want{Containers: 3, Spread: true, Most: 480, Least: 100}), turns(3), 100, Turns},
		{"a smaller one counts for nothing", few(Want{Containers: 3, Spread: true, Most: 480, Least: 5}), turns(3), 44, Turns},
		{"smaller than what is clean", few(Want{Containers: 3, Spread: true, Most: 20}), turns(3), 20, Whole},
		{"nothing may fail", Want{Containers: 3, Spread: true, Most: 480}, turns(3), 49, Turns},
		{"nobody asks for failures", Want{Containers: 3, Spread: true, Most: 480, MaxErrors: 1}, turns(3), 30, Turns},
		{"all from one", few(Want{Containers: 3, Spread: true, Most: 480}), every(nil, 3), 480, Whole},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, by := drive(c.want, c.next)
			require.Len(t, l.Answers, c.n)
			require.Equal(t, c.by, by)
		})
	}
}

// TestWholeLoadsAreJudgedAsEver: what was stored before loads could end early keeps its
// judgement, to the last figure.
func TestWholeLoadsAreJudgedAsEver(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 20))
	for _, r := range []rule{inTurn(1, false, 0), drawn(ones), drawn(first(2)), failing(drawn(ring), 0.1), every} {
		for range 50 {
			next := r(rng, 3)
			var loads []Load
			counts := make([]int, 3)
			for range 1 + rng.IntN(3) {
				l := Load{Most: 160}
				for range 160 + rng.IntN(2) {
					c := next()
					l.Answers = append(l.Answers, c)
					if c >= 0 {
						counts[c]++
					}
				}
				loads = append(loads, l)
			}
			require.Equal(t, Judge(counts), JudgeOrdered(loads, 3))
			require.Equal(t, JudgeShares(counts, 0.29, 0.36), JudgeOrderedShares(loads, 3, 0.29, 0.36))
		}
	}
}

func TestLooks(t *testing.T) {
	w := Want{Containers: 3, Spread: true, MaxErrors: 0.01, Most: 480}
	audits := 0
	const n = 16000
	for i := range n {
		least := Looks(fmt.Sprint("secret/", i), w)
		require.Equal(t, least, Looks(fmt.Sprint("secret/", i), w))
		require.Contains(t, []int{44, 480}, least)
		audits += count(least == 480)
	}
	require.InDelta(t, Audits, float64(audits)/n, 4*math.Sqrt(Audits/n))
}

// TestCleanFindsFailures: the share that Clean promises to show, exactly.
func TestCleanFindsFailures(t *testing.T) {
	for _, c := range []struct {
		max  float64
		k, n int
	}{{0.01, 3, 44}, {0, 3, 49}, {0.05, 3, 31}, {0.01, 20, 95}, {1, 3, 17}, {-1, 3, 49}} {
		w := Want{Containers: c.k, MaxErrors: c.max, Most: 1000}
		require.Equal(t, c.n, w.Clean(), "%+v", c)
		none := distuv.Binomial{N: float64(c.n), P: min(0.99, max(0, c.max)+0.09)}.Prob(0)
		require.LessOrEqual(t, none, 1-Power)
		stranger := math.Pow(1-1/float64(c.k+1), float64(c.n))
		require.LessOrEqual(t, stranger, 1-Power)
	}
}

// FuzzJudgeOrdered: whatever was answered, the judgement is the same again, whole loads
// are judged by counts, and nobody is settled who has a share nearer to twice the others'
// than to a fair one.
func FuzzJudgeOrdered(f *testing.F) {
	f.Add([]byte{0, 1, 2, 0, 1, 2}, 3, 480)
	f.Add([]byte{255, 1, 0}, 2, 2)
	f.Add([]byte{}, 0, 0)
	f.Fuzz(func(t *testing.T, answers []byte, k, most int) {
		k, most = min(k, 40), min(most, 1000)
		var loads []Load
		for half := range slices.Chunk(answers, max(1, (len(answers)+1)/2)) {
			l := Load{Most: most}
			for _, a := range half {
				l.Answers = append(l.Answers, int(a)-1)
			}
			loads = append(loads, l)
		}
		e := JudgeOrdered(loads, k)
		require.Equal(t, e, JudgeOrdered(loads, k))
		require.Equal(t, e.Settled, e.After > 0)
		if e.Settled && k > 1 {
			share := float64(slices.Max(e.Counts)) / float64(e.After)
			require.Less(t, share, (1/float64(k)+2/float64(k+1))/2+1e-9)
			require.Greater(t, slices.Min(e.Counts), 0)
			require.True(t, e.Even)
		}
		for _, l := range loads {
			w := Want{Containers: k, Spread: true, MaxErrors: 0.01, Most: len(l.Answers)}
			ended, by := drive(w, replay(l.Answers))
			require.Equal(t, by == Whole, len(ended.Answers) == w.Most)
		}
	})
}

// replay gives answers once more.
func replay(answers []int) dealer {
	n := 0
	return func() int { n++; return answers[n-1] }
}

// TestSettlingAllocatesNothing: so that it may follow each request of a load.
func TestSettlingAllocatesNothing(t *testing.T) {
	s := NewSettling(Want{Containers: 5, Spread: true, Most: 1 << 30})
	n := 0
	require.Zero(t, testing.AllocsPerRun(1000, func() { n++; s.Next(n * n % 5) }))
}
