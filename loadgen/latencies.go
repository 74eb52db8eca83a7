package loadgen

import (
	"errors"

	"swarmgrade/grader/evidence"
)

// Latencies are a run's durations, in a form that is sent, and merged with those of other
// runs with nothing lost: percentiles of several machines' loads are those of all of their
// requests, not a mean of percentiles.
type Latencies struct {
	Corrected Tally `json:"corrected"`
	Service   Tally `json:"service"`
}

// Tally counts durations by bucket, as the histograms of this package do.
type Tally struct {
	// Buckets are those that are not empty, in order: a number, and how many are in it.
	Buckets [][2]uint32 `json:"buckets,omitempty"`
	Sum     uint64      `json:"sum_ns"`
	Max     uint64      `json:"max_ns"`
}

func (h *histogram) tally() Tally {
	t := Tally{Sum: h.sum, Max: h.max}
	for b, n := range h.counts {
		if n > 0 {
			t.Buckets = append(t.Buckets, [2]uint32{uint32(b), n})
		}
	}
	return t
}

var errTally = errors.New("durations that can't be")

// merge adds a tally; the error is one of buckets that are none.
func (h *histogram) merge(t Tally) error {
	last := -1
	for _, b := range t.Buckets {
		if int(b[0]) <= last || int(b[0]) >= len(h.counts) {
			return errTally
		}
		last = int(b[0])
		h.counts[b[0]] += b[1]
		h.n += uint64(b[1])
	}
	h.sum += t.Sum
	h.max = max(h.max, t.Max)
	return nil
}

// N is how many durations there are.
func (t Tally) N() uint64 {
	n := uint64(0)
	for _, b := range t.Buckets {
		n += uint64(b[1])
	}
	return n
}

// Valid reports whether a tally could be one of so many durations: its buckets exist and are
// in order, and its sum and maximum are what they may come to.
func (t Tally) Valid(n int) bool {
	var h histogram
	return h.merge(t) == nil && h.n == uint64(max(n, 0)) && t.Sum <= uint64(max(n, 0))<<maxBits && t.Max <= 1<<maxBits
}

// MergeLatencies gives the quantiles of all of them together.
func MergeLatencies(all []Latencies) (evidence.Latency, error) {
	var corrected, service histogram
	for _, l := range all {
		if err := errors.Join(corrected.merge(l.Corrected), service.merge(l.Service)); err != nil {
			return evidence.Latency{}, err
		}
	}
	return evidence.Latency{Corrected: corrected.quantiles(), Service: service.quantiles()}, nil
}
