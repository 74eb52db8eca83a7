package action

import (
	"slices"
	"time"

	"swarmgrade/grader/evidence"
)

// AtRisk are the services of a snapshot, whoever's, that the loss of a node would do harm
// to that lasts: an update of theirs, or the way back from one, is under way, and a task
// that it made is on the node ("" for any). While the swarm watches such a task, its end is an update
// that failed, which is paused or taken back, with whatever the owner changed last. Tasks
// of before the update may go, and those that have been watched for as long as the update
// asks; so may all of a service whose updates go on whatever fails. A watch of hours is not
// respected for longer than [longestWatch], or one student would keep a class from being graded.
func AtRisk(snap *evidence.Snapshot, nodeID string) []*evidence.Service {
	var out []*evidence.Service
	for i := range snap.Services {
		s := &snap.Services[i]
		if !s.Updating() || s.Update != nil && s.Update.OnFailure == "continue" && s.UpdateState == "updating" {
			continue
		}
		if slices.ContainsFunc(snap.Tasks, func(t evidence.Task) bool {
			return t.ServiceID == s.ID && (t.NodeID == nodeID || nodeID == "") && !slices.Contains(ended, t.State) &&
				(t.Desired == "running" || t.Desired == "ready") && madeSince(t, s.Updated) && watched(t, s.Update, snap)
		}) {
			out = append(out, s)
		}
	}
	return out
}

const (
	// usualWatch is how long the swarm watches a new task of an update by itself;
	// watchSpare is for tasks that take a moment to start, and clocks that differ.
	usualWatch   = 5 * time.Second
	watchSpare   = 10 * time.Second
	longestWatch = time.Minute
)

// watched reports whether the swarm still watches a task that an update made, when a
// snapshot was taken; also where it is not known when the task was made.
func watched(t evidence.Task, policy *evidence.UpdatePolicy, snap *evidence.Snapshot) bool {
	made, err := time.Parse(time.RFC3339Nano, t.Created)
	if err != nil {
		return true
	}
	watch := usualWatch
	if policy != nil && policy.MonitorMS != nil {
		watch = time.Duration(min(*policy.MonitorMS, longestWatch.Milliseconds())) * time.Millisecond
	}
	passed := time.UnixMilli(snap.Taken).Sub(made)
	return time.Duration(float64(passed)*snap.Swarm.Speed()) < watch+watchSpare
}

// madeSince reports whether a task was made after a moment, both by the managers' clock;
// also where that is not known.
func madeSince(t evidence.Task, moment string) bool {
	made, err := time.Parse(time.RFC3339Nano, t.Created)
	since, err2 := time.Parse(time.RFC3339Nano, moment)
	return err != nil || err2 != nil || !made.Before(since)
}
