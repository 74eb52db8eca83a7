package result

import (
	"cmp"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/recovery"
)

// Timeline is one student's fault window, to be drawn. Times are in seconds of
// the swarm from when the fault was first felt.
type Timeline struct {
	Kind, Target string
	From, To     float64
	Probes       []TimedProbe
	Moments      []Moment
	Recovered    bool
	// Open says that nobody knows whether it would have recovered; Ended, why that is, if the
	// fault was undone before it could be seen: a reason of [evidence.Window].
	Open     bool
	Ended    string
	Requests recovery.Requests // up to the recovery, or its limit
}

// TimedProbe is one request and whether the student's own service answered.
type TimedProbe struct {
	At float64
	OK bool
}

// Moment is a mark on the timeline: struck, down, replaced, answering,
// restoring or restored.
type Moment struct {
	What string
	At   float64
}

// NewTimeline takes what is drawn from the evidence; nil if the student was in
// no fault window.
func NewTimeline(c evidence.Case) *Timeline { return TimelineOf(c, recovery.Sort) }

// TimelineOf is [NewTimeline] for many students of one window: sorted gives a window's readings.
func TimelineOf(c evidence.Case, sorted func(*evidence.Window) *recovery.Readings) *Timeline {
	w, p := c.Window(), c.Bundle.Probing()
	if w == nil || c.Before == nil || p == nil || w.Injected < 0 {
		return nil
	}
	var svc *evidence.Service
	for i := range c.Before.Services { // without a copy of each
		if s := &c.Before.Services[i]; s.ID == p.Service {
			svc = s
			break
		}
	}
	if svc == nil {
		return nil
	}
	all := sorted(w)
	story := all.Read(w, p, svc, c.Before.Swarm)
	speed := max(w.Speed, 1)
	zero := w.Injected
	if story.Struck >= 0 {
		zero = story.Struck
	}
	since := func(at int64) float64 { return float64(at-zero) / 1000 * speed }
	t := &Timeline{
		Kind: w.Fault.Kind, Target: w.Fault.Hostname, From: since(w.Began), To: since(max(w.Ended, w.Injected)),
		Recovered: story.Recovered >= 0, Open: story.Open != "", Requests: story.Requests,
	}
	if t.Open && w.End == "aborted" {
		t.Ended = w.Reason
	}
	for _, a := range all.Answers(w, p, svc) {
		t.Probes = append(t.Probes, TimedProbe{At: since(a.At), OK: a.Own})
	}
	for _, m := range []struct {
		what string
		at   int64
	}{
		{"struck", zero}, {"down", story.Down}, {"replaced", story.Replaced},
		{"answering", story.Answering}, {"restoring", w.Restoring}, {"restored", w.Restored},
	} {
		if m.at >= 0 {
			t.Moments = append(t.Moments, Moment{m.what, since(m.at)})
		}
	}
	slices.SortStableFunc(t.Moments, func(a, b Moment) int { return cmp.Compare(a.At, b.At) })
	return t
}
