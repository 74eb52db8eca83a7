package observe

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
)

// Breaker injects a fault that lasts limit at most, calls watch while it
// lasts, and undoes it, whatever comes of watch and of ctx. An outcome whose
// Injecting is -1 says that nothing was begun.
type Breaker interface {
	Break(ctx context.Context, f evidence.Action, limit time.Duration, watch func(context.Context) error) (action.Outcome, error)
}

// Windows observes fault windows, one at a time.
type Windows struct {
	Watcher Watcher
	Prober  Prober
	Breaker Breaker
	At      func() int64 // ms since the run's start, monotonic
	Rate    int          // probes a second over all services at most; 0 is no limit
	// Swarm is the cluster's settings: its heartbeat gives the times.
	Swarm evidence.Swarm
	// Undo, once it is closed, breaks a window off; nil never is.
	Undo <-chan struct{}
	// Progress, if set, is told how a window goes on, about once a poll.
	Progress func(WindowProgress)
}

// WindowProgress is where a window stands.
type WindowProgress struct {
	Fault   evidence.Action
	Phase   string // "lead", "down", "restoring", "tail"
	Since   int64  // the injection, ms; 0 before it
	LimitMS int64
	Settled int // services that nothing more is waited for
	Of      int
}

// Watched is a service that a window concerns.
type Watched struct {
	Student string
	Service *evidence.Service
	Targets []evidence.Target // entry nodes; not the fault's own
	Rate    float64           // probes a second, 0 for the usual
	// Action is what is done to this service alone, nil where the fault is the
	// class's. Off, if set, says that it was not done: nothing is waited for then.
	Action *evidence.Action
	Off    func() bool
}

// Watch injects one fault and gives the series of what happened: the shared
// part and, in the order of the services, each one's probing without the
// window's hash.
//
// A window that had to be broken off, or whose fault could not be injected, is
// no error: it says so itself. An error means that there is no window: ctx
// ended, no manager answered, another grader is at work, or the fault could not
// be undone (*fault.Stuck).
func (r *Windows) Watch(ctx context.Context, f evidence.Action, services []Watched) (*evidence.Window, []*evidence.Probing, error) {
	w := newWindow(r, f, services)
	// Probing and polling go on while the fault is undone, also when ctx has
	// ended by then.
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := make(chan struct{})
	var running sync.WaitGroup
	defer func() { cancel(); running.Wait() }()
	w.begin(inner, stop, &running)

	if err := w.lead(ctx); err != nil {
		return nil, nil, err
	}
	w.set(func(x *evidence.Window) { x.Injecting = r.At() })
	out, err := action.Outcome{Injecting: -1, Injected: -1, Restoring: -1, Restored: -1}, error(nil)
	if !w.unwanted() {
		out, err = r.Breaker.Break(ctx, f, time.Duration(w.shared.LimitMS)*time.Millisecond, w.watch)
	}
	var stuck *action.Stuck
	switch {
	case errors.As(err, &stuck), out.Injecting < 0 && slices.Contains(Halting, diag.Code(err)):
		return nil, nil, err
	case ctx.Err() != nil:
		return nil, nil, errors.Join(context.Cause(ctx), err)
	case w.crashed() != nil:
		return nil, nil, w.crashed()
	}
	w.set(func(x *evidence.Window) {
		out.Fill(x)
		if err != nil {
			x.End, x.Reason, x.Detail = "aborted", "inject-failed", err.Error()
		}
	})
	if err := w.wait(ctx, w.pace.tail, "tail"); err != nil {
		return nil, nil, err
	}
	close(stop)
	running.Wait()
	if err := w.crashed(); err != nil {
		return nil, nil, err
	}
	w.shared.Ended = r.At()
	probings := make([]*evidence.Probing, len(w.series))
	for i, s := range w.series {
		probings[i] = s.sofar()
	}
	return &w.shared, probings, nil
}

// Halting are the troubles with a fault that end the run, since somebody else
// may be at work on the cluster, or nothing could be undone after a kill. With
// any other, the students concerned are not graded on it and the rest is.
var Halting = []string{"busy", "locked", "pending", "journal"}
