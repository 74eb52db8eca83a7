package stats_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/stats"
)

// TestOrdersOfARealHAProxy: what a HAProxy on this machine deals, with several
// threads and health checks, is told by its order, one request after the other on
// connections of their own.
func TestOrdersOfARealHAProxy(t *testing.T) {
	bin := installedHAProxy(t)
	n := stats.PlanRing(3).Requests
	for _, c := range []struct {
		balance string
		weights []int
		backup  bool
		want    string
	}{
		{"roundrobin", []int{1, 1, 1}, false, "turns"},
		{"roundrobin", []int{2, 1, 1}, false, "turns"},
		{"roundrobin", []int{7, 2, 1}, false, "turns"},
		{"roundrobin", []int{1, 1, 1}, true, "turns"},
		{"static-rr", []int{1, 1, 1}, false, "turns"},
		{"static-rr", []int{3, 1, 2}, false, "turns"},
		{"leastconn", []int{1, 1, 1}, false, "several"},
		{"random", []int{1, 1, 1}, false, "chance"},
		{"source", []int{1, 1, 1}, false, "one"},
		{"uri", []int{1, 1, 1}, false, "one"},
		{"first", []int{1, 1, 1}, false, "one"},
	} {
		t.Run(fmt.Sprint(c.balance, c.weights, c.backup), func(t *testing.T) {
			seq := order(t, bin, c.balance, c.weights, c.backup, n)
			weights := c.weights
			if c.backup {
				weights = weights[:2]
				require.NotContains(t, seq, 2, "a backup answered")
			}
			total := 0
			for _, w := range weights {
				total += w
			}
			var shares []float64
			for _, w := range weights {
				shares = append(shares, float64(w)/float64(total))
			}
			o := stats.OrderOf(seq, shares, 0)
			low, high := stats.RingBounds([]int{1, 2, 3}, o.Containers, 1)
			switch c.want {
			case "turns":
				require.True(t, o.InTurn(), "%+v", o)
				require.Less(t, o.Off, 2.0, "one pointer is never far off")
				require.False(t, o.OneServer())
			case "chance":
				require.True(t, o.AtRandom(o.ChanceOf(low, high)), "%+v", o)
				require.False(t, o.InTurn(), "%+v", o)
			case "several":
				require.False(t, o.OneServer())
				require.Equal(t, 3, o.Containers)
			case "one":
				require.True(t, o.OneServer())
				require.False(t, o.InTurn())
			}
		})
	}
}

// order sends n requests and gives the server that answered each; the last of them
// may be a backup.
func order(t *testing.T, bin, balance string, weights []int, backup bool, n int) []int {
	t.Helper()
	servers := make([]string, len(weights))
	for i, w := range weights {
		servers[i] = fmt.Sprintf("check inter 100ms weight %d", w)
		if backup && i == len(weights)-1 {
			servers[i] += " backup"
		}
	}
	next := behindHAProxy(t, bin, balance, servers, &http.Transport{DisableKeepAlives: true})
	seq := make([]int, n)
	for i := range seq {
		seq[i] = next()
	}
	return seq
}
