package observe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/local"
	"swarmgrade/grader/recovery"
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

// window is one window under way.
type window struct {
	r        *Windows
	pace     pace
	services []Watched
	series   []*series
	settled  []bool
	polled   chan struct{} // a poll has come in, or something crashed

	mu     sync.Mutex
	shared evidence.Window
	// own are the polls with one service's tasks each, by service, so that
	// asking after each service does not go through the tasks of all.
	own    [][]evidence.Poll
	place  map[string][]int // of a service's ID in services
	guard  *action.Guard    // from the injection to its undoing
	nodes  []evidence.Node
	reason string // to break off
	crash  error
}

func newWindow(r *Windows, f evidence.Action, services []Watched) *window {
	speed := r.Swarm.Speed()
	w := &window{
		r: r, pace: paceAt(speed), services: services,
		settled: make([]bool, len(services)), polled: make(chan struct{}, 1),
		own: make([][]evidence.Poll, len(services)), place: map[string][]int{},
		shared: evidence.Window{
			Schema: evidence.WindowSchema, Fault: f, Speed: speed, Began: r.At(),
			Injecting: -1, Injected: -1, Restoring: -1, Restored: -1, Ended: -1, Polls: []evidence.Poll{},
		},
	}
	var all []*evidence.Service
	rate := 0.0
	for i, s := range services {
		all = append(all, s.Service)
		rate = max(rate, s.Rate)
		w.place[s.Service.ID] = append(w.place[s.Service.ID], i)
	}
	w.shared.HoldMS = w.pace.hold.Milliseconds()
	w.shared.LimitMS = limitMS(f, all, r.Swarm)
	period := periodMS(f.Kind, rate, speed, max(1, len(services)), r.Rate, local.Slower)
	for _, s := range services {
		w.series = append(w.series, newSeries(s.Service.ID, s.Targets, period, speed))
	}
	return w
}

// begin starts probing and polling.
func (w *window) begin(ctx context.Context, stop <-chan struct{}, running *sync.WaitGroup) {
	guarded := func(run func(context.Context, <-chan struct{})) {
		running.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					w.crashWith(v)
				}
			}()
			run(ctx, stop)
		})
	}
	guarded((&polling{watcher: w.r.Watcher, at: w.r.At, pace: w.pace, took: w.took}).run)
	probed := slices.DeleteFunc(slices.Clone(w.series), func(s *series) bool { return len(s.p.Targets) == 0 })
	if len(probed) > 0 {
		guarded((&probing{prober: w.r.Prober, at: w.r.At, all: probed, crash: w.crashWith}).run)
	}
}

// took enters a reading.
func (w *window) took(p evidence.Poll, nodes []evidence.Node) {
	w.mu.Lock()
	w.shared.Polls = append(w.shared.Polls, p)
	w.share(p)
	if p.Error == "" {
		w.nodes = nodes
	}
	if w.guard != nil && w.reason == "" {
		w.reason = w.guard.Look(p.At, nodes, p.Error != "")
	}
	w.mu.Unlock()
	w.wake()
}

// share gives each service its part of a poll.
func (w *window) share(p evidence.Poll) {
	tasks := p.Tasks
	p.Tasks = nil
	for i := range w.own {
		w.own[i] = append(w.own[i], p)
	}
	for _, t := range tasks {
		for _, i := range w.place[t.ServiceID] {
			last := &w.own[i][len(w.own[i])-1]
			last.Tasks = append(last.Tasks, t)
		}
	}
}

func (w *window) wake() {
	select {
	case w.polled <- struct{}{}:
	default:
	}
}

func (w *window) crashWith(v any) {
	w.mu.Lock()
	if w.crash == nil {
		w.crash = &diag.Failure{
			Code: "failed", Msg: i18n.M("observe.crashed"), Hint: i18n.M("observe.crashed_hint"), Cause: fmt.Errorf("%v", v),
		}
	}
	w.mu.Unlock()
	w.wake()
}

