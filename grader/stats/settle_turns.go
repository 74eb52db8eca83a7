package stats

import (
	"math"
	"slices"
)

const (
	// mostPointers is how many pointers may be asked one after the other, as a balancer
	// before the mesh asks the nodes, each of which has one.
	mostPointers = 8
	// slip is the share of answers that are expected out of turn: health checks and
	// others' requests move a pointer on.
	slip = 0.08
	// lately is of how many last answers no more than lateSlips may be out of turn.
	lately, lateSlips = 16, 5
	// drawsAreTurns bounds the probability that independent draws ever pass for turns.
	drawsAreTurns = 1e-6
)

// turns weighs whether containers take turns, any number of pointers up to mostPointers
// being as likely, against independent draws with whatever shares fit best to what was
// seen.
//
// Were the answers draws with some shares, then the probability that the first gives them,
// over that which the true shares give, is a martingale that begins at 1 and comes to 1/p
// with a probability of at most p, however often one looks (Ville). The best shares only
// make it less (Wasserman, Ramdas and Balakrishnan, Universal inference, 2020). Of k
// containers in turn each answer multiplies it by nearly k.
type turns struct {
	counts []int
	seen   []int // when a container answered last, from 1
	n      int
	draws  float64 // sum of c log c over counts
	sets   [mostPointers]relay
	odds   odds
}

func newTurns(k int) *turns {
	t := &turns{counts: make([]int, k), seen: make([]int, k), odds: newOdds(k)}
	for i := range t.sets {
		t.sets[i].all = make([]pointer, i+1)
		for j := range t.sets[i].all {
			t.sets[i].all[j] = newPointer(k)
		}
	}
	return t
}

func (t *turns) next(c int) {
	for i := range t.sets {
		t.sets[i].next(t.n, c, &t.odds)
	}
	if n := float64(t.counts[c]); n > 0 {
		t.draws += (n+1)*math.Log(n+1) - n*math.Log(n)
	}
	t.counts[c]++
	t.n++
	t.seen[c] = t.n
}

// shown reports whether turns are shown, and that the last answers still are in turn and
// of all containers: of three times as many as there are nobody is missing.
func (t *turns) shown() bool {
	if t.n-slices.Min(t.seen) >= 3*len(t.seen) {
		return false
	}
	best := t.best()
	draws := t.draws - float64(t.n)*math.Log(float64(t.n))
	return t.mixture()-draws >= -math.Log(drawsAreTurns) && best.slips <= lateSlips
}

// mixture is the log of the probability of the answers where containers take turns.
func (t *turns) mixture() float64 {
	best, sum := t.best().log, 0.0
	for i := range t.sets {
		sum += math.Exp(t.sets[i].log - best)
	}
	return best + math.Log(sum/mostPointers)
}

func (t *turns) best() *relay {
	best := &t.sets[0]
	for i := range t.sets {
		if t.sets[i].log > best.log {
			best = &t.sets[i]
		}
	}
	return best
}

// relay is so many pointers, asked one after the other.
type relay struct {
	all   []pointer
	log   float64 // of the probability of all answers
	late  [lately]bool
	slips int // of the late ones
}

func (r *relay) next(n, c int, o *odds) {
	due, in := r.all[n%len(r.all)].next(c)
	late := &r.late[n%lately]
	if *late {
		r.slips--
	}
	if *late = !in; in {
		r.log += o.in[due]
		return
	}
	r.log += o.out[due]
	r.slips++
}

// odds are the logs of the probabilities of an answer in turn and of one out of turn, by
// how many containers may be next; 0 stands for a pointer that nothing is known of.
type odds struct{ in, out []float64 }

func newOdds(k int) odds {
	o := odds{make([]float64, k), make([]float64, k)}
	for due := range k {
		o.in[due] = math.Log((1 - slip) / float64(due))
		o.out[due] = math.Log(slip / float64(k-due))
	}
	o.in[0], o.out[0] = -math.Log(float64(k)), -math.Log(float64(k))
	return o
}

// pointer is a pointer that goes round the containers in an order which it shows on its
// first round.
type pointer struct {
	last  int   // who answered; -1 nobody yet
	after []int // by container who follows it; -1 not known
	of    []int // by container whom it follows; -1 not known
	once  []int // by container who followed it the last time, if that was out of turn
	open  int   // how many follow nobody that is known
}

func newPointer(k int) pointer {
	p := pointer{last: -1, after: make([]int, k), of: make([]int, k), once: make([]int, k), open: k}
	for i := range k {
		p.after[i], p.of[i], p.once[i] = -1, -1, -1
	}
	return p
}

// next takes who answered, and says how many might have by what was known, 0 if that was
// nothing, and whether it was one of them.
func (p *pointer) next(c int) (due int, in bool) {
	last := p.last
	p.last = c
	if last < 0 {
		return 0, true
	}
	if due, in = 1, p.after[last] == c; p.after[last] < 0 {
		// One of those who follow nobody yet, but not itself.
		if due = p.open; p.of[last] < 0 {
			due--
		}
		in = c != last && p.of[c] < 0
	}
	p.learn(last, c, in)
	return due, in
}

// learn keeps who follows whom. An answer out of turn changes that if there was the same
// in its place the time before.
func (p *pointer) learn(last, c int, in bool) {
	again := p.once[last] == c
	p.once[last] = -1
	switch {
	case c == last || p.after[last] == c:
		return
	case !in && !again && p.after[last] >= 0:
		p.once[last] = c
		return
	}
	if old := p.after[last]; old >= 0 {
		p.of[old] = -1
		p.open++
	}
	if old := p.of[c]; old >= 0 {
		p.after[old] = -1
	} else {
		p.open--
	}
	p.after[last], p.of[c] = c, last
}
