package loadgen

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
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
	hits        atomic.Uint64
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

// conn is what is needed of a connection.
type conn interface {
	io.ReadWriteCloser
	SetDeadline(time.Time) error
}

// reusable is a connection that can be ended and begun anew, and that sends a
// request and waits for the answer in one go: see socket.
type reusable interface {
	hangUp() error
	again() error
	exchange(request, in []byte) (n int, sent bool, err error)
}

// idleCheck is how long a connection must have been idle before it is worth a
// look whether the peer has ended it.
const idleCheck = time.Millisecond

// done is the method that vegeta gets for a request that was made already: it finds
// that there is no such method, and goes on with the next hit.
const done = "="

// hit is a vegeta.Targeter that makes one request; a failure is counted, not
// returned.
func (c *client) hit(t *vegeta.Target) error {
	t.Method = done
	if c.ctx.Err() == nil {
		c.request(c.hits.Add(1) - 1)
	}
	return nil
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

// session is one worker's connection and buffers.
type session struct {
	c       *client
	dialCtx deadlineContext
	served  int           // requests the connection has carried
	free    time.Duration // since when it has been idle, from the run's start
	due     time.Duration // when the request under way has to be over, from the run's start
	armed   time.Duration // when the connection's own deadline ends, likewise
	buf     buffer
	answer  answer
	found   found
	hit     uint64
	request []byte  // the one under way
	nonce   []byte  // in it
	numbers []int64 // that the answer shows, where they are asked for
	port    int64   // that the connection comes from, if they are; 0 if unknown

	mu       sync.Mutex // guards conn against abort
	conn     conn
	reusable reusable // conn, if it is; nil otherwise
	up       bool     // a connection stands on conn
}

// deadlineContext is a context with a deadline that moves from request to
// request, without a timer and allocations for each.
type deadlineContext struct {
	context.Context
	deadline time.Time
}

func (d *deadlineContext) Deadline() (time.Time, bool) { return d.deadline, true }

var errAborted = errors.New("the run has ended")

// exchange sends the request once and reads the whole answer, dialling if
// there is no connection. It never tries a second time.
func (s *session) exchange(now time.Duration) (failure, error) {
	s.answer = answer{}
	if s.up && now-s.free > idleCheck && closedByPeer(s.conn) {
		// The peer ended an idle connection. Nothing was sent on it yet, so a
		// new one is no retry.
		s.drop()
	}
	if err := s.open(now, now+s.c.timeout); err != nil {
		if errors.Is(err, errAborted) {
			return failedReset, err
		}
		return classify(err), err
	}

	s.served++
	last := s.c.perConn > 0 && s.served >= s.c.perConn
	s.request, s.nonce = s.c.script.write(s.request, s.hit, last)
	if s.c.visits != nil {
		s.request = s.c.visits.write(s.request, s.hit)
	}
	sent, err := s.send()
	if sent && s.served == 1 {
		s.c.connections.Add(1)
	}
	if err == nil {
		err = s.buf.read(&s.answer)
	}
	switch {
	case err != nil:
		s.drop()
		return classify(err), err
	case last || !s.answer.keep:
		s.hangUp()
	}
	switch {
	case s.answer.status >= 400:
		return failure(s.answer.status), nil
	case s.answer.status >= 300:
		return failedRedirect, nil
	}
	return 0, nil
}

// send sends the request, and may read what comes first of its answer.
func (s *session) send() (sent bool, err error) {
	if s.reusable == nil {
		_, err := s.Write(s.request)
		return err == nil, err
	}
	in := s.buf.begin()
	for request := s.request; ; request = nil {
		n, sent, err := s.reusable.exchange(request, in)
		if err == nil || !s.extend(err) {
			s.buf.w = n
			return sent, err
		}
	}
}

// Read and Write are the connection's, until the request is due.
func (s *session) Read(p []byte) (int, error) {
	for {
		n, err := s.conn.Read(p)
		if err == nil || n > 0 || !s.extend(err) {
			return n, err
		}
	}
}

func (s *session) Write(p []byte) (done int, err error) {
	for {
		n, err := s.conn.Write(p[done:])
		done += n
		if err == nil || !s.extend(err) {
			return done, err
		}
	}
}

// open sees to a connection for a request that is due then.
func (s *session) open(now, due time.Duration) error {
	s.due = due
	if s.up {
		return s.arm(now)
	}
	if s.conn != nil {
		if err := s.reusable.again(); err != nil {
			s.drop()
			return err
		}
	} else {
		s.dialCtx.deadline = s.c.began.Add(due)
		conn, err := s.c.dial(&s.dialCtx, s.c.addr)
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.conn, s.armed = conn, 0
		s.reusable, _ = conn.(reusable)
		s.mu.Unlock()
	}
	s.up, s.served = true, 0
	if s.c.numbers {
		s.port = localPort(s.conn)
	}
	s.buf.reset(s)
	return s.arm(now)
}

// arm sees to it that the connection's own deadline ends before the request is
// due, unless the run has ended. A deadline takes as long to set as a small
// answer to read, so the one of an earlier request stays until it has passed.
func (s *session) arm(now time.Duration) error {
	if s.armed <= now || s.armed > s.due {
		s.mu.Lock()
		_ = s.conn.SetDeadline(s.c.began.Add(s.due)) // if closed, the next write says so
		s.mu.Unlock()
		s.armed = s.due
	}
	if s.c.aborted.Load() {
		s.drop()
		return errAborted
	}
	return nil
}

// extend moves a deadline that was an earlier request's; false if an error is
// nothing of that kind.
func (s *session) extend(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) || s.armed >= s.due {
		return false
	}
	return s.arm(s.armed) == nil
}

// hangUp ends the connection after an answer.
func (s *session) hangUp() {
	if s.reusable == nil || s.reusable.hangUp() != nil {
		s.drop()
	}
	s.up = false
}

// drop ends the connection and leaves nothing of it.
func (s *session) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		s.conn.Close()
		s.conn, s.reusable = nil, nil
	}
	s.up = false
}
