package stats

import "math"

const (
	// maxWheels is how many pointers may go round the containers, asked one after the
	// other, as a balancer before the mesh asks the nodes.
	maxWheels = 8
	// slips is the share of answers that may come out of turn: others' requests and
	// health checks move a pointer on.
	slips = 0.08
	// lately is over how many answers no more than lateSlips may be out of turn.
	lately, lateSlips = 16, 5
)

// turns weighs, answer by answer, whether containers take turns: a mixture over how many
// pointers there are, against independent draws with whatever shares fit best what was
// seen. Were the answers independent draws, the weight would be at least 1/p with a
// probability of at most p, however long one looks: the mixture's probability of the
// answers over that of the true shares is a martingale that begins at 1 (Ville), and
// the best shares make that of the draws only greater.
type turns struct {
	k      int
	n      int
	counts []int
	draws  float64 // sum of c log c
	wheels []wheelset
}

// wheelset is so many pointers that are asked one after the other.
type wheelset struct {
	log   float64 // of the probability of all answers
	after [][]int // by pointer and container, who comes next: -1 not known
	twice [][]int // who came in its place the last time
	last  []int   // by pointer
	late  [lately]bool
	slips int // of the late ones
}

func newTurns(k int) turns {
	t := turns{k: k, counts: make([]int, k), wheels: make([]wheelset, maxWheels)}
	for i := range t.wheels {
		w := &t.wheels[i]
		for range i + 1 {
			after, twice := make([]int, k), make([]int, k)
			for c := range k {
				after[c], twice[c] = -1, -1
			}
			w.after, w.twice, w.last = append(w.after, after), append(w.twice, twice), append(w.last, -1)
		}
	}
	return t
}

func (t *turns) next(c int) {
	for i := range t.wheels {
		t.wheels[i].next(t.n, t.k, c)
	}
	if n := t.counts[c]; n > 0 {
		t.draws += float64(n+1)*math.Log(float64(n+1)) - float64(n)*math.Log(float64(n))
	}
	t.counts[c]++
	t.n++
}

// shown reports whether turns are shown, and still were by the last answers.
func (t *turns) shown() bool {
	best, mixed := 0, math.Inf(-1)
	for i := range t.wheels {
		if t.wheels[i].log > t.wheels[best].log {
			best = i
		}
		mixed = logSum(mixed, t.wheels[i].log)
	}
	mixed -= math.Log(float64(len(t.wheels)))
	draws := t.draws - float64(t.n)*math.Log(float64(t.n))
	return mixed-draws >= -math.Log(chanceIsTurns) && t.wheels[best].slips <= lateSlips
}

func (w *wheelset) next(n, k, c int) {
	at := n % len(w.last)
	after, last := w.after[at], w.last[at]
	w.last[at] = c
	if last < 0 {
		w.log -= math.Log(float64(k))
		w.note(n, false)
		return
	}
	in, candidates := after[last] == c, 1
	if after[last] < 0 {
		free := make([]bool, k)
		for i := range free {
			free[i] = i != last
		}
		for _, a := range after {
			if a >= 0 {
				free[a] = false
			}
		}
		candidates = 0
		for _, f := range free {
			if f {
				candidates++
			}
		}
		in = free[c]
	}
	switch {
	case candidates == 0 || candidates == k:
		w.log -= math.Log(float64(k))
	case in:
		w.log += math.Log((1 - slips) / float64(candidates))
	default:
		w.log += math.Log(slips / float64(k-candidates))
	}
	w.note(n, !in)
	switch {
	case c == last || after[last] == c:
	case after[last] < 0 || w.twice[at][last] == c:
		after[last] = c
	default:
		w.twice[at][last] = c
	}
}

func (w *wheelset) note(n int, slip bool) {
	i := n % lately
	if w.late[i] {
		w.slips--
	}
	if w.late[i] = slip; slip {
		w.slips++
	}
}

// logSum is log(exp(a) + exp(b)).
func logSum(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}
