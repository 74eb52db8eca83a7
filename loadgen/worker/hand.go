package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// errLost says of a lease that its worker was let go of.
var errLost = errors.New("the worker is lost")

var (
	errSilent = errors.New("nothing was heard of it")
	errStuck  = errors.New("a load of its does not get on")
	errGreedy = errors.New("it sent more than it had leave for")
	errFlood  = errors.New("it says how far it is more often than it may")
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
	pings   int // that it has not answered
}

// sample is one comparison of clocks: offset is what the coordinator's shows more.
type sample struct{ offset, rtt int64 }

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
	h.pings++
	return &message{Kind: kPing, At: h.pool.clock(), Ack: h.ack}
}

// pong compares the clocks once more: the worker's stands at Got when a ping comes and at
// Now when it is answered, so that the error is half of what is left of the time in between.
func (h *hand) pong(m *message) error {
	now := h.pool.clock()
	rtt := (now - m.At) - (m.Now - m.Got)
	h.mu.Lock()
	defer h.mu.Unlock()
	if m.Kind != kPong || h.pings == 0 || m.At < 0 || m.At > now || m.Got > m.Now || m.Got < 0 || m.Now < h.ack || rtt < 0 {
		return errSpeech
	}
	h.pings--
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

// over is how long its own lease may go on at most.
func (h *hand) over() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return max(0, time.Duration(h.heard-h.pool.clock())+LeaseTime+leaseSlack)
}
