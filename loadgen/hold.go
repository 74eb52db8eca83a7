package loadgen

import (
	"errors"
	"os"
	"strconv"
	"time"

	"swarmgrade/grader/evidence"
)

// holder holds one request open while others are sent: its head goes at once, and of
// its body one byte with each of the others, so that nobody's patience ends, but for
// the last one, which waits for the round's end. Requests come one after the other,
// so that nothing here is shared.
type holder struct {
	plan  evidence.Holds
	done  []evidence.Hold
	s     *session // the held one's; nil between two rounds
	hit   uint64
	early bool
	err   error // why its connection is of no use any more
}

// newHolder gives nil for a load that holds nothing open.
func newHolder(t *evidence.Target) *holder {
	if t.Holds == (evidence.Holds{}) {
		return nil
	}
	return &holder{plan: t.Holds}
}

// checkHolds holds a load with held requests to its bounds.
func checkHolds(t *evidence.Target) error {
	h := t.Holds
	switch {
	case h == (evidence.Holds{}):
		return nil
	case h.Rounds < 1 || h.Fresh < 1 || h.Rounds > maxSequence || h.Fresh > maxSequence || t.Requests > maxSequence:
		return errors.New("there are no rounds of held requests, or more than the order of answers is kept of")
	case h.Requests() != t.Requests:
		return errors.New("the rounds of held requests send more, or fewer, than are asked for")
	case t.Workers > 1 || t.PerConnection != 1 || t.Cookies != (evidence.Cookies{}):
		return errors.New("a request is held while others come one after the other, each on a connection of its own")
	}
	return nil
}

// begins reports whether a request is the one of its round that is held.
func (h *holder) begins(hit uint64) bool { return hit%uint64(1+h.plan.Fresh) == 0 }

// ends reports whether it is the last of its round.
func (h *holder) ends(hit uint64) bool { return h.begins(hit + 1) }

// hold sends the head of a request whose body follows byte by byte.
func (h *holder) hold(s *session, hit uint64) {
	h.s, h.hit, h.early, h.err = s, hit, false, nil
	s.hit = hit
	now := time.Since(s.c.began)
	if h.err = s.open(now, now+s.c.timeout); h.err != nil {
		return
	}
	s.request, s.nonce = s.c.script.write(s.request, hit, true)
	s.request = append(s.request[:len(s.request)-2], "Content-Length: "...)
	s.request = strconv.AppendInt(s.request, int64(h.plan.Fresh), 10)
	s.request = append(s.request, "\r\n\r\n"...)
	if _, h.err = s.Write(s.request); h.err == nil {
		s.c.connections.Add(1)
	}
}

// drip sends one more byte of the held request's body.
func (h *holder) drip() {
	if h.s == nil || h.err != nil {
		return
	}
	if h.err = h.s.until(h.s.c.timeout); h.err == nil {
		_, h.err = h.s.Write(blank)
	}
}

var blank = []byte{' '}

// breath is how long a balancer has to note that a request is over, before the next one
// asks it which server has the fewest: a thread of its own on a machine that is busy
// may send an answer and be put aside before it does.
const breath = 3 * time.Millisecond

// rest waits so long, unless the load ends.
func (h *holder) rest() {
	t := time.NewTimer(breath)
	defer t.Stop()
	select {
	case <-t.C:
	case <-h.s.c.ctx.Done():
	}
}

// peek is how long an answer that should not be there yet is looked for.
const peek = time.Millisecond

// release completes the held request and reads its answer. Times of it count from
// here on.
func (h *holder) release() (failure, error) {
	s := h.s
	s.answer = answer{}
	if h.err == nil {
		if h.err = s.until(peek); h.err == nil {
			err := s.buf.fill()
			h.early = !errors.Is(err, os.ErrDeadlineExceeded)
		}
	}
	h.early = h.early || h.err != nil
	if !h.early {
		h.drip()
	}
	if h.err == nil {
		if h.err = s.until(s.c.timeout); h.err == nil {
			h.err = s.buf.read(&s.answer)
		}
	}
	s.drop()
	switch {
	case h.err != nil:
		return classify(h.err), h.err
	case s.answer.status >= 400:
		return failure(s.answer.status), nil
	case s.answer.status >= 300:
		return failedRedirect, nil
	}
	return 0, nil
}

// until has what follows on the connection be over after so long.
func (s *session) until(left time.Duration) error {
	now := time.Since(s.c.began)
	s.due = now + left
	return s.arm(now)
}

// over notes that a round is complete.
func (h *holder) over() {
	h.done = append(h.done, evidence.Hold{At: int(h.hit), Fresh: h.plan.Fresh, Early: h.early})
	h.s = nil
}
