package desk

import (
	"context"
	"maps"
	"slices"
	"time"

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
