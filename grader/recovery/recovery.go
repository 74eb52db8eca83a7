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
//
// A reading that got no answer is no sample: it neither shows a recovery nor
// breaks one. One request in twenty may get lost while a recovery holds, since
// a loaded machine loses some; an answer by anybody else may not.
package recovery

import (
	"strings"

	"swarmgrade/grader/evidence"
)

// UsualBound is how many seconds a recovery may take in a swarm with the usual
// heartbeat of 5 s, its leader alive, and no restart delay.
const UsualBound = 60.0

// How long things take in a swarm whose heartbeat is the usual 5 s, in seconds.
// A lost node is down after 8 to 17 s, its tasks run elsewhere after 14 to 25 s
// where the image is at hand; with the leader lost, an election and six beats
// more come before that.
const (
	usualBeat   = 5.0
	leaderBound = 120.0
	lateShare   = 0.5  // of a bound, in which late is told from never
	usualHold   = 10.0 // for windows that do not say
	settling    = 10.0 // from "down" until every node's mesh knows, amply
	detection   = 20.0 // from the fault until a target that is not seen down should have been
)

// Why nothing can be concluded.
const (
	NoWindow    = "no-window"    // no fault was injected for this student
	NotInjected = "not-injected" // the injection did not come to its end
	NoBaseline  = "no-baseline"  // no reading of the tasks from before the fault
	NotHit      = "not-hit"      // no task of the service was hit
	NotDown     = "not-down"     // the target was not seen to go
	Unseen      = "unseen"       // cut short, or too little could be seen, and no recovery is shown
)

// Story is what a fault window shows of one service.
type Story struct {
	// Open says why nothing can be concluded, "" if something can. Hit and the
	// moments are filled as far as they are known.
	Open string
	// Hit are the places of the tasks that ran on the target when the fault was
	// injected, or of the one that was killed; Before is how many ran in all.
	Hit    []Slot
	Before int
	// Wanted is how many tasks must run again: those asked for, without a global
	// service's task on the lost node, which has no other place.
	Wanted int
	// Running is how many tasks ran as they should in the last reading before
	// the fault was undone, in the evidence so far.
	Running int
	// Struck is when the fault was first felt: at the end of the injection, or
	// before that with the first request that failed while it was under way (an
	// engine takes its time to stop) or with Down. Seconds count from it.
	Struck int64
	// Down is when the target was seen down (drained, the task gone); Replaced
	// when every slot had its task running again; Answering from when on each of
	// those containers answered. Recovered is the last of the three, if all of
	// it held from then on; without it, Replaced and Answering are those of the
	// last try.
	Down      int64
	Replaced  int64
	Answering int64
	Recovered int64
	// Seconds is from Struck to Recovered, -1 without it. Bound is how
	// many a recovery may take: 60 (120 if the leader was lost, both more where
	// the heartbeat is slower than 5 s, and where the managers saw the target
	// down unusually late), and the service's restart delay, which Delay is.
	Seconds, Bound, Delay float64
	// Soonest is after how many seconds the service may have recovered if all was
	// well while the grader's own machine was late, or sent too few probes; -1 if
	// that can't be. It is Seconds where nothing was late.
	Soonest float64
	// LateSeconds are for how many seconds from Struck on the machine was late, up
	// to the last moment that can show a recovery.
	LateSeconds float64
	// RolledBack says that the swarm has made tasks of the version from before an
	// update again; they count as not replaced.
	RolledBack bool
	// Requests are what the probes brought.
	Requests Requests
	// Tasks are the newest task of each slot in that last reading, Troubles the
	// engine's words on tasks made after the fault that did not come to run,
	// newest first: what stands in the way.
	Tasks    []evidence.Task
	Troubles []string
}

// Slot is one place that the fault hit.
type Slot struct {
	Slot int    // 0 for a global service
	Task string // the ID of the task that was lost
	// New is the task in its place in the last reading, "" if there is none;
	// Runs says that it runs on a ready node other than the target (for a killed
	// task: on any), NodeID where it is.
	New    string
	NodeID string
	Runs   bool
}

