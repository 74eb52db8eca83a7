package desk

import (
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/observe"
)

// heardRun tells what goes on in the class's run.
func (d *Desk) heardRun(r *run, e grader.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch e := e.(type) {
	case grader.Recorded:
		r.state.ID = e.Run
		r.goes()
		d.hub.tell(RunBegan{r.now()}, Class)
	case grader.Began:
		of := e.Requests
		if of == 0 {
			of = e.Students
		}
		d.stage(r, Stage(e.Stage), of)
		r.state.requests = e.Requests > 0
	case grader.Step:
		d.stepped(r, e.Progress)
	case grader.Ended:
		d.step(r, true)
	case grader.WindowStep:
		d.window(r, e.WindowProgress)
	case grader.WindowEnded:
		d.windowOver(r)
	case grader.Held:
		if e.Stuck.Harmless() {
			return
		}
		if r.held = true; !e.Passing {
			r.state.Stuck = e.Stuck
		}
		if r.state.Fault == nil {
			d.faultOn(r, &FaultState{Kind: e.Stuck.Fault.Kind, Target: target(e.Stuck.Fault), Since: time.Now()})
		}
	case grader.LetGo:
		d.letGo(r)
	case grader.Note:
		d.note(r, e)
	case grader.Mind:
		d.note(r, grader.Note(e))
	case grader.Alarm:
		d.note(r, grader.Note{Msg: e.Msg, Hint: e.Hint})
	}
}

func (d *Desk) stepped(r *run, p observe.Progress) {
	if p.Begins {
		return
	}
	r.state.Student = p.Student
	if n := p.Requests; r.state.requests {
		r.state.Done = min(r.state.Done+n, r.state.Of)
	} else if p.Target == "" {
		r.state.Done = min(r.state.Done+1, r.state.Of)
	}
	d.step(r, false)
}

// target is what something is done to, as people call it.
func target(a evidence.Action) string {
	if a.Name != "" {
		return a.Name
	}
	return a.Hostname
}

// phases are those of a window's steps.
var phases = map[string]FaultPhase{"lead": Coming, "down": InForce, "restoring": Undoing, "tail": After}

// window enters where a fault window stands.
func (d *Desk) window(r *run, p observe.WindowProgress) {
	f := r.state.Fault
	phase := phases[p.Phase]
	if f == nil {
		f = &FaultState{Kind: p.Fault.Kind, Target: target(p.Fault), Phase: Coming, ByHand: r.undone}
		r.state.Fault = f
		d.stage(r, Fault, p.Of)
	}
	f.Settled, f.Of = p.Settled, p.Of
	r.state.Done, r.state.Of = p.Settled, p.Of
	if phase == InForce && f.Until.IsZero() {
		f.Since = time.Now().Add(-time.Duration(p.Since) * time.Millisecond)
		f.Until = f.Since.Add(time.Duration(p.LimitMS) * time.Millisecond)
	}
	switch was := f.Phase; {
	case was == phase:
		d.step(r, false)
		return
	case phase == InForce:
		d.faultOn(r, f)
		return
	case phase == After && r.held: // an action is in force beyond its window
		d.step(r, false)
		return
	case phase == After && (was == InForce || was == Undoing):
		f.Phase = phase
		d.hub.tell(FaultOff{*f}, Class)
	}
	f.Phase = phase
	d.step(r, true)
}

func (d *Desk) faultOn(r *run, f *FaultState) {
	f.Phase, f.ByHand, r.state.Fault = InForce, r.undone, f
	if r.state.Stage != Stopping && f.Of == 0 {
		r.state.Stage = Acting
	}
	d.hub.tell(FaultOn{*f}, Class)
	d.step(r, true)
}

// windowOver goes on after a window: with an action that is in force yet, or with none.
func (d *Desk) windowOver(r *run) {
	f := r.state.Fault
	if f == nil || !r.held {
		d.faultOver(r)
		return
	}
	f.Phase, f.Until, f.Settled, f.Of = InForce, time.Time{}, 0, 0
	d.stage(r, Acting, 0)
}

// letGo takes it that what was in force is no more: the window of a fault still looks at what
// comes after.
func (d *Desk) letGo(r *run) {
	held, f := r.held, r.state.Fault
	r.held, r.state.Stuck = false, nil
	switch {
	case !held || f == nil:
	case f.Of == 0:
		d.faultOver(r)
	case f.Phase != After:
		f.Phase = After
		d.hub.tell(FaultOff{*f}, Class)
		d.step(r, true)
	}
}

// faultOver says that there is no fault any more, if that was not said.
func (d *Desk) faultOver(r *run) {
	f := r.state.Fault
	if f == nil {
		return
	}
	r.state.Fault = nil
	if f.Phase == InForce || f.Phase == Undoing {
		f.Phase = After
		d.hub.tell(FaultOff{*f}, Class)
	}
	d.step(r, true)
}
