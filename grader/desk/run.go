package desk

import (
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
)

// RunOptions are what a run of the class can be asked for.
type RunOptions struct {
	Tasks    []string // none: the desk's own
	Students []string // IDs; none: the desk's own
	NoFault  bool
	// Resume goes on with the run that was interrupted, with its tasks and its students.
	Resume bool
	// Agreed is the fingerprint of the faults that were shown and agreed to.
	Agreed string
	Who    string // who started it, for others to see
}

// Plan is what a run would do.
type Plan struct {
	Job *grader.Job // of whom and what; nobody may change it
	grader.Preview
	// Fingerprint tells this plan's faults and actions from others; "" if there are none.
	Fingerprint string
	Resumes     string // the run that would be gone on with
}

// Stage is where the class's run stands.
type Stage string

// Stages besides those of [grader.Stage].
const (
	Waiting  Stage = "waiting"  // for checks under way
	Reading  Stage = "reading"  // the cluster
	Fault    Stage = "fault"    // a fault's window
	Acting   Stage = "acting"   // an action on services is in force
	Stopping Stage = "stopping" // was asked to
	Healing  Stage = "healing"  // no run: what a program that is gone left is undone, see [Desk.Heal]
)

// FaultPhase is where a fault stands.
type FaultPhase string

const (
	Coming  FaultPhase = "coming"  // it is looked how things are before
	InForce FaultPhase = "inforce" // until restored
	Undoing FaultPhase = "undoing"
	After   FaultPhase = "after" // undone; it is looked what comes after
)

// FaultState is a fault, or an action on services, under way.
type FaultState struct {
	Kind, Target string // a node's host name, or a service; "" for several services
	Phase        FaultPhase
	Since        time.Time // injected; zero before
	Until        time.Time // undone by then at the latest, from the side of the run; zero if nobody knows
	Settled, Of  int       // services that have come back
	ByHand       bool      // undone by hand
}

// RunState is where the class's run stands.
type RunState struct {
	On       bool
	ID       string // once it is recorded
	Who      string
	Options  RunOptions
	Began    time.Time
	Stage    Stage
	Done, Of int // requests, or students, of the stage
	// ETA is when it ends if all goes as planned; zero if nobody knows.
	ETA     time.Time
	Student string // that something was done of last
	Fault   *FaultState
	// Notes are what there was to know, as it came, the newest; those of the last run while there is none.
	Notes []Noted
	// Stuck is what to type if the program ends now; else what a run or a self-check could not undo.
	Stuck *action.Stuck
	// Last is how the last run since the start ended; nil if there was none.
	Last *RunEnded

	requests bool // the stage's steps are of requests
}

// RunEnded is how a run ended.
type RunEnded struct {
	ID      string
	At      time.Time
	Stopped bool // by hand, or since the desk goes down; it can be resumed
	Undone  bool // a fault was undone by hand
	Healed  bool // it was no run: what was left was undone, as far as Stuck does not tell of it
	// Failed is why it did not come to its end; Stuck what could not be undone.
	Failed []*diag.Failure
	Stuck  []*action.Stuck
	Notes  []Noted // what there was to know
}
