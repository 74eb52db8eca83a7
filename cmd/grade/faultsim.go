package main

import (
	"context"

	"swarmgrade/fixtures/sim"
	"swarmgrade/grader/evidence"
)

// simInjector stops nodes of the embedded cluster.
type simInjector struct{ sim *sim.Cluster }

func (i simInjector) Inject(_ context.Context, f evidence.Fault) error {
	return i.sim.FailNode(f.Hostname)
}

func (i simInjector) Restore(_ context.Context, f evidence.Fault) error {
	return i.sim.RecoverNode(f.Hostname)
}
