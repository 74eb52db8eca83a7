package policy

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// balancer chooses a container for each request in turn.
type balancer func(rng *rand.Rand, i int) int16

// cyclic repeats a pattern; with probability slip a health check or another
// client takes a turn first.
func cyclic(slip float64, pattern ...int16) balancer {
	at := 0
	return func(rng *rand.Rand, _ int) int16 {
		if rng.Float64() < slip {
			at++
		}
		at++
		return pattern[(at-1)%len(pattern)]
	}
}

// meshed is a round robin over nodes, each with a round robin of its own over
// k tasks, starting anywhere.
func meshed(nodes, k int, offsets ...int) balancer {
	return func(_ *rand.Rand, i int) int16 {
		return int16((i/nodes + offsets[i%nodes]) % k)
	}
}

func weighted(weights ...float64) balancer {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	return func(rng *rand.Rand, _ int) int16 {
		x := rng.Float64() * sum
		for i, w := range weights {
			if x -= w; x < 0 {
				return int16(i)
			}
		}
		return int16(len(weights) - 1)
	}
}

// sticky stays with a container for a while, then moves on.
func sticky(k int, stay float64) balancer {
	at := 0
	return func(rng *rand.Rand, _ int) int16 {
		if rng.Float64() > stay {
			at = rng.IntN(k)
		}
		return int16(at)
	}
}

// Each policy is told from the others in at least 99 of 100 simulated traces,
// with and without failures between; the seeds are fixed.
func TestSuggestBySimulation(t *testing.T) {
	for _, c := range []struct {
		name    string
		make    func() balancer
		n       int
		errors  float64
		want    Kind
		weights []int
		period  int
	}{
		{name: "round robin over 3", make: func() balancer { return cyclic(0, 0, 1, 2) }, n: 60, want: RoundRobin, period: 3},
		{name: "round robin over 2", make: func() balancer { return cyclic(0, 0, 1) }, n: 60, want: RoundRobin, period: 2},
		{name: "round robin over 7", make: func() balancer { return cyclic(0, 0, 1, 2, 3, 4, 5, 6) }, n: 300, want: RoundRobin, period: 7},
		{name: "round robin with health checks", make: func() balancer { return cyclic(0.03, 0, 1, 2) }, n: 300, want: RoundRobin, period: 3},
		{name: "round robin with 5 % errors", make: func() balancer { return cyclic(0, 0, 1, 2) }, n: 300, errors: 0.05, want: RoundRobin, period: 3},
		{name: "three in a row", make: func() balancer { return cyclic(0, 0, 0, 0, 1, 1, 1, 2, 2, 2) }, n: 300, want: RoundRobinRepeats, period: 9},
		{name: "mesh, pointers in step", make: func() balancer { return meshed(3, 3, 0, 0, 0) }, n: 300, want: RoundRobinRepeats, period: 9},
		{name: "mesh, pointers apart", make: func() balancer { return meshed(3, 3, 0, 0, 2) }, n: 300, want: RoundRobinRepeats, period: 9},
		{name: "mesh, 2 % errors", make: func() balancer { return meshed(3, 3, 1, 0, 0) }, n: 480, errors: 0.02, want: RoundRobinRepeats, period: 9},
		{name: "mesh, 3 nodes, 2 tasks", make: func() balancer { return meshed(3, 2, 0, 1, 1) }, n: 300, want: RoundRobinRepeats, period: 6},
		{name: "random over 3", make: func() balancer { return weighted(1, 1, 1) }, n: 480, want: Random},
		{name: "random over 3, 10 % errors", make: func() balancer { return weighted(1, 1, 1) }, n: 480, errors: 0.1, want: Random},
		{name: "random over 2", make: func() balancer { return weighted(1, 1) }, n: 300, want: Random},
		{name: "random over 12", make: func() balancer { return weighted(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1) }, n: 1000, want: Random},
		{name: "one server", make: func() balancer { return cyclic(0, 2) }, n: 60, want: Single},
		{name: "one server, half errors", make: func() balancer { return cyclic(0, 2) }, n: 200, errors: 0.5, want: Single},
		{name: "weighted cycle 2:1:1", make: func() balancer { return cyclic(0, 0, 1, 0, 2) }, n: 300, want: Weighted, weights: []int{2, 1, 1}, period: 4},
		{name: "weighted cycle 3:1", make: func() balancer { return cyclic(0, 0, 0, 1, 0) }, n: 100, errors: 0.03, want: Weighted, weights: []int{3, 1}, period: 4},
		{name: "weighted at random 4:1", make: func() balancer { return weighted(4, 1) }, n: 3000, want: Weighted, weights: []int{4, 1}},
		{name: "random, nearly all failed", make: func() balancer { return weighted(1, 1, 1) }, n: 600, errors: 0.9, want: Random},
		{name: "sticky runs", make: func() balancer { return sticky(3, 0.9) }, n: 480, want: Unclear},
		{name: "too few", make: func() balancer { return cyclic(0, 0, 1, 2) }, n: 29, want: Unclear},
	} {
		t.Run(c.name, func(t *testing.T) {
			wrong := map[string]int{}
			bad := 0
			for seed := range uint64(100) {
				rng := rand.New(rand.NewPCG(seed, 7))
				b := c.make()
				sequence := make([]int16, 0, c.n)
				for i := range c.n {
					e := b(rng, i)
					if rng.Float64() < c.errors {
						e = -1 // a failed request took a turn
					}
					sequence = append(sequence, e)
				}
				s := Suggest(sequence)
				ok := s.Kind == c.want && (c.weights == nil || fmt.Sprint(s.Weights) == fmt.Sprint(c.weights)) && s.Period == c.period
				if c.want == Unclear {
					ok = s.Kind == Unclear
				}
				if !ok {
					bad++
					wrong[fmt.Sprintf("%+v", s)]++
				}
			}
			require.LessOrEqual(t, bad, 1, "%v", wrong)
		})
	}
}

func TestSuggestShowsItsFigures(t *testing.T) {
	var seq []int16
	for i := range 90 {
		seq = append(seq, int16(i%3))
	}
	require.Equal(t, Suggestion{Kind: RoundRobin, Answers: 90, Responders: 3, Period: 3, Match: 1, Chance: 1.0 / 3}, round(Suggest(seq)))
	require.Equal(t, Suggestion{Kind: Unclear}, Suggest(nil))
	require.Equal(t, Suggestion{Kind: Unclear}, Suggest([]int16{-1, -2, -1}))
}

func round(s Suggestion) Suggestion {
	if s.Chance > 0.333333 && s.Chance < 0.333334 {
		s.Chance = 1.0 / 3
	}
	return s
}

func FuzzSuggest(f *testing.F) {
	f.Add([]byte{0, 1, 2, 0, 1, 2})
	f.Add([]byte{0, 0, 255, 1, 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		seq := make([]int16, len(raw))
		for i, b := range raw {
			seq[i] = int16(int8(b))
		}
		s := Suggest(seq)
		require.Equal(t, s, Suggest(seq))
		require.LessOrEqual(t, s.Answers, len(seq))
		if s.Kind == Weighted {
			require.Len(t, s.Weights, s.Responders)
		}
	})
}
