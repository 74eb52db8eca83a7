package stats

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

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
