package worker

import (
	"time"

	"swarmgrade/loadgen"
)

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
				limit += 2 * loadgen.Interval(l.order.Rate)
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
