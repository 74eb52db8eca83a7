// Package loadgen drives HTTP load at one address and tells which container
// gave each answer.
//
// [Run] sends the requests of an [evidence.Target] and returns an
// [evidence.Trace]: who answered how often, in which order, with which latency
// and which failures. vegeta paces and attacks; the client under it is made
// for this work, because a grader must count every failure (nothing is ever
// retried), must choose how many requests a connection carries (a routing mesh
// balances per connection), must dial one address and no other, and must bear
// hostile servers. Answers are counted where they are read, so a slow consumer
// cannot throttle the attack and memory stays flat.
//
// Which container gave an answer is found by what exists, see package mention,
// and by the rules of a rubric, see [Compile].
package loadgen

import (
	"context"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/mention"
)

// Bounds of what a target may do to the grader. A request also has a time
// limit for everything together, from dialling to the last byte.
const (
	maxBody       = 64 << 10 // bytes of a body after decoding; more is "too-large"
	maxHead       = 16 << 10 // bytes of status line and headers, 1xx answers included
	maxFields     = 128      // header lines
	maxOverhead   = 64 << 10 // bytes of chunk sizes, extensions and trailers
	maxResponders = 256      // distinct identities; later ones are counted as "other"
	maxSequence   = 10_000   // requests whose order is kept
	maxSample     = 200      // bytes of an answer or error kept to show
	maxUnnamed    = 64       // different answers that told nothing, of which sums are kept
	maxText       = 4 << 10  // bytes of one of them that is kept whole
	maxTexts      = 32 << 10 // and of all of these
	maxBuckets    = 1_200    // timeline entries; beyond, buckets are merged in pairs
	settledAfter  = 40       // failures from the first request on that settle the matter
	slowFailures  = 5        // at least so many, a tenth of all, and this long:
	wastedAfter   = 15 * time.Second
	lateAfter     = 10 * time.Millisecond
	// Reading a target's answers may take readBase and readEach for each of its
	// requests: the worst answer of the largest size takes half of the latter on a
	// machine that does nothing else, and a usual one a thousandth.
	readBase      = 5 * time.Second
	readEach      = 2 * time.Millisecond
	maxWorkers    = 1_024
	firstBucketMS = 100
)

// defaultTimeout is for targets that state none.
const defaultTimeout = 5 * time.Second

// Options are what a run needs besides its target.
type Options struct {
	// Attribution finds the container in an answer; nil uses the built-in
	// rules in their usual order.
	Attribution *Attributor
	// Known is what exists in the cluster; nil leaves it to the answers' wording.
	Known *mention.Known
	// Rate is requests a second on a fixed schedule, from which corrected
	// latency is measured; 0 sends the next request as soon as a worker is
	// free.
	Rate float64
	// Limiter is shared by every run of a class: the one global rate. Time
	// spent waiting for it moves the schedule and is nobody's latency.
	Limiter *rate.Limiter
	// Grant is asked before each request where leave to send comes from elsewhere; it holds
	// the caller until it is given and says for how long that was, or false if it will not be.
	// Time spent waiting is treated as Limiter's.
	Grant func(ctx context.Context) (held time.Duration, ok bool)
	// Duration ends sending early (Stopped is "duration"); 0 is no limit.
	Duration time.Duration
	// Settle ends a run whose first 40 requests all failed, or of which a tenth
	// failed and 15 s went into the failures.
	Settle bool
	// Epoch is when the grading run began; Trace.Started counts from it. Zero
	// makes Started 0.
	Epoch time.Time
	// Host is the Host header; "" sends the target's address.
	Host string
	// Nonce is the run's part of what each request carries, from [NewNonce];
	// "" takes a new one for each load. An answer that was recorded before, at
	// another address or in another run, is known again.
	Nonce string
	// Detail, if set, is filled in once the run is over; see [Detail]. It is for one run.
	Detail *Detail
	// Latencies, if set, is filled in once the run is over. It is for one run.
	Latencies *Latencies
	// Progress, if set, is called now and then with answers and failures so
	// far, from the goroutine that called Run.
	Progress func(answered, failed int)

	// secret replaces the one that a load's least size is drawn from, in tests.
	secret string
	// readBudget replaces the time that reading answers may take, in tests.
	readBudget time.Duration
	// dial replaces TCP in tests.
	dial func(ctx context.Context, addr netip.AddrPort) (conn, error)
}

// NewLimiter makes a global rate of n requests a second. It lets 20 ms' worth
// go at once, since timers are no finer than a millisecond or so.
func NewLimiter(n float64) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(n), max(1, int(n/50)))
}

// Loader drives load with fixed options; safe for concurrent use.
type Loader struct{ Options Options }

// Load is [Run] with the loader's options.
func (l Loader) Load(ctx context.Context, target evidence.Target) (evidence.Trace, error) {
	return Run(ctx, target, l.Options)
}
