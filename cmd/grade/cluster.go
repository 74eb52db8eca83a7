package main

import (
	"context"

	"swarmgrade/grader/fault"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/swarm"
)

type rosterStudent = roster.Student

// cluster is an open way to a swarm.
type cluster interface {
	observe.Cluster
	fault.Cluster
	// Manager is the address of the endpoint that answers for the swarm.
	Manager() string
	Close() error
}

// connect opens the class's cluster.
func (a *app) connect(ctx context.Context, j *job) (cluster, error) {
	if a.kept != nil {
		return a.kept, nil
	}
	if j.class.Cluster.Sim != "" {
		c, err := a.connectSim(ctx, j.class.Cluster.Sim)
		if err != nil {
			return nil, err // a nil *simCluster is no nil cluster
		}
		return c, nil
	}
	return swarm.Dial(ctx, j.class.Cluster)
}
