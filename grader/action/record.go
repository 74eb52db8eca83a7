package action

import (
	"time"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/roster"
)

// Steps of an action, in order. Those in -ing are written before the deed, the
// others after it.
const (
	StepPlanned    = "planned"
	StepLocking    = "locking"
	StepArming     = "arming"
	StepArmed      = "armed"
	StepInjecting  = "injecting"
	StepInjected   = "injected"
	StepRestoring  = "restoring"
	StepRestored   = "restored"
	StepRestarting = "restarting"
	StepRestarted  = "restarted"
	StepDone       = "done"
)

// Record is one fault as the journal knows it: all that it takes to undo it,
// and how far it came.
type Record struct {
	Schema string          `json:"schema"`
	Class  string          `json:"class"`
	Run    string          `json:"run"`
	Fault  evidence.Action `json:"fault"`
	// Spec and Conn are the class's: how the fault is made, how the swarm is
	// reached. They name files of keys and hold no secrets.
	Spec roster.Fault   `json:"spec"`
	Conn roster.Cluster `json:"conn"`
	// Containers are the stand-alone containers that ran on the target before.
	Containers []Held `json:"containers,omitempty"`
	// Host and PID are the grader's; Time is when the fault was planned.
	Host string    `json:"host"`
	PID  int       `json:"pid"`
	Time time.Time `json:"time"`
	// Timer is when the timer on the node will have gone off, by our clock; zero
	// if the kind has none.
	Timer time.Time `json:"timer,omitzero"`

	// Step is the last one that the journal holds.
	Step string `json:"-"`
	// filed is the key that the journal has it under.
	filed string
}

// Held is a container that must run again.
type Held struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// key tells records apart that are pending at the same time: of actions for the
// class there is one at most, of the others one a student, one a service that is only
// kept whole, and one that is the grader's own. It is the one that the
// journal has it under, if it has.
func (r *Record) key() string {
	switch {
	case r.filed != "":
		return r.filed
	case r.Own():
		return "(" + r.Fault.Kind + ")" // no student's ID
	case keeps(r.Fault):
		return "(keep " + r.Fault.Service + ")"
	}
	return r.Fault.Student
}

// Own says that nobody else's is changed.
func (r *Record) Own() bool { return kindOf(r.Fault).Scope == Own }

// inTheWay is the first of some pending records that this one must not be done
// beside.
func (r *Record) inTheWay(pending []*Record) *Record {
	for _, p := range pending {
		apart := r.Own() || p.Own() || keeps(r.Fault) || keeps(p.Fault)
		same := p.key() == r.key() || r.Fault.Service != "" && p.Fault.Service == r.Fault.Service
		if !apart && (r.key() == "" || p.key() == "") || same {
			return p
		}
	}
	return nil
}
