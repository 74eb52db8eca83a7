package action

import (
	"context"
	"errors"
	"os"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

const (
	// deadmanMargin is how much longer than the window the timer on the node
	// waits, stopping Docker included, so that it never undoes a fault that is
	// still being watched.
	deadmanMargin = 30*time.Second + scriptLimit
	// restoreTimeout bounds undoing, the node's way back included.
	restoreTimeout = 3 * time.Minute
	// retryEvery is the time between two tries of undoing, and between two
	// looks at whether the node is back.
	retryEvery = time.Second
	// startTries is how often a container is tried that does not start.
	startTries = 15
	// steady is how long a node that we can't enter must look whole before it
	// counts as back: longer than managers take to notice that it is gone.
	steady = 30 * time.Second
	// unnoticed is how long a node whose engine was gone for a moment must look
	// whole, where no manager had seen it gone: they may elect a leader yet.
	unnoticed = 5 * time.Second
)

// Options are what doing an action takes.
type Options struct {
	// Cluster and Injector do the work; Journal is open and locked.
	Cluster  Cluster
	Injector Injector
	Journal  *Journal
	// Class and Run name the work for others; Spec and Conn go into the journal,
	// so that the fault can be undone without the class file.
	Class, Run string
	Spec       roster.Fault
	Conn       roster.Cluster
	// At gives the milliseconds since the run began.
	At func() int64
	// Limit is how long the fault may last, injection to restoring.
	Limit time.Duration
	// RestoreTimeout bounds undoing; 0 is the default of 3 minutes.
	RestoreTimeout time.Duration
	// Note is told each step; may be nil.
	Note func(i18n.Msg)
}

// Outcome is what a session leaves for evidence.Window; a moment that did not
// come is -1.
type Outcome struct {
	Injecting, Injected, Restoring, Restored int64
	// Stopped are stand-alone containers that ran before and not after, by ID;
	// Restarted those that run again; Failed those that don't, by name, with
	// the reason.
	Stopped, Restarted []string
	Failed             map[string]string
	// Untouched says that the target was never made to fail: at most a timer was
	// armed on it, and taken off again.
	Untouched bool
	// Left says that what was done was not undone: somebody else had changed the
	// target since, and it was left as they want it.
	Left bool
}

// Fill writes the outcome into a window.
func (o Outcome) Fill(w *evidence.Window) {
	w.Injecting, w.Injected, w.Restoring, w.Restored = o.Injecting, o.Injected, o.Restoring, o.Restored
	w.Stopped, w.Restarted = o.Stopped, o.Restarted
}

// Session is one action that was done and must be undone. It is not safe for
// concurrent use; several may share a journal and a cluster.
type Session struct {
	opt     Options
	kind    Kind
	rec     *Record
	outcome Outcome
	release func() // gives signals back; nil until they were taken
	refused bool   // the injector touched nothing
	done    bool
	err     error // of undoing
}

// Fault is what was injected.
func (s *Session) Fault() evidence.Action { return s.rec.Fault }

// Outcome is what is known so far.
func (s *Session) Outcome() Outcome { return s.outcome }

// Run injects a fault, calls watch while it lasts, and undoes it: also when the
// injection fails, watch fails or panics, or ctx ends. Undoing ignores the end
// of ctx.
//
// The error joins watch's and those of injecting and undoing; a *[Stuck] in it
// says that the fault could not be undone.
func Run(ctx context.Context, opt Options, f evidence.Action, watch func(context.Context, *Session) error) (out Outcome, err error) {
	s, err := Begin(ctx, opt, f)
	if err != nil {
		return s.outcome, err
	}
	defer func() {
		rerr := s.Restore(ctx)
		out, err = s.outcome, errors.Join(err, rerr)
	}()
	return out, watch(ctx, s)
}

// Begin injects a fault. If it fails, or panics, what was done is undone before
// it returns; the session then only tells the outcome.
func Begin(ctx context.Context, opt Options, f evidence.Action) (s *Session, err error) {
	s = &Session{opt: opt, kind: kindOf(f), outcome: Outcome{Injecting: -1, Injected: -1, Restoring: -1, Restored: -1}, done: true}
	host, _ := os.Hostname()
	s.rec = &Record{
		Class: opt.Class, Run: opt.Run, Fault: f, Spec: opt.Spec, Conn: opt.Conn,
		Host: host, PID: os.Getpid(), Time: time.Now().UTC().Round(0),
	}
	if _, ok := opt.Injector.(Armer); ok {
		s.rec.Timer = s.rec.Time.Add(opt.Limit + deadmanMargin)
	}
	if s.journalled() {
		if pending, err := opt.Journal.Pending(); err != nil {
			return s, err
		} else if beside := s.rec.inTheWay(pending); beside != nil {
			return s, pendingFailure(beside, opt.Class)
		}
	}
	if s.kind.TakesEngine {
		list, _, err := opt.Cluster.Containers(ctx, f.NodeID)
		if err != nil {
			return s, err
		}
		for _, c := range list {
			if alone(c) {
				s.rec.Containers = append(s.rec.Containers, Held{ID: c.ID, Name: nameOf(c)})
			}
		}
	}
	if s.journalled() {
		switch beside, err := opt.Journal.begin(s.rec); {
		case diag.Code(err) == "journal":
			return s, err
		case err != nil:
			return s, unwritten(opt.Journal, err)
		case beside != nil:
			return s, pendingFailure(beside, opt.Class)
		}
	}
	s.done = false
	s.release = holdPipe()
	whole := false
	defer func() {
		if !whole {
			err = errors.Join(err, s.Restore(ctx))
		}
	}()
	err = s.inject(ctx)
	whole = err == nil
	return s, err
}

// journalled is false where nothing is to be undone.
func (s *Session) journalled() bool { return !s.kind.Heals }

// pendingFailure says what must be undone first.
func pendingFailure(r *Record, class string) error {
	key, pairs := "fault.pending", []any{"node", r.Fault.Hostname, "step", r.Step}
	switch {
	case r.Own():
		key, pairs = "action.pending_"+r.Fault.Kind, nil
	case r.Fault.Student != "":
		key, pairs = "action.pending", []any{"service", r.Fault.Name, "student", r.Fault.Student}
	}
	return &diag.Failure{Code: "pending", Msg: i18n.M(key, pairs...), Hint: i18n.M("fault.pending_hint", "class", class)}
}

func nameOf(c evidence.Container) string {
	if len(c.Names) > 0 {
		return c.Names[0]
	}
	return c.ID[:min(12, len(c.ID))]
}

func unwritten(j *Journal, err error) error {
	return &diag.Failure{
		Code: "journal", Msg: i18n.M("fault.journal_unwritten", "file", j.Path()), Hint: i18n.M("fault.journal_unopened_hint"), Cause: err,
	}
}

// step notes a step before the deed; one that can't be noted is not done.
func (s *Session) step(step string) error {
	if !s.journalled() {
		s.rec.Step = step
		return nil
	}
	if err := s.opt.Journal.step(s.rec, step); err != nil {
		return unwritten(s.opt.Journal, err)
	}
	return nil
}

func (s *Session) note(key string, pairs ...any) {
	if s.opt.Note != nil {
		s.opt.Note(i18n.M(key, append([]any{"node", s.rec.Fault.Hostname}, pairs...)...))
	}
}

func (s *Session) inject(ctx context.Context) error {
	f := s.rec.Fault
	if s.journalled() {
		if err := s.step(StepLocking); err != nil {
			return err
		}
		if err := takeMark(ctx, s.opt.Cluster, s.rec); err != nil {
			return err
		}
	}
	if a, ok := s.opt.Injector.(Armer); ok {
		if err := s.step(StepArming); err != nil {
			return err
		}
		if err := a.Arm(ctx, f, s.opt.Limit+deadmanMargin); err != nil {
			s.refused = diag.Code(err) == "config" // it was not even entered
			return err
		}
		if err := s.step(StepArmed); err != nil {
			return err
		}
	}
	if err := s.step(StepInjecting); err != nil {
		return err
	}
	if s.kind.Says != "" {
		s.note(s.kind.Says, "kind", f.Kind)
	}
	if s.kind.TakesEngine {
		s.opt.Cluster.Avoid(f.NodeID)
	}
	s.outcome.Injecting = s.opt.At()
	if err := s.opt.Injector.Inject(ctx, f); err != nil {
		s.refused = diag.Code(err) == "changed"
		return err
	}
	s.outcome.Injected = s.opt.At()
	return s.step(StepInjected)
}
