// Package policy suggests, from the order in which containers answered, by
// which rule a balancer chose them. It is pure: no network, no clock, no
// chance.
//
// Three figures carry the suggestion. Shares say whether somebody is
// preferred. The match at a lag L is the share of answers that came from the
// same container as the one L before: 1 for a cycle of that length, and the
// sum of the squared shares if each choice is independent. And the smallest L
// with a high match is the period, whose composition tells a plain cycle (ABC),
// one with repeats (AAABBBCCC, when two round robins follow each other) and a
// weighted one (AABC).
//
// A failed request may have taken a turn of the balancer or not, so cycles are
// looked for both with failures as gaps and without them. A health check or
// another client that moves the balancer's pointer shifts the cycle once; so the
// match of a real cycle can be below 1, and the thresholds leave room for one
// such shift in ten answers.
//
// The order is exact only for a trace driven by one worker, and it shows what
// reaches the containers: behind a routing mesh, that is the mesh's choice and
// hides the one before it.
package policy

import (
	"maps"
	"math"
	"slices"
)

// Kind is a suggested policy.
type Kind string

const (
	RoundRobin        Kind = "round-robin"         // ABCABC
	RoundRobinRepeats Kind = "round-robin-repeats" // AAABBBCCC, or several cycles interleaved
	Random            Kind = "random"              // independent, equal shares; least connections looks the same
	Single            Kind = "single"              // one container: source hash, stickiness, first
	Weighted          Kind = "weighted"            // unequal shares in a ratio of small numbers
	Unclear           Kind = "unclear"
)

// Suggestion is a policy with the figures that speak for it.
type Suggestion struct {
	Kind Kind `json:"kind"`
	// Answers and Responders are how many answers of how many containers were
	// looked at.
	Answers    int `json:"answers"`
	Responders int `json:"responders"`
	// Period is the length of the cycle found, 0 for none; Match the share of
	// answers from the same container as the one a period before; Chance what
	// that share would be if each choice were independent.
	Period int     `json:"period,omitempty"`
	Match  float64 `json:"match,omitempty"`
	Chance float64 `json:"chance,omitempty"`
	// Follow is the match at lag 1: how often a container answers twice running.
	Follow float64 `json:"follow,omitempty"`
	// Weights are the ratio of the shares in the order of the responders, for
	// Weighted only.
	Weights []int `json:"weights,omitempty"`
}

const (
	// MinAnswers is the fewest answers that suggest anything.
	MinAnswers = 30
	maxPeriod  = 60
	maxWeight  = 16
	// sigmas is how far a figure must be from chance to count: for one lag of
	// sixty, a false alarm in about 10^7 traces.
	sigmas = 6
	// slip is the share of answers after which a cycle may have shifted.
	slip = 0.1
)

// Suggest looks at a sequence as a trace keeps it: an index of a
// responder for each request in the order sent, negative for failures.
func Suggest(sequence []int16) Suggestion {
	answers := make([]int16, 0, len(sequence))
	count := map[int16]int{}
	for _, e := range sequence {
		if e >= 0 {
			answers = append(answers, e)
			count[e]++
		}
	}
	counts := make([]int, 0, len(count))
	for _, id := range slices.Sorted(maps.Keys(count)) {
		counts = append(counts, count[id])
	}
	s := Suggestion{Kind: Unclear, Answers: len(answers), Responders: len(counts)}
	n := float64(len(answers))
	if len(answers) < MinAnswers {
		return s
	}
	if len(counts) == 1 {
		s.Kind, s.Match, s.Chance, s.Follow = Single, 1, 1, 1
		return s
	}
	for _, c := range counts {
		s.Chance += float64(c) / n * float64(c) / n
	}
	s.Follow, _ = match(answers, 1)
	s.Period, s.Match = period(answers, s.Chance)
	if len(sequence) > len(answers) {
		if p, m := period(sequence, s.Chance); m > s.Match {
			s.Period, s.Match = p, m
		}
	}
	switch {
	case s.Period > 0:
		s.cycle(counts)
	case s.Chance > 0.99:
		// Nearly all from one: neither a single server nor a weight.
	case !independent(answers, s.Chance):
	case equal(counts):
		s.Kind = Random
	default:
		if w := ratio(counts); w != nil {
			s.Kind, s.Weights = Weighted, w
		}
	}
	return s
}

