package loadgen

import (
	"math"
	"math/bits"

	"swarmgrade/grader/evidence"
)

// histogram counts durations in buckets whose width grows with the value, so
// that a quantile is off by at most 1/2048 (0.05 %) of itself.
//
// Values below 2·subBuckets nanoseconds have a bucket each; above, every power
// of two is cut into subBuckets equal parts. It takes 140 KB whatever it counts.
type histogram struct {
	counts [(maxBits - subBits + 1) * subBuckets]uint32
	n      uint64
	sum    uint64
	max    uint64
}

const (
	subBits    = 10
	subBuckets = 1 << subBits
	maxBits    = 44 // 2^44 ns is 4.9 hours; more is counted as that
)

// observe counts one duration in nanoseconds; negative ones count as 0.
func (h *histogram) observe(ns int64) {
	v := uint64(max(ns, 0))
	h.n++
	h.sum += v
	h.max = max(h.max, v)
	h.counts[bucketOf(min(v, 1<<maxBits-1))]++
}

func bucketOf(v uint64) int {
	if v < subBuckets {
		return int(v)
	}
	shift := bits.Len64(v) - subBits - 1
	return (shift+1)<<subBits | int(v>>shift)&(subBuckets-1)
}

// middle is the value in the middle of a bucket.
func middle(bucket int) uint64 {
	if bucket < subBuckets {
		return uint64(bucket)
	}
	shift := bucket>>subBits - 1
	low := uint64(subBuckets|bucket&(subBuckets-1)) << shift
	return low + (1<<shift)/2
}

// quantiles gives microseconds, rounded. A quantile q is the value of the
// observation with rank ceil(q·n).
func (h *histogram) quantiles() evidence.Quantiles {
	if h.n == 0 {
		return evidence.Quantiles{}
	}
	var at [5]int64
	ranks := [5]float64{0.5, 0.9, 0.95, 0.99, 0.999}
	seen, next := uint64(0), 0
	for b, c := range h.counts {
		seen += uint64(c)
		for next < len(ranks) && seen >= max(1, uint64(math.Ceil(ranks[next]*float64(h.n)))) {
			at[next] = micro(min(middle(b), h.max))
			next++
		}
		if next == len(ranks) {
			break
		}
	}
	return evidence.Quantiles{
		Mean: micro(h.sum / h.n), P50: at[0], P90: at[1], P95: at[2], P99: at[3], P999: at[4], Max: micro(h.max),
	}
}

func micro(ns uint64) int64 { return int64((ns + 500) / 1000) }
