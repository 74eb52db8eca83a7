package fault

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"time"

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
)

// Options are what injecting a fault takes.
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
}

// Fill writes the outcome into a window.
func (o Outcome) Fill(w *evidence.Window) {
	w.Injecting, w.Injected, w.Restoring, w.Restored = o.Injecting, o.Injected, o.Restoring, o.Restored
	w.Stopped, w.Restarted = o.Stopped, o.Restarted
}

// Session is one fault that has been injected and must be undone. It is not
// safe for concurrent use.
type Session struct {
	opt     Options
	rec     *Record
	outcome Outcome
	release func() // gives signals back; nil until they were taken
	refused bool   // the injector touched nothing
	done    bool
	err     error // of undoing
}

// Fault is what was injected.
func (s *Session) Fault() evidence.Fault { return s.rec.Fault }

// Outcome is what is known so far.
func (s *Session) Outcome() Outcome { return s.outcome }

// Run injects a fault, calls watch while it lasts, and undoes it: also when the
// injection fails, watch fails or panics, or ctx ends. Undoing ignores the end
// of ctx.
//
// The error joins watch's and those of injecting and undoing; a *[Stuck] in it
// says that the fault could not be undone.
func Run(ctx context.Context, opt Options, f evidence.Fault, watch func(context.Context, *Session) error) (out Outcome, err error) {
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

// takesEngine reports whether a kind takes the target's engine away, and with
// it what runs there outside of the swarm.
func takesEngine(kind string) bool { return kind == NodeStop || kind == Command }

// Begin injects a fault. If it fails, or panics, what was done is undone before
// it returns; the session then only tells the outcome.
func Begin(ctx context.Context, opt Options, f evidence.Fault) (s *Session, err error) {
	s = &Session{opt: opt, outcome: Outcome{Injecting: -1, Injected: -1, Restoring: -1, Restored: -1}, done: true}
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
		} else if pending != nil {
			return s, &Problem{
				Code: "pending", Msg: i18n.M("fault.pending", "node", pending.Fault.Hostname, "step", pending.Step),
				Hint: i18n.M("fault.pending_hint", "class", opt.Class),
			}
		}
	}
	if takesEngine(f.Kind) {
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
		if err := opt.Journal.begin(s.rec); err != nil {
			return s, unwritten(opt.Journal, err)
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

// journalled is false of a killed task: swarm replaces it, nothing is to be
// undone and nobody else is touched.
func (s *Session) journalled() bool { return s.rec.Fault.Kind != TaskKill }

func nameOf(c evidence.Container) string {
	if len(c.Names) > 0 {
		return c.Names[0]
	}
	return c.ID[:min(12, len(c.ID))]
}

func unwritten(j *Journal, err error) error {
	return &Problem{
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
			return err
		}
		if err := s.step(StepArmed); err != nil {
			return err
		}
	}
	if err := s.step(StepInjecting); err != nil {
		return err
	}
	s.note("fault.note_injecting", "kind", f.Kind)
	if takesEngine(f.Kind) {
		s.opt.Cluster.Avoid(f.NodeID)
	}
	s.outcome.Injecting = s.opt.At()
	if err := s.opt.Injector.Inject(ctx, f); err != nil {
		s.refused = Code(err) == "changed"
		return err
	}
	s.outcome.Injected = s.opt.At()
	return s.step(StepInjected)
}

// Restore undoes the fault, waits until the target is back, starts again what
// stopped with it, and lets go of the swarm. The end of ctx does not stop it; it
// takes RestoreTimeout at most, or until the timer on the node has gone off. A
// second call only gives the first one's error, which is a *[Stuck] if the
// target is not back.
func (s *Session) Restore(ctx context.Context) error {
	if s.done {
		return s.err
	}
	s.done = true
	limit := s.opt.RestoreTimeout
	if limit == 0 {
		limit = restoreTimeout
	}
	if !s.rec.Timer.IsZero() {
		limit = max(limit, time.Until(s.rec.Timer)+restoreTimeout/3)
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
	if s.rec.Step != StepPlanned && s.rec.Step != StepLocking && !s.refused {
		if s.outcome.Restoring < 0 {
			s.outcome.Restoring = s.opt.At()
		}
		step(StepRestoring)
		s.note("fault.note_restoring")
		if err := s.restore(ctx); err != nil {
			return s.stuck(err)
		}
		s.opt.Cluster.Avoid("")
		s.outcome.Restored = s.opt.At()
		step(StepRestored)
		s.note("fault.note_restored")
		if takesEngine(s.rec.Fault.Kind) {
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
	for {
		if !undone {
			if failed = s.opt.Injector.Restore(ctx, f); failed == nil {
				undone = true
			}
		}
		err := s.back(ctx)
		switch {
		case err != nil:
			since = time.Time{}
		case undone:
			return nil
		case since.IsZero():
			since = time.Now()
		case time.Since(since) > steady:
			// We can't enter the node, but the timer on it, or a person, did.
			return nil
		}
		if waited := pause(ctx, retryEvery); waited != nil {
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
		if waited := pause(ctx, retryEvery); waited != nil {
			return err
		}
	}
}

// back says what is missing until the target is in service again.
func (s *Session) back(ctx context.Context) error {
	f := s.rec.Fault
	nodes, _, err := s.opt.Cluster.Poll(ctx, s.opt.At)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(nodes, func(n evidence.Node) bool { return n.ID == f.NodeID })
	if i < 0 {
		return &Problem{Code: "failed", Msg: i18n.M("fault.node_gone", "node", f.Hostname)}
	}
	n := nodes[i]
	want := n.Availability
	if f.Kind == NodeDrain {
		want = f.Was
	}
	if n.State != "ready" || n.Availability != want || n.Role == "manager" && n.Reachability != "reachable" {
		return &Problem{Code: "failed", Msg: i18n.M("fault.not_back", "node", f.Hostname, "state", n.State, "availability", n.Availability)}
	}
	if takesEngine(f.Kind) {
		// The managers notice late that an engine is gone; it says itself that
		// it is there.
		_, _, err = s.opt.Cluster.Containers(ctx, f.NodeID)
	}
	return err
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
		if try > 0 && pause(ctx, retryEvery) != nil {
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
	return &Stuck{Fault: s.rec.Fault, Class: s.rec.Class, Commands: s.commands(), Cause: err}
}

// commands are what a person types if all fails.
func (s *Session) commands() []string {
	var out []string
	if m, ok := s.opt.Injector.(Manual); ok {
		out = m.Commands(s.rec.Fault)
	}
	return append(out, "grade restore --class "+s.rec.Class)
}

// pause waits for d or for the context's end.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
