package desk

import (
	"context"
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
	panic("later")
}

// Cancel takes a student's check from the queue, or ends it; it reports whether there was one.
func (d *Desk) Cancel(student string) bool { panic("later") }

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
func (d *Desk) Queue() QueueState { panic("later") }

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
func (d *Desk) Own(student string) OwnState { panic("later") }

// Checks are where the checks of all stand who have asked for one since the start, by student.
func (d *Desk) Checks() map[string]OwnState { panic("later") }
