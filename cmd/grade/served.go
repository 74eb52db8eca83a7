package main

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"swarmgrade/fixtures/sim"
	"swarmgrade/grader"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/swarm"
)

// served is what a server has for its life: one way to the class's cluster, which all
// operations share, and the embedded cluster itself where the class has one.
type served struct {
	*desk.Shared
	a *app

	mu  sync.Mutex
	sim *sim.Cluster // nil while nobody has dialled one
}

// newServed dials nothing yet.
func (a *app) newServed() *served {
	s := &served{a: a}
	s.Shared = desk.Share(s.dial)
	return s
}

// dial opens the class's cluster; an embedded one is brought up once, and stays when it is
// dialled anew: students have typed something into it.
func (s *served) dial(ctx context.Context, of roster.Cluster) (grader.Conn, error) {
	if of.Sim == "" {
		c, err := swarm.Dial(ctx, of)
		if err != nil {
			return grader.Conn{}, err
		}
		return grader.Conn{Cluster: c, Close: func() { _ = c.Close() }}, nil
	}
	up, err := s.bringUp(ctx, of.Sim)
	if err != nil {
		return grader.Conn{}, err
	}
	c, err := swarm.Dial(ctx, roster.Cluster{Endpoints: up.Endpoints(), Nodes: up.NodeAddresses()})
	if err != nil {
		return grader.Conn{}, err
	}
	conn := s.a.simConn(ctx, &simCluster{Cluster: c, sim: up})
	// Unlike one of a single run it does not end with it: what a fault stopped is started again.
	conn.Cluster, conn.Close = c, func() { _ = c.Close() }
	return conn, nil
}

func (s *served) bringUp(ctx context.Context, scenario string) (*sim.Cluster, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sim != nil {
		return s.sim, nil
	}
	seats, err := simSeats(scenario)
	if err != nil {
		return nil, err
	}
	// As grade sim offers it: whoever can open a socket of ours is us, or root.
	up, err := s.a.bringUpSim(ctx, seats, sim.Options{Seed: cmp.Or(s.a.simSeed, simSeed), Speed: simSpeed, HostFiles: true})
	if err != nil {
		return nil, err
	}
	s.sim = up
	return up, nil
}

// warm dials the cluster, so that the first student need not wait for it.
func (s *served) warm(ctx context.Context, of roster.Cluster) error {
	c, err := s.Dial(ctx, of)
	if err == nil {
		c.Close()
	}
	return err
}

// endpoint is where an embedded cluster takes commands, "" without one.
func (s *served) endpoint() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sim == nil {
		return ""
	}
	return s.sim.Endpoints()[0]
}

// Close lets go of the cluster; an embedded one ends.
func (s *served) Close() error {
	s.Shared.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sim == nil {
		return nil
	}
	err := s.sim.Close()
	s.sim = nil
	return err
}

// deskOptions are a desk's on this cluster. What must be seen on the terminal is said there too.
func (a *app) deskOptions(s *served, sel grader.Select) desk.Options {
	whole := a.grader()
	return desk.Options{
		Select: sel,
		Grader: func() *grader.Grader {
			shown := &screen{a: a}
			return &grader.Grader{
				Dir: whole.Dir, Home: whole.Home, Samples: whole.Samples, SampleNames: whole.SampleNames, Dial: s.Dial, Load: whole.Load,
				Diagnose: whole.Diagnose, Tool: whole.Tool,
				Tell: func(e grader.Event) {
					switch e.(type) {
					case grader.Held, grader.LetGo, grader.Alarm, grader.Mind, grader.Beside:
						shown.show(e)
					}
				},
			}
		},
		Failed: func(err error) {
			if unreached := diag.Code(err); unreached == "unreachable" || unreached == "timeout" || errors.As(err, new(*swarm.Error)) {
				s.Renew()
			}
		},
	}
}
