package worker

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"swarmgrade/grader/evidence"
)

// lease is one load that a worker has.
type lease struct {
	gen      int
	order    *order
	progress func(answered, failed int)
	done     chan outcome
	began    time.Time // when it was given
	told     int       // how often it was said how far it is
	sent     int       // answers and failures so far
	moved    time.Time // when that last changed, or leave was given
	ended    bool      // it was told to end it
}

type outcome struct {
	result Result
	err    error
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
	now := time.Now()
	l := &lease{gen: gen, order: o, progress: progress, done: make(chan outcome, 1), began: now, moved: now}
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
