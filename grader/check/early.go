package check

import (
	"math"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
	"swarmgrade/grader/stats"
)

// Expected is how many requests a load takes on the average whose containers take turns
// and that may end early for what is wanted.
func Expected(w stats.Want) int {
	n := inTurns(w)
	return n + int(math.Round(float64(w.Most-n)*stats.Audits))
}

// inTurns is after how many requests a load may end whose containers take turns.
func inTurns(w stats.Want) (n int) {
	s := stats.NewSettling(w)
	for settled := false; !settled && n < w.Most; n++ {
		settled = s.Next(n % max(w.Containers, 1))
	}
	return n
}

// Expected is how many of [Need.Requests] each target is expected to get where all is as
// it should be.
func (n Need) Expected(containers, targets int) int {
	most := n.Requests(containers, targets)
	if !n.Early() || containers < 1 {
		return most
	}
	return Expected(n.want(containers, targets, most))
}

// Least is how many requests each target gets at least where the load may end early:
// those that it takes the fewest containers that are asked for to show themselves.
func (n Need) Least() int {
	k, targets := max(n.Tasks, 1), 1
	if n.From == "mesh" {
		targets = manyNodes
	}
	return inTurns(n.want(k, targets, n.Requests(k, 1)))
}

// manyNodes are more than a load needs to show failures with others.
const manyNodes = 1000

func (n Need) want(containers, targets, most int) stats.Want {
	return stats.Want{Containers: containers, Spread: n.Spread, MaxErrors: n.MaxErrors, Loads: targets, Most: most}
}

// endedEarly reports whether a load had fewer requests than planned because it had
// found out what was asked of it.
func endedEarly(tr *evidence.Trace) bool { return tr.Stopped == "enough" }

// order is who gave a load's answers, in the order sent: places among tasks, or -1 for
// a failure and for somebody else; others reports that there are such. A cache's
// answers are nobody's, and which of them they are is not kept.
func (in *Input) order(svc *evidence.Service, tr *evidence.Trace, tasks []*evidence.Task) (places []int, others bool) {
	replayed := slices.ContainsFunc(tr.Responders, func(r evidence.Responder) bool { return r.Replayed > 0 })
	for _, id := range in.View.Sequence(svc, tr) {
		place := slices.IndexFunc(tasks, func(t *evidence.Task) bool { return t.ID == id })
		if replayed {
			place = -1
		}
		others = others || place < 0
		places = append(places, place)
	}
	return places, others || len(places) != tr.Sent
}

// unsettled is the first load that ended early and does not bear out what it ended for:
// that the tasks and nobody else answer, all of them, with no more failures than may be.
// Its own sequence decides, not what it says of itself. A task of the service that answered
// and has gone since was one of them. It is asked of loads with which nothing else is wrong.
func (in *Input) unsettled(svc *evidence.Service, traces []*evidence.Trace, tasks []*evidence.Task, maxErrors float64) *sight.Missing {
	for _, tr := range traces {
		if !endedEarly(tr) {
			continue
		}
		there, answered := slices.Clone(tasks), in.View.Sequence(svc, tr)
		for _, t := range in.View.Running(svc) {
			if !slices.Contains(tasks, t) && slices.Contains(answered, t.ID) {
				there = append(there, t)
			}
		}
		s := stats.NewSettling(stats.Want{Containers: len(there), Most: tr.Target.Requests, MaxErrors: maxErrors, Loads: len(traces)})
		places, others := in.order(svc, tr, there)
		settled := false
		for _, p := range places {
			settled = s.Next(p) || settled
		}
		if others || !settled {
			return notEnough(tr)
		}
	}
	return nil
}

// notEnough says that a load ended before what is judged now was found out: it was
// driven for other checks than today's, or is not what was observed.
func notEnough(tr *evidence.Trace) *sight.Missing {
	return &sight.Missing{What: "load/" + tr.Target.ID, Msg: i18n.M("check.load_short", "what", tr.Target.ID, "sent", tr.Sent)}
}

// inFull is the first load that ended early, where all requests are needed.
func inFull(traces []*evidence.Trace) *sight.Missing {
	if i := slices.IndexFunc(traces, endedEarly); i >= 0 {
		return notEnough(traces[i])
	}
	return nil
}

// ordered judges evenness by the order of the answers, of which some loads had only as
// many as settled it; ring is nil where equal shares are due.
func (in *Input) ordered(svc *evidence.Service, traces []*evidence.Trace, tasks []*evidence.Task, ring *ringRange) stats.Evenness {
	var loads []stats.Load
	for _, tr := range traces {
		places, _ := in.order(svc, tr, tasks)
		loads = append(loads, stats.Load{Answers: places, Most: tr.Target.Requests})
	}
	if ring != nil {
		return stats.JudgeOrderedShares(loads, len(tasks), ring.low, ring.high)
	}
	return stats.JudgeOrdered(loads, len(tasks))
}

// uneven is the first load that ended early and whose own order does not settle that it
// is even; nil if all bear that out.
func (in *Input) uneven(svc *evidence.Service, traces []*evidence.Trace, tasks []*evidence.Task, ring *ringRange) *sight.Missing {
	for _, tr := range traces {
		if endedEarly(tr) && !in.ordered(svc, []*evidence.Trace{tr}, tasks, ring).Settled {
			return notEnough(tr)
		}
	}
	return nil
}

// atMost is how many requests loads have at most.
func atMost(traces []*evidence.Trace) int {
	n := 0
	for _, t := range traces {
		n += t.Target.Requests
	}
	return n
}
