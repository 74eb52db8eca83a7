package desk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
)

// CheckOptions are what a student may ask of a self-check.
type CheckOptions struct {
	Task string // "" looks at what the student has up
	// Kill has one of the student's own containers killed; they were asked beforehand.
	Kill bool
}

// Ticket says that a check waits, or begins at once.
type Ticket struct {
	Place int    // 1 is next; 0 has begun
	Event uint64 // what was told last before it: see [Desk.Subscribe]
}

// Check queues a student's check. Refusals are [diag.Failure]s with the codes "one" (of
// the student's there is one already), "soon" (with the seconds to wait), "full", "down" (the
// desk goes down), or grader's own for a task or student that there is none of.
func (d *Desk) Check(ctx context.Context, student string, o CheckOptions) (Ticket, error) {
	if err := d.app.has(ctx, student, o.Task); err != nil {
		return Ticket{}, err
	}
	busy := d.busyElsewhere(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	wait := time.Until(d.next[student])
	switch {
	case d.closing:
		return Ticket{}, errDown
	case d.checking[student] != nil || d.place(student) > 0:
		return Ticket{}, refusal("one", "one", "student", student)
	case wait > 0:
		return Ticket{}, tooSoon(student, wait)
	case len(d.waiting) >= d.o.Waiting:
		return Ticket{}, refusal("full", "full", "n", len(d.waiting))
	}
	if busy && d.run == nil {
		d.othersGrade()
	}
	t := Ticket{Event: d.hub.now()}
	d.waiting = append(d.waiting, &entry{student: student, CheckOptions: o, asked: time.Now()})
	d.dispatch()
	t.Place = d.place(student)
	return t, nil
}

// Cancel takes a student's check from the queue, or ends it; it reports whether there was one.
func (d *Desk) Cancel(student string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.checking[student]; e != nil {
		e.stop(errCancelled)
		return true
	}
	at := d.place(student) - 1
	if at < 0 {
		return false
	}
	e := d.waiting[at]
	d.waiting = slices.Delete(d.waiting, at, at+1)
	d.over(e, &Ended{Student: student, Cancelled: true})
	d.dispatch()
	return true
}

// Pause says why no check begins.
type Pause string

const (
	NotPaused Pause = ""
	ForRun    Pause = "run"       // the class's run, at this desk
	Elsewhere Pause = "elsewhere" // a run by another program
)

// QueueState is the queue at a moment.
type QueueState struct {
	Running, Waiting int
	Place            map[string]int // of who waits, 1 is next
	Paused           Pause
}

// Queue is how the queue stands.
func (d *Desk) Queue() QueueState {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := QueueState{Running: len(d.checking), Waiting: len(d.waiting), Place: map[string]int{}, Paused: d.paused()}
	for i, e := range d.waiting {
		q.Place[e.student] = i + 1
	}
	return q
}

// Phase is where a student's check stands.
type Phase string

const (
	Idle     Phase = "idle"
	Waits    Phase = "waits"
	Checking Phase = "checking"
)

// OwnState is where a student's check stands, or how the last one since the start ended.
type OwnState struct {
	Phase  Phase
	Place  int // in the queue, of Waits
	Paused Pause
	CheckOptions
	Asked, Started time.Time
	Done, Of       int // requests
	// Tasks that are looked at, once that is known; Verdicts as far as they are decided, in
	// the rubric's order.
	Tasks    []string
	Verdicts []judge.Verdict
	// Last is how the student's newest check ended; nil if there was none. Next is when they
	// may check again, zero for now.
	Last *Ended
	Next time.Time
}

// Own is where a student's check stands.
func (d *Desk) Own(student string) OwnState {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.own(student)
}

func (d *Desk) own(student string) OwnState {
	s := OwnState{Phase: Idle, Last: d.ended[student]}
	if next := d.next[student]; time.Until(next) > 0 {
		s.Next = next
	}
	e := d.checking[student]
	if e != nil {
		s.Phase, s.Started, s.Done, s.Of = Checking, e.started, e.done, e.of
	} else if s.Place = d.place(student); s.Place > 0 {
		s.Phase, s.Paused = Waits, d.paused()
		e = d.waiting[s.Place-1]
	}
	if e != nil {
		s.CheckOptions, s.Asked, s.Tasks, s.Verdicts = e.CheckOptions, e.asked, e.tasks, slices.Clone(e.verdicts)
	}
	return s
}

// Checks are where the checks of all stand who have asked for one since the start, by student.
func (d *Desk) Checks() map[string]OwnState {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[string]OwnState{}
	for id := range maps.Keys(d.ended) {
		all[id] = d.own(id)
	}
	for id := range maps.Keys(d.checking) {
		all[id] = d.own(id)
	}
	for _, e := range d.waiting {
		all[e.student] = d.own(e.student)
	}
	return all
}

// entry is a check that waits or is under way. Its fields are guarded by the desk's lock.
type entry struct {
	student string
	CheckOptions
	asked, started time.Time
	tasks          []string
	verdicts       []judge.Verdict
	done, of       int
	told           time.Time // of the newest step
	said           Queued    // of its place
	stop           context.CancelCauseFunc
}

// place is where a student waits, from 1; 0 is nowhere.
func (d *Desk) place(student string) int {
	return slices.IndexFunc(d.waiting, func(e *entry) bool { return e.student == student }) + 1
}

func (d *Desk) paused() Pause {
	switch {
	case d.run != nil:
		return ForRun
	case d.elsewhere:
		return Elsewhere
	}
	return NotPaused
}

// dispatch begins the checks that may begin, in their order, and tells who waits of their
// place. What kills a container also may change services, for which there is one journal: of
// these one is under way at a time.
func (d *Desk) dispatch() {
	for !d.closing && d.paused() == NotPaused && len(d.checking) < d.o.AtOnce {
		kills := false
		for e := range maps.Values(d.checking) {
			kills = kills || e.Kill
		}
		at := slices.IndexFunc(d.waiting, func(e *entry) bool { return !e.Kill || !kills })
		if at < 0 {
			break
		}
		e := d.waiting[at]
		d.waiting = slices.Delete(d.waiting, at, at+1)
		d.begin(e)
	}
	for i, e := range d.waiting {
		if now := (Queued{e.student, i + 1, d.paused()}); now != e.said {
			e.said = now
			d.hub.tell(now, OfStudent(e.student))
		}
	}
	d.hub.tell(QueueMoved{len(d.checking), len(d.waiting)}, Class)
}

func (d *Desk) begin(e *entry) {
	long, cancel := context.WithTimeoutCause(d.ctx, d.o.Longest, errLong)
	ctx, stop := context.WithCancelCause(long)
	e.stop, e.started, e.tasks, e.verdicts, e.done, e.of = stop, time.Now(), nil, nil, 0, 0
	d.checking[e.student] = e
	d.hub.tell(Started{e.student, e.CheckOptions}, OfStudent(e.student), Class)
	d.lookOut()
	d.work.Go(func() {
		defer cancel()
		defer stop(nil)
		got, err := d.check(ctx, e)
		d.finish(ctx, e, got, err)
	})
}

// check does one check and keeps what it came to.
func (d *Desk) check(ctx context.Context, e *entry) (got grader.Checked, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = crashed(v)
		}
	}()
	if done, err := d.app.checking(ctx); err == nil { // who can write nothing there can't be told of, and keeps nothing
		defer done()
	}
	if d.busyElsewhere(ctx) { // since it was queued
		return got, errElsewhere
	}
	got, err = d.app.check(ctx, e.student, e.CheckOptions, func(ev grader.Event) { d.heard(e, ev) })
	if err != nil {
		d.failed(ctx, err)
		return got, err
	}
	if err := d.app.saveTrial(context.WithoutCancel(ctx), e.student, got); err != nil {
		d.hub.tell(Noted{At: time.Now(), Student: e.student, Msg: i18n.M("desk.unsaved")}, OfStudent(e.student), Class)
	}
	d.cache.forget(trialsKey)
	return got, nil
}

