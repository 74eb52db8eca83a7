package observe

import (
	"math"
	"time"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
)

// Times of a fault window on a real swarm. On an embedded cluster that runs
// faster than the clock they shrink with it, down to what requests and this
// machine need, which no speed makes shorter.
const (
	windowLead = 3 * time.Second // of probing before the fault
	windowTail = 3 * time.Second // of probing after it was undone
	windowHold = 10 * time.Second
	pollEvery  = time.Second

	leastLead = 400 * time.Millisecond
	leastHold = 500 * time.Millisecond
	leastPoll = 50 * time.Millisecond
)

// pace is the times of one window.
type pace struct{ lead, tail, hold, poll, pollTimeout time.Duration }

func paceAt(speed float64) pace {
	scaled := func(d, least time.Duration) time.Duration { return max(least, time.Duration(float64(d)/speed)) }
	p := pace{
		lead: scaled(windowLead, leastLead), tail: scaled(windowTail, leastLead),
		hold: scaled(windowHold, leastHold), poll: scaled(pollEvery, leastPoll),
	}
	p.pollTimeout = max(time.Second, 3*p.poll)
	return p
}

const (
	defaultRate = check.UsualRate // probes a second and service
	// fastBudget bounds the probes a second of all services where a faster
	// cluster asks for more of them, so that this machine is able to send them.
	fastBudget = 600.0
	// updateRate and updateBudget are those where a service is updated: a single
	// container is replaced within a second of the swarm's, of which a few probes
	// must tell. A real swarm takes longer and has what was asked for.
	updateRate   = 25.0
	updateBudget = 1500.0
)

// periodMS is the time between two probes of one of n services. A faster
// cluster is probed more often, as far as the budget goes, since all that is to
// be seen passes faster; the class's rate is never exceeded. slower is [local.Slower].
func periodMS(kind string, rate, speed float64, n, classRate int, slower float64) int64 {
	if rate <= 0 {
		rate = defaultRate
	}
	if speed > 1 {
		most, budget := rate, fastBudget
		if kind == action.Update {
			most, budget = max(rate, updateRate), updateBudget
		}
		rate = min(most*speed, max(rate, budget/slower/float64(n)))
	}
	if classRate > 0 {
		rate = min(rate, float64(classRate)/float64(n))
	}
	return max(1, int64(math.Ceil(1000/rate)))
}
