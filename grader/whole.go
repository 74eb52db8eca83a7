package grader

import (
	"context"
	"errors"
	"slices"
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
}

// open opens the journal, once.
func (k *whole) open() (err error) {
	if k.closing != nil {
		return nil
	}
	x := k.x
	k.opt = action.Options{
		Cluster: x.conn, Injector: action.KeepWhole(action.Sharing(x.conn)), Class: x.j.Class.Name, Run: x.run, At: x.at,
	}
	k.sessions = map[string]*action.Session{}
	k.closing, err = x.journalled(&k.opt)
	return err
}

// keep notes in the journal, before a node is hit, what the services with tasks on it have.
// One that can't be noted is told, and keeps no fault from being made; the error is one
// that ends the run.
func (k *whole) keep(ctx context.Context, f evidence.Action, snap *evidence.Snapshot, concerned []observe.Watched) error {
	var g errgroup.Group
	g.SetLimit(max(1, k.x.j.Class.Settings.Parallel))
	for i := range snap.Services {
		svc := &snap.Services[i]
		if k.has(svc.ID) || !slices.ContainsFunc(snap.Tasks, func(t evidence.Task) bool {
			return t.ServiceID == svc.ID && t.NodeID == f.NodeID && t.Desired == "running"
		}) {
			continue
		}
		whose := svc.Name // nobody's who is graded now
		if at := slices.IndexFunc(concerned, func(w observe.Watched) bool { return w.Service.ID == svc.ID }); at >= 0 {
			whose = concerned[at].Student
		}
		keep, needed := action.Keep(snap, svc, whose)
		if !needed {
			continue
		}
		g.Go(func() error {
			s, err := action.Begin(ctx, k.opt, keep)
			switch {
			case err == nil:
				k.mu.Lock()
				defer k.mu.Unlock()
				k.sessions[svc.ID] = s
			case ends(ctx, err):
				return err
			default:
				for _, p := range diag.Failures(err) {
					k.x.j.g.tell(Note{Msg: p.Msg, Hint: p.Hint})
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func (k *whole) has(service string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.sessions[service] != nil
}

// restore brings back what is missing and lets go of the journal.
func (k *whole) restore(ctx context.Context) error {
	if k.closing == nil {
		return nil
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
