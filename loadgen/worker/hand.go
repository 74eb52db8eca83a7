package worker

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"swarmgrade/grader/evidence"
)

// errLost says of a lease that its worker was let go of.
var errLost = errors.New("the worker is lost")

var (
	errSilent = errors.New("nothing was heard of it")
	errStuck  = errors.New("a load of its does not get on")
	errGreedy = errors.New("it sent more than it had leave for")
	errEnded  = errors.New("it ended a load that it was not told to end")
	errClosed = errors.New("the pool was closed")
)

const (
	// maxQueue bounds what waits to be sent to a worker.
	maxQueue = 256
	// stuckAfter is how long a load may show nothing new, besides twice the time that one request
	// may take and two of its intervals.
	stuckAfter = 30 * time.Second
)

// hand is a worker as its coordinator knows it.
type hand struct {
	pool *Pool
	line Line
	wire *wire

	ctx    context.Context // ends when it is let go of
	cancel context.CancelCauseFunc
	queue  chan *message
	wants  chan int
	saying sync.Mutex

	mu      sync.Mutex
	knows   map[uint64]bool
	hosts   map[string]bool        // false: it does not reach it
	asked   map[uint64]chan string // by ID: problems
	leases  map[uint64]*lease
	heard   int64 // when the last sign of life came, by the coordinator's clock
	ack     int64 // and when it was given, by the worker's
	samples []sample
	granted int // requests that it may have sent in all
	ordered int // those of all loads it was given
	spent   int // of loads that are over
	owed    int // wants that have not been granted
	promise int // loads that it is about to be given
}

// sample is one comparison of clocks: offset is what the coordinator's shows more.
type sample struct{ offset, rtt int64 }

// lease is one load that a worker has.
type lease struct {
	gen      int
	order    *order
	progress func(answered, failed int)
	done     chan outcome
	sent     int       // answers and failures so far
	moved    time.Time // when that last changed, or leave was given
	ended    bool      // it was told to end it
}

type outcome struct {
	result Result
	err    error
}

func newHand(p *Pool, line Line) *hand {
	h := &hand{
		pool: p, line: line, wire: &wire{in: line, out: line, max: maxFromWorker},
		queue: make(chan *message, maxQueue), wants: make(chan int, maxQueue), knows: map[uint64]bool{}, hosts: map[string]bool{},
		asked: map[uint64]chan string{}, leases: map[uint64]*lease{},
	}
	h.ctx, h.cancel = context.WithCancelCause(context.Background())
	return h
}

// greet says hello, and compares clocks.
func (h *hand) greet() error {
	secret, ours := h.pool.opt.Secret, session()
	h.wire.first(secret, false, ours)
	if err := h.wire.send(&message{Kind: kHello, Version: version, Session: ours}); err != nil {
		return err
	}
	m, err := h.wire.receive()
	if err != nil {
		return err
	}
	if m.Kind != kWelcome || m.Version != version || m.Session == "" {
		return errSpeech
	}
	h.wire.both(secret, false, ours, m.Session)
	h.wire.inN, h.wire.outN = 0, 0
	for range firstPings {
		if err := h.wire.send(h.ping()); err != nil {
			return err
		}
		m, err := h.wire.receive()
		if err != nil {
			return err
		}
		if err := h.pong(m); err != nil {
			return err
		}
	}
	return nil
}

func (h *hand) ping() *message {
	h.mu.Lock()
	defer h.mu.Unlock()
	return &message{Kind: kPing, At: h.pool.clock(), Ack: h.ack}
}

// pong compares the clocks once more: the worker's stands at Got when a ping comes and at
// Now when it is answered, so that the error is half of what is left of the time in between.
func (h *hand) pong(m *message) error {
	now := h.pool.clock()
	rtt := (now - m.At) - (m.Now - m.Got)
	h.mu.Lock()
	defer h.mu.Unlock()
	if m.Kind != kPong || m.At < 0 || m.At > now || m.Got > m.Now || m.Got < 0 || m.Now < h.ack || rtt < 0 {
		return errSpeech
	}
	h.heard, h.ack = now, m.Now
	h.samples = append(h.samples, sample{offset: (m.At+now)/2 - (m.Got+m.Now)/2, rtt: rtt})
	h.samples = h.samples[max(0, len(h.samples)-keptPings):]
	return nil
}

// local gives a moment of the worker's clock by the coordinator's, and what it may be off by:
// the quickest of the last comparisons is the best one.
func (h *hand) local(at int64) (moment, bound int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	best := h.samples[0]
	for _, s := range h.samples {
		if s.rtt < best.rtt {
			best = s
		}
	}
	return at + best.offset, best.rtt/2 + 1
}

// why is the reason for which it was let go of, nil while it is not.
func (h *hand) why() error {
	if h.ctx.Err() == nil {
		return nil
	}
	return context.Cause(h.ctx)
}

// drop lets go of the worker: its loads are lost, and nothing that it says counts any more.
func (h *hand) drop(why error) {
	h.cancel(why)
	why = context.Cause(h.ctx)
	_ = h.line.Close()
	h.mu.Lock()
	leases, asked := h.leases, h.asked
	h.leases, h.asked = nil, nil
	h.mu.Unlock()
	if leases == nil {
		return // it was before
	}
	for _, c := range asked {
		close(c)
	}
	h.pool.gone(h, why)
	for _, l := range leases {
		l.done <- outcome{err: fmt.Errorf("%w: %s: %w", errLost, h.line.Name, why)}
	}
}