// Replacements is how many of the hit places have a new task that runs.
func (s *Story) Replacements() int {
	n := 0
	for _, h := range s.Hit {
		if h.Runs {
			n++
		}
	}
	return n
}

// Alone reports whether the fault took every task of the service.
func (s *Story) Alone() bool { return len(s.Hit) > 0 && len(s.Hit) >= s.Before }

// Takes reports whether an action of a kind takes tasks away, so that there is something
// to see come back.
func Takes(kind string) bool {
	switch kind {
	case "node-stop", "node-drain", "command", "task-kill", "container-kill", "update":
		return true
	}
	return false
}

// Read finds a service's story. Svc is the service as it was before the fault;
// w and p may be nil. The window may still be going on.
func Read(w *evidence.Window, p *evidence.Probing, svc *evidence.Service, swarm evidence.Swarm) Story {
	return Sort(w).Read(w, p, svc, swarm)
}

// Read is the function, of readings that are sorted already: w's, or another window's with the same
// polls.
func (x *Readings) Read(w *evidence.Window, p *evidence.Probing, svc *evidence.Service, swarm evidence.Swarm) Story {
	s, _ := read(x, w, p, svc, swarm)
	return s
}

// Settled reports whether nothing more is to be waited for on this service's
// account: it recovered and held, the fault did not hit it, or its time and
// what is needed to tell late from never are over. now is the time on the run's
// clock.
func Settled(w *evidence.Window, p *evidence.Probing, svc *evidence.Service, swarm evidence.Swarm, now int64) bool {
	s, r := read(Sort(w), w, p, svc, swarm)
	switch {
	case s.Recovered >= 0 || s.Open == NotHit || s.Open == NoBaseline || s.Open == NoWindow:
		return true
	case r == nil || w.Injected < 0:
		return false
	}
	return now >= w.Injected+r.clock(s.Bound*(1+lateShare))+r.hold
}

// LimitMS is how long after the injection a window must be watched, on the
// clock, for the story of every one of the services to be told.
func LimitMS(a evidence.Action, services []*evidence.Service, swarm evidence.Swarm, speed float64) int64 {
	longest := 0.0
	for _, svc := range services {
		longest = max(longest, bound(a, svc, swarm, speed))
	}
	return int64((longest*(1+lateShare) + usualHold) * 1000 / pace(speed))
}

// bound is how many seconds a recovery may take, or an update.
func bound(a evidence.Action, svc *evidence.Service, swarm evidence.Swarm, speed float64) float64 {
	most := UsualBound
	switch {
	case a.Kind == "update":
		return min(UsualBound+float64(waves(svc))*(eachWave+waveDelay(svc)), longestUpdate)
	case a.Leader:
		most = leaderBound
	}
	beat := float64(swarm.HeartbeatMS) / 1000 * pace(speed)
	return most*max(1, beat/usualBeat) + delay(svc)
}

// How long an update takes, in seconds: of each wave of it a container that is asked
// to stop has 10 to do so, and another as much to come up. A class can't wait longer
// than the longest.
const (
	eachWave      = 20.0
	longestUpdate = 240.0
)

// waves is how many times an update replaces some of a service's tasks. Where nothing
// is said, one is replaced after the other.
func waves(svc *evidence.Service) int {
	n, at := max(1, svc.Replicas), 1
	if svc.Update != nil {
		if at = svc.Update.Parallelism; at == 0 { // all at once
			at = n
		}
	}
	return (n + at - 1) / at
}

func waveDelay(svc *evidence.Service) float64 {
	if svc.Update == nil {
		return 0
	}
	return float64(svc.Update.DelayMS) / 1000
}

func delay(svc *evidence.Service) float64 { return float64(svc.Restart.DelayMS) / 1000 }

func pace(speed float64) float64 {
	if speed <= 0 {
		return 1
	}
	return speed
}

func global(svc *evidence.Service) bool { return strings.HasPrefix(svc.Mode, "global") }
