package worker

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/loadgen"
)

func TestShardsAddUp(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 64} {
		whole := target("load", 100)
		whole.Workers = 64
		shards, how := Shards(whole, How{Rate: 300}, n)
		require.Len(t, shards, n)
		requests, workers, ids := 0, 0, map[string]bool{}
		for _, s := range shards {
			requests += s.Requests
			workers += s.Workers
			ids[s.ID] = true
			require.Equal(t, whole.Address, s.Address)
		}
		require.Equal(t, 100, requests)
		require.Equal(t, 64, workers)
		require.Len(t, ids, n)
		require.InDelta(t, 300, how.Rate*float64(n), 1e-9)
	}
	shards, _ := Shards(target("load", 2), How{}, 5)
	require.Len(t, shards, 2, "none sends nothing")
	require.Equal(t, 1, shards[1].Workers)
}

// TestASumIsOfAllRequests: counts add up, times are of all together, and a percentile is that of all
// requests, which no mean of percentiles is.
func TestASumIsOfAllRequests(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var all []uint32
	var parts []Result
	for i, slow := range []uint32{1, 1, 50} {
		n := 1000
		trace := traceOf(target("load", n), "n", n)
		trace.Started, trace.Took = int64(100*i), 1000
		trace.Responders = []evidence.Responder{
			{Identity: evidence.Identity{Hostname: "a"}, Count: 600, Clients: []string{"c1"}}, {Identity: evidence.Identity{Hostname: string(rune('x' + i))}, Count: 390},
		}
		trace.Errors = []evidence.ErrorClass{{Class: "timeout", Count: 10}}
		trace.Timeline = []evidence.Bucket{{OK: 400, Failed: 10}, {Start: 500, OK: 590}}
		trace.Late, trace.Connections = 1, n
		counts := map[uint32]uint32{}
		l := loadgen.Tally{}
		for range 990 {
			v := slow * (100 + rng.Uint32N(900)) // of these each below 2048 ns has a bucket of its own
			v = min(v, 2000)
			all = append(all, v)
			counts[v]++
			l.Sum += uint64(v)
			l.Max = max(l.Max, uint64(v))
		}
		for v, k := range counts {
			if v >= 1024 {
				v = v/2 + 512
			}
			l.Buckets = append(l.Buckets, [2]uint32{v, k})
		}
		slices.SortFunc(l.Buckets, func(x, y [2]uint32) int { return int(x[0]) - int(y[0]) })
		var merged [][2]uint32
		for _, b := range l.Buckets { // two values may share one
			if len(merged) > 0 && merged[len(merged)-1][0] == b[0] {
				merged[len(merged)-1][1] += b[1]
				continue
			}
			merged = append(merged, b)
		}
		l.Buckets = merged
		parts = append(parts, Result{Trace: trace, Latencies: loadgen.Latencies{Corrected: l, Service: l}})
	}
	sum, err := Sum(target("load", 3000), parts)
	require.NoError(t, err)
	require.Equal(t, 3000, sum.Sent)
	require.Equal(t, 2970, sum.Answered())
	require.Equal(t, 1800, sum.Responders[0].Count)
	require.Equal(t, []string{"c1"}, sum.Responders[0].Clients)
	require.Equal(t, []evidence.ErrorClass{{Class: "timeout", Count: 30}}, sum.Errors)
	require.Len(t, sum.Responders, 4)
	require.Equal(t, int64(1200), sum.Took)
	require.Equal(t, 3, sum.Late)
	require.Equal(t, 3000, sum.Connections)
	n := 0
	for i, b := range sum.Timeline {
		n += b.OK + b.Failed
		require.True(t, i == 0 || b.Start > sum.Timeline[i-1].Start)
	}
	require.Equal(t, 3000, n)
	slices.Sort(all)
	require.InDelta(t, float64(all[len(all)/2])/1000, float64(sum.Latency.Service.P50), 0.6, "microseconds, rounded")
	require.Equal(t, int64(2), sum.Latency.Service.Max)
	parts[0].Latencies.Service.Buckets = [][2]uint32{{5, 1}, {5, 1}}
	_, err = Sum(target("load", 3000), parts)
	require.Error(t, err)
}