// end tells it to end, and lets go of it.
func (h *hand) end() {
	select {
	case h.queue <- &message{Kind: kEnd}:
		// It closes its end, which listen hears of; or not.
		t := time.AfterFunc(cancelLimit, func() { h.drop(errClosed) })
		<-h.ctx.Done()
		t.Stop()
	default:
	}
	h.drop(errClosed)
}

// over is how long its own lease may go on at most.
func (h *hand) over() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return max(0, time.Duration(h.heard-h.pool.clock())+LeaseTime+leaseSlack)
}

// speak sends what is queued.
func (h *hand) speak() {
	for {
		select {
		case m := <-h.queue:
			if err := h.wire.send(m); err != nil {
				h.drop(err)
				return
			}
		case <-h.ctx.Done():
			return
		}
	}
}

// say queues a message. Whoever reads nothing is let go of.
func (h *hand) say(m *message) {
	select {
	case h.queue <- m:
	case <-h.ctx.Done():
	default:
		h.drop(errSilent)
	}
}

// keep gives signs of life, and looks whether the worker gives some and gets on.
func (h *hand) keep() {
	t := time.NewTicker(pingEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-h.ctx.Done():
			return
		}
		h.mu.Lock()
		silent := time.Duration(h.pool.clock()-h.heard) > silentAfter
		stuck := false
		for _, l := range h.leases {
			limit := stuckAfter + 2*time.Duration(l.order.Target.TimeoutMS)*time.Millisecond
			if l.order.Rate > 0 {
				limit += time.Duration(2 / l.order.Rate * float64(time.Second))
			}
			stuck = stuck || h.owed == 0 && time.Since(l.moved) > limit
		}
		h.mu.Unlock()
		switch {
		case silent:
			h.drop(errSilent)
		case stuck:
			h.drop(errStuck)
		default:
			h.say(h.ping())
		}
	}
}

// grants gives leave as the one rate of all allows.
func (h *hand) grants() {
	for {
		var n int
		select {
		case n = <-h.wants:
		case <-h.ctx.Done():
			return
		}
		if h.pool.opt.Limiter.WaitN(h.ctx, n) != nil {
			return
		}
		h.mu.Lock()
		h.granted += n
		h.owed--
		for _, l := range h.leases {
			l.moved = time.Now()
		}
		h.mu.Unlock()
		h.say(&message{Kind: kGrant, N: n})
	}
}

// busy is how many loads it has; can is false of a host that it does not reach.
func (h *hand) busy(host string) (n int, can bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	reached, asked := h.hosts[host]
	return len(h.leases) + h.promise, reached || !asked
}

// coming notes that it is chosen for a load, or has it.
func (h *hand) coming(n int) {
	h.mu.Lock()
	h.promise += n
	h.mu.Unlock()
}

// reach asks whether it reaches a host.
func (h *hand) reach(ctx context.Context, id uint64, host string) error {
	answer := make(chan string, 1)
	h.mu.Lock()
	if h.asked == nil {
		h.mu.Unlock()
		return errLost
	}
	h.asked[id] = answer
	h.mu.Unlock()
	h.say(&message{Kind: kReach, ID: id, Host: host})
	t := time.NewTimer(LeaseTime)
	defer t.Stop()
	var err error
	select {
	case problem, ok := <-answer:
		switch {
		case !ok:
			return errLost
		case problem != "":
			err = &Failure{Worker: h.line.Name, Text: problem}
		}
	case <-t.C:
		h.drop(errSilent)
		return errLost
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	h.mu.Lock()
	h.hosts[host] = err == nil
	h.mu.Unlock()
	return err
}

func hostOf(address string) string {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return ""
	}
	return a.Addr().String()
}

// lease has the worker drive a load. The error is errLost if it is let go of meanwhile.
func (h *hand) lease(ctx context.Context, id uint64, gen int, o *order, progress func(answered, failed int)) (Result, error) {
	none := Result{Trace: evidence.Trace{Target: o.Target}}
	l := &lease{gen: gen, order: o, progress: progress, done: make(chan outcome, 1), moved: time.Now()}
	h.pool.mu.Lock()
	k := h.pool.knows[o.Knows-1]
	h.pool.mu.Unlock()
	h.saying.Lock() // what it is to know comes before any load that names it
	h.mu.Lock()
	h.promise--
	if h.leases == nil {
		h.mu.Unlock()
		h.saying.Unlock()
		return none, fmt.Errorf("%w: %s: %w", errLost, h.line.Name, h.why())
	}
	h.leases[id] = l
	h.ordered += o.Target.Requests
	news := !h.knows[o.Knows]
	h.knows[o.Knows] = true
	h.mu.Unlock()
	if news {
		h.say(&message{Kind: kKnow, ID: o.Knows, Attribution: &k.attribution, Known: k.known})
	}
	h.say(&message{Kind: kLoad, ID: id, Gen: gen, Order: o})
	h.saying.Unlock()
	select {
	case out := <-l.done:
		return out.result, out.err
	case <-ctx.Done():
	}
	h.mu.Lock()
	l.ended = true
	h.mu.Unlock()
	h.say(&message{Kind: kCancel, ID: id})
	t := time.NewTimer(cancelLimit)
	defer t.Stop()
	select {
	case out := <-l.done:
		return out.result, out.err
	case <-t.C:
		h.drop(errSilent)
		return none, context.Cause(ctx)
	}
}
