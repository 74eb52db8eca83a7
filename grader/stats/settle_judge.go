package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Load is one load whose evenness is judged, alone or with others.
type Load struct {
	// Answers are who answered, in the order sent: containers from 0, numbered alike
	// in all loads that are judged together; -1 for failures and strangers.
	Answers []int
	// Most is the size that was planned.
	Most int
}

// JudgeOrdered is [Judge] for loads that may have ended early; it takes time in
// proportion to answers times containers.
//
// A load is settled if it is shorter than planned and its answers, up to the last, settle
// it (see [Settling]). Where all are, they are even. Where none is, it is what Judge says
// of all counts. Where some are, these count as if they had gone on evenly, so that the
// sample has the size that was planned; the interval is a little wider then.
//
// Why that is so: were the settled ones of random choice driven on, a count would come
// out no smaller than in even continuation with a probability of a half at least, and
// no greater with as much. So of a bound that is exceeded with a probability of p by whole
// loads, loads that ended early exceed it by at most 2p, and half of these cases are
// among those that whole loads fail. With p for the interval of whole loads and q for the
// wider one a correct deployment fails with a probability of at most p + q; the wider
// one is chosen so that this is at most [Alpha].
func JudgeOrdered(loads []Load, k int) Evenness {
	return judgeOrdered(loads, k, Judge, 1/float64(max(k, 1)), 1/float64(max(k, 1)))
}

// JudgeOrderedShares is JudgeOrdered for containers whose true shares lie between low
// and high, as [JudgeShares] is.
func JudgeOrderedShares(loads []Load, k int, low, high float64) Evenness {
	judge := func(counts []int) Evenness { return JudgeShares(counts, low, high) }
	return judgeOrdered(loads, k, judge, low, high)
}

func judgeOrdered(loads []Load, k int, judge func([]int) Evenness, low, high float64) Evenness {
	k = max(k, 0)
	counts := make([]int, k)
	settled, rest := 0, 0
	by := Open
	for _, l := range loads {
		for _, c := range l.Answers {
			if c >= 0 && c < k {
				counts[c]++
			}
		}
		if why := l.shows(k); why != Open {
			settled++
			rest += l.Most - len(l.Answers)
			if by != Counts { // the weaker of the two
				by = why
			}
		}
	}
	e := judge(counts)
	switch settled {
	case 0:
		return e
	case len(loads):
		e.Even, e.Enough, e.FalseFail = true, true, 0
		if k > 1 {
			e.Power = 1 - float64(settled)*(drawsAreTurns+doubleIsEven(k))
		}
		e.Settled, e.After, e.By = true, e.Requests, by
		return e
	}
	d := AtShares(k, e.Requests+rest, low, high)
	e.Enough, e.Power = d.Power >= minPower && d.Low > 0, d.Power
	d.Low, d.High = widen(d, low, high)
	e.FalseFail = d.FalseFail + outside(d, low, high)
	// As counts of what was sent, so that they can be compared with what is seen.
	e.Low = max(0, d.Low-int(math.Ceil(float64(rest)*high)))
	e.High = min(e.Requests, d.High-int(float64(rest)*low))
	e.Even = slices.Min(counts) >= max(1, e.Low) && slices.Max(counts) <= e.High
	return e
}

// shows is by what a load is settled that is shorter than planned.
func (l Load) shows(k int) Reason {
	if len(l.Answers) >= l.Most || k == 0 {
		return Open
	}
	s := NewSettling(Want{Containers: k, Spread: true, MaxErrors: 1, Most: l.Most})
	for _, c := range l.Answers {
		s.Next(c)
	}
	return s.Because()
}

// widen is the narrowest interval beyond that of a design which both together leave with
// a probability of at most [Alpha].
func widen(d Design, low, high float64) (from, to int) {
	wide := d
	for wide.Low > 0 || wide.High < d.Requests {
		wide.Low, wide.High = max(0, wide.Low-1), min(d.Requests, wide.High+1)
		if d.FalseFail+outside(wide, low, high) <= Alpha {
			break
		}
	}
	return wide.Low, wide.High
}

// outside bounds the probability that the count of any container is outside of a
// design's interval.
func outside(d Design, low, high float64) float64 {
	n := float64(d.Requests)
	return float64(d.Tasks) * (below(distuv.Binomial{N: n, P: low}, d.Low) + above(distuv.Binomial{N: n, P: high}, d.High))
}
