package stats

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// Want is what is to be settled before a load may end.
type Want struct {
	// Containers is how many are to answer, k: all of them must have been seen.
	Containers int
	// Spread says that evenness is to be settled, not only that all were seen.
	Spread bool
	// MaxErrors is the share of requests that may fail; 1 where nobody asks.
	MaxErrors float64
	// Most is the fixed size of the load, as planned: it never sends more.
	Most int
	// Least is the least number of requests, see [Looks]; 0 is [Want.Clean].
	Least int
}

// Reason says by what a load is settled.
type Reason string

// By what a load is settled.
const (
	// Open is that nothing is settled yet.
	Open Reason = ""
	// Seen is that every container answered, nobody else did and nothing failed,
	// where no evenness was asked for.
	Seen Reason = "seen"
	// Turns is that the order of the answers is that of containers that take turns.
	Turns Reason = "turns"
	// Counts is that every container's share is known well enough.
	Counts Reason = "counts"
	// Whole is that the load came to its fixed size: it is judged by its counts.
	Whole Reason = "whole"
)

const (
	// beyond is what is added to the share of requests that may fail to get the one
	// that has to be found.
	beyond = 0.09
	// chanceIsTurns bounds the probability that independent draws, of whatever
	// shares, are ever taken for turns.
	chanceIsTurns = 1e-6
	// doubleIsEven bounds the probability that a container with twice the share of each
	// other is ever taken for even by its counts, halfIsEven that of one with half.
	doubleIsEven = 1e-4
	halfIsEven   = 0.01
)

// Clean is how many answers there have to be at least, none of them a failure or a
// stranger's: a share of failures of 9 % more than may fail, and a stranger who is due
// as much as each of the containers, show themselves by then with a probability of at
// least [Power].
func (w Want) Clean() int {
	until := func(share float64) int {
		return int(math.Ceil(math.Log(1-Power) / math.Log1p(-share)))
	}
	n := max(until(min(0.99, max(0, w.MaxErrors)+beyond)), until(1/float64(max(w.Containers, 1)+1)))
	return min(n, w.Most)
}

// Audits is the share of loads that go on to their fixed size whatever they show.
const Audits = 1.0 / 16

// Looks draws the least size of a load from a secret that nobody who answers can know:
// what every request carries is none.
func Looks(secret string, w Want) int {
	sum := sha256.Sum256([]byte(secret))
	if float64(binary.BigEndian.Uint64(sum[:8])) < Audits*math.MaxUint64 {
		return w.Most
	}
	return w.Clean()
}

// Settling follows one load, request by request in the order sent, and says whether it
// may end. Each request takes time in proportion to the containers.
type Settling struct {
	want        Want
	n, lost     int
	counts      []int
	unseen      int
	turns       turns
	high, low   ratio
	most, least int
}

// NewSettling begins to follow a load.
func NewSettling(w Want) *Settling {
	k := max(w.Containers, 1)
	w.Containers = k
	w.Least = min(max(w.Least, w.Clean()), w.Most)
	s := &Settling{want: w, counts: make([]int, k), unseen: k}
	if k > 1 && w.Spread {
		s.turns = newTurns(k)
		fair := 1 / float64(k)
		s.high, s.low = newRatio(fair, 2/float64(k+1)), newRatio(fair, 1/float64(2*k-1))
	}
	return s
}

// Next takes the container that answered the next request, from 0; -1 for a failure and
// for an answer by nobody known. It says whether the load may end with it.
func (s *Settling) Next(container int) (settled bool) {
	s.n++
	if container < 0 || container >= len(s.counts) {
		s.lost++
		return s.n >= s.want.Most
	}
	if s.counts[container]++; s.counts[container] == 1 {
		s.unseen--
	}
	if s.want.Spread && len(s.counts) > 1 {
		s.turns.next(container)
	}
	return s.n >= s.want.Least && s.Because() != Open
}

// Because is by what the load is settled.
func (s *Settling) Because() Reason {
	if s.n >= s.want.Most {
		return Whole
	}
	return s.shows()
}

// shows is by what the answers are settled, however many were planned.
func (s *Settling) shows() Reason {
	switch {
	case s.lost > 0 || s.unseen > 0 || s.n < s.want.Clean():
		return Open
	case !s.want.Spread || len(s.counts) == 1:
		return Seen
	}
	most, least := s.counts[0], s.counts[0]
	for _, c := range s.counts {
		most, least = max(most, c), min(least, c)
	}
	// Of all containers the one with the most answers says least against twice the
	// share, the one with the fewest least against half.
	high, low := s.high.log(s.n, most), s.low.log(s.n, least)
	switch {
	case min(high, low) >= math.Log(atLeast) && s.turns.shown():
		return Turns
	case high >= -math.Log(doubleIsEven) && low >= -math.Log(halfIsEven):
		return Counts
	}
	return Open
}

// atLeast is how much likelier a fair share has to be than twice or half of it where
// the order shows turns: without it, containers that take turns but for one that
// takes two would do.
const atLeast = 4

// ratio is the likelihood ratio of two shares of one container.
type ratio struct{ hit, miss float64 }

func newRatio(fair, other float64) ratio {
	return ratio{math.Log(fair / other), math.Log((1 - fair) / (1 - other))}
}

func (r ratio) log(n, count int) float64 {
	return float64(count)*r.hit + float64(n-count)*r.miss
}
