package stats

import "math/rand/v2"

// dealer gives the container that answers the next request, from 0; -1 is a failure.
type dealer func() int

// rule makes a dealer for k containers.
type rule func(rng *rand.Rand, k int) dealer

// inTurn is so many pointers, asked one after the other, or at random: nodes behind a
// balancer, threads, replicas of it. Each has an order of its own and is moved on by
// others with the probability of moved before each request.
func inTurn(pointers int, atRandom bool, moved float64) rule {
	return func(rng *rand.Rand, k int) dealer {
		at, order := make([]int, pointers), make([][]int, pointers)
		for i := range at {
			at[i], order[i] = rng.IntN(k), rng.Perm(k)
		}
		n := 0
		return func() int {
			for i := range at {
				if moved > 0 && rng.Float64() < moved {
					at[i]++
				}
			}
			i := n % pointers
			if n++; atRandom {
				i = rng.IntN(pointers)
			}
			at[i]++
			return order[i][at[i]%k]
		}
	}
}

// drawn is independent choice; shares gives weights.
func drawn(shares func(k int) []float64) rule {
	return func(rng *rand.Rand, k int) dealer {
		w := shares(k)
		total := 0.0
		for _, x := range w {
			total += x
		}
		for i := range w {
			w[i] /= total
		}
		return func() int { return choose(rng, w) }
	}
}

// first gives the first container another weight than the others, which have 1.
func first(weight float64) func(k int) []float64 {
	return func(k int) []float64 {
		w := ones(k)
		w[0] = weight
		return w
	}
}

func ring(k int) []float64 { return RingShares(ids(k), 1) }

// smooth is HAProxy's round robin where the first container has another weight.
func smooth(weight int) rule {
	return func(rng *rand.Rand, k int) dealer {
		w := make([]int, k)
		for i := range w {
			w[i] = 1
		}
		w[0] = weight
		x := newWheel(w)
		for range rng.IntN(4 * k) {
			x.next()
		}
		return x.next
	}
}

// blocks goes on to the next container after so many answers.
func blocks(of int) rule {
	return func(rng *rand.Rand, k int) dealer {
		n := rng.IntN(k * of)
		return func() int { n++; return n / of % k }
	}
}

// twiceRunning goes round, and the first container answers twice each time.
func twiceRunning(rng *rand.Rand, k int) dealer {
	n := rng.IntN(k + 1)
	return func() int { n++; return max(0, n%(k+1)-1) }
}

// idle is leastconn as HAProxy up to 3.1 has it, with nothing busy: each server goes
// behind those that are as idle; health checks and others' requests are no connections.
var idle = inTurn(1, false, 0)

// failing lets a share of the requests fail.
func failing(r rule, share float64) rule {
	return func(rng *rand.Rand, k int) dealer {
		next := r(rng, k)
		return func() int {
			c := next()
			if rng.Float64() < share {
				return -1
			}
			return c
		}
	}
}

// until is one rule for the first so many answers, and then another.
func until(n int, r, later rule) rule {
	return func(rng *rand.Rand, k int) dealer {
		a, b := r(rng, k), later(rng, k)
		sent := 0
		return func() int {
			if sent++; sent <= n {
				return a()
			}
			return b()
		}
	}
}

// without is a rule for all containers but the last.
func without(r rule) rule {
	return func(rng *rand.Rand, k int) dealer { return r(rng, k-1) }
}

// every gives each answer to the first container.
func every(*rand.Rand, int) dealer { return func() int { return 0 } }

// drifting are draws in which the first container has a fair share at first and twice
// that of the others after so many answers.
func drifting(n int) rule {
	return func(rng *rand.Rand, k int) dealer {
		w, sent := make([]float64, k), 0
		return func() int {
			sent++
			first := 1/float64(k) + min(1, float64(sent)/float64(n))*(2/float64(k+1)-1/float64(k))
			for i := range w {
				w[i] = (1 - first) / float64(k-1)
			}
			w[0] = first
			return choose(rng, w)
		}
	}
}

// staying repeats who answered last with the probability of stay, and draws otherwise.
func staying(stay float64, shares func(k int) []float64) rule {
	return func(rng *rand.Rand, k int) dealer {
		draw := drawn(shares)(rng, k)
		last := draw()
		return func() int {
			if rng.Float64() >= stay {
				last = draw()
			}
			return last
		}
	}
}

// drive sends a load and gives it with what it was settled by.
func drive(w Want, next dealer) (Load, Reason) {
	s := NewSettling(w)
	l := Load{Most: w.Most}
	for {
		c := next()
		l.Answers = append(l.Answers, c)
		if s.Next(c) {
			return l, s.Because()
		}
	}
}
