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

// HealOptions say how what a killed grader left is undone.
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

// Healed is an action that was undone, or could not be.
type Healed struct {
	*Record
	Outcome
}

// Msg says what was undone.
func (h Healed) Msg() i18n.Msg {
	key := "observe.healed"
	switch {
	case h.Fault.Student != "" && h.Left:
		key = "action.healed_left"
	case h.Fault.Student != "":
		key = "action.healed"
	case h.Untouched:
		key = "observe.healed_untouched"
	}
	return i18n.M(key, "node", h.Fault.Hostname, "service", h.Fault.Name, "student", h.Fault.Student, "was", h.Fault.Was)
}

// Heal undoes all actions that a journal holds and notes that it did. It may be
// called any number of times; a journal that is not there is one without any. It
// gives those that were undone; one that can't be keeps no other from it.
//
// Like [Session.Restore] it is not stopped by the end of ctx once it has begun
// to undo, and gives a *[Stuck] for each target that is not back. A *[diag.Failure]
// with Code "busy" says that a living grader holds the journal.
func Heal(ctx context.Context, path string, opt HealOptions) (done []Healed, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	j, err := OpenJournal(path)
	if err != nil {
		return nil, err
	}
	defer j.Close()
	pending, err := j.Pending()
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, rec := range pending {
		out, err := heal(ctx, j, rec, opt)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		done = append(done, Healed{rec, out})
	}
	return done, errors.Join(failed...)
}

// heal undoes one action of a journal.
func heal(ctx context.Context, j *Journal, rec *Record, opt HealOptions) (out Outcome, err error) {
	if rec.Conn.Sim != "" {
		// It lived within the grader and ended with it.
		return out, j.step(rec, StepDone)
	}
	start := time.Now()
	kind := kindOf(rec.Fault)
	s := &Session{
		rec: rec, kind: kind, outcome: Outcome{Injecting: -1, Injected: -1, Restoring: -1, Restored: -1},
		opt: Options{
			Journal: j, Class: rec.Class, Run: rec.Run, Spec: rec.Spec, Conn: rec.Conn, Note: opt.Note,
			RestoreTimeout: opt.RestoreTimeout, At: func() int64 { return time.Since(start).Milliseconds() },
			Injector: opt.Injector,
		},
	}
	if opt.Injector == nil {
		// Without a swarm it can tell what to type, and node-stop works.
		if s.opt.Injector, err = New(rec.Fault.Kind, rec.Spec, nil); err != nil {
			return out, s.stuck(err)
		}
	}
	dial := func(ctx context.Context) (closing func() error, err error) {
		if s.opt.Cluster, closing, err = opt.Dial(ctx, rec.Conn); err == nil && opt.Injector == nil {
			s.opt.Injector, err = New(rec.Fault.Kind, rec.Spec, s.opt.Cluster)
		}
		return closing, err
	}
	closing, err := dial(ctx)
	if err != nil && kind.TakesEngine {
		// The fault itself may be why no manager answers.
		closing, err = s.dialAfter(ctx, dial, err)
	}
	if err != nil {
		return out, s.stuck(err)
	}
	defer func() { _ = closing() }()
	if kind.TakesEngine {
		s.opt.Cluster.Avoid(rec.Fault.NodeID)
	}
	err = s.Restore(ctx)
	return s.outcome, err
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
