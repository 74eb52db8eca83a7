package action

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// HealOptions say how a fault that a killed grader left is undone.
type HealOptions struct {
	// Dial opens the swarm that the journal names; the function it gives closes
	// it.
	Dial func(ctx context.Context, conf roster.Cluster) (Cluster, func() error, error)
	// Note is told each step; may be nil.
	Note func(i18n.Msg)
	// RestoreTimeout bounds undoing; 0 is the default.
	RestoreTimeout time.Duration
	// Injector replaces the one that the journal's spec asks for; for tests.
	Injector Injector
}

// Heal undoes the fault that a journal holds, if any, and notes that it did. It
// may be called any number of times; a journal that is not there is one without
// a fault. rec is the fault that was undone, nil if there was none.
//
// Like [Session.Restore] it is not stopped by the end of ctx once it has begun
// to undo, and gives a *[Stuck] if the target is not back. A *[diag.Failure] with
// Code "busy" says that a living grader holds the journal.
func Heal(ctx context.Context, path string, opt HealOptions) (rec *Record, out Outcome, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, out, nil
	}
	j, err := OpenJournal(path)
	if err != nil {
		return nil, out, err
	}
	defer j.Close()
	rec, err = j.Pending()
	if err != nil || rec == nil {
		return nil, out, err
	}
	if rec.Conn.Sim != "" {
		// It lived within the grader and ended with it.
		return rec, out, j.step(rec, StepDone)
	}
	start := time.Now()
	s := &Session{
		rec: rec, outcome: Outcome{Injecting: -1, Injected: -1, Restoring: -1, Restored: -1},
		opt: Options{
			Journal: j, Class: rec.Class, Run: rec.Run, Spec: rec.Spec, Conn: rec.Conn, Note: opt.Note,
			RestoreTimeout: opt.RestoreTimeout, At: func() int64 { return time.Since(start).Milliseconds() },
			Injector: opt.Injector,
		},
	}
	if opt.Injector == nil {
		// Without a swarm it can tell what to type, and node-stop works.
		if s.opt.Injector, err = New(rec.Fault.Kind, rec.Spec, nil); err != nil {
			return rec, out, s.stuck(err)
		}
	}
	dial := func(ctx context.Context) (closing func() error, err error) {
		if s.opt.Cluster, closing, err = opt.Dial(ctx, rec.Conn); err == nil && opt.Injector == nil {
			s.opt.Injector, err = New(rec.Fault.Kind, rec.Spec, s.opt.Cluster)
		}
		return closing, err
	}
	closing, err := dial(ctx)
	if err != nil && takesEngine(rec.Fault.Kind) {
		// The fault itself may be why no manager answers.
		closing, err = s.dialAfter(ctx, dial, err)
	}
	if err != nil {
		return rec, out, s.stuck(err)
	}
	defer func() { _ = closing() }()
	c := s.opt.Cluster
	if takesEngine(rec.Fault.Kind) {
		c.Avoid(rec.Fault.NodeID)
	}
	err = s.Restore(ctx)
	return rec, s.outcome, err
}

// dialAfter undoes the fault first and then waits for a manager to answer.
func (s *Session) dialAfter(ctx context.Context, dial func(context.Context) (func() error, error), why error) (closing func() error, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTimeout)
	defer cancel()
	if err := s.opt.Injector.Restore(ctx, s.rec.Fault); err != nil {
		return nil, errors.Join(why, err)
	}
	err = again(ctx, func() error {
		closing, err = dial(ctx)
		return err
	})
	return closing, err
}