func crashed(v any) error {
	return &diag.Failure{Code: "failed", Msg: i18n.M("observe.crashed"), Hint: i18n.M("observe.crashed_hint"), Cause: fmt.Errorf("%v", v)}
}

// finish ends a check, or puts it back to the front of the queue.
func (d *Desk) finish(ctx context.Context, e *entry, got grader.Checked, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.checking, e.student)
	close(d.idle)
	d.idle = make(chan struct{})
	defer d.dispatch()
	cause := context.Cause(ctx)
	again := errors.Is(err, errElsewhere) || err != nil && errors.Is(cause, errYielded)
	if again && !d.closing {
		msg := "desk.yielded"
		if errors.Is(err, errElsewhere) {
			msg = "desk.elsewhere"
			d.othersGrade()
		}
		e.verdicts, e.tasks, e.said = nil, nil, Queued{}
		d.waiting = slices.Insert(d.waiting, 0, e)
		d.leftBroken(err)
		d.hub.tell(Noted{At: time.Now(), Student: e.student, Msg: i18n.M(msg)}, OfStudent(e.student))
		return
	}
	end := &Ended{Student: e.student, Tasks: got.Tasks, Verdicts: got.Verdicts, Untried: got.Untried}
	switch {
	case err == nil:
	case d.closing:
		end.Cancelled, end.Failed = true, words(errDown)
	case errors.Is(cause, errCancelled):
		end.Cancelled = true
	case errors.Is(cause, errLong):
		f := refusal(diag.Open, "long", "minutes", int(d.o.Longest.Minutes()))
		end.Failed = []*diag.Failure{f}
	default:
		end.Failed = words(err)
	}
	d.leftBroken(err)
	if err != nil {
		end.Tasks, end.Verdicts = e.tasks, nil
	}
	if d.o.Every > 0 {
		d.next[e.student] = time.Now().Add(d.o.Every)
	}
	d.over(e, end)
}

// over says that a check is over.
func (d *Desk) over(e *entry, end *Ended) {
	end.At = time.Now()
	d.ended[e.student] = end
	d.hub.tell(*end, OfStudent(e.student), Class)
}

// steps are told at most so often.
const stepEvery = 250 * time.Millisecond

// heard tells what goes on in a check.
func (d *Desk) heard(e *entry, ev grader.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	own := OfStudent(e.student)
	switch ev := ev.(type) {
	case grader.Planned:
		e.tasks = slices.Clone(ev.Students[0].Tasks)
		d.hub.tell(Looking{e.student, e.tasks}, own, Class)
	case grader.Began:
		e.done, e.of = 0, ev.Requests
	case grader.Step:
		if ev.Target == "" || ev.Begins {
			return
		}
		if e.done += ev.Requests; e.of > 0 && time.Since(e.told) >= stepEvery {
			e.told = time.Now()
			d.hub.tell(Step{e.student, min(e.done, e.of), e.of}, own)
		}
	case grader.Known:
		e.verdicts = append(e.verdicts, ev.Verdict)
		d.hub.tell(Verdict{e.student, ev.Verdict}, own, Class)
	case grader.Note:
		d.hub.tell(Noted{time.Now(), e.student, ev.Msg, ev.Hint}, own)
	case grader.Mind:
		d.hub.tell(Noted{time.Now(), e.student, ev.Msg, ev.Hint}, own)
	}
}
