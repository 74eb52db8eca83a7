package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
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

// TestAContainerThatGoesAwayIsSeen: one that answers nothing more keeps a load from
// ending early, but for what are its last few answers.
func TestAContainerThatGoesAwayIsSeen(t *testing.T) {
	w := Want{Containers: 3, Spread: true, MaxErrors: 0.01, Most: 480}
	for after := range 90 {
		for seed := range 4 {
			rng := rand.New(rand.NewPCG(uint64(after), uint64(seed)))
			turns := inTurn(1, false, 0)
			l, by := drive(w, until(after, turns, without(turns))(rng, 3))
			require.True(t, by == Whole || after >= 81, "gone after %d, ended by %s after %d", after, by, len(l.Answers))
			_, by = drive(w, until(after, turns, failing(turns, 1))(rng, 3))
			require.Equal(t, Whole, by)
		}
	}
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
		{"in turn", few(Want{Containers: 3, Spread: true, Most: 480}), turns(3), 90, Turns},
		{"a failure", few(Want{Containers: 3, Spread: true, Most: 480}), spoilt(40, -1), 480, Whole},
		{"somebody unknown", few(Want{Containers: 3, Spread: true, Most: 480}), spoilt(2, 3), 480, Whole},
		{"one never answers", few(Want{Containers: 3, Spread: true, Most: 480}), turns(2), 480, Whole},
		{"one never answers, no evenness", few(Want{Containers: 3, Most: 60}), turns(2), 60, Whole},
		{"of three loads", few(Want{Containers: 3, Spread: true, Loads: 3, Most: 160}), turns(3), 30, Turns},
		{"of three loads, no evenness", few(Want{Containers: 3, Loads: 3, Most: 60}), turns(3), 30, Seen},
		{"no evenness", few(Want{Containers: 3, Most: 60}), turns(3), 60, Whole},
		{"no evenness, ten", few(Want{Containers: 10, Most: 160}), turns(10), 90, Seen},
		{"a single one", few(Want{Containers: 1, Spread: true, Most: 60}), turns(1), 60, Whole},
		{"none", few(Want{Spread: true, Most: 60}), turns(1), 60, Whole},
		{"an audit", few(Want{Containers: 3, Spread: true, Most: 480, Least: 480}), turns(3), 480, Whole},
		{"a larger least size", few(Want{Containers: 3, Spread: true, Most: 480, Least: 100}), turns(3), 100, Turns},
		{"a smaller one counts for nothing", few(Want{Containers: 3, Spread: true, Most: 480, Least: 5}), turns(3), 90, Turns},
		{"smaller than what is clean", few(Want{Containers: 3, Spread: true, Most: 20}), turns(3), 20, Whole},
		{"nothing may fail", Want{Containers: 3, Spread: true, Most: 480}, turns(3), 113, Turns},
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

func TestLooks(t *testing.T) {
	w := Want{Containers: 3, Spread: true, MaxErrors: 0.01, Most: 480}
	audits := 0
	const n = 16000
	for i := range n {
		least := Looks(fmt.Sprint("secret/", i), w)
		require.Equal(t, least, Looks(fmt.Sprint("secret/", i), w))
		require.Contains(t, []int{90, 480}, least)
		audits += count(least == 480)
	}
	require.InDelta(t, Audits, float64(audits)/n, 4*math.Sqrt(Audits/n))
}

// TestSettlingAllocatesNothing: so that it may follow each request of a load.
func TestSettlingAllocatesNothing(t *testing.T) {
	s := NewSettling(Want{Containers: 5, Spread: true, Most: 1 << 30})
	n := 0
	require.Zero(t, testing.AllocsPerRun(1000, func() { n++; s.Next(n * n % 5) }))
}
