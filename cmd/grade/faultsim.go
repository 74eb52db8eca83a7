package main

import (
	"context"

	"swarmgrade/fixtures/sim"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/swarm"
)

// simInjector stops nodes of the embedded cluster.
type simInjector struct{ sim *sim.Cluster }

func (i simInjector) Inject(_ context.Context, f evidence.Action) error {
	return i.sim.FailNode(f.Hostname)
}

func (i simInjector) Restore(_ context.Context, f evidence.Action) error {
	return i.sim.RecoverNode(f.Hostname)
}

// endingCluster is an embedded cluster under a fault: once the run is over, it
// ends with the process, so that nothing on it need be started again.
type endingCluster struct {
	*swarm.Cluster
	run context.Context
}

func (c endingCluster) Containers(ctx context.Context, nodeID string) ([]evidence.Container, bool, error) {
	if c.run.Err() != nil {
		return nil, false, nil
	}
	return c.Cluster.Containers(ctx, nodeID)
}

func (c endingCluster) StartContainer(ctx context.Context, nodeID, id string) error {
	if c.run.Err() != nil {
		return nil
	}
	return c.Cluster.StartContainer(ctx, nodeID, id)
}
