package observe

import (
	"context"
	"maps"
	"slices"
	"time"

	"swarmgrade/grader/evidence"
)

const (
	calmFor   = 3 * time.Second  // how long nothing may change
	calmLimit = 20 * time.Second // what is waited for it at most
	// settleLimit is what is waited for services that were changed: images may have
	// to be fetched, and health checks to pass.
	settleLimit = 60 * time.Second
)

// Calm waits, after a fault was undone, until the tasks of the services have
// come to rest: a global service gets its task on the returned node a moment
// later, and load that runs meanwhile would tell nothing. Tasks that come to no
// rest, as those whose health check never passes, are waited for a while only.
func Calm(ctx context.Context, watcher Watcher, at func() int64, swarm evidence.Swarm, services []string) error {
	return calm(ctx, watcher, at, swarm, services, calmLimit)
}

// Settle is [Calm] for services that were changed on purpose.
func Settle(ctx context.Context, watcher Watcher, at func() int64, swarm evidence.Swarm, services []string) error {
	return calm(ctx, watcher, at, swarm, services, settleLimit)
}

func calm(ctx context.Context, watcher Watcher, at func() int64, swarm evidence.Swarm, services []string, limit time.Duration) error {
	speed := swarm.Speed()
	p := paceAt(speed)
	scaled := func(d time.Duration) time.Duration { return max(leastHold, time.Duration(float64(d)/speed)) }
	tick := time.NewTicker(p.poll)
	defer tick.Stop()
	began := time.Now()
	since := began
	var last map[string]string
	for {
		limited, cancel := context.WithTimeout(ctx, p.pollTimeout)
		_, tasks, err := watcher.Poll(limited, at)
		cancel()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil {
			now, moving := runningNow(tasks, services)
			if moving || last == nil || !maps.Equal(now, last) {
				since = time.Now()
			}
			last = now
		}
		if time.Since(since) >= scaled(calmFor) && last != nil || time.Since(began) >= scaled(limit) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// underWay are the states of a task that is about to run. "pending" is not
// among them: where no node will do, a task stays so for ever.
var underWay = []string{"new", "allocated", "assigned", "accepted", "preparing", "ready", "starting"}

// runningNow is what runs of the services, and whether something is about to.
func runningNow(tasks []evidence.Task, services []string) (running map[string]string, moving bool) {
	running = map[string]string{}
	for _, t := range tasks {
		if t.Desired != "running" || !slices.Contains(services, t.ServiceID) {
			continue
		}
		if t.State == "running" {
			running[t.ID] = t.ContainerID
		}
		moving = moving || slices.Contains(underWay, t.State)
	}
	return running, moving
}
