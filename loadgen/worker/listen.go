package worker

import (
	"errors"
	"io"
	"time"
)

// listen hears what a worker says until it says something that it must not.
func (h *hand) listen() {
	for {
		m, err := h.wire.receive()
		if err == nil {
			err = h.hear(m)
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			h.drop(err)
			return
		}
	}
}

// hear takes one message; the error is why the worker is let go of.
func (h *hand) hear(m *message) error {
	switch m.Kind {
	case kPong:
		return h.pong(m)
	case kReached:
		h.mu.Lock()
		defer h.mu.Unlock()
		answer := h.asked[m.ID]
		if answer == nil {
			return errSpeech
		}
		delete(h.asked, m.ID)
		answer <- clip(m.Problem)
		return nil
	case kWant:
		return h.want(m.N)
	case kProgress:
		return h.moved(m)
	case kDone:
		return h.finished(m)
	}
	return errSpeech
}

// want notes that leave for more requests is asked for: never for more than the loads that it
// has could send, and what it may keep for the next one.
func (h *hand) want(n int) error {
	lim := h.pool.opt.Limiter
	if lim == nil || n < 1 || n > max(1, lim.Burst()) {
		return errSpeech
	}
	h.mu.Lock()
	greedy := h.owed > 0 || h.granted+n > h.ordered+n // a chunk more than all of it
	h.owed++
	h.mu.Unlock()
	if greedy {
		return errGreedy
	}
	select {
	case h.wants <- n:
		return nil
	default:
		return errSpeech
	}
}

// maxTold is how often how far a load is may be said besides twice as often as it is time.
const maxTold = 8

// moved notes how far a load is.
func (h *hand) moved(m *message) error {
	h.mu.Lock()
	l := h.leases[m.ID]
	if l == nil || l.gen != m.Gen {
		h.mu.Unlock()
		return errSpeech
	}
	if l.told++; l.told > maxTold+int(2*time.Since(l.began)/progressEvery) { // what waited on the way comes at once
		h.mu.Unlock()
		return errFlood
	}
	if m.Answered < 0 || m.Failed < 0 || m.Answered > l.order.Target.Requests || m.Failed > l.order.Target.Requests-m.Answered || m.Answered+m.Failed < l.sent {
		h.mu.Unlock()
		return errSpeech
	}
	if sent := m.Answered + m.Failed; sent > l.sent {
		l.sent, l.moved = sent, time.Now()
	}
	greedy := h.greedy()
	h.mu.Unlock()
	if greedy {
		return errGreedy
	}
	if l.progress != nil {
		l.progress(m.Answered, m.Failed)
	}
	return nil
}

// greedy reports whether more was sent than there was leave for. The lock is held.
func (h *hand) greedy() bool {
	if h.pool.opt.Limiter == nil {
		return false
	}
	sent := h.spent
	for _, l := range h.leases {
		sent += l.sent
	}
	return sent > h.granted
}

// finished takes a load's outcome. It is handed on once, for the generation that is in force:
// whatever comes of another is nobody's.
func (h *hand) finished(m *message) error {
	h.mu.Lock()
	l := h.leases[m.ID]
	ended := l != nil && l.ended
	h.mu.Unlock()
	if l == nil || l.gen != m.Gen {
		return errSpeech
	}
	out := outcome{}
	out.result.Worker = h.line.Name
	out.result.Trace.Target = l.order.Target
	if m.Problem != "" || len(m.Trace) == 0 {
		out.err = &Failure{Worker: h.line.Name, Text: clip(m.Problem), Code: m.Code}
	} else if err := h.trust(l.order, m, &out.result); err != nil {
		return err
	} else if out.result.Trace.Stopped == "cancelled" && !ended {
		return errEnded
	}
	h.mu.Lock()
	if h.leases[m.ID] != l {
		h.mu.Unlock()
		return nil // it was let go of meanwhile
	}
	l.sent = max(l.sent, out.result.Trace.Sent)
	if h.greedy() {
		h.mu.Unlock()
		return errGreedy
	}
	h.spent += l.sent
	delete(h.leases, m.ID)
	h.mu.Unlock()
	l.done <- out
	return nil
}
