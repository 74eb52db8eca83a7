package action

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// Restore undoes the fault, waits until the target is back, starts again what
// stopped with it, and lets go of the swarm. The end of ctx does not stop it; it
// takes RestoreTimeout at most (what is the grader's own less), or until the timer on the node has gone off. A
// second call only gives the first one's error, which is a *[Stuck] if the
// target is not back.
func (s *Session) Restore(ctx context.Context) error {
	if s.done {
		return s.err
	}
	s.done = true
	limit := s.opt.RestoreTimeout
	if limit == 0 {
		if limit = restoreTimeout; s.kind.Scope == Own {
			limit /= 3 // nobody waits for it
		}
	}
	if !s.rec.Timer.IsZero() {
		// The clock on the wall may have been set back since: what is left is never
		// longer than the whole was.
		left := min(time.Until(s.rec.Timer), s.rec.Timer.Sub(s.rec.Time))
		limit = max(limit, left+restoreTimeout/3)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	if s.release != nil {
		defer s.release()
	}
	s.err = s.undo(ctx)
	return s.err
}

// undo goes through the steps that are left. It does not let a journal that
// can't be written keep it from any of them.
func (s *Session) undo(ctx context.Context) error {
	var unwritten []error
	step := func(step string) { unwritten = append(unwritten, s.step(step)) }
	early := s.rec.Step == StepPlanned || s.rec.Step == StepLocking
	s.outcome.Untouched = early || s.refused || s.rec.Step == StepArming || s.rec.Step == StepArmed
	unsure := s.rec.Step == StepInjecting
	say := func(key string) {
		switch {
		case s.outcome.Untouched: // what was never down is not restored
		case unsure: // it may have been
			s.note(key + "_unsure")
		default:
			s.note(key)
		}
	}
	if !early && !s.refused {
		if s.outcome.Restoring < 0 && !s.outcome.Untouched {
			s.outcome.Restoring = s.opt.At()
		}
		step(StepRestoring)
		if s.kind.Scope == Class {
			say("fault.note_restoring")
		}
		if err := s.restore(ctx); err != nil {
			return s.stuck(err)
		}
		if s.kind.Scope == Class {
			s.opt.Cluster.Avoid("")
		}
		if !s.outcome.Untouched {
			s.outcome.Restored = s.opt.At()
		}
		step(StepRestored)
		if s.kind.Scope == Class {
			say("fault.note_restored")
		}
		if s.kind.TakesEngine {
			step(StepRestarting)
			s.restart(ctx)
			step(StepRestarted)
		}
	}
	if s.journalled() {
		if err := again(ctx, func() error { return dropMark(ctx, s.opt.Cluster, s.rec) }); err != nil {
			return s.stuck(err)
		}
		step(StepDone)
	}
	return errors.Join(unwritten...)
}

// restore tries until the fault is undone and the target is back.
func (s *Session) restore(ctx context.Context) error {
	f := s.rec.Fault
	var undone bool
	var since time.Time // when the target began to look whole
	var failed error
	noticed := !s.kind.TakesEngine || s.outcome.Untouched || time.Since(s.rec.Time) > steady
	if !noticed {
		_, noticed = s.back(ctx)
	}
	for {
		if !undone {
			switch failed = s.opt.Injector.Restore(ctx, f); {
			case failed == nil:
				undone = true
			case diag.Code(failed) == "changed": // it is somebody else's by now
				s.outcome.Left = true
				s.sayLeft(failed)
				return nil
			}
		}
		err, known := s.back(ctx)
		noticed = noticed || known
		switch {
		case err != nil:
			since = time.Time{}
		case undone && noticed:
			return nil
		case since.IsZero():
			since = time.Now()
		case undone && time.Since(since) > unnoticed:
			return nil
		case s.kind.Back == nil && time.Since(since) > steady:
			// We can't enter the node, but the timer on it, or a person, did.
			return nil
		}
		if waited := Pause(ctx, retryEvery); waited != nil {
			return errors.Join(failed, err, waited)
		}
	}
}

// again repeats f until it works or ctx ends.
func again(ctx context.Context, f func() error) error {
	for {
		err := f()
		if err == nil {
			return nil
		}
		if waited := Pause(ctx, retryEvery); waited != nil {
			return err
		}
	}
}

// sayLeft tells why what was done is not undone.
func (s *Session) sayLeft(why error) {
	var f *diag.Failure
	if s.opt.Note != nil && errors.As(why, &f) {
		s.opt.Note(f.Msg)
	}
}

// back says what is missing until the target is in service again, and whether it is
// the managers who miss it.
func (s *Session) back(ctx context.Context) (missing error, noticed bool) {
	f := s.rec.Fault
	if s.kind.Back != nil {
		return s.kind.Back(ctx, s.opt.Cluster, f), false
	}
	nodes, _, err := s.opt.Cluster.Poll(ctx, s.opt.At)
	if err != nil {
		return err, true
	}
	i := slices.IndexFunc(nodes, func(n evidence.Node) bool { return n.ID == f.NodeID })
	if i < 0 {
		return &diag.Failure{Code: "failed", Msg: i18n.M("fault.node_gone", "node", f.Hostname)}, true
	}
	n := nodes[i]
	want := cmp.Or(f.Was, n.Availability)
	if n.State != "ready" || n.Availability != want || n.Role == "manager" && n.Reachability != "reachable" {
		return &diag.Failure{Code: "failed", Msg: i18n.M("fault.not_back", "node", f.Hostname, "state", n.State, "availability", n.Availability)}, true
	}
	if s.kind.TakesEngine {
		// The managers notice late that an engine is gone; it says itself that
		// it is there.
		_, _, err = s.opt.Cluster.Containers(ctx, f.NodeID)
	}
	return err, false
}

// restart starts the stand-alone containers again that stopped with the node.
// One that can't be started is told, and keeps nothing else back.
func (s *Session) restart(ctx context.Context) {
	f := s.rec.Fault
	missing := func() []Held {
		list, seen, err := s.opt.Cluster.Containers(ctx, f.NodeID)
		if err != nil || !seen {
			return nil
		}
		runs := map[string]bool{}
		for _, c := range list {
			runs[c.ID] = c.State == "running"
		}
		return slices.DeleteFunc(slices.Clone(s.rec.Containers), func(h Held) bool { return runs[h.ID] })
	}
	failed := map[string]string{}
	stopped := missing()
	left := stopped
	// A network of the swarm takes a moment to be known on a node that has just
	// come back.
	for try := 0; len(left) > 0 && try < startTries; try++ {
		if try > 0 && Pause(ctx, retryEvery) != nil {
			break
		}
		for _, h := range left {
			failed[h.Name] = "exited"
			if err := s.opt.Cluster.StartContainer(ctx, f.NodeID, h.ID); err != nil {
				failed[h.Name] = err.Error()
			}
		}
		left = missing()
	}
	for _, h := range stopped {
		s.outcome.Stopped = append(s.outcome.Stopped, h.ID)
		if !slices.Contains(left, h) {
			s.outcome.Restarted = append(s.outcome.Restarted, h.ID)
			delete(failed, h.Name)
		}
	}
	s.outcome.Failed = failed
	if len(failed) > 0 {
		s.note("fault.note_not_restarted", "names", slices.Sorted(maps.Keys(failed)))
	}
}

func (s *Session) stuck(err error) error {
	return NewStuck(s.rec.Fault, s.rec.Class, s.opt.Injector, err)
}

// Pause waits for d or for the context's end, whose error it gives.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