func (w *window) crashed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.crash
}

func (w *window) set(f func(x *evidence.Window)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.shared)
}

// errNoBaseline ends a window before its fault.
var errNoBaseline = &diag.Failure{Code: "failed", Msg: i18n.M("observe.no_baseline"), Hint: i18n.M("observe.no_baseline_hint")}

// lead waits until the window shows how things were before the fault.
func (w *window) lead(ctx context.Context) error {
	if err := w.wait(ctx, w.pace.lead, "lead"); err != nil {
		return err
	}
	patience := time.NewTimer(5 * w.pace.pollTimeout)
	defer patience.Stop()
	for {
		w.mu.Lock()
		seen := w.nodes != nil
		w.mu.Unlock()
		if seen {
			return nil
		}
		select {
		case <-w.polled:
		case <-patience.C:
			return errNoBaseline
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// wait lets a stretch of the window pass.
func (w *window) wait(ctx context.Context, d time.Duration, phase string) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		w.progress(phase, 0)
		select {
		case <-timer.C:
			return w.crashed()
		case <-w.polled:
			if err := w.crashed(); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// byHand is why a window is broken off that somebody wanted over.
const byHand = "by-hand"

// unwanted breaks the window off if somebody wants that.
func (w *window) unwanted() bool {
	select {
	case <-w.r.Undo:
		w.set(func(x *evidence.Window) { x.End, x.Reason = "aborted", byHand })
		return true
	default:
		return false
	}
}

// watch runs while the fault lasts. It ends when every service is settled, the
// limit is over, the guard says so, or ctx ends; the reason is in the window.
func (w *window) watch(ctx context.Context) error {
	injected := w.r.At()
	w.mu.Lock()
	w.shared.Injected = injected
	w.guard = action.NewGuard(w.shared.Fault, w.nodes, injected)
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.guard = nil
		w.shared.Restoring = w.r.At()
		w.mu.Unlock()
		w.progress("restoring", w.r.At()-injected)
	}()
	limit := time.NewTimer(time.Duration(w.shared.LimitMS) * time.Millisecond)
	defer limit.Stop()
	for {
		w.progress("down", w.r.At()-injected)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-limit.C:
			w.set(func(x *evidence.Window) { x.End = "limit" })
			return nil
		case <-w.r.Undo:
			w.unwanted()
			return nil
		case <-w.polled:
		}
		if err := w.crashed(); err != nil {
			return err
		}
		if w.abort() {
			return nil
		}
		if w.allSettled() {
			w.set(func(x *evidence.Window) { x.End = "recovered" })
			return nil
		}
	}
}

func (w *window) abort() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reason == "" {
		return false
	}
	w.shared.End, w.shared.Reason = "aborted", w.reason
	return true
}

// allSettled asks, of each service, whether there is anything left to wait
// for.
func (w *window) allSettled() bool {
	now := w.r.At()
	w.mu.Lock()
	shared := w.shared // what polls there are is never changed
	own := slices.Clone(w.own)
	w.mu.Unlock()
	all := true
	for i, s := range w.services {
		if !w.settled[i] {
			shared.Polls = own[i]
			if s.Action != nil {
				shared.Fault = *s.Action
			}
			w.settled[i] = s.Off != nil && s.Off() || recovery.Settled(&shared, w.series[i].sofar(), s.Service, w.r.Swarm, now)
		}
		all = all && w.settled[i]
	}
	return all
}

func (w *window) progress(phase string, since int64) {
	if w.r.Progress == nil {
		return
	}
	settled := 0
	for _, s := range w.settled {
		if s {
			settled++
		}
	}
	w.r.Progress(WindowProgress{
		Fault: w.shared.Fault, Phase: phase, Since: since, LimitMS: w.shared.LimitMS, Settled: settled, Of: len(w.services),
	})
}
