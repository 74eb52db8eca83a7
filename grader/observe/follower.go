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
	lag   time.Duration // what it may be behind, its health checks included; 0 for one that does not follow
	tasks int           // that run and are to answer
}

// follower is the one behind a target; the zero value where there is none.
func (s *Student) follower(b *evidence.Bundle, t evidence.Target, x *lookup) follower {
	f := follower{tasks: s.behind[t.ID]}
	if !t.Balanced() || f.tasks == 0 {
		return follower{}
	}
	for i := range b.Proxies {
		f.lag = max(f.lag, haproxy.Read(&b.Proxies[i]).Lag())
	}
	if f.lag > 0 {
		f.lag = min(f.lag, maxLag) + warmUp
		f.lag = max(leastHold, time.Duration(float64(f.lag)/Speed(x.snap.Swarm.HeartbeatMS)))
	}
	return f
}

// behind reports whether a load shows what a HAProxy might show that has not looked
// lately: tasks that never answered, or servers that failed.
func (f follower) behind(tr *evidence.Trace) bool {
	return f.lag > 0 && tr.Sent > 0 && (len(tr.Responders) < f.tasks || failed(tr) > 0)
}
