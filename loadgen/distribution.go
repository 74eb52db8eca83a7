package loadgen

import (
	"math"
	"time"
)

// Distribution is how durations are distributed, to 0.05 % of each. The zero value is of
// none.
type Distribution struct{ h *histogram }

// Count is how many there are.
func (d Distribution) Count() int {
	if d.h == nil {
		return 0
	}
	return int(d.h.n)
}

// Sum is all of them together.
func (d Distribution) Sum() time.Duration {
	if d.h == nil {
		return 0
	}
	return time.Duration(min(d.h.sum, math.MaxInt64))
}

// Max is the longest.
func (d Distribution) Max() time.Duration {
	if d.h == nil {
		return 0
	}
	return time.Duration(d.h.max)
}

// Mean is their mean, 0 of none.
func (d Distribution) Mean() time.Duration {
	if d.Count() == 0 {
		return 0
	}
	return d.Sum() / time.Duration(d.Count())
}

// Deviation is their standard deviation.
func (d Distribution) Deviation() time.Duration {
	if d.Count() == 0 {
		return 0
	}
	mean, squares := float64(d.h.sum)/float64(d.h.n), 0.0
	for b, c := range d.h.counts {
		if c > 0 {
			off := float64(middle(b)) - mean
			squares += off * off * float64(c)
		}
	}
	return time.Duration(math.Sqrt(squares / float64(d.h.n)))
}

// AtMost is how many are no longer than that; those in a bucket that the limit is in
// count if its middle does.
func (d Distribution) AtMost(limit time.Duration) int {
	if d.h == nil || limit < 0 {
		return 0
	}
	if uint64(limit) >= d.h.max {
		return int(d.h.n)
	}
	n := 0
	for b, c := range d.h.counts {
		if middle(b) > uint64(limit) {
			break
		}
		n += int(c)
	}
	return n
}

// Step is one step of a percentile distribution: Count of all durations are at most
// Value, and these are Level of all at least, a part of 1.
type Step struct {
	Level float64
	Value time.Duration
	Count int
}

// Steps are the percentiles of HdrHistogram's text: from 0 on, so many to each half of
// what is left up to 1, which is the last. None of none.
func (d Distribution) Steps(perHalf int) []Step {
	if d.Count() == 0 {
		return nil
	}
	var out []Step
	percent, seen, n := 0.0, 0, d.Count() // in hundredths, whose steps have no remainder
	for b, c := range d.h.counts {
		if c == 0 {
			continue
		}
		seen += int(c)
		value := time.Duration(min(top(b), d.h.max))
		for 100*float64(seen) >= percent*float64(n) {
			out = append(out, Step{percent / 100, value, seen})
			if seen == n {
				break
			}
			// So many steps from here to half of what is left.
			halves := math.Floor(math.Log2(100/(100-percent))) + 1
			percent += 100 / (float64(perHalf) * math.Exp2(halves))
		}
	}
	return append(out, Step{1, d.Max(), n})
}

// top is the largest value of a bucket.
func top(bucket int) uint64 {
	if bucket < subBuckets {
		return uint64(bucket)
	}
	shift := bucket>>subBits - 1
	return (uint64(subBuckets|bucket&(subBuckets-1))+1)<<shift - 1
}

// Distribute is how durations that were measured elsewhere are distributed.
func Distribute(list []time.Duration) Distribution {
	d := Distribution{new(histogram)}
	for _, x := range list {
		d.h.observe(int64(x))
	}
	return d
}
