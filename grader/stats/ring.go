package stats

import (
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// ringPoints is how many points a server of weight 1 has on HAProxy's ring
// (BE_WEIGHT_SCALE), and ringRange by how much the keys of two servers' first
// points differ (SRV_EWGHT_RANGE).
const (
	ringPoints = 16
	ringRange  = 256 * ringPoints
	maxWeight  = 256
)

// RingShares are the shares of requests that HAProxy's "balance random" deals
// to servers of one weight with these IDs, in their order; they add up to 1.
//
// HAProxy draws a number and takes the server whose point on a ring of 2^32
// places is nearest (chash_get_server_hash in src/lb_chash.c); of two draws it
// keeps the second unless that server is busier, so one request at a time gets
// the ring's shares as they are. Point i of a server has the place
// full_hash(ID * 4096 + i), and a server has 16 points for each unit of weight.
// An ID is the one on the server line or the line's number in its backend. The
// shares of three equal servers are 35.1, 29.5 and 35.4 %; a real HAProxy 2.6
// shows them.
func RingShares(ids []int, weight int) []float64 {
	type point struct {
		at    uint32
		owner int
	}
	weight = min(max(weight, 1), maxWeight)
	points := make([]point, 0, len(ids)*weight*ringPoints)
	for owner, id := range ids {
		for i := range weight * ringPoints {
			points = append(points, point{fullHash(uint32(id*ringRange + i)), owner})
		}
	}
	slices.SortStableFunc(points, func(a, b point) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	shares := make([]float64, len(ids))
	if len(ids) == 1 {
		shares[0] = 1
		return shares
	}
	// Half of each gap goes to the point at either end; the first gap is that
	// across zero, where the subtraction wraps round as the ring does.
	for i := range points {
		prev := points[(i+len(points)-1)%len(points)]
		half := float64(points[i].at-prev.at) / (1 << 33)
		shares[points[i].owner] += half
		shares[prev.owner] += half
	}
	return shares
}

// fullHash is HAProxy's integer hash (full_hash in include/haproxy/tools.h).
func fullHash(a uint32) uint32 {
	a = (a + 0x7ed55d16) + a<<12
	a = (a ^ 0xc761c23c) ^ a>>19
	a = (a + 0x165667b1) + a<<5
	a = (a + 0xd3a2646c) ^ a<<9
	a = (a + 0xfd7046c5) + a<<3
	a = (a ^ 0xb55a4f09) ^ a>>16
	return a * 3221225473
}

// maxRings bounds how many rings [RingBounds] looks at.
const maxRings = 3000

// RingBounds are the least and the largest share of any of k servers that are
// up, out of those with the given IDs and all of one weight, whichever they
// are: a server-template has more slots than addresses. Where there are too
// many ways to choose k of them the bounds are [0.25/k, 2.1/k], which no share
// left in 200,000 rings of servers with random IDs, for each of several k from
// 2 to 10.
func RingBounds(ids []int, k, weight int) (low, high float64) {
	k = max(k, 1)
	if k == 1 {
		return 1, 1
	}
	if len(ids) < k || rings(len(ids), k) > maxRings || k*min(max(weight, 1), maxWeight) > 2000 {
		return 0.25 / float64(k), min(1, 2.1/float64(k))
	}
	low, high = 1, 0
	chosen := make([]int, k)
	var choose func(from, n int)
	choose = func(from, n int) {
		if n == k {
			shares := RingShares(chosen, weight)
			low, high = min(low, slices.Min(shares)), max(high, slices.Max(shares))
			return
		}
		for i := from; i <= len(ids)-(k-n); i++ {
			chosen[n] = ids[i]
			choose(i+1, n+1)
		}
	}
	choose(0, 0)
	return low, high
}

// rings is in how many ways k of n can be chosen, or more than maxRings.
func rings(n, k int) int {
	ways := 1
	for i := 1; i <= min(k, n-k); i++ {
		if ways = ways * (n - i + 1) / i; ways > maxRings {
			break
		}
	}
	return ways
}

// AtShares is [At] for containers whose true shares lie between low and high,
// each answer being an independent draw: the least count is judged by the
// smallest share that there may be, the largest by the largest.
func AtShares(k, n int, low, high float64) Design {
	d := Design{Tasks: max(k, 1), Requests: n, High: n}
	if d.Tasks == 1 {
		d.Low, d.Power = n, 1
		return d
	}
	tail := Alpha / float64(2*k)
	least := distuv.Binomial{N: float64(n), P: low}
	most := distuv.Binomial{N: float64(n), P: high}
	d.Low, d.High = lowest(least, n, tail), highest(most, n, tail)
	d.FalseFail = min(1, float64(k)*(below(least, d.Low)+above(most, d.High)))
	d.Power = above(distuv.Binomial{N: float64(n), P: 2 / float64(k+1)}, d.High)
	return d
}

// PlanRing is [Plan] for k containers that a balancer reaches directly, so that
// its own ring may show: enough answers for either judgement.
func PlanRing(k int) Design {
	k = max(k, 1)
	if d, ok := ringPlans.Load(k); ok {
		return d.(Design)
	}
	ids := make([]int, k)
	for i := range ids {
		ids[i] = i + 1
	}
	low, high := RingBounds(ids, k, 1)
	d := Plan(k)
	for n := d.Requests; k > 1; n += max(20, roundUp(n/20)) {
		n = min(n, maxRequests)
		if d = AtShares(k, n, low, high); d.Power >= Power && d.Low > 0 || n == maxRequests {
			break
		}
	}
	ringPlans.Store(k, d)
	return d
}

// JudgeShares is [Judge] for containers whose true shares lie between low and
// high. There are Enough answers if they are nearly as many as [PlanRing] asks
// for.
func JudgeShares(counts []int, low, high float64) Evenness {
	e := Judge(counts)
	if len(counts) < 2 || e.Requests == 0 {
		return e
	}
	e.Design = AtShares(len(counts), e.Requests, low, high)
	e.Even = slices.Min(counts) >= max(1, e.Low) && slices.Max(counts) <= e.High
	e.Enough = e.Low > 0 && float64(e.Requests) >= 0.95*float64(PlanRing(len(counts)).Requests)
	return e
}
