package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/observe"
)

// run is one of the class under way. Its fields are guarded by the desk's lock.
type run struct {
	o      RunOptions
	state  RunState
	stop   context.CancelCauseFunc
	undo   chan struct{}
	undone bool          // undo is closed
	begun  chan struct{} // closed once it has begun, or waits for checks
	going  bool          // begun is closed
	over   chan struct{}
	err    error
	told   time.Time // of the newest step
	held   bool      // something is in force until the application says that it is not
}

// Start begins a run and comes back once it has begun, or waits for checks under way to
// end. Refusals are [diag.Failure]s: "running" (one is on), "changed" (the faults are others
// than were agreed to), "nothing" (no run to resume), "down", and what grader refuses, as
// that another program grades the class.
func (d *Desk) Start(ctx context.Context, o RunOptions) error {
	r, life, err := d.reserve(o)
	if err != nil {
		return err
	}
	p, err := d.Plan(ctx, o)
	if err == nil && p.Fingerprint != o.Agreed {
		err = refusal("changed", "changed")
	}
	d.mu.Lock()
	if err == nil && d.closing {
		err = errDown
	}
	if err != nil {
		d.run = nil
		d.dispatch()
		d.mu.Unlock()
		r.stop(nil)
		close(r.over)
		return err
	}
	r.state.ETA = time.Now().Add(p.Span.Most)
	d.work.Go(func() { d.grade(life, r) })
	d.mu.Unlock()
	soon := time.NewTimer(startsSoon)
	defer soon.Stop()
	select {
	case <-r.over:
		return r.err
	case <-r.begun:
	case <-soon.C:
	case <-ctx.Done():
	}
	return nil
}

// reserve sees to it that only one run is begun.
func (d *Desk) reserve(o RunOptions) (*run, context.Context, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closing:
		return nil, nil, errDown
	case d.run != nil:
		return nil, nil, d.run.inTheWay()
	}
	r := &run{o: o, undo: make(chan struct{}), begun: make(chan struct{}), over: make(chan struct{})}
	r.state = RunState{On: true, Who: o.Who, Options: o, Began: time.Now(), Stage: Reading}
	var life context.Context
	life, r.stop = context.WithCancelCause(d.ctx)
	d.run = r
	return r, life, nil
}

// goes says that the run has begun as far as who started it is concerned.
func (r *run) goes() {
	if !r.going {
		r.going = true
		close(r.begun)
	}
}

// grade does the run.
func (d *Desk) grade(ctx context.Context, r *run) {
	err := d.alone(ctx, r)
	var got grader.Graded
	if err == nil {
		got, err = d.gradeNow(ctx, r)
	}
	d.failed(ctx, err)
	d.cache.forget("")
	d.mu.Lock()
	defer d.mu.Unlock()
	end := RunEnded{ID: r.state.ID, At: time.Now(), Undone: r.undone, Stuck: action.AllStuck(err), Notes: r.state.Notes}
	cause := context.Cause(ctx)
	end.Stopped = err != nil && (errors.Is(cause, errStopped) || errors.Is(cause, errDown))
	switch {
	case err == nil && got.Nothing:
		r.err = refusal("nothing", "no_resume")
		end.Failed = words(r.err)
	case end.Stopped:
		for _, s := range end.Stuck {
			end.Failed = append(end.Failed, words(s)...)
		}
	default:
		r.err = err
		end.Failed = words(err)
	}
	d.faultOver(r)
	d.run, d.last = nil, &end
	r.stop(nil)
	d.hub.tell(RunOver{end}, Class)
	d.scoresMoved()
	close(r.over)
	d.dispatch()
}

func (d *Desk) gradeNow(ctx context.Context, r *run) (got grader.Graded, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = crashed(v)
		}
	}()
	agree := func(p *observe.Plan) error {
		if fingerprint(p) != r.o.Agreed {
			return refusal("changed", "changed")
		}
		return nil
	}
	return d.app.grade(ctx, r.o, agree, r.undo, func(e grader.Event) { d.heardRun(r, e) })
}

