package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// minPower is what a sample must still have after a few requests failed.
const minPower = 0.97

// Evenness is the judgement of one set of counts.
type Evenness struct {
	Design
	Counts []int
	Even   bool
	// Enough says that there were nearly as many answers as [Plan] asks for; if
	// not, a verdict of "even" is worth less than promised, one of "uneven" is
	// not.
	Enough bool
	// Index is 1 for perfectly even and 1/k for all from one: the effective
	// number of containers (inverse Simpson index, 1/sum of squared shares)
	// over k.
	Index float64
	// ChiSquare and P are Pearson's statistic and its asymptotic p-value, for
	// those who want to compare; the verdict does not use them.
	ChiSquare float64
	P         float64
	// Settled says that the loads ended before their fixed size, after so many
	// answers in all, By what they showed by then.
	Settled bool
	After   int
	By      Reason
}

// Judge decides whether counts, one a container with zeros for those that
// never answered, are even. No counts are not even.
func Judge(counts []int) Evenness {
	n := 0
	for _, c := range counts {
		n += c
	}
	k := len(counts)
	e := Evenness{Design: At(k, n), Counts: counts, Even: n > 0}
	if n == 0 || k == 0 {
		e.Even = false
		return e
	}
	mean := float64(n) / float64(k)
	sum := 0.0
	for _, c := range counts {
		if c < e.Low || c > e.High {
			e.Even = false
		}
		d := float64(c) - mean
		e.ChiSquare += d * d / mean
		share := float64(c) / float64(n)
		sum += share * share
		// With too few answers the accepted interval begins at 0; a container
		// that never answers is no even spread all the same.
		if c == 0 {
			e.Even = false
		}
	}
	e.Index = 1 / sum / float64(k)
	e.P = 1
	if k > 1 {
		e.P = distuv.ChiSquared{K: float64(k - 1)}.Survival(e.ChiSquare)
	}
	e.Enough = e.Power >= minPower && e.Low > 0
	if !e.Enough {
		e.FalseFail = math.Min(1, e.FalseFail+float64(k)*math.Pow(1-1/float64(k), float64(n)))
	}
	return e
}
