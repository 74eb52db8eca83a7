// Package desk is what a page needs of a class for as long as it is served: a queue
// of self-checks, control of the class's run, streams of what goes on, and what stands
// in the gradebook, read once for all who look.
//
// It is safe for use by many goroutines. It knows no HTTP, words no sentence and has no
// language: refusals are [diag.Failure]s with messages. Everything of the class is done
// by package grader, an operation at a time, each with a grader of its own.
package desk

import (
	"cmp"
	"context"
	"sync"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
)

// Options say what a desk works with. Grader and Select are needed.
type Options struct {
	// Grader makes a grader for one operation. The desk hears its events, and so does the Tell
	// that it has; Ask is not used. Its Dial should hand out one cluster again and again, see [Share].
	Grader func() *grader.Grader
	// Select names the class, the rubric and the bounds of load. Its tasks and students are
	// those that an operation takes if it names none.
	Select grader.Select

	AtOnce  int           // self-checks at once; 0 is 4
	Every   time.Duration // from the end of a student's check to their next one; 0 is 30 s, less is none
	Waiting int           // most students in the queue; 0 is 200
	// Longest is what a self-check may take, and Patience how long a run waits for checks
	// under way, which begin anew after the run then; 0 are 10 min and 2 min.
	Longest, Patience time.Duration
	// Failed is told why something on the cluster came to nothing, which nobody wanted to end;
	// it may be nil. See [Shared.Renew].
	Failed func(error)
	// Fresh is how long what was read of the gradebook is taken for new without asking;
	// what this desk writes shows at once. 0 is 1 s.
	Fresh time.Duration
}

// How long it is waited before it is looked again whether another program still grades
// the class, and for a run to begin before [Desk.Start] comes back.
const (
	lookAgain  = 3 * time.Second
	startsSoon = 20 * time.Second
)

func (o *Options) fill() {
	o.AtOnce = cmp.Or(o.AtOnce, 4)
	o.Every = cmp.Or(o.Every, 30*time.Second)
	o.Waiting = cmp.Or(o.Waiting, 200)
	o.Longest = cmp.Or(o.Longest, 10*time.Minute)
	o.Patience = cmp.Or(o.Patience, 2*time.Minute)
	o.Fresh = cmp.Or(o.Fresh, time.Second)
}

// Desk is of one class.
type Desk struct {
	o      Options
	app    app
	hub    *hub
	cache  *cache
	drawer *drawer
	hand   sync.Mutex // changes by hand are made one at a time

	ctx  context.Context // ends with the desk
	end  context.CancelCauseFunc
	work sync.WaitGroup // all goroutines of the desk

	mu         sync.Mutex
	closing    bool
	waiting    []*entry
	checking   map[string]*entry
	ended      map[string]*Ended
	next       map[string]time.Time // when a student may check again
	elsewhere  bool                 // another program grades the class
	looking    bool                 // whether it still does
	lookingOut bool                 // whether another one begins, while checks are under way
	idle       chan struct{}        // closed, and made anew, when a check ends
	run        *run                 // nil while there is none
	last       *RunEnded
	troubles   []Trouble
	stuck      []*action.Stuck // what self-checks could not undo
}

// New makes a desk of a class. The error says why the class cannot be opened.
func New(ctx context.Context, o Options) (*Desk, error) {
	o.fill()
	if err := (&real{o: o}).has(ctx, "", ""); err != nil {
		return nil, err
	}
	r := &real{o: o}
	d := newDesk(o, r)
	r.unread = d.unread
	return d, nil
}

func newDesk(o Options, a app) *Desk {
	o.fill()
	d := &Desk{
		o: o, app: a, hub: newHub(),
		checking: map[string]*entry{}, ended: map[string]*Ended{}, next: map[string]time.Time{}, idle: make(chan struct{}),
	}
	d.ctx, d.end = context.WithCancelCause(context.Background())
	d.cache = &cache{fresh: o.Fresh, mark: a.mark, ctx: d.ctx, work: &d.work, kept: map[string]*kept{}}
	a.listen(d.damaged, func(f *diag.Failure) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.alarmed(f)
	})
	d.drawer = &drawer{app: a, ctx: d.ctx, work: &d.work, kept: map[string]*drawing{}}
	d.work.Go(d.watch)
	return d
}

// Close ends the checks and the run, and waits until a fault is undone and nothing of
// the desk goes on any more; or until ctx ends, which is its error then. Streams end.
func (d *Desk) Close(ctx context.Context) error {
	d.mu.Lock()
	d.closing = true
	for len(d.waiting) > 0 {
		e := d.waiting[0]
		d.waiting = d.waiting[1:]
		d.over(e, &Ended{Student: e.student, Cancelled: true, Failed: words(errDown)})
	}
	if d.run != nil {
		d.run.state.Stage = Stopping
		d.run.stop(errDown)
	}
	d.mu.Unlock()
	d.end(errDown)
	d.cache.close()
	d.drawer.close()
	over := make(chan struct{})
	go func() {
		d.work.Wait()
		d.hub.close()
		close(over)
	}()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
