package loadgen

import (
	"cmp"
	"context"
	"crypto/sha256"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/mention"
)

// client makes the requests that vegeta paces. Each of vegeta's workers asks it
// for the target of its next hit: there it exchanges the run's one request with
// the target, counts the answer, and leaves vegeta nothing to send.
//
// net/http's transport was left out for three reasons: it retries on its own,
// which hides failures from a grader; it cannot end a connection after N
// requests; and it costs 66 allocations and two goroutine switches a request.
// Its client is left out too: to hand a request to a transport of one's own takes
// a dozen allocations, more time than all that is done here but for the system
// calls.
type client struct {
	ctx     context.Context
	cancel  func(error)
	addr    netip.AddrPort
	dial    func(context.Context, netip.AddrPort) (conn, error)
	began   time.Time
	timeout time.Duration
	perConn int // requests a connection carries; 0 is no limit
	script  *script
	visits  *visitors // nil for a load that knows no cookies
	holds   *holder   // nil for a load that holds nothing open
	numbers bool      // those of the answers are asked for

	pace        *pacer
	rec         *recorder
	rules       *Attributor
	known       *mention.Known
	asked       string
	connections atomic.Int64
	aborted     atomic.Bool
	// reading is the time that reading answers has taken, of budget (ns).
	reading atomic.Int64
	budget  int64

	mu   sync.Mutex
	all  []*session
	idle []*session // a stack, so that few connections serve a low rate
}

func newClient(ctx context.Context, cancel func(error), addr netip.AddrPort, t evidence.Target, o Options, p *pacer, rec *recorder, began time.Time) *client {
	host := cmp.Or(t.Host, o.Host, t.Address)
	c := &client{
		ctx: ctx, cancel: cancel, addr: addr, dial: o.dial, began: began,
		timeout: time.Duration(t.TimeoutMS) * time.Millisecond, perConn: t.PerConnection,
		script: newScript(t.Path, host, o.Nonce), visits: newVisitors(&t, hostOnly(host)), holds: newHolder(&t), numbers: t.Numbers,
		pace: p, rec: rec, rules: o.Attribution, known: o.Known, asked: hostOnly(host),
		budget: int64(readBase + time.Duration(t.Requests)*readEach),
	}
	if o.readBudget > 0 {
		c.budget = int64(o.readBudget)
	}
	if c.dial == nil {
		c.dial = dialTCP
	}
	return c
}

// hostOnly is a Host header without its port.
func hostOnly(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return host
}

// done is the method that vegeta gets for a request that was made already: it finds
// that there is no such method, and goes on with the next hit.
const done = "="

// hit is a vegeta.Targeter that makes one request, or those of a turn; a failure
// is counted, not returned.
func (c *client) hit(t *vegeta.Target) error {
	t.Method = done
	switch {
	case c.pace.turns:
		c.turn()
	case c.ctx.Err() == nil:
		c.request(c.pace.hits.Add(1) - 1)
	}
	return nil
}

// turnTime is how long a worker goes on before it goes back to vegeta, so that
// progress shows; a request that takes longer is a turn by itself.
const turnTime = 10 * time.Millisecond

// turn makes requests one after the other. Where no schedule says when each goes,
// there is nothing to ask vegeta for in between: its two channels, its result and
// its clocks take as long as reading an answer.
func (c *client) turn() {
	s := c.take()
	defer c.put(s)
	sent := time.Since(c.began)
	for end := sent + turnTime; c.ctx.Err() == nil; {
		hit, ok := c.pace.claim(sent)
		if !ok {
			return
		}
		s.hit = hit
		failure, err := s.exchange(sent)
		c.observe(s, sent, sent, failure, err)
		if sent = time.Since(c.began); sent >= end {
			return
		}
	}
}

// request makes the request with that place in the order of sending.
func (c *client) request(hit uint64) {
	s := c.take()
	if c.holds != nil && c.holds.begins(hit) {
		c.holds.hold(s, hit)
		return
	}
	sent := time.Since(c.began)
	intended := c.pace.intended(hit)
	if intended < 0 {
		intended = sent
	}
	s.hit = hit
	failure, err := s.exchange(sent)
	c.observe(s, intended, sent, failure, err)
	c.put(s)
	if c.holds == nil {
		return
	}
	if !c.holds.ends(hit) {
		c.holds.drip()
		c.holds.rest()
		return
	}
	s = c.holds.s
	sent = time.Since(c.began)
	failure, err = c.holds.release()
	if c.observe(s, sent, sent, failure, err) {
		c.holds.over()
	}
	c.put(s)
}

// observe counts how a request ended; false if that was no doing of the target's.
func (c *client) observe(s *session, intended, sent time.Duration, failure failure, err error) bool {
	done := time.Since(c.began)
	s.free = done
	switch {
	case failure == failedHere:
		c.cancel(&LocalError{err})
		return false
	case failure != 0 && c.ctx.Err() != nil:
		// The run's end broke it, not the target.
		return false
	}
	if c.visits != nil {
		c.visits.hide(s.answer.body)
		c.visits.took(s.hit, s.answer.head)
	}
	o := observation{hit: s.hit, intended: intended, sent: sent, done: done, failure: failure, err: err, look: c.script.look(s.hit)}
	if failure == 0 {
		o.echo = echoed(s.answer.body, s.nonce)
		if c.numbers {
			s.numbers, _ = numbersIn(s.numbers[:0], s.answer.body, s.port)
		}
		o.rule = c.rules.find(&s.found, s.answer.head, s.answer.body)
		if o.rule == nil && !s.found.looked {
			whole := sha256.Sum256(s.answer.body)
			o.sum = sum(whole[:len(o.sum)])
		}
		if times := c.weighed(s); times > 0 && c.reading.Add(times*int64(time.Since(c.began)-done)) > c.budget {
			c.cancel(errCostly)
		}
	}
	c.rec.observe(&o, s)
	return true
}

// weighEach is how many small answers are read for one of which the time is taken:
// a look at the clock takes as long as reading some.
const weighEach = 16

// weighed is how many answers the time that this one took to read stands for.
func (c *client) weighed(s *session) int64 {
	switch {
	case len(s.answer.head)+len(s.answer.body) > readSize:
		return 1
	case s.hit%weighEach == 0:
		return weighEach
	}
	return 0
}

func (c *client) take() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.idle); n > 0 {
		s := c.idle[n-1]
		c.idle = c.idle[:n-1]
		return s
	}
	s := &session{c: c}
	s.dialCtx = deadlineContext{Context: c.ctx}
	s.found.known, s.found.asked = c.known, c.asked
	c.all = append(c.all, s)
	return s
}

func (c *client) put(s *session) {
	c.mu.Lock()
	c.idle = append(c.idle, s)
	c.mu.Unlock()
}

// abort breaks off what is under way; dialling ends through the context.
func (c *client) abort() {
	c.aborted.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.all {
		s.mu.Lock()
		if s.conn != nil {
			_ = s.conn.SetDeadline(time.Unix(1, 0)) // one that is closed already needs none
		}
		s.mu.Unlock()
	}
}

// close ends the connections that are left, when no request is under way.
func (c *client) close() {
	for _, s := range c.all {
		s.drop()
	}
}