// cycle tells the kinds of cycle apart by how often each container comes up
// in one period.
func (s *Suggestion) cycle(counts []int) {
	per := make([]int, len(counts))
	sum, least := 0, s.Period
	for i, c := range counts {
		per[i] = int(math.Round(float64(c) / float64(s.Answers) * float64(s.Period)))
		sum += per[i]
		least = min(least, per[i])
	}
	if sum != s.Period || least == 0 {
		return // unclear: a cycle that does not hold everybody who answered
	}
	divisor := 0
	for _, p := range per {
		divisor = gcd(divisor, p)
	}
	even := true
	for i := range per {
		per[i] /= divisor
		even = even && per[i] == 1
	}
	switch {
	case !even:
		s.Kind, s.Weights = Weighted, per
	case s.Period == len(counts):
		s.Kind = RoundRobin
	default:
		s.Kind = RoundRobinRepeats
	}
}

// period finds the shortest cycle: the smallest lag at which answers repeat far
// better than by chance, better than at any smaller lag (which runs of one
// container do not), and nearly as well as at the best lag.
func period(answers []int16, chance float64) (int, float64) {
	longest := min(maxPeriod, len(answers)/3)
	at, pairs := make([]float64, longest+1), make([]int, longest+1)
	best := 0.0
	for lag := 1; lag <= longest; lag++ {
		at[lag], pairs[lag] = match(answers, lag)
		best = max(best, at[lag])
	}
	shorter := 0.0
	for lag := 2; lag <= longest; lag++ {
		shorter = max(shorter, at[lag-1])
		spread := math.Sqrt(chance * (1 - chance) / float64(pairs[lag]))
		// What a cycle of this length keeps if it shifts after a tenth of its
		// answers, but not less than half of what a perfect one gains.
		keeps := max(math.Pow(1-slip, float64(lag)), 0.5)
		if at[lag] > shorter && at[lag] >= chance+max(sigmas*spread, keeps*(1-chance)) && at[lag] >= 0.9*best {
			return lag, at[lag]
		}
	}
	return 0, 0
}

// match is the share of answers from the same container as the one lag before,
// of those where both are answers.
func match(sequence []int16, lag int) (share float64, pairs int) {
	same := 0
	for i := lag; i < len(sequence); i++ {
		if sequence[i] < 0 || sequence[i-lag] < 0 {
			continue
		}
		pairs++
		if sequence[i] == sequence[i-lag] {
			same++
		}
	}
	return float64(same) / float64(max(pairs, 1)), max(pairs, 1)
}

// independent reports whether no small lag shows any dependence.
func independent(answers []int16, chance float64) bool {
	for lag := 1; lag <= min(maxPeriod, len(answers)/3); lag++ {
		share, pairs := match(answers, lag)
		if math.Abs(share-chance) > sigmas*math.Sqrt(chance*(1-chance)/float64(pairs)) {
			return false
		}
	}
	return true
}

// equal reports whether every count is what equal chances give.
func equal(counts []int) bool {
	n := 0
	for _, c := range counts {
		n += c
	}
	p := 1 / float64(len(counts))
	for _, c := range counts {
		if math.Abs(float64(c)-p*float64(n)) > sigmas*math.Sqrt(float64(n)*p*(1-p)) {
			return false
		}
	}
	return true
}

// ratio finds the smallest whole weights that explain the counts, or nil.
func ratio(counts []int) []int {
	n, least := 0, counts[0]
	for _, c := range counts {
		n += c
		least = min(least, c)
	}
	for unit := 1; unit <= 3; unit++ { // 2:3 and the like have no weight of 1
		weights := make([]int, len(counts))
		sum := 0
		for i, c := range counts {
			weights[i] = int(math.Round(float64(c) / float64(least) * float64(unit)))
			sum += weights[i]
		}
		fits := true
		for i, c := range counts {
			p := float64(weights[i]) / float64(sum)
			fits = fits && weights[i] <= maxWeight &&
				math.Abs(float64(c)-p*float64(n)) <= 3*math.Sqrt(float64(n)*p*(1-p))
		}
		if fits {
			return weights
		}
	}
	return nil
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
