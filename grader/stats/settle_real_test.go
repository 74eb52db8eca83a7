package stats_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/stats"
)

// TestLoadsOfARealHAProxySettle: what a HAProxy on this machine deals, with several
// threads and health checks, ends a load early where it takes turns, and never where it
// is uneven.
func TestLoadsOfARealHAProxySettle(t *testing.T) {
	bin := installedHAProxy(t)
	for _, c := range []struct {
		balance string
		weights []int
		most    int // answers
		by      []stats.Reason
	}{
		{"roundrobin", []int{1, 1, 1}, 100, []stats.Reason{stats.Turns}},
		{"static-rr", []int{1, 1, 1}, 100, []stats.Reason{stats.Turns}},
		{"roundrobin", []int{1, 1, 1, 1, 1}, 100, []stats.Reason{stats.Turns}},
		{"leastconn", []int{1, 1, 1}, 640, []stats.Reason{stats.Turns, stats.Counts, stats.Whole}}, // whatever the version
		{"random", []int{1, 1, 1}, 640, []stats.Reason{stats.Counts, stats.Whole}},
		{"roundrobin", []int{2, 1, 1}, 640, []stats.Reason{stats.Whole}},
		{"static-rr", []int{2, 1, 1}, 640, []stats.Reason{stats.Whole}},
		{"source", []int{1, 1, 1}, 640, []stats.Reason{stats.Whole}},
	} {
		t.Run(fmt.Sprint(c.balance, c.weights), func(t *testing.T) {
			k := len(c.weights)
			seq := order(t, bin, c.balance, c.weights, false, 640)
			s := stats.NewSettling(stats.Want{Containers: k, Spread: true, MaxErrors: 0.01, Most: len(seq)})
			n := 0
			for n < len(seq) && !s.Next(seq[n]) {
				n++
			}
			require.Contains(t, c.by, s.Because(), "after %d", n+1)
			require.LessOrEqual(t, n, c.most)
			e := stats.JudgeOrdered([]stats.Load{{Answers: seq[:min(n+1, len(seq))], Most: len(seq)}}, k)
			require.Equal(t, s.Because() != stats.Whole, e.Settled)
			t.Logf("%s after %d of %d", s.Because(), min(n+1, len(seq)), len(seq))
		})
	}
}
