package loadgen

import (
	"errors"
	"math"
	"math/bits"
	"slices"
	"time"
)

// maxSlices bounds the stretches that a run is cut into for a picture; beyond, they
// are merged in pairs. The first ones are firstSlice long, so that a run of a tenth of
// a second is a picture too.
const (
	maxSlices  = 160
	firstSlice = time.Millisecond
)

// Detail is what of a run a trace has no room for: how its latencies are distributed,
// and what was when. [Options].Detail asks for it. Its size is bounded whatever a server
// does: some 5 MB.
type Detail struct {
	// Corrected counts latency from when requests were to be sent, Service from when
	// they were.
	Corrected, Service Distribution
	// Slice is how long each of Slices is; they follow each other from the start on.
	Slice  time.Duration
	Slices []Slice
	// Responders and Errors are in the trace's order.
	Responders []Share
	Errors     []Course
}

// Slice is a stretch of a run. Corrected latency stands where requests were to be
// sent, everything else where they were.
type Slice struct {
	OK, Failed         int
	Corrected, Service Marks
	By                 []uint32 // answers by responder; one that is left out gave none
}

// Marks of a set of durations, which are off by 2 % at most but for Max, which is exact. N is how
// many there are.
type Marks struct {
	N             int
	P50, P99, Max time.Duration
}

// Share is what one responder did.
type Share struct {
	Corrected, Service Marks
	Course
}

// Course is from when to when something happened.
type Course struct{ First, Last time.Duration }

// detail collects a Detail; the recorder's lock guards it.
type detail struct {
	into   *Detail
	length time.Duration
	slices []slice
	who    []share
	errors []Course
}

type slice struct {
	ok, failed         int
	corrected, service coarse
	by                 []uint32
}

type share struct {
	corrected, service coarse
	Course
}

func newDetail(into *Detail) *detail {
	if into == nil {
		return nil
	}
	return &detail{into: into, length: firstSlice}
}

// observe counts one request; entry is as in [evidence.Trace].Sequence.
func (d *detail) observe(entry int16, o *observation) {
	s := d.at(o.sent)
	if entry < 0 {
		s.failed++
		i := int(-1 - entry)
		first := i >= len(d.errors)
		d.errors = grown(d.errors, i)
		d.errors[i].note(o.sent, first)
		return
	}
	s.ok++
	i := int(entry)
	s.by = grown(s.by, i)
	s.by[i]++
	service, corrected := int64(o.done-o.sent), int64(o.done-o.intended)
	s.service.observe(service)
	d.who = grown(d.who, i)
	w := &d.who[i]
	w.note(o.sent, w.service.n == 0)
	w.service.observe(service)
	w.corrected.observe(corrected)
	d.at(max(o.intended, 0)).corrected.observe(corrected)
}

func (c *Course) note(at time.Duration, first bool) {
	if first {
		*c = Course{First: at, Last: at}
	}
	c.First, c.Last = min(c.First, at), max(c.Last, at)
}

// at is the slice of a moment.
func (d *detail) at(moment time.Duration) *slice {
	i := int(moment / d.length)
	for ; i >= maxSlices; i = int(moment / d.length) {
		for j := range d.slices {
			if j%2 == 1 {
				d.slices[j/2].add(&d.slices[j])
			} else {
				d.slices[j/2] = d.slices[j]
			}
		}
		kept := (len(d.slices) + 1) / 2
		clear(d.slices[kept:])
		d.slices = d.slices[:kept]
		d.length *= 2
	}
	d.slices = grown(d.slices, i)
	return &d.slices[i]
}

func (s *slice) add(from *slice) {
	s.ok += from.ok
	s.failed += from.failed
	s.corrected.add(&from.corrected)
	s.service.add(&from.service)
	s.by = grown(s.by, len(from.by)-1)
	for i, n := range from.by {
		s.by[i] += n
	}
}

// grown is a list with an entry for i.
func grown[T any](list []T, i int) []T {
	if i < len(list) {
		return list
	}
	return append(list, make([]T, i+1-len(list))...)
}

// finish hands over what was collected.
func (d *detail) finish(corrected, service *histogram) {
	*d.into = Detail{
		Corrected: Distribution{corrected}, Service: Distribution{service}, Slice: d.length, Errors: d.errors,
		Slices: make([]Slice, len(d.slices)), Responders: make([]Share, len(d.who)),
	}
	for i := range d.slices {
		s := &d.slices[i]
		d.into.Slices[i] = Slice{OK: s.ok, Failed: s.failed, By: s.by, Corrected: s.corrected.marks(), Service: s.service.marks()}
	}
	for i := range d.who {
		w := &d.who[i]
		d.into.Responders[i] = Share{Corrected: w.corrected.marks(), Service: w.service.marks(), Course: w.Course}
	}
}

// coarse is a histogram for pictures: as the fine one, in buckets a 32nd as wide as
// their value, and only as long as its largest value asks for.
type coarse struct {
	counts []uint32
	n      int
	max    int64
}

const (
	coarseBits = 5
	coarseSub  = 1 << coarseBits
)

func (c *coarse) observe(ns int64) {
	ns = min(max(ns, 0), 1<<maxBits-1)
	i, v := int(ns), uint64(ns)
	if v >= coarseSub {
		shift := bits.Len64(v) - coarseBits - 1
		i = (shift+1)<<coarseBits | int(v>>shift)&(coarseSub-1)
	}
	c.counts = grown(c.counts, i)
	c.counts[i]++
	c.n++
	c.max = max(c.max, ns)
}

func (c *coarse) add(from *coarse) {
	c.counts = grown(c.counts, len(from.counts)-1)
	for i, n := range from.counts {
		c.counts[i] += n
	}
	c.n += from.n
	c.max = max(c.max, from.max)
}

func (c *coarse) marks() Marks {
	return Marks{N: c.n, P50: c.quantile(0.5), P99: c.quantile(0.99), Max: time.Duration(c.max)}
}

func (c *coarse) quantile(q float64) time.Duration {
	rank, seen := max(1, int(math.Ceil(q*float64(c.n)))), 0
	for i, n := range c.counts {
		if seen += int(n); seen >= rank {
			v := int64(i)
			if i >= coarseSub {
				shift := i>>coarseBits - 1
				v = int64(coarseSub|i&(coarseSub-1))<<shift + int64(1)<<shift/2
			}
			return time.Duration(min(v, c.max))
		}
	}
	return 0
}

// Sum takes over how the latencies of several runs together are distributed. What was when in
// them is not known here, so that there are no slices.
func (d *Detail) Sum(all []Latencies) error {
	corrected, service := new(histogram), new(histogram)
	for _, l := range all {
		if err := errors.Join(corrected.merge(l.Corrected), service.merge(l.Service)); err != nil {
			return err
		}
	}
	*d = Detail{Corrected: Distribution{corrected}, Service: Distribution{service}}
	return nil
}

// Of are the slices' answers of one responder, in order.
func (d *Detail) Of(responder int) []uint32 {
	out := make([]uint32, len(d.Slices))
	for i := range d.Slices {
		if by := d.Slices[i].By; responder < len(by) {
			out[i] = by[responder]
		}
	}
	return slices.Clip(out)
}