// alone waits until no check is under way, which begins none while there is a run. Those that
// take too long have to begin anew.
func (d *Desk) alone(ctx context.Context, r *run) error {
	patience := time.NewTimer(d.o.Patience)
	defer patience.Stop()
	for {
		d.mu.Lock()
		n, idle := len(d.checking), d.idle
		if n == 0 {
			d.stage(r, Reading, 0)
			d.mu.Unlock()
			return context.Cause(ctx)
		}
		if r.state.Stage != Waiting {
			d.stage(r, Waiting, n)
			d.dispatch() // for who waits to know why
		}
		r.state.Of = max(r.state.Of, n)
		r.state.Done = r.state.Of - n
		r.goes()
		d.mu.Unlock()
		select {
		case <-idle:
		case <-patience.C:
			d.mu.Lock()
			d.yield()
			d.mu.Unlock()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (d *Desk) stage(r *run, s Stage, of int) {
	if r.state.Stage != Stopping {
		r.state.Stage = s
	}
	r.state.Done, r.state.Of = 0, of
	d.step(r, true)
}

// step tells where a run stands, now or if that was not told just now.
func (d *Desk) step(r *run, now bool) {
	if !now && time.Since(r.told) < stepEvery {
		return
	}
	r.told = time.Now()
	d.hub.tell(RunStep{r.now()}, Class)
}

// now is a copy for others.
func (r *run) now() RunState {
	s := r.state
	if s.Fault != nil {
		f := *s.Fault
		s.Fault = &f
	}
	return s
}

// Stop interrupts the run and waits until what it did to the cluster is undone. It can be
// resumed. No run is no error.
func (d *Desk) Stop(ctx context.Context) error {
	d.mu.Lock()
	r := d.run
	if r != nil {
		r.state.Stage = Stopping
		d.step(r, true)
		r.stop(errStopped)
	}
	d.mu.Unlock()
	if r == nil {
		return nil
	}
	select {
	case <-r.over:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// UndoNow has the fault that is in force, or is about to be, undone at once, and the run makes no
// other; it does not wait for that, an event tells. The run goes on: what waits for the fault stays
// open. Without one nothing is done, and the failure's code is "nothing".
func (d *Desk) UndoNow(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.run
	if r == nil || r.state.Fault == nil || r.state.Fault.Phase == After {
		return refusal("nothing", "no_fault")
	}
	if !r.undone {
		r.undone = true
		close(r.undo)
		r.state.Fault.ByHand = true
		d.step(r, true)
	}
	return nil
}

// Run is where the class's run stands.
func (d *Desk) Run() RunState {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := RunState{}
	if d.run != nil {
		s = d.run.now()
	} else {
		stuck := d.stuck
		if d.last != nil {
			stuck, s.Notes = slices.Concat(d.last.Stuck, d.stuck), d.last.Notes
		}
		if len(stuck) > 0 {
			s.Stuck = action.Together(stuck)
		}
	}
	s.Last = d.last
	return s
}

// Plan reads the cluster and says what a run would do; nobody is sent anything.
func (d *Desk) Plan(ctx context.Context, o RunOptions) (*Plan, error) {
	p, err := d.app.plan(ctx, o)
	d.failed(ctx, err)
	return p, err
}

// failed tells why something failed that nobody ended.
func (d *Desk) failed(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil && d.o.Failed != nil {
		d.o.Failed(err)
	}
}

// Resumable is the run that could be gone on with, if there is one.
func (d *Desk) Resumable(ctx context.Context) (run grader.RunInfo, ok bool, err error) {
	d.mu.Lock()
	on := d.run != nil
	d.mu.Unlock()
	if on {
		return run, false, nil
	}
	all, err := d.Runs(ctx)
	run, ok = unfinished(all)
	return run, ok, err
}

// unfinished is the newest of some runs if it was interrupted; they come newest first.
func unfinished(all []grader.RunInfo) (grader.RunInfo, bool) {
	for _, r := range all {
		if r.Regrades == "" {
			return r, r.Status == gradebook.Interrupted
		}
	}
	return grader.RunInfo{}, false
}
