package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Most is the smallest number that n independent trials of probability p exceed
// with probability at most Alpha: what chance alone may bring.
func Most(n int, p float64) int {
	switch {
	case n <= 0 || p <= 0:
		return 0
	case p >= 1:
		return n
	}
	return highest(distuv.Binomial{N: float64(n), P: p}, n, Alpha)
}

// LongestRun is the smallest number that the longest run of successes in n
// independent trials of probability p exceeds with probability at most Alpha.
// It is at most n.
func LongestRun(n int, p float64) int {
	switch {
	case n <= 0 || p <= 0:
		return 0
	case p >= 1:
		return n
	}
	// A run longer than k begins somewhere: at most n places, p^(k+1) each.
	k := math.Ceil(math.Log(Alpha/float64(n))/math.Log(p)) - 1
	return min(n, max(0, int(k)))
}
