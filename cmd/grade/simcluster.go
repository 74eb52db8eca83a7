package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/docker/docker/client"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/sim"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/swarm"
)

// The embedded cluster passes the swarm's own delays faster than the clock, so
// that a class is up in seconds; requests take the time they take.
const (
	simSpeed    = sim.Fast
	simParallel = 32
	simSeed     = 2024
	simWait     = 3 * time.Minute
)

// simCluster is an embedded cluster with a sample class's students on it.
type simCluster struct {
	*swarm.Cluster
	sim *sim.Cluster
	// lent says that it serves several runs, none of which closes it.
	lent bool
}

func (c *simCluster) Close() error {
	if c.lent {
		return nil
	}
	return errors.Join(c.Cluster.Close(), c.sim.Close())
}

// scratch is a directory that goes with the cluster, "" if it has none.
func (c *simCluster) scratch() string {
	if socket, ok := strings.CutPrefix(c.sim.Endpoints()[0], "unix://"); ok {
		return filepath.Dir(socket)
	}
	return ""
}

// simSeats are the students of a scenario: a sample class, or gen-N.
func simSeats(scenario string) ([]deployments.Seat, error) {
	seats, err := deployments.SampleSeats(scenario)
	if err != nil {
		return nil, usageHint(i18n.M("cli.no_sim", "sim", scenario), i18n.M("cli.no_sim_hint", "classes", deployments.Classes()))
	}
	return seats, nil
}

// startSim brings up an embedded cluster and lets a sample class's students
// loose on it.
func (a *app) startSim(ctx context.Context, scenario string) (*sim.Cluster, error) {
	seats, err := simSeats(scenario)
	if err != nil {
		return nil, err
	}
	return a.bringUpSim(ctx, seats, sim.Options{Seed: cmp.Or(a.simSeed, simSeed), Speed: simSpeed})
}

// bringUpSim starts an embedded cluster with these students on it.
func (a *app) bringUpSim(ctx context.Context, seats []deployments.Seat, opt sim.Options) (*sim.Cluster, error) {
	a.ui.note(a.lang().T("cli.sim_starting", "students", len(seats)))
	proxy, what, err := a.simProxy(ctx, sim.HAProxy{Speed: checkSpeed(opt.Speed, len(seats))})
	if err != nil {
		return nil, err
	}
	opt.Proxy, opt.Worker = proxy, playWorker
	if a.haproxy != "" && a.haproxy != proxyEmbedded {
		a.ui.note(a.lang().Text(what))
	}
	c, err := sim.New(ctx, opt)
	if err != nil {
		return nil, simFailed(err)
	}
	if socket, ok := strings.CutPrefix(c.Endpoints()[0], "unix://"); ok {
		a.litter.add(filepath.Dir(socket))
	}
	if err := a.populate(ctx, c, seats); err != nil {
		return nil, errors.Join(simFailed(err), c.Close())
	}
	return c, nil
}

// checkSpeed is how fast the students' HAProxies check their servers: as fast
// as the swarm's time passes, but all together some thousand times a second at
// most, or a big class would have the machine busy with nothing else.
func checkSpeed(speed float64, students int) float64 {
	const (
		checks = 1200    // a second
		each   = 3.0 / 2 // a second, of one HAProxy at normal speed: three servers, inter 2s
	)
	return min(speed, max(1, checks/each/float64(max(students, 1))))
}

func simFailed(err error) error {
	return &diag.Failure{Code: diag.Open, Msg: i18n.M("cli.sim_failed"), Hint: i18n.M("cli.sim_failed_hint"), Cause: err}
}

// populate deploys what each student did through the Engine API.
func (a *app) populate(ctx context.Context, c *sim.Cluster, seats []deployments.Seat) error {
	bar := a.ui.tally("cli.sim_progress", len(seats))
	defer bar.stop()
	t, err := simTargets(ctx, c)
	if err != nil {
		return err
	}
	defer func() {
		for _, n := range t.Nodes {
			n.Client.Close()
		}
	}()
	t.Files = a.simFiles
	jobs := make([]deployments.Job, len(seats))
	for i, s := range seats {
		jobs[i] = s.Job()
	}
	var failed error
	err = deployments.ApplyAll(ctx, t, jobs, simParallel, func(j deployments.Job, _ time.Duration, err error) {
		bar.step()
		if err != nil && failed == nil {
			failed = fmt.Errorf("%s: %s: %w", j.Student, j.Deployment.Name, err)
		}
	})
	return errors.Join(failed, err)
}

// simTargets are the engines of an embedded cluster, for deployments.
func simTargets(ctx context.Context, c *sim.Cluster) (deployments.Targets, error) {
	t := deployments.Targets{Wait: simWait}
	addresses := c.NodeAddresses()
	for i, name := range c.Nodes() {
		cl, err := client.NewClientWithOpts(client.WithHost(c.Endpoints()[i]), client.WithAPIVersionNegotiation())
		if err != nil {
			return t, err
		}
		cl.NegotiateAPIVersion(ctx) // before calls are made at once
		t.Nodes = append(t.Nodes, deployments.Node{Name: name, Address: addresses[name], Client: cl})
	}
	t.Manager = t.Nodes[0].Client
	return t, nil
}

// connectSim opens the embedded cluster as any other, through its endpoints.
func (a *app) connectSim(ctx context.Context, scenario string) (*simCluster, error) {
	s, err := a.startSim(ctx, scenario)
	if err != nil {
		return nil, err
	}
	return dialSim(ctx, s)
}

// dialSim takes over an embedded cluster.
func dialSim(ctx context.Context, s *sim.Cluster) (*simCluster, error) {
	c, err := swarm.Dial(ctx, roster.Cluster{Endpoints: s.Endpoints(), Nodes: s.NodeAddresses()})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &simCluster{Cluster: c, sim: s}, nil
}
