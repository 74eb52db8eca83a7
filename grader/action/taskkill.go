package action

import (
	"context"
	"slices"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// killTask ends one container of a student's own.
func killTask() Kind {
	return Kind{
		Name: TaskKill, Says: "fault.note_killing", Heals: true,
		New: func(_ roster.Fault, c Cluster) (Injector, error) { return taskKill{c}, nil },
	}
}

// taskKill ends one container. Swarm replaces it by itself.
type taskKill struct{ cluster Cluster }

// Inject kills the container after the managers have said that it is a running
// task of the service that the fault names. What the container says of itself
// does not count, since its owner wrote it.
func (k taskKill) Inject(ctx context.Context, f evidence.Action) error {
	_, tasks, err := k.cluster.Poll(ctx, noClock)
	if err != nil {
		return err
	}
	own := f.Service != "" && f.ContainerID != "" && slices.ContainsFunc(tasks, func(t evidence.Task) bool {
		return t.ID == f.TaskID && t.ServiceID == f.Service && t.NodeID == f.NodeID && t.ContainerID == f.ContainerID &&
			t.Desired == "running" && t.State == "running"
	})
	if !own {
		return &diag.Failure{Code: "changed", Msg: i18n.M("fault.not_own", "node", f.Hostname), Hint: i18n.M("fault.changed_hint")}
	}
	return k.cluster.KillContainer(ctx, f.NodeID, f.ContainerID)
}

// Restore has nothing to do.
func (taskKill) Restore(context.Context, evidence.Action) error { return nil }
