package recovery

import (
	"strconv"

	"swarmgrade/grader/evidence"
)

// reader holds a window while a service's story is read out of it.
type reader struct {
	w    *evidence.Window
	all  *Readings // of w
	p    *evidence.Probing
	svc  *evidence.Service
	pace float64
	hold int64 // ms on the clock
	end  int64 // of what can show a recovery
	shots
	old map[string]bool // IDs of the tasks from before the fault
	// rolled is the count of forced updates that an update has led to, 0 where the
	// evidence does not tell of which version tasks are.
	rolled uint64
	final  []*evidence.Task // those of the last reading
}

// clock turns seconds of the swarm into ms on the clock.
func (r *reader) clock(seconds float64) int64 { return int64(seconds * 1000 / r.pace) }

// seconds turns ms on the clock into seconds of the swarm.
func (r *reader) seconds(ms int64) float64 { return float64(ms) * r.pace / 1000 }

func read(all *Readings, w *evidence.Window, p *evidence.Probing, svc *evidence.Service, swarm evidence.Swarm) (Story, *reader) {
	s := Story{Struck: -1, Down: -1, Replaced: -1, Answering: -1, Recovered: -1, Seconds: -1, Soonest: -1}
	if w == nil || p == nil || svc == nil {
		s.Open = NoWindow
		return s, nil
	}
	s.Bound, s.Delay = bound(w.Fault, svc, swarm, w.Speed), delay(svc)
	r := &reader{w: w, all: all, p: p, svc: svc, pace: pace(w.Speed), hold: w.HoldMS}
	if r.hold <= 0 {
		r.hold = r.clock(usualHold)
	}
	r.end = r.lastMoment()
	if w.Injecting < 0 {
		s.Open = NotInjected
		return s, r
	}
	r.rolled = r.rolledTo()
	base, views := r.replay()
	if base == nil {
		s.Open = NoBaseline
		return s, r
	}
	s.Before = len(base.running)
	for _, t := range base.running {
		if r.hits(t) {
			s.Hit = append(s.Hit, Slot{Slot: t.Slot, Task: t.ID})
		}
	}
	s.Wanted = svc.Replicas
	switch {
	case global(svc) && w.Fault.Kind == "update":
		s.Wanted = s.Before
	case global(svc):
		s.Wanted = s.Before - len(s.Hit)
	}
	switch {
	case len(s.Hit) == 0:
		s.Open = NotHit
		return s, r
	case w.Injected < 0:
		s.Open = NotInjected
		return s, r
	}
	r.shots = r.attribute()
	runs := r.runs(&s, views)
	s.Struck = r.struck(s.Down)
	s.Bound += r.noticedLate(s.Down - s.Struck)
	for i := range runs {
		if r.try(&s, &runs[i]) {
			break
		}
	}
	s.Soonest = s.Seconds
	if at := r.soonest(runs); at >= 0 && (s.Recovered < 0 || at < s.Recovered) {
		s.Soonest = r.seconds(max(0, at-s.Struck))
	}
	s.LateSeconds = r.seconds(r.lateIn(s.Struck, r.end))
	r.last(&s, views)
	r.requests(&s)
	if s.Recovered < 0 {
		s.Open = r.open(&s, views)
	}
	return s, r
}

// noticedLate is what is added to a recovery's time, in seconds of the swarm,
// because the managers took unusually long to see the target down: they were
// busy, or the leader changed meanwhile. No service has a part in that.
func (r *reader) noticedLate(down int64) float64 {
	if r.w.Fault.Leader {
		return 0 // its time is in the bound
	}
	return min(max(0, r.seconds(down)-detection), leaderBound-UsualBound)
}

// lastMoment is where a recovery can be shown up to: the fault's undoing, the
// window's end, or now.
func (r *reader) lastMoment() int64 {
	switch {
	case r.w.Restoring >= 0:
		return r.w.Restoring
	case r.w.Ended >= 0:
		return r.w.Ended
	}
	end := int64(-1)
	if n := len(r.w.Polls); n > 0 {
		end = r.w.Polls[n-1].At + r.w.Polls[n-1].Took
	}
	if n := len(r.p.Probes); n > 0 {
		end = max(end, r.p.Probes[n-1].At)
	}
	return end
}

// hits reports whether the fault takes a task.
func (r *reader) hits(t *evidence.Task) bool {
	switch r.w.Fault.Kind {
	case "task-kill", "container-kill":
		return t.ID == r.w.Fault.TaskID
	case "update": // all that there was, and what the swarm has turned back to
		return r.old[t.ID] || r.turnedBack(t)
	}
	return t.NodeID == r.w.Fault.NodeID
}

// rolledTo finds whether tasks tell of which version they are: one that an update has
// made does.
func (r *reader) rolledTo() uint64 {
	to, err := strconv.ParseUint(r.w.Fault.To, 10, 64)
	if r.w.Fault.Kind != "update" || err != nil {
		return 0
	}
	for _, x := range r.all.of[r.svc.ID] {
		for _, t := range x.tasks {
			if t.Forced == to {
				return to
			}
		}
	}
	return 0
}

// turnedBack reports whether a task is of the version from before an update: of a
// rollback, if it was not there before.
func (r *reader) turnedBack(t *evidence.Task) bool { return r.rolled > 0 && t.Forced < r.rolled }

// open says why a window that shows no recovery shows nothing, or "" if it
// shows that there was none.
func (r *reader) open(s *Story, views []view) string {
	over := r.w.Injected + r.clock(s.Bound)
	seen := int64(-1)
	if len(views) > 0 {
		seen = views[len(views)-1].seen
	}
	switch {
	case s.Down < 0 && seen >= r.w.Injected+r.clock(detection):
		return NotDown
	case r.end < over || seen < over-r.hold:
		return Unseen // cut short, or the managers were silent at the end
	case s.Running >= s.Wanted && s.Wanted > 0 && s.Replaced >= 0 && s.Replaced <= over && r.end < s.Replaced+2*r.hold:
		return Unseen // back, but not watched for long enough
	case s.Replaced >= 0 && len(r.p.Targets) > 0 && !r.enough(max(s.Replaced, r.w.Injected), r.end, leastSilent*s.Wanted):
		return Unseen // too few probes were sent
	}
	return ""
}

// last fills in what stood when the fault was undone.
func (r *reader) last(s *Story, views []view) {
	if len(views) == 0 {
		return
	}
	v := &views[len(views)-1]
	s.Running = len(v.running)
	for _, t := range v.newest {
		s.Tasks = append(s.Tasks, *t)
		s.RolledBack = s.RolledBack || r.turnedBack(t) && !r.old[t.ID]
	}
	s.Troubles = r.troubles()
	for i := range s.Hit {
		h := &s.Hit[i]
		for _, t := range v.newest {
			same := t.Slot == h.Slot && (t.Slot != 0 || t.NodeID == r.w.Fault.NodeID)
			if same && t.ID != h.Task {
				h.New, h.NodeID = t.ID, t.NodeID
				h.Runs = r.good(v, t)
			}
		}
	}
}
