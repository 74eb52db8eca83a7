package desk

import (
	"context"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
)

// Heal begins to undo what a program that is gone left on the class's cluster, or what a run here
// could not. Meanwhile there is a run at the stage [Healing], so that checks and other runs wait;
// its end is told as a run's is. The channel is closed then; it is nil where nothing is left. A failure's
// code is "running" while there is a run.
func (d *Desk) Heal(ctx context.Context) (over <-chan struct{}, err error) {
	left, err := d.app.left(ctx)
	if err != nil || len(left) == 0 {
		if err == nil {
			d.forgetStuck()
		}
		return nil, err
	}
	r, life, err := d.reserve(RunOptions{})
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	r.state.Stage, r.state.Stuck = Healing, action.Together(left)
	if f := loudest(left); f != nil {
		r.state.Fault = &FaultState{Kind: f.Fault.Kind, Target: target(f.Fault), Phase: Undoing}
	}
	d.step(r, true)
	d.dispatch() // for who waits to know why
	d.work.Go(func() { d.heal(life, r) })
	return r.over, nil
}

// loudest is the one of several that is told of: what is done to the class before what is done to a
// student's service, and what is the grader's own not at all.
func loudest(all []*action.Stuck) (one *action.Stuck) {
	for _, s := range all {
		if !s.Harmless() && (one == nil || one.Fault.Student != "" && s.Fault.Student == "") {
			one = s
		}
	}
	return one
}

func (d *Desk) heal(ctx context.Context, r *run) {
	err := d.app.heal(ctx, func(e grader.Event) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if n, ok := e.(grader.Note); ok {
			d.note(r, n)
		}
	})
	d.failed(ctx, err)
	d.mu.Lock()
	defer d.mu.Unlock()
	end := RunEnded{At: time.Now(), Healed: true, Failed: words(err), Stuck: action.AllStuck(err), Notes: r.state.Notes}
	r.err = err
	d.stuck = nil                                          // it was undone, or is among the others
	if r.state.Fault != nil && loudest(end.Stuck) != nil { // it is in force still
		r.state.Fault = nil
	}
	d.faultOver(r)
	d.run, d.last = nil, &end
	r.stop(nil)
	d.hub.tell(RunOver{end}, Class)
	close(r.over)
	d.dispatch()
}

// forgetStuck is called where nothing is left: what could not be undone here was undone elsewhere.
func (d *Desk) forgetStuck() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.stuck) > 0 {
		d.stuck = nil
		d.hub.tell(TroubleMoved{}, Class)
	}
	if d.last == nil || len(d.last.Stuck) == 0 {
		return
	}
	last := *d.last
	last.Stuck = nil
	if last.Healed {
		last.Failed = nil
	}
	d.last = &last
	d.hub.tell(RunOver{last}, Class)
}
