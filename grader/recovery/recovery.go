// Package recovery reads out of a fault window what became of one service: what
// the fault hit, and when each moment of the recovery came.
//
// It is pure: observing asks it whether a window may end early, judging turns
// its answer into verdicts, and both get the same answer from the same
// evidence. Moments are offsets in ms from the run's start, as in the evidence;
// -1 is a moment that did not come. Durations in seconds are the swarm's own:
// on an embedded cluster that runs 20 times as fast as the clock, 1 s of the
// clock is 20 s.
//
// Recovered means: the target was seen down; in every slot the newest task is
// wanted running and runs, on a node that is ready, with a container ID; slots
// that the fault hit have new tasks; requests reach exactly those containers;
// and all of that holds for 10 s. Every such moment lies before the fault is
// undone: what the returning node brings back is no recovery.
package recovery

import "swarmgrade/grader/evidence"

// Story is what a fault window shows of one service.
type Story struct {
	// Open says why nothing can be concluded: "" if something can, else
	// "no-window" (no fault was injected for this student), "not-injected" (the
	// injection did not come to its end), "no-baseline" (no reading of the tasks
	// from before the fault), "not-hit" (no task of the service was hit), or
	// "unseen" (the window was cut short, or too little of it could be seen, and
	// it does not show a recovery). Hit and the moments are filled as far as
	// they are known.
	Open string
	// Hit are the tasks that ran on the target when the fault was injected, or
	// the one that was killed, by slot; Before are all that ran then.
	Hit    []Slot
	Before int
	// Wanted is how many tasks must run again: those asked for, without a global
	// service's task on the lost node, which has no other place.
	Wanted int
	// Running is the most tasks that ran, new ones included, in the last reading
	// before the fault was undone.
	Running int
	// Down is when the target was seen down (drained, the task gone); Replaced
	// when every slot had its task running again; Answering when each of those
	// containers had answered since; Recovered is the last of the three, if all
	// of it held from then on for HoldMS; then Held is true.
	Down      int64
	Replaced  int64
	Answering int64
	Recovered int64
	Held      bool
	// Seconds is from the injection to Recovered; -1 without it. Bound is how
	// many a recovery may take: 60 (120 if the leader was lost, both more where
	// the heartbeat is slower than 5 s), and the service's restart delay.
	Seconds float64
	Bound   float64
	// Requests are what the probes brought.
	Requests Requests
	// Tasks are the newest task of each slot in that last reading: what stands
	// in the way.
	Tasks []evidence.Task
}

// Slot is one place that the fault hit.
type Slot struct {
	Slot int    // 0 for a global service
	Task string // the ID of the task that was lost
	// New is the task in its place in the last reading, "" if there is none;
	// Runs says that it runs on a ready node other than the target (for a killed
	// task: on any), and NodeID which.
	New    string
	NodeID string
	Runs   bool
}

// Requests sums up the probes of a window from the begin of the injection to
// the begin of the restoring, but for those at the target itself.
type Requests struct {
	Sent   int
	Failed int
	// Early are those sent while swarm could not have taken the lost tasks out
	// of its mesh yet; Late the others.
	EarlySent, EarlyFailed int
	LateSent, LateFailed   int
	// Outage is the longest time without an answer of the service's own, in
	// seconds of the swarm; it is known to within Resolution.
	Outage     float64
	OutageFrom int64
	Resolution float64
}

// Read finds a service's story. Svc is the service as it was before the fault;
// w and p may be nil. The window may still be going on.
func Read(w *evidence.Window, p *evidence.Probing, svc *evidence.Service, swarm evidence.Swarm) Story {
	return Story{Open: "no-window", Down: -1, Replaced: -1, Answering: -1, Recovered: -1, Seconds: -1}
}

// Settled reports whether nothing more is to be waited for on this service's
// account: it recovered and held, the fault did not hit it, or its time and a
// hold are over. now is the time on the run's clock.
func Settled(w *evidence.Window, p *evidence.Probing, svc *evidence.Service, swarm evidence.Swarm, now int64) bool {
	return false
}

// LimitMS is how long after the injection a window must be watched, on the
// clock, for the story of every one of the services to be told: the longest
// bound, half of that to tell late from never, and a hold.
func LimitMS(services []*evidence.Service, swarm evidence.Swarm, leader bool, speed float64) int64 {
	return 0
}
