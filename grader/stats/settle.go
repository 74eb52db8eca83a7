package stats

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
)

// Want is what is to be settled before a load may end.
type Want struct {
	// Containers is how many are to answer, k: all of them must have been seen.
	Containers int
	// Spread says that evenness is to be settled, not only that all were seen.
	Spread bool
	// MaxErrors is the share of requests that may fail; 1 where nobody asks.
	MaxErrors float64
	// Loads is how many loads, this one among them, show together how many requests
	// fail, as those through all nodes of the mesh do; 0 is this one alone.
	Loads int
	// Most is the fixed size of the load, as planned: no more is ever sent.
	Most int
	// Least is the least number of requests, see [Looks]; no less than [Want.Clean]
	// ever counts.
	Least int
}

// What is added to the share of requests that may fail, to get the shares that loads
// have to show: all of them together, and each one alone.
const (
	together = 0.04
	alone    = 0.15
)

// Clean is how many answers there have to be at least, none of them a failure or a
// stranger's, for a load to end. A share of failures that is 4 % beyond what may fail
// shows itself with a probability of at least [Power] by the time when all loads have
// as many, and one that is 15 % beyond it, as on one node, in a load of its own; so does
// a stranger who is due as much as each container.
func (w Want) Clean() int {
	until := func(share float64) int { return int(math.Ceil(math.Log(1-Power) / math.Log1p(-share))) }
	failing := func(beyond float64) int { return until(min(0.99, max(0, w.MaxErrors)+beyond)) }
	loads := max(w.Loads, 1)
	n := max((failing(together)+loads-1)/loads, failing(alone), until(1/float64(max(w.Containers, 1)+1)))
	return min(n, w.Most)
}

// Audits is the share of loads that go on to their fixed size whatever they show.
const Audits = 1.0 / 16

// Looks draws the least size of a load from a secret: for one of sixteen loads it is
// the whole one. Nobody who answers may know the secret beforehand, so it can't be
// made of what requests carry.
//
// This is what it is worth against who deals evenly at first and otherwise later: of
// loads that end early nothing later is ever seen. Whoever is even for as many
// answers as [Want.Clean], and then not, is found by one load in sixteen, times the
// probability with which the whole load finds them; in a run with L such loads with
// 1-(15/16)^L: 6 % of one, 28 % of five, 62 % of fifteen.
// Least sizes in between would find no more, as who knows this page chooses when to
// begin. Such a balancer has to count requests, so a load through one that is in
// doubt for other reasons ought not to end early at all.
func Looks(secret string, w Want) int {
	sum := sha256.Sum256([]byte(secret))
	if float64(binary.BigEndian.Uint64(sum[:8])) < Audits*math.MaxUint64 {
		return w.Most
	}
	return w.Clean()
}

// Reason says by what a load is settled.
type Reason string

// By what a load is settled.
const (
	// Open says that nothing is settled yet.
	Open Reason = ""
	// Seen says that every container answered and nobody else, where no evenness was
	// asked for or there is one container.
	Seen Reason = "seen"
	// Turns says that the containers take turns: the order of the answers shows it.
	Turns Reason = "turns"
	// Counts says that each container's share is known well enough.
	Counts Reason = "counts"
	// Whole says that the load came to its fixed size: its counts decide.
	Whole Reason = "whole"
)

// Settling follows one load, request by request in the order sent, and says whether it
// may end. A load that is to be even is settled in one of two ways.
//
// By turns: the order is out of reach of independent draws with whatever shares (see
// turns), it still was so lately, and of each container a fair share is [plain] times
// likelier than twice or half of the others'.
//
// By counts: of each container a fair share is so much likelier that of draws that give
// one container twice the others' share no more than the probability of
// [doubleIsEven] would ever come to it, of those that give half no more than halfIsEven.
//
// Both are likelihood ratios whose bounds hold at whatever answer one looks (Ville), also
// if shares change from one draw to the next but are never less uneven than that.
// One ratio is asked for one alternative, so it takes fewer answers than a mixture over
// all shares (Lindon and Malek, Anytime-Valid Inference for Multinomial Count Data, 2022),
// which would tell what the shares are.
//
// A load never ends early because it is uneven, nor one in which a request failed or
// a stranger answered: these go on to the fixed size. So who is judged by a load that
// ended early has passed, and no correct deployment fails that did not before.
//
// A request takes time in proportion to the number of containers.
type Settling struct {
	want      Want
	clean     int
	double    float64 // what the log of the ratio against twice the share has to reach
	high, low ratio   // of a fair share to twice the others', and to half
	n, lost   int
	counts    []int
	turns     *turns
}

// NewSettling begins to follow a load.
func NewSettling(w Want) *Settling {
	w.Containers = max(w.Containers, 1)
	k := w.Containers
	s := &Settling{want: w, clean: w.Clean(), counts: make([]int, k)}
	if k > 1 && w.Spread {
		fair := 1 / float64(k)
		s.high, s.low = newRatio(fair, 2/float64(k+1)), newRatio(fair, 1/float64(2*k-1))
		s.double = -math.Log(doubleIsEven(k))
		s.turns = newTurns(k)
	}
	return s
}

// Next takes the container that answered the next request, from 0; -1 is a failure, or
// an answer by nobody known. It says whether the load may end with it.
func (s *Settling) Next(container int) (settled bool) {
	s.n++
	if container < 0 || container >= len(s.counts) {
		s.lost++
	} else {
		s.counts[container]++
		if s.turns != nil {
			s.turns.next(container)
		}
	}
	return s.n >= s.want.Most || s.n >= s.want.Least && s.Because() != Open
}

// Because is by what the load is settled so far.
func (s *Settling) Because() Reason {
	least := slices.Min(s.counts)
	switch {
	case s.n >= s.want.Most:
		return Whole
	case s.lost > 0 || least == 0 || s.n < s.clean:
		return Open
	case s.turns == nil:
		return Seen
	}
	// Whoever has the most answers is the likeliest to have twice the share, whoever
	// has the fewest to have half.
	double, half := s.high.log(s.n, slices.Max(s.counts)), s.low.log(s.n, least)
	switch {
	case double >= plain && half >= plain && s.turns.shown():
		return Turns
	case double >= s.double && half >= -math.Log(halfIsEven):
		return Counts
	}
	return Open
}

// plain is the log of 4. Of 90 answers by three containers that take turns each has to
// have 26 to 35 then; without it they could take turns but for one that has two of them.
const plain = 2 * math.Ln2

// halfIsEven bounds the probability that a container which gets half of what each other
// does ever passes for even by its counts.
const halfIsEven = 0.01

// doubleIsEven is the same bound for a container that gets twice as much: what whole
// samples leave of 1 - [Power], for eight loads that are judged together. Where they leave
// nothing, it is 0, and counts settle nothing.
func doubleIsEven(k int) float64 {
	return max(0, min(1e-4, (min(Plan(k).Power, PlanRing(k).Power)-Power)/8))
}

// ratio is a likelihood ratio of two shares that one container may have, by the logs of
// what an answer of it and one of others add.
type ratio struct{ own, others float64 }

func newRatio(share, other float64) ratio {
	return ratio{math.Log(share / other), math.Log((1 - share) / (1 - other))}
}

func (r ratio) log(n, own int) float64 { return float64(own)*r.own + float64(n-own)*r.others }
