package observe

import (
	"time"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// maxLag bounds what is waited for a HAProxy that looks its servers up: a student may
// have it do so once a day.
const maxLag = 30 * time.Second

// follower is a HAProxy that finds the tasks by their name while it runs, and so knows
// those that have just come up or gone only after a while.
type follower struct {
	until time.Time // by when it has looked, its health checks included; zero for one that does not follow
	tasks int       // that run and are to answer; 0 where not all need to
}

// follower is the one behind a target of a student who is driven since a moment; the zero
// value where there is none.
func (s *Student) follower(b *evidence.Bundle, t evidence.Target, x *lookup, since time.Time) follower {
	f := follower{tasks: s.behind[t.ID]}
	switch {
	case !t.Balanced() || f.tasks == 0:
		return follower{}
	case t.Kind != "haproxy" && t.Kind != "cookies":
		f.tasks = 0
	}
	lag := time.Duration(0)
	for i := range b.Proxies {
		lag = max(lag, haproxy.Read(&b.Proxies[i]).Lag())
	}
	if lag > 0 {
		lag = min(lag, maxLag) + warmUp
		f.until = since.Add(max(leastHold, time.Duration(float64(lag)/x.snap.Swarm.Speed())))
	}
	return f
}

// behind reports whether a load shows what a HAProxy might show that has not looked
// lately: tasks that never answered, or servers that failed.
func (f follower) behind(tr *evidence.Trace) bool {
	return !f.until.IsZero() && tr.Sent > 0 && (len(tr.Responders) < f.tasks || failed(tr) > 0)
}
