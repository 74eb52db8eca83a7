package grader

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/observe"
)

// episodes does what the rubric's actions say, one after the other. What an earlier
// try has seen is not done again.
func (x *flow) episodes(ctx context.Context) error {
	for i := range x.plan.Episodes {
		e := &x.plan.Episodes[i]
		concerned, err := x.episode(ctx, e)
		if err != nil {
			return err
		}
		if err := x.keep.SaveDrafts(ctx, x.run, concerned); err != nil {
			return err
		}
	}
	return nil
}

// episode does one action to the service of each student who is concerned, side by
// side, observes what comes of it, and undoes it, whatever happens in between.
func (x *flow) episode(ctx context.Context, e *observe.Episode) (concerned []*evidence.Bundle, err error) {
	e.Students = slices.DeleteFunc(e.Students, func(t observe.Touched) bool {
		b := x.bundle(t.Student)
		return b == nil || b.Episode(e.ID) != nil
	})
	for _, t := range e.Students {
		concerned = append(concerned, x.bundle(t.Student))
	}
	var watched []observe.Watched
	acts := acts{x: x, episode: e}
	if e.Touches() > 0 && x.undone() {
		e.LeaveOut(leftOut)
	}
	if e.Touches() > 0 {
		now, err := x.quiet(ctx, e.InTheWay)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			x.j.g.note("cli.no_after", "error", sentence(err))
			e.LeaveOut(evidence.Gap{What: "action", Code: "unreachable", Detail: err.Error()})
		default:
			acts.now = now
			e.Again(now)
			x.plan.Spare(e, now, x.bundle)
			watched = x.plan.Watched(e, now)
		}
	}
	if len(watched) > 0 {
		err = acts.window(ctx, watched)
	} else {
		err = acts.do(ctx)
	}
	if err == nil && !acts.brokenOff() && !acts.givenUp() && len(acts.done) > 0 {
		err = acts.watch(ctx)
	}
	err = errors.Join(err, acts.undo(ctx))
	for _, t := range e.Students {
		if t.Gap != nil {
			into := x.bundle(t.Student).Begin(e.ID)
			into.Gaps = append(into.Gaps, *t.Gap)
		}
	}
	// An episode is kept whole or not at all: whoever goes on after a kill does it again.
	if err == nil && acts.seen != nil {
		_, err = x.keep.SaveWindow(ctx, x.run, e.ID, acts.seen, nil, acts.probed)
	}
	return concerned, err
}

// acts are an episode's action as it is in force.
type acts struct {
	x       *flow
	episode *observe.Episode
	closing func() error       // of the journal
	now     *evidence.Snapshot // taken right before; nil if it is not done

	mu sync.Mutex
	// done is whom it was done to, sessions what is to be undone: one for each of
	// them, or one for all.
	done     []observe.Touched
	sessions []*action.Session
	told     bool // it was said that something is in force
	// seen is the window, of those who were probed; nil for none.
	seen   *evidence.Window
	probed []*evidence.Bundle
	// failed is why a window's action could not be begun.
	failed error
}

// do begins the action for everybody for whom it can be done. Whoever it can't be
// done for gets a gap; the error is one that ends the run.
func (a *acts) do(ctx context.Context) error {
	e, x := a.episode, a.x
	if e.Touches() == 0 {
		return nil
	}
	opt := action.Options{Cluster: x.conn, Class: x.j.Class.Name, Run: x.run, At: x.at}
	var err error
	if opt.Injector, err = action.New(e.Kind, x.j.Class.Fault, action.Sharing(x.conn)); err != nil {
		return err
	}
	closing, err := x.journalled(&opt)
	if err != nil {
		return err
	}
	a.closing = closing
	x.j.g.note("observe.acting", "action", e.Title, "n", e.Touches())
	a.hold(opt.Injector)
	if e.Class() {
		return a.doNode(ctx, opt)
	}
	var g errgroup.Group
	g.SetLimit(max(1, x.j.Class.Settings.Parallel))
	for i := range e.Students {
		t := &e.Students[i]
		if t.Gap != nil {
			continue
		}
		g.Go(func() error {
			s, err := action.Begin(ctx, opt, t.Action)
			if err == nil {
				a.mu.Lock()
				a.done, a.sessions = append(a.done, *t), append(a.sessions, s)
				a.mu.Unlock()
				return nil
			}
			if ends(ctx, err) {
				return err
			}
			t.Gap = &evidence.Gap{What: "action", Code: gapCode(err), Detail: err.Error()}
			return nil
		})
	}
	err = g.Wait()
	slices.SortFunc(a.done, func(p, q observe.Touched) int { return x.place(p.Student) - x.place(q.Student) })
	return err
}

// ends reports whether what went wrong with an action ends the run.
func ends(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.As(err, new(*action.Stuck)) || slices.Contains(observe.Halting, diag.Code(err))
}

