package stats

import "math"

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
	n      int
	draws  float64 // sum of c log c over counts
	sets   [mostPointers]relay
}

func newTurns(k int) *turns {
	t := &turns{counts: make([]int, k)}
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
		t.sets[i].next(t.n, c)
	}
	if n := float64(t.counts[c]); n > 0 {
		t.draws += (n+1)*math.Log(n+1) - n*math.Log(n)
	}
	t.counts[c]++
	t.n++
}

// shown reports whether turns are shown, and that the last answers still are in turn.
func (t *turns) shown() bool {
	best := &t.sets[0]
	for i := range t.sets {
		if t.sets[i].log > best.log {
			best = &t.sets[i]
		}
	}
	sum := 0.0
	for i := range t.sets {
		sum += math.Exp(t.sets[i].log - best.log)
	}
	mixture := best.log + math.Log(sum/mostPointers)
	draws := t.draws - float64(t.n)*math.Log(float64(t.n))
	return mixture-draws >= -math.Log(drawsAreTurns) && best.slips <= lateSlips
}

// relay is so many pointers, asked one after the other.
type relay struct {
	all   []pointer
	log   float64 // of the probability of all answers
	late  [lately]bool
	slips int // of the late ones
}

func (w *relay) next(n, c int) {
	p, slipped := w.all[n%len(w.all)].next(c)
	w.log += math.Log(p)
	late := &w.late[n%lately]
	if *late {
		w.slips--
	}
	if *late = slipped; slipped {
		w.slips++
	}
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
	w := pointer{last: -1, after: make([]int, k), of: make([]int, k), once: make([]int, k), open: k}
	for i := range k {
		w.after[i], w.of[i], w.once[i] = -1, -1, -1
	}
	return w
}

// next is with what probability the pointer comes to this container, by what is known
// before it is told, and whether that is out of turn.
func (w *pointer) next(c int) (p float64, slipped bool) {
	k, last := len(w.after), w.last
	w.last = c
	if last < 0 {
		return 1 / float64(k), false
	}
	due, in := 1, w.after[last] == c
	if w.after[last] < 0 { // one of those who follow nobody yet, but not itself
		if due = w.open; w.of[last] < 0 {
			due--
		}
		in = c != last && w.of[c] < 0
	}
	switch {
	case due == 0: // what is known is wrong
		p = 1 / float64(k)
	case in:
		p = (1 - slip) / float64(due)
	default:
		p = slip / float64(k-due)
	}
	w.learn(last, c, in)
	return p, !in
}

// learn keeps who follows whom. An answer out of turn changes that if there was the same
// in its place the time before.
func (w *pointer) learn(last, c int, in bool) {
	again := w.once[last] == c
	w.once[last] = -1
	switch {
	case c == last || w.after[last] == c:
		return
	case !in && !again && w.after[last] >= 0:
		w.once[last] = c
		return
	}
	if old := w.after[last]; old >= 0 {
		w.of[old] = -1
		w.open++
	}
	if old := w.of[c]; old >= 0 {
		w.after[old] = -1
	} else {
		w.open--
	}
	w.after[last], w.of[c] = c, last
}
