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
// service down by one and up again.
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
		Was: strconv.Itoa(svc.Replicas),
	}, ""
}

// containerKill ends one container and sees to it that there are as many as before
// afterwards.
type containerKill struct{ taskKill }

// Restore brings back what the swarm did not. A service whose number of replicas is
// another by now is left as it is.
func (k containerKill) Restore(ctx context.Context, a evidence.Action) error {
	was, err := strconv.ParseUint(a.Was, 10, 32)
	if err != nil || was == 0 {
		return nil // it killed nothing
	}
	n, found, err := k.cluster.Replicas(ctx, a.Service)
	if err != nil || !found {
		return err
	}
	if n == was {
		_, tasks, err := k.cluster.Poll(ctx, noClock)
		if err != nil {
			return err
		}
		if !short(tasks, a.Service, was) {
			return nil
		}
		if done, err := k.cluster.Scale(ctx, a.Service, was, was-1); err != nil || !done {
			return err
		}
	} else if n != was-1 {
		return nil
	}
	// One less is our own half of it, also where a process before this one did it. The
	// managers must have taken the slot of the lost task away by then: it counts as
	// taken, and both changes at once are none.
	if err := k.gone(ctx, a); err != nil {
		return err
	}
	_, err = k.cluster.Scale(ctx, a.Service, was-1, was)
	return err
}

// goneLimit is what is waited for a slot to be taken away: the managers do so within
// a second.
const goneLimit = 15 * time.Second

// gone waits until the killed task is no longer listed, for a while.
func (k containerKill) gone(ctx context.Context, a evidence.Action) error {
	limited, cancel := context.WithTimeout(ctx, goneLimit)
	defer cancel()
	for {
		_, tasks, err := k.cluster.Poll(limited, noClock)
		if err == nil && !slices.ContainsFunc(tasks, func(t evidence.Task) bool { return t.ID == a.TaskID }) {
			return nil
		}
		if pause(limited, retryEvery/4) != nil {
			return ctx.Err()
		}
	}
}

// short reports whether fewer tasks of a service run, or are about to, than it is to
// have.
func short(tasks []evidence.Task, service string, want uint64) bool {
	n := uint64(0)
	for _, t := range tasks {
		over := t.State == "complete" || t.State == "failed" || t.State == "shutdown" || t.State == "rejected" || t.State == "orphaned"
		if t.ServiceID == service && (t.Desired == "running" || t.Desired == "ready") && !over {
			n++
		}
	}
	return n < want
}

// Commands are what a person would type.
func (containerKill) Commands(a evidence.Action) []string {
	was, _ := strconv.ParseUint(a.Was, 10, 32)
	return []string{
		"docker service scale " + quote(a.Name) + "=" + strconv.FormatUint(max(was, 1)-1, 10),
		"docker service scale " + quote(a.Name) + "=" + quote(a.Was),
	}
}
