package loadgen

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

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
