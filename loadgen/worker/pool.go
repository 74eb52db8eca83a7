package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/mention"
	"swarmgrade/grader/rubric"
	"swarmgrade/loadgen"
)

// Options are what a pool needs.
type Options struct {
	// Secret is the run's; workers have it from elsewhere.
	Secret []byte
	// Limiter is the one rate of all workers together; nil is none.
	Limiter *rate.Limiter
	// Epoch, Settle and Nonce are as in [loadgen.Options].
	Epoch  time.Time
	Settle bool
	Nonce  string
	// Lost, if set, is told of a worker that is let go of, and why; from any goroutine.
	Lost func(name string, why error)
}

// ErrNone says that no worker is left, or none that reaches a target.
var ErrNone = errors.New("no worker is left")

// Failure is a load that a worker could not drive, for a reason of its own machine's.
type Failure struct{ Worker, Text, Code string }

func (f *Failure) Error() string { return fmt.Sprintf("worker %s: %s", f.Worker, f.Text) }

// GapCode is the word for it in evidence.
func (f *Failure) GapCode() string {
	if f.Code == "local" {
		return f.Code
	}
	return "internal"
}

// Result is what a load came to.
type Result struct {
	Trace     evidence.Trace
	Latencies loadgen.Latencies
	// Worker is the name of who drove it, Tries how many were given it.
	Worker string
	Tries  int
}

// Pool hands targets out to workers. It is safe for concurrent use.
type Pool struct {
	opt   Options
	began time.Time
	ctx   context.Context // ends when it is closed
	end   context.CancelFunc

	mu      sync.Mutex
	hands   []*hand
	changed chan struct{} // closed when a hand comes, or goes, or is not coming any more
	again   func(ctx context.Context, lost string) error
	coming  int      // those that are brought in others' places
	hosts   []string // that workers were asked for
	ids     uint64
	knows   []knowledge
	closed  bool
	running sync.WaitGroup
}

// knowledge is what answers are read by; its ID is its place and one.
type knowledge struct {
	attribution rubric.Attribution
	known       *mention.Known
}

// New makes a pool of no workers yet.
func New(opt Options) *Pool {
	if opt.Nonce == "" {
		opt.Nonce = loadgen.NewNonce()
	}
	p := &Pool{opt: opt, began: time.Now(), changed: make(chan struct{})}
	p.ctx, p.end = context.WithCancel(context.Background())
	return p
}

// clock is the coordinator's: nanoseconds since the pool was made.
func (p *Pool) clock() int64 { return int64(time.Since(p.began)) }

// Workers are the names of those that are there, in the order in which they came.
func (p *Pool) Workers() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, h := range p.hands {
		out = append(out, h.line.Name)
	}
	return out
}

// Join takes a worker in, once it has said that it is there and clocks were compared. The
// line is the pool's from now on, also if that fails.
func (p *Pool) Join(ctx context.Context, line Line) error {
	h := newHand(p, line)
	ctx, cancel := context.WithTimeout(ctx, welcomeLimit)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	unwatch := context.AfterFunc(ctx, func() { h.drop(context.Cause(ctx)) })
	err := h.greet()
	if !unwatch() || err != nil {
		err = cmp.Or(h.why(), err, context.Cause(ctx))
		h.drop(err)
		return err
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		h.drop(ErrNone)
		return ErrNone
	}
	p.running.Go(h.listen)
	p.running.Go(h.keep)
	p.running.Go(h.grants)
	p.running.Go(h.speak)
	p.mu.Unlock()
	if err := p.admit(ctx, h); err != nil {
		h.drop(err)
		return err
	}
	return nil
}

// stir wakes all who wait for a worker. The lock is held.
func (p *Pool) stir() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// Close lets go of all workers, which end when their leases are over if nobody ends them before.
// Loads under way fail.
func (p *Pool) Close() error {
	p.mu.Lock()
	hands := p.hands
	p.closed, p.hands = true, nil
	p.end()
	p.stir()
	p.mu.Unlock()
	for _, h := range hands {
		h.drop(errClosed)
	}
	p.running.Wait()
	return nil
}

// gone takes a hand out of those that are leased to.
func (p *Pool) gone(h *hand, why error) {
	p.mu.Lock()
	was := len(p.hands)
	p.hands = slices.DeleteFunc(slices.Clone(p.hands), func(o *hand) bool { return o == h })
	lost := len(p.hands) < was
	if lost {
		p.replace(h.line.Name)
	}
	p.stir()
	p.mu.Unlock()
	if lost && p.opt.Lost != nil {
		p.opt.Lost(h.line.Name, why)
	}
}

// learn remembers what answers are read by and gives its number.
func (p *Pool) learn(a rubric.Attribution, known *mention.Known) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.knows = append(p.knows, knowledge{a, known})
	return uint64(len(p.knows))
}

// choose gives the worker with the fewest loads among those that may reach a host, and a
// number for one more; it waits for one only where one is brought in the place of another.
func (p *Pool) choose(ctx context.Context, host string) (*hand, uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		var best *hand
		least := 0
		for _, h := range p.hands {
			n, can := h.busy(host)
			if can && (best == nil || n < least) {
				best, least = h, n
			}
		}
		if best != nil {
			p.ids++
			best.coming(1)
			return best, p.ids, nil
		}
		if err := p.await(ctx); err != nil {
			return nil, 0, err
		}
	}
}

// Loader is the pool as observe takes it, with the rules of a rubric and what exists.
func (p *Pool) Loader(a rubric.Attribution, known *mention.Known) Loader {
	return Loader{p, a, p.learn(a, known)}
}

// Loader drives load by a pool's workers.
type Loader struct {
	pool        *Pool
	attribution rubric.Attribution
	knows       uint64
}

// Knowing is the same with what exists by then.
func (l Loader) Knowing(known *mention.Known) Loader { return l.pool.Loader(l.attribution, known) }

// Reach is the pool's.
func (l Loader) Reach(ctx context.Context, host string) error { return l.pool.Reach(ctx, host) }

// Load has a worker drive a target. The error is as loadgen's, one of the worker's machine,
// or [ErrNone].
func (l Loader) Load(ctx context.Context, target evidence.Target) (evidence.Trace, error) {
	r, err := l.Drive(ctx, target, How{}, nil)
	return r.Trace, err
}

// Drive is Load with all there is to say; progress, if set, is told answers and failures so far,
// which begin anew where another worker does.
func (l Loader) Drive(ctx context.Context, target evidence.Target, how How, progress func(answered, failed int)) (Result, error) {
	planned, err := loadgen.Complete(target)
	if err != nil {
		return Result{Trace: evidence.Trace{Target: target}}, err
	}
	o := &order{Target: planned, How: how, Settle: l.pool.opt.Settle, Nonce: l.pool.opt.Nonce, Knows: l.knows}
	if lim := l.pool.opt.Limiter; lim != nil {
		o.Chunk = max(1, lim.Burst())
	}
	var why error
	for try := 1; ; try++ {
		h, id, err := l.pool.choose(ctx, hostOf(planned.Address))
		if err != nil {
			return Result{Trace: evidence.Trace{Target: planned}}, errors.Join(err, why)
		}
		r, err := h.lease(ctx, id, try, o, progress)
		if !errors.Is(err, errLost) {
			r.Tries = try
			return r, err
		}
		// Its own lease has to be over before anybody else begins.
		if why = err; pause(ctx, h.over()) != nil {
			return Result{Trace: evidence.Trace{Target: planned}}, context.Cause(ctx)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
