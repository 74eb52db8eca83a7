package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// A balancer shows itself by the order of the answers to requests that were sent
// one after the other. Three patterns can be told from one another, by two counts
// that a reader can check: how often a container answers twice running, and how far
// any container gets ahead of its share or behind it.
//
//   - In turn (round robin): nobody answers twice running, and nobody is ever more
//     than one answer off its share. Several pointers (workers, thread groups,
//     replicas of the balancer) add up to as many answers off; a request that others
//     sent, or that failed, may make a container answer twice running.
//   - One server (by client, by path, the first): the same container goes on
//     answering.
//   - At random: of n answers as many follow one of their own as chance has it.
const (
	// Pointers is how many answers a container may be off its share where requests
	// are dealt in turn: what as many pointers can bring about, each less than one.
	Pointers = 8
	// flapMoves is how often the container may change where one server is to answer:
	// two times that it is taken for dead and comes back.
	flapMoves = 4
)

// Order is what a sequence of answers shows.
type Order struct {
	// Answers is how many there were, Containers how many gave one.
	Answers, Containers int
	// Lost is how many requests had no answer of one of the containers.
	Lost int
	// Repeats is how often a container answered twice running.
	Repeats int
	// Off is the most that any container got ahead of its share or behind it, over
	// any stretch of answers.
	Off float64
	// turns is how many repeats requests dealt in turn may show.
	turns int
}

// OrderOf reads a sequence of containers, by number from 0, of whom each is due a
// share of the answers; they are those that are to answer, and the shares add up to
// 1. Numbers without a share are left out. Lost is the number of requests beside
// those. It takes time in proportion to answers times containers.
func OrderOf(sequence []int, shares []float64, lost int) Order {
	o := Order{Lost: lost}
	ahead, most, least := make([]float64, len(shares)), make([]float64, len(shares)), make([]float64, len(shares))
	seen := make([]bool, len(shares))
	last := -1
	for _, s := range sequence {
		if s < 0 || s >= len(shares) {
			o.Lost++
			continue
		}
		o.Answers++
		if !seen[s] {
			seen[s] = true
			o.Containers++
		}
		if s == last {
			o.Repeats++
		}
		last = s
		for i, share := range shares {
			ahead[i] -= share
			if i == s {
				ahead[i]++
			}
			most[i], least[i] = max(most[i], ahead[i]), min(least[i], ahead[i])
			o.Off = max(o.Off, most[i]-least[i])
		}
	}
	o.turns = o.Answers/(2*max(o.Containers, 1)) + o.Lost
	return o
}

// InTurn reports whether the answers are dealt in turn. Of correct ones none fails:
// neither where up to [Pointers] pointers go round the same servers, nor where one pointer is moved on by others' requests, servers that come and
// go or retries, as long as these are no more than half of what makes an order look
// like chance. Random choice passes with a probability of at most 1 - [Power] where
// there are as many answers as [PlanRing] asks for and no request fails; each that
// fails leaves it a little more room.
func (o *Order) InTurn() bool {
	return o.Containers > 1 && (o.Repeats <= o.turns || o.Off <= float64(Pointers+o.Lost) && o.enough())
}

// enough reports whether so many answers of independent choice would leave the
// range that is given to those dealt in turn: the range of a random walk of n steps
// with variance v stays below r with a probability in which exp(-pi^2 n v/2r^2) is
// what counts (Feller, The asymptotic distribution of the range of sums of
// independent random variables, 1951).
func (o *Order) enough() bool {
	p := 1 / float64(max(o.Containers, 1))
	return math.Pi*math.Pi*float64(o.Answers)*p*(1-p)/(2*Pointers*Pointers) >= 6
}

// OneServer reports whether the same container went on answering. Of correct ones
// none fails that lost it no more than twice; random choice passes with a
// probability far below [Alpha].
func (o *Order) OneServer() bool {
	return o.Containers == 1 || o.Containers > 1 && o.Moves() <= flapMoves+2*o.Lost && 2*o.Moves() < o.Repeats
}

// Moves is how often another container answered than the time before.
func (o *Order) Moves() int { return max(0, o.Answers-1-o.Repeats) }

// Chance is how many of n answers may follow one of their own where each is an
// independent draw, with shares that lie between low and high.
type Chance struct {
	Low, High int
	// FalseFail is the proven bound on calling such draws no chance: at most Alpha.
	FalseFail float64
}

// ChanceOf gives the accepted number of repeats. Whoever answered last, the
// next answer is theirs with a probability between low and high; so the number of
// repeats is at least that of n-1 trials with the one probability and at most that of
// trials with the other, and the tails are exact binomial ones.
func (o *Order) ChanceOf(low, high float64) Chance {
	n := max(0, o.Answers-1)
	least, most := distuv.Binomial{N: float64(n), P: low}, distuv.Binomial{N: float64(n), P: min(high, 1)}
	c := Chance{Low: lowest(least, n, Alpha/2), High: n}
	if high < 1 {
		c.High = highest(most, n, Alpha/2)
	}
	c.FalseFail = min(1, below(least, c.Low)+above(most, c.High))
	return c
}

// AtRandom reports whether the repeats are as chance has them.
func (o *Order) AtRandom(c Chance) bool {
	return o.Containers > 1 && c.Low <= o.Repeats && o.Repeats <= c.High
}
