package grader

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"sync"

	"golang.org/x/sync/errgroup"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/observe"
)

// whole sees to it that services whose restart policy lets lost tasks go have all of them
// again once the class's faults, and all that is observed after them, are over: whoever's,
// since a node is everybody's. It holds the journal of the faults meanwhile.
type whole struct {
	x       *flow
	opt     action.Options
	closing func() error // of the journal; nil while it is not open

	mu       sync.Mutex
	sessions map[string]*action.Session // by service
	nodes    []string                   // that services are kept from the loss of
}

// open opens the journal, once.
func (k *whole) open() (err error) {
	if k.closing != nil {
		return nil
	}
	x := k.x
	k.opt = action.Options{
		Cluster: action.Sharing(x.conn), Class: x.j.Class.Name, Run: x.run, At: x.at,
	}
	k.sessions = map[string]*action.Session{}
	k.closing, err = x.journalled(&k.opt)
	return err
}

// keep is [flow.keepOn] for a fault. What can't be noted is told, and keeps no fault from
// being made.
func (k *whole) keep(ctx context.Context, f evidence.Action, snap *evidence.Snapshot, concerned []observe.Watched) error {
	whose := map[string]string{}
	for _, w := range concerned {
		whose[w.Service.ID] = w.Student
	}
	k.mu.Lock()
	had := maps.Clone(k.sessions)
	k.nodes = append(k.nodes, f.NodeID)
	k.mu.Unlock()
	return k.x.keepOn(ctx, k.opt, f.NodeID, snap, whose, func(svc *evidence.Service) bool { return had[svc.ID] == nil },
		func(svc *evidence.Service, s *action.Session, err error) {
			if err != nil {
				k.x.notKept(err)
				return
			}
			k.mu.Lock()
			defer k.mu.Unlock()
			k.sessions[svc.ID] = s
		})
}

// notKept says that a service was not noted.
func (x *flow) notKept(err error) {
	for _, p := range diag.Failures(err) {
		x.j.g.tell(Note{Msg: p.Msg, Hint: p.Hint})
	}
}

// keepOn notes in a journal, before a node is hit, what the wanted services with tasks on
// it have: whoever's they are; whose gives the students of some. each is told of every one
// that needs it, several at a time: a session, or why there is none. The error is one that
// ends the run.
func (x *flow) keepOn(ctx context.Context, opt action.Options, node string, snap *evidence.Snapshot, whose map[string]string,
	wanted func(*evidence.Service) bool, each func(*evidence.Service, *action.Session, error),
) error {
	opt.Injector = action.KeepWhole(opt.Cluster)
	on := map[string]bool{}
	for _, t := range snap.Tasks {
		if t.NodeID == node && t.Desired == "running" {
			on[t.ServiceID] = true
		}
	}
	var g errgroup.Group
	g.SetLimit(max(1, x.j.Class.Settings.Parallel))
	for i := range snap.Services {
		svc := &snap.Services[i]
		if !on[svc.ID] || !wanted(svc) {
			continue
		}
		keep, needed := action.Keep(snap, svc, cmp.Or(whose[svc.ID], svc.Name))
		if !needed {
			continue
		}
		g.Go(func() error {
			s, err := action.Begin(ctx, opt, keep)
			if err != nil && ends(ctx, err) {
				return err
			}
			each(svc, s, err)
			return nil
		})
	}
	return g.Wait()
}

// restore brings back what is missing and lets go of the journal.
func (k *whole) restore(ctx context.Context) error {
	if k.closing == nil {
		return nil
	}
	if len(k.sessions) > 0 {
		for _, node := range k.nodes { // a run that is broken off comes here as soon as the node is back
			action.ToldOf(ctx, k.opt.Cluster, node)
		}
	}
	var mu sync.Mutex
	var failed []error
	var g errgroup.Group
	g.SetLimit(max(1, k.x.j.Class.Settings.Parallel))
	for _, s := range k.sessions {
		g.Go(func() error {
			err := s.Restore(ctx)
			mu.Lock()
			defer mu.Unlock()
			failed = append(failed, err)
			return nil
		})
	}
	_ = g.Wait()
	return errors.Join(append(failed, k.closing())...)
}
