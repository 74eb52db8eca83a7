package loadgen

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"swarmgrade/grader/evidence"
)

// pacer is a vegeta.Pacer that also remembers when each request was meant to
// be sent. It waits by itself, since vegeta's own wait cannot be interrupted.
//
// Pace is called by one goroutine; claim and intended by many.
type pacer struct {
	ctx      context.Context
	began    time.Time
	requests uint64
	every    time.Duration // between two requests; 0 is no schedule
	duration time.Duration
	limiter  *rate.Limiter
	grant    func(context.Context) (time.Duration, bool)
	shift    time.Duration // what the limiter has held back so far
	timer    *time.Timer
	timeUp   atomic.Bool
	hits     atomic.Uint64 // sent so far
	// turns is a load whose requests go whenever a worker is free: what vegeta hands
	// out is leave to send more than one, each of which is claimed.
	turns bool

	// slots[hit%len] is when a hit was meant to go, in nanoseconds from the
	// start; -1 is "whenever it goes". At most one hit a worker and one more
	// are between Pace and intended, so twice as many places are enough.
	slots []atomic.Int64
}

func newPacer(ctx context.Context, t evidence.Target, o Options, began time.Time) *pacer {
	size := 4
	for size < 2*(t.Workers+2) {
		size *= 2
	}
	p := &pacer{
		ctx: ctx, began: began, requests: uint64(t.Requests), duration: o.Duration,
		limiter: o.Limiter, grant: o.Grant, slots: make([]atomic.Int64, size),
	}
	if o.Rate > 0 {
		p.every = max(1, Interval(o.Rate))
	}
	p.turns = p.every == 0 && p.limiter == nil && p.grant == nil && t.Holds == (evidence.Holds{})
	return p
}

// longest is a century: much more is no time.Duration.
const longest = float64(100 * 365 * 24 * time.Hour)

// Interval is the time between two requests of a rate, in requests a second and above 0; a century at most.
func Interval(rate float64) time.Duration {
	return time.Duration(min(float64(time.Second)/rate, longest))
}

// Rate is in hits a second; vegeta asks for it only when plotting.
func (p *pacer) Rate(time.Duration) float64 { return 0 }

// Pace holds the caller until the next hit is due.
func (p *pacer) Pace(now time.Duration, hits uint64) (time.Duration, bool) {
	if p.turns {
		hits = p.hits.Load()
	}
	if hits >= p.requests || p.ctx.Err() != nil {
		return 0, true
	}
	slot := time.Duration(-1)
	if p.every > 0 {
		// vegeta counts from when it began, which is a little later.
		now = time.Since(p.began)
		slot = time.Duration(hits)*p.every + p.shift
	}
	if p.duration > 0 && max(now, slot) >= p.duration {
		p.timeUp.Store(true)
		return 0, true
	}
	if slot > now && !p.sleep(slot-now) {
		return 0, true
	}
	if p.limiter != nil {
		r := p.limiter.Reserve()
		if d := r.Delay(); d > 0 {
			if !p.sleep(d) {
				r.Cancel()
				return 0, true
			}
			p.held(&slot, d)
		}
	}
	if p.grant != nil {
		d, ok := p.grant(p.ctx)
		if !ok {
			return 0, true
		}
		p.held(&slot, d)
	}
	p.slots[hits%uint64(len(p.slots))].Store(int64(slot))
	return 0, false
}

// claim is the place of a request that goes now, in a turn; false if none is to go
// any more.
func (p *pacer) claim(now time.Duration) (hit uint64, ok bool) {
	if p.duration > 0 && now >= p.duration && p.hits.Load() < p.requests {
		p.timeUp.Store(true)
		return 0, false
	}
	hit = p.hits.Add(1) - 1
	return hit, hit < p.requests
}

// held moves the schedule by what the limiter, or who grants, has kept a hit waiting.
func (p *pacer) held(slot *time.Duration, d time.Duration) {
	if p.every > 0 {
		p.shift += d
		*slot += d
	}
}

// intended is when a hit was meant to be sent, or -1.
func (p *pacer) intended(hit uint64) time.Duration {
	return time.Duration(p.slots[hit%uint64(len(p.slots))].Load())
}

// sleep reports false if the run ended meanwhile.
func (p *pacer) sleep(d time.Duration) bool {
	if p.timer == nil {
		p.timer = time.NewTimer(d)
	} else {
		p.timer.Reset(d)
	}
	select {
	case <-p.timer.C:
		return true
	case <-p.ctx.Done():
		p.timer.Stop()
		return false
	}
}