// window does the action while everybody concerned is probed, until each service has
// come back or had its time. Undoing is not part of it.
func (a *acts) window(ctx context.Context, services []observe.Watched) error {
	for i := range services {
		student := services[i].Student
		services[i].Off = func() bool { return !a.did(student) }
	}
	seen, probings, err := a.x.look(ctx, a, a.episode.Done(), services)
	if err = errors.Join(err, a.failed); err != nil {
		return err
	}
	for i, s := range services {
		if b := a.x.bundle(s.Student); a.did(s.Student) {
			b.Begin(a.episode.ID).Probing = probings[i]
			a.seen, a.probed = seen, append(a.probed, b)
		}
	}
	return nil
}

// Break begins the action and has it watched; it is [observe.Breaker] for a window.
func (a *acts) Break(ctx context.Context, _ evidence.Action, _ time.Duration, watch func(context.Context) error) (action.Outcome, error) {
	out := action.Outcome{Injecting: -1, Injected: -1, Restoring: -1, Restored: -1}
	begun := a.x.at()
	if a.failed = a.do(ctx); a.failed != nil || len(a.done) == 0 {
		return out, a.failed
	}
	out.Injecting, out.Injected = begun, a.x.at()
	err := watch(ctx)
	out.Restoring = a.x.at()
	return out, err
}

// did reports whether the action was done to a student's service.
func (a *acts) did(student string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.done, func(t observe.Touched) bool { return t.Student == student })
}

// hold says what a person would type if this process ended at once.
func (a *acts) hold(inj action.Injector) {
	x := a.x
	var all []*action.Stuck
	if n := a.episode.Node; n != nil {
		all = append(all, action.NewStuck(*n, x.j.Class.Name, inj, nil))
	}
	for _, t := range a.episode.Students {
		if t.Gap == nil && a.episode.Node == nil {
			all = append(all, action.NewStuck(t.Action, x.j.Class.Name, inj, nil))
		}
	}
	x.j.g.tell(Held{action.Together(all), x.conn.Passing})
	a.told = true
}

// gapCode is a gap's word for why an action could not be done.
func gapCode(err error) string {
	if code := diag.Code(err); code == "changed" || code == "taken" {
		return code
	}
	return "internal"
}

// place is where a student stands in the plan.
func (x *flow) place(student string) int {
	return slices.IndexFunc(x.plan.Students, func(s observe.Student) bool { return s.Who.ID == student })
}

// watch drives the load while the action is in force, between two snapshots.
func (a *acts) watch(ctx context.Context) error {
	x, id := a.x, a.episode.ID
	var ids []string
	var bundles []*evidence.Bundle
	for _, t := range a.done {
		ids, bundles = append(ids, t.Student), append(bundles, x.bundle(t.Student))
		bundles[len(bundles)-1].Begin(id).Action = &t.Action
	}
	whole := ctx
	ctx, cancel := x.untilUndone(ctx)
	defer cancel()
	err := observe.Settle(ctx, x.conn, x.at, x.snap.Swarm, observe.Services(a.done))
	if err != nil {
		return a.unless(whole, err)
	}
	err = x.during(ctx, id, During, bundles, func(snap *evidence.Snapshot) (*observe.Plan, []*evidence.Bundle) {
		return x.plan.During(id, ids, snap, x.bundle), bundles
	})
	if err == nil {
		a.held(ctx)
	}
	return a.unless(whole, err)
}

// held leaves open what was seen of a service, or of all with a node, that somebody
// changed while the action was in force.
func (a *acts) held(ctx context.Context) {
	kind, _ := action.Find(a.episode.Kind)
	if kind.Holds == nil {
		return
	}
	if n := a.episode.Node; n != nil {
		if holds, err := kind.Holds(ctx, a.x.conn, *n); err == nil && !holds {
			a.episode.LeaveOut(evidence.Gap{What: "action", Code: "node-changed"})
		}
		return
	}
	var g errgroup.Group
	g.SetLimit(max(1, a.x.j.Class.Settings.Parallel))
	for _, t := range a.done {
		g.Go(func() error {
			if holds, err := kind.Holds(ctx, a.x.conn, t.Action); err == nil && !holds {
				a.episode.Miss(t.Student, "changed")
			}
			return nil
		})
	}
	_ = g.Wait()
}

// undo puts everything back, all of it whatever becomes of one.
func (a *acts) undo(ctx context.Context) error {
	if a.closing == nil {
		return nil
	}
	errs := make([]error, len(a.sessions), len(a.sessions)+1)
	var g errgroup.Group
	g.SetLimit(max(1, a.x.j.Class.Settings.Parallel))
	for i, s := range a.sessions {
		g.Go(func() error {
			errs[i] = s.Restore(ctx)
			return nil
		})
	}
	_ = g.Wait()
	err := errors.Join(append(errs, a.closing())...)
	if a.told {
		a.x.j.g.tell(LetGo{len(a.done) > 0 && !errors.As(err, new(*action.Stuck))})
	}
	return err
}
