package stats

import "gonum.org/v1/gonum/stat/distuv"

// While one request is held open, leastconn finds the server that has it busier than
// any other and sends it nothing more; whatever else deals does not look at that, but
// for who takes the idler of two drawn servers.

// HeldRounds is how often a request is held.
const HeldRounds = 3

// HeldFresh is how many requests are sent in each round, where k containers run.
func HeldFresh(k int) int { return max(100, 15*k) }

// HeldMost is how many of n requests may come to the container that one is held at,
// so that this is no chance: of independent choice that gives it no less than a share,
// so few come there with a probability of at most [Alpha]; -1 if even none may be
// chance.
//
// Of two drawn servers both are that one with the share's square, which counts where
// it leaves leastconn room for a hundredth of the requests: three equal servers and
// fewer. Two servers look alike for the moment in which the end of a request is still on
// its way, so that of two a few may come to the wrong one: a real HAProxy 2.6 with
// four threads sends it 5 of 300, of three none. A load therefore rests between two requests (package
// loadgen), without which a machine with much else to do was seen to send it 26 of two, and 11 of three.
func HeldMost(n int, share float64) int {
	of := func(p float64) int { return lowest(distuv.Binomial{N: float64(n), P: min(p, 1)}, n, Alpha) - 1 }
	if most := of(share * share); most*100 >= n {
		return most
	}
	return of(share)
}
