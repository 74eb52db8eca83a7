package action

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
)

// noParams are those of a kind that has none.
type noParams struct{}

func (*noParams) Validate([]string) []rubric.ParamError { return nil }

// killContainer is what [aimKill] says.
func killContainer() Kind {
	return Kind{
		Name: ContainerKill, Scope: Student,
		New:       func(_ roster.Fault, c Cluster) (Injector, error) { return containerKill{taskKill{c}}, nil },
		NewParams: func() any { return &noParams{} },
		Aim:       aimKill,
		Back:      func(context.Context, Cluster, evidence.Action) error { return nil },
	}
}

// aimKill kills (SIGKILL) one container of a replicated service: of its lowest slot
// that runs, the same one each time. What the swarm does not replace, since the
// service's restart policy forbids it, is brought back afterwards by scaling the
// service down by one and up again; replicas that were over before stay so.
func aimKill(_ any, snap *evidence.Snapshot, svc *evidence.Service, student string) (a evidence.Action, code string) {
	switch {
	case svc == nil:
		return a, "no-service"
	case svc.Mode != "replicated":
		return a, "global"
	}
	var of *evidence.Task
	for i := range snap.Tasks {
		t := &snap.Tasks[i]
		runs := t.ServiceID == svc.ID && t.Desired == "running" && t.State == "running" && t.ContainerID != ""
		if runs && (of == nil || cmp.Or(cmp.Compare(t.Slot, of.Slot), cmp.Compare(t.ID, of.ID)) < 0) {
			of = t
		}
	}
	if of == nil {
		return a, "not-running"
	}
	on := slices.IndexFunc(snap.Nodes, func(n evidence.Node) bool { return n.ID == of.NodeID && n.State == "ready" })
	if on < 0 || !slices.ContainsFunc(snap.Endpoints, func(e evidence.Endpoint) bool { return e.Reached && e.NodeID == of.NodeID }) {
		return a, "endpoint"
	}
	n := &snap.Nodes[on]
	return evidence.Action{
		Kind: ContainerKill, Student: student, Service: svc.ID, Name: svc.Name,
		NodeID: n.ID, Hostname: n.Hostname, Address: n.Address, TaskID: of.ID, ContainerID: of.ContainerID,
		Was: strconv.Itoa(svc.Replicas), Ran: ran(snap.Tasks, svc.ID),
	}, ""
}

// ran is how many of a service's tasks run or are about to.
func ran(tasks []evidence.Task, service string) string {
	_, alive := count(tasks, service)
	return strconv.FormatUint(alive, 10)
}

// had is how many tasks of a service with so many replicas are to run again: those that
// did before.
func had(a evidence.Action, replicas uint64) uint64 {
	if n, err := strconv.ParseUint(a.Ran, 10, 32); err == nil {
		return min(n, replicas)
	}
	return replicas
}

// containerKill ends one container and sees to it that there are as many as before
// afterwards.
type containerKill struct{ taskKill }

// Restore brings back what the swarm did not, and no more than ran before: what was over
// by then is over through the student's own doing. A service whose number of replicas is
// another by now is left as it is.
//
// To the managers the slot of a lost task counts as taken, by any task that it has left
// in their lists. Each time that the service shrinks by one, one of those goes.
func (k containerKill) Restore(ctx context.Context, a evidence.Action) error {
	was, err := strconv.ParseUint(a.Was, 10, 32)
	if err != nil || was == 0 {
		return nil // it killed nothing
	}
	want := had(a, was)
	for range layers {
		n, found, err := k.cluster.Replicas(ctx, a.Service)
		if err != nil || !found || n != was && n != was-1 {
			return err
		}
		// One less is our own half of it, also where a process before this one did it.
		if n == was {
			over, missing, err := k.lost(ctx, a, want)
			if err != nil || !missing {
				return err
			}
			if done, err := k.cluster.Scale(ctx, a.Service, was, was-1); err != nil || !done {
				return err
			}
			// Both changes at once are none.
			if err := k.until(ctx, goneLimit, func() bool { now, _, err := k.lost(ctx, a, want); return err == nil && now < over }); err != nil {
				return err
			}
		}
		if _, err := k.cluster.Scale(ctx, a.Service, was-1, was); err != nil {
			return err
		}
		if err := k.until(ctx, madeLimit, func() bool { _, missing, err := k.lost(ctx, a, want); return err == nil && !missing }); err != nil {
			return err
		}
	}
	return nil
}

// Keep is what sees to it that a service which loses tasks to something that is done to a
// node has as many as before afterwards; ok is false where the swarm does so by itself, or
// where none ran.
func Keep(snap *evidence.Snapshot, svc *evidence.Service, student string) (a evidence.Action, ok bool) {
	if svc == nil || svc.Mode != "replicated" || svc.Replicas == 0 || svc.Restart.Condition != "none" && svc.Restart.MaxAttempts == 0 {
		return a, false
	}
	a = evidence.Action{
		Kind: ContainerKill, Student: student, Service: svc.ID, Name: svc.Name,
		Was: strconv.Itoa(svc.Replicas), Ran: ran(snap.Tasks, svc.ID),
	}
	return a, a.Ran != "0"
}

// keeps reports whether an action is one of [Keep]'s, beside which a node may be hit.
func keeps(a evidence.Action) bool { return a.Kind == ContainerKill && a.ContainerID == "" }

// KeepWhole undoes what [Keep] says, and does nothing itself.
func KeepWhole(c Cluster) Injector { return keepWhole{containerKill{taskKill{c}}} }

type keepWhole struct{ containerKill }

func (keepWhole) Inject(context.Context, evidence.Action) error { return nil }

const (
	// layers is how many tasks that are over a slot may have left: the managers keep
	// five, and one more for the look that finds nothing missing.
	layers = 6
	// goneLimit and madeLimit are what is waited for the managers to take a task away
	// and to make one: they do either within a second.
	goneLimit = 15 * time.Second
	madeLimit = 5 * time.Second
)

// until waits for something, for a while; the error is that ctx is over.
func (k containerKill) until(ctx context.Context, limit time.Duration, seen func() bool) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for !seen() {
		if Pause(limited, retryEvery/4) != nil {
			return ctx.Err()
		}
	}
	return nil
}

// ended are the states of a task that is over.
var ended = []string{"complete", "failed", "shutdown", "rejected", "orphaned"}

// lost counts the service's tasks that are over, and reports whether fewer run, or are
// about to, than it is to have.
func (k containerKill) lost(ctx context.Context, a evidence.Action, want uint64) (over int, missing bool, err error) {
	_, tasks, err := k.cluster.Poll(ctx, noClock)
	over, alive := count(tasks, a.Service)
	return over, alive < want, err
}

// count tells of a service's tasks how many are over, and how many run or are about to.
func count(tasks []evidence.Task, service string) (over int, alive uint64) {
	for _, t := range tasks {
		switch {
		case t.ServiceID != service:
		case slices.Contains(ended, t.State):
			over++
		case t.Desired == "running" || t.Desired == "ready":
			alive++
		}
	}
	return over, alive
}

// Commands are what a person would type.
func (containerKill) Commands(a evidence.Action) []string {
	was, _ := strconv.ParseUint(a.Was, 10, 32)
	return []string{
		"docker service scale " + quote(a.Name) + "=" + strconv.FormatUint(max(was, 1)-1, 10),
		"docker service scale " + quote(a.Name) + "=" + quote(a.Was),
	}
}
