// Package stats decides whether answers are spread evenly, with stated error
// rates.
//
// The question is asked of k containers and n answers. A correct deployment
// may be strictly cyclic (IPVS and HAProxy's round robin), cyclic with repeats
// (AAABBBCCC, when two round robins follow one another) or random; of these,
// independent random choice spreads the most. So the bound is computed for
// that case, and holds for the others. (HAProxy's own "balance random" is less
// even than that where it deals to containers directly, since it draws from a
// ring of points: shares of 29 to 36 % were seen of three equal servers. Through
// the routing mesh it only chooses the entry node, and each node deals in turn.)
//
// For one container the number of answers is then binomial with n trials and
// probability 1/k. The accepted interval [Low, High] is the narrowest whose two
// tails each weigh at most alpha/(2k); by the union bound over the containers
// (Bonferroni) a correct deployment falls outside with probability at most
// alpha. Nothing is approximated: the tails are exact binomial sums, computed
// through the regularized incomplete beta function.
//
// An interval was preferred over a chi-square statistic because a student can
// check it by eye ("each container must answer 109 to 214 of 480") and because
// chi-square's own tail is an approximation, which at 1e-6 and a few hundred
// answers is not good enough to promise. Its value is still reported.
package stats

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/stat/distuv"
)

// Alpha bounds the probability that a correct deployment is called uneven.
const Alpha = 1e-6

// Power is the least probability with which a container that gets twice the
// others' share, at random, is found.
const Power = 0.99

const (
	// minRequests is enough to see that a single container answers, and to
	// tell an error share of 1 % from one of 10 %.
	minRequests = 60
	// maxRequests keeps a service of very many containers from costing
	// unbounded load; beyond it (about 80 containers) the power goes down, the
	// bound on failing a correct deployment does not.
	maxRequests = 20000
)

// Design is a sample size with what it can promise.
type Design struct {
	Tasks    int // containers to tell apart, k
	Requests int // answers wanted, n
	// Low and High are the accepted number of answers of one container.
	Low, High int
	// FalseFail is the proven bound on failing a correct deployment: at most
	// Alpha.
	FalseFail float64
	// Power is the probability of finding one container with twice the share
	// of each other one, chosen at random.
	Power float64
}

// Plan gives the smallest sample for k containers that keeps [Alpha], reaches
// [Power], and leaves a container unseen with probability at most Alpha. A k
// below 1 counts as 1.
func Plan(k int) Design {
	k = max(k, 1)
	if k == 1 {
		return At(1, minRequests)
	}
	if d, ok := plans.Load(k); ok {
		return d.(Design)
	}
	d := plan(k)
	plans.Store(k, d)
	return d
}

// plans remembers designs, which cost a millisecond each and depend on nothing
// but k.
var plans, ringPlans sync.Map

func plan(k int) Design {
	n := max(minRequests, coverage(k, Alpha))
	// The power rises with n but for the steps of integers: search upwards in
	// steps that keep the result round.
	for n = roundUp(n); n < maxRequests; n += 20 {
		if d := At(k, n); d.Power >= Power && d.Low > 0 {
			return d
		}
	}
	return At(k, maxRequests)
}

// Cover gives the number of answers after which every one of k containers has
// been seen but with probability at most Alpha, if each answer is an
// independent random choice.
func Cover(k int) int {
	if k <= 1 {
		return minRequests
	}
	return max(minRequests, roundUp(coverage(k, Alpha)))
}

// At gives what n answers of k containers can promise.
func At(k, n int) Design {
	d := Design{Tasks: max(k, 1), Requests: n, High: n, Low: 0}
	if d.Tasks == 1 {
		d.Low, d.Power = n, 1
		return d
	}
	tail := Alpha / float64(2*k)
	fair := distuv.Binomial{N: float64(n), P: 1 / float64(k)}
	d.Low = lowest(fair, n, tail)
	d.High = highest(fair, n, tail)
	d.FalseFail = math.Min(1, float64(k)*(below(fair, d.Low)+above(fair, d.High)))
	heavy := distuv.Binomial{N: float64(n), P: 2 / float64(k+1)}
	d.Power = above(heavy, d.High)
	return d
}

// lowest is the largest low with P(X < low) <= tail.
func lowest(b distuv.Binomial, n int, tail float64) int {
	lo, hi := 0, n
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if below(b, mid) <= tail {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return lo
}

// highest is the smallest high with P(X > high) <= tail.
func highest(b distuv.Binomial, n int, tail float64) int {
	lo, hi := 0, n
	for lo < hi {
		mid := (lo + hi) / 2
		if above(b, mid) <= tail {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// below is P(X < x).
func below(b distuv.Binomial, x int) float64 {
	if x <= 0 {
		return 0
	}
	return b.CDF(float64(x - 1))
}

// above is P(X > x), as the lower tail of the failures: 1 - CDF would lose
// every digit of a probability of 1e-8.
func above(b distuv.Binomial, x int) float64 {
	if float64(x) >= b.N {
		return 0
	}
	failures := distuv.Binomial{N: b.N, P: 1 - b.P}
	return failures.CDF(b.N - float64(x) - 1)
}

// coverage solves k(1-1/k)^n <= alpha for n.
func coverage(k int, alpha float64) int {
	q := 1 - 1/float64(k)
	return int(math.Ceil(math.Log(alpha/float64(k)) / math.Log(q)))
}

func roundUp(n int) int { return (n + 19) / 20 * 20 }

// Rare bounds the probability with which independent draws of equal shares are as uneven as
// counts, one a container: that any of them is as far off as the one that is furthest.
func Rare(counts []int) float64 {
	n, k := 0, len(counts)
	for _, c := range counts {
		n += c
	}
	if k < 2 {
		return 1
	}
	fair := distuv.Binomial{N: float64(n), P: 1 / float64(k)}
	p := 1.0
	for _, c := range counts {
		p = min(p, below(fair, c+1), above(fair, c-1))
	}
	return min(1, 2*float64(k)*p)
}
