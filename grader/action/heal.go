package action

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"swarmgrade/grader/evidence"
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
	case h.Own():
		key = "action.healed_" + h.Fault.Kind
	case h.Fault.Student != "":
		key = worded("action.healed", h.Fault.Kind)
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
	outs, errs := make([]Outcome, len(pending)), make([]error, len(pending))
	var services []int
	var back []string // nodes that were away just now
	for i, rec := range pending {
		if kindOf(rec.Fault).Scope == Student && rec.Conn.Sim == "" {
			services = append(services, i)
			continue
		}
		outs[i], errs[i] = heal(ctx, j, rec, opt)
		if errs[i] == nil && kindOf(rec.Fault).TakesEngine && !outs[i].Untouched {
			back = append(back, rec.Fault.NodeID)
		}
	}
	for len(services) > 0 {
		services = healServices(ctx, j, pending, services, back, opt, outs, errs)
	}
	for i, rec := range pending {
		if errs[i] == nil {
			done = append(done, Healed{rec, outs[i]})
		}
	}
	return done, errors.Join(errs...)
}

// healAtOnce is how many students' services are put back side by side.
const healAtOnce = 8

// healServices undoes what was done to students' services in the swarm of the first
// of them, and gives those that are in another. Of nodes that were away it waits for the managers to
// know what went with them.
func healServices(ctx context.Context, j *Journal, all []*Record, which []int, back []string, opt HealOptions, outs []Outcome, errs []error) (others []int) {
	conf := all[which[0]].Conn
	cluster, closing, dialled := opt.Dial(ctx, conf)
	if dialled == nil {
		defer func() { _ = closing() }()
		for _, node := range back {
			ToldOf(ctx, cluster, node)
		}
	}
	opt.Dial = func(context.Context, roster.Cluster) (Cluster, func() error, error) {
		return cluster, func() error { return nil }, dialled
	}
	var g errgroup.Group
	g.SetLimit(healAtOnce)
	for _, i := range which {
		if !reflect.DeepEqual(all[i].Conn, conf) {
			others = append(others, i)
			continue
		}
		g.Go(func() error {
			outs[i], errs[i] = heal(ctx, j, all[i], opt)
			return nil
		})
	}
	_ = g.Wait()
	return others
}

// ToldOf waits, for a while, until every task that runs by the managers' word on a node that has just come
// back has a container that runs there: they hear late of those that it lost, and a service would look whole. The end
// of ctx does not stop it.
func ToldOf(ctx context.Context, c Cluster, node string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goneLimit)
	defer cancel()
	for {
		if told, seen := tasksRun(ctx, c, node); told {
			return
		} else if !seen { // there is nobody to ask
			_ = pause(ctx, unnoticed)
			return
		}
		if pause(ctx, retryEvery/4) != nil {
			return
		}
	}
}

// tasksRun reports whether the managers and a node's engine agree about what runs on it; seen is
// false where its engine can't be asked.
func tasksRun(ctx context.Context, c Cluster, node string) (agree, seen bool) {
	_, tasks, err := c.Poll(ctx, noClock)
	if err != nil {
		return false, true
	}
	list, seen, err := c.Containers(ctx, node)
	if err != nil || !seen {
		return false, seen
	}
	runs := map[string]bool{}
	for _, x := range list {
		runs[x.ID] = x.State == "running"
	}
	return !slices.ContainsFunc(tasks, func(t evidence.Task) bool {
		return t.NodeID == node && t.State == "running" && t.ContainerID != "" && !runs[t.ContainerID]
	}), true
}

var errOdd = errors.New("the journal's record does not say whose it is")

// heal undoes one action of a journal.
func heal(ctx context.Context, j *Journal, rec *Record, opt HealOptions) (out Outcome, err error) {
	if rec.Conn.Sim != "" {
		// It lived within the grader and ended with it.
		return out, j.step(rec, StepDone)
	}
	start := time.Now()
	kind, known := Find(rec.Fault.Kind)
	s := &Session{
		rec: rec, kind: kind, outcome: Outcome{Injecting: -1, Injected: -1, Restoring: -1, Restored: -1},
		opt: Options{
			Journal: j, Class: rec.Class, Run: rec.Run, Spec: rec.Spec, Conn: rec.Conn, Note: opt.Note,
			RestoreTimeout: opt.RestoreTimeout, At: func() int64 { return time.Since(start).Milliseconds() },
			Injector: opt.Injector,
		},
	}
	if known && (kind.Scope == Student) != (rec.Fault.Student != "") {
		return out, s.stuck(errOdd)
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
