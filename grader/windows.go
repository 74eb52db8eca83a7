package grader

import (
	"context"
	"errors"
	"slices"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/result"
)

// windows injects the plan's faults one after the other and observes each,
// then drives the load that follows. What is seen is stored as soon as a
// window is over; what an earlier try has seen is not done again. Services that the
// swarm does not bring back are brought back after all that is observed.
func (x *flow) windows(ctx context.Context) (err error) {
	k := &whole{x: x}
	defer func() { err = errors.Join(err, k.restore(ctx)) }()
	snap := x.snap
	for i := range x.plan.Faults {
		f := &x.plan.Faults[i]
		seen := func(student string) bool {
			b := x.bundle(student)
			return b == nil || b.Probing() != nil
		}
		if len(x.plan.Hits(f, snap, seen)) == 0 {
			continue
		}
		// Without a newer reading the fault is watched by what was there.
		if next, err := x.quiet(ctx, func(s *evidence.Snapshot) []*evidence.Service { return x.plan.InTheWay(f, s) }); err == nil {
			snap = next
			if f.Fault.ContainerID != "" && x.plan.KillOne(snap) { // it may be another by now
				f = &x.plan.Faults[i]
			}
			x.yield(f, snap)
		} else if ctx.Err() != nil {
			return ctx.Err()
		}
		services := x.plan.Hits(f, snap, seen)
		if len(services) == 0 {
			continue
		}
		if x.undone() {
			x.leave(services)
			continue
		}
		if err := x.window(ctx, f, services, snap, k); err != nil {
			return err
		}
	}
	return x.later(ctx)
}

// quiet reads the cluster right before something is done to it, once the updates that it
// would get in the way of are over, or have had their time.
func (x *flow) quiet(ctx context.Context, inTheWay func(*evidence.Snapshot) []*evidence.Service) (*evidence.Snapshot, error) {
	return x.patience.Quiet(ctx, x.snap.Swarm, func(ctx context.Context) (*evidence.Snapshot, error) {
		return x.conn.Snapshot(ctx, x.at)
	}, inTheWay, func(of []*evidence.Service) {
		x.j.g.note("observe.updates_waited", "services", ClipList(names(of), 10))
	})
}

func ofWindow(g evidence.Gap) bool { return g.What == "window" }

func names(of []*evidence.Service) (out []string) {
	for _, s := range of {
		out = append(out, s.Name)
	}
	return out
}

// yield leaves out of a fault whom it would take an update from, and says so.
func (x *flow) yield(f *observe.Fault, now *evidence.Snapshot) {
	left, harm := x.plan.Yield(f, now)
	for _, id := range left {
		if b, gap := x.bundle(id), x.plan.Gap(id); b != nil && gap != nil {
			e := b.Begin(evidence.FaultEpisode)
			e.Gaps = append(slices.DeleteFunc(e.Gaps, ofWindow), *gap)
		}
	}
	if len(harm) > 0 {
		x.j.g.note("observe.updates_at_risk", "node", f.Fault.Hostname, "services", ClipList(names(harm), 10))
	}
}

func (x *flow) bundle(student string) *evidence.Bundle {
	for _, b := range x.bundles {
		if b.Student.ID == student {
			return b
		}
	}
	return nil
}

func (x *flow) window(ctx context.Context, f *observe.Fault, services []observe.Watched, snap *evidence.Snapshot, k *whole) error {
	b, err := x.newBreaker(f.Fault, k)
	if err != nil {
		return err
	}
	if b.opt.Journal != nil {
		if err := k.keep(ctx, f.Fault, snap, services); err != nil {
			return err
		}
	}
	seen, probings, err := x.look(ctx, b, f.Fault, services)
	if err != nil {
		return err
	}
	concerned := make([]*evidence.Bundle, len(services))
	for k, s := range services {
		concerned[k] = x.bundle(s.Student)
		e := concerned[k].Begin(evidence.FaultEpisode)
		e.Probing = probings[k]
		// What kept an interrupted try from it did not keep this one.
		e.Gaps = slices.DeleteFunc(e.Gaps, ofWindow)
	}
	told := reportFault(seen, x.start, b.failed)
	switch {
	case seen.Reason == "inject-failed":
		x.j.g.note("observe.inject_failed", "node", f.Fault.Hostname, "why", told.Why, "hint", told.Mend)
	case seen.End == "aborted":
		x.j.g.note("observe.aborted", "node", f.Fault.Hostname,
			"reason", i18n.M("observe.abort_"+underscored(seen.Reason)), "detail", seen.Detail)
	}
	_, err = x.keep.SaveWindow(ctx, x.run, evidence.FaultEpisode, seen, told, concerned)
	return err
}

// look observes a window, in which b does what is done.
func (x *flow) look(ctx context.Context, b observe.Breaker, f evidence.Action, services []observe.Watched) (*evidence.Window, []*evidence.Probing, error) {
	w := observe.Windows{
		Watcher: x.conn, Prober: x.loader, Breaker: b, At: x.at, Rate: x.j.Class.Settings.Rate,
		Swarm: x.snap.Swarm, Progress: func(p observe.WindowProgress) { x.j.g.tell(WindowStep{p}) }, Undo: x.undo,
	}
	defer x.j.g.tell(WindowEnded{})
	return w.Watch(ctx, f, services)
}

// reportFault puts a window's moments on the clock on the wall. failed is why the
// fault could not be injected.
func reportFault(w *evidence.Window, start time.Time, failed error) result.Fault {
	at := func(ms int64) time.Time {
		if ms < 0 {
			return time.Time{}
		}
		return start.Add(time.Duration(ms) * time.Millisecond).Round(0)
	}
	f := result.Fault{Kind: w.Fault.Kind, Target: w.Fault.Hostname, Injected: at(w.Injected), Restored: at(w.Restored)}
	var why *diag.Failure
	switch all := diag.Failures(failed); {
	case len(all) > 0:
		f.Why, f.Mend = all[0].Msg, all[0].Hint
	case errors.As(failed, &why):
		f.Why, f.Mend = why.Msg, why.Hint
	case failed != nil:
		f.Why, f.Mend = i18n.M("observe.abort_inject_failed"), i18n.M("observe.inject_failed_hint")
	}
	return f
}

// later drives the load that follows the faults, of whoever has not seen it in an
// earlier try.
func (x *flow) later(ctx context.Context) error {
	var probed []*evidence.Bundle
	var services []string
	todo := make([]*evidence.Bundle, len(x.bundles)) // in the plan's order
	for i, b := range x.bundles {
		if e := b.Episode(evidence.FaultEpisode); e != nil && e.Probing != nil && e.Before == "" {
			todo[i], probed, services = b, append(probed, b), append(services, e.Probing.Service)
		}
	}
	if len(probed) == 0 {
		return nil
	}
	x.j.g.note("observe.calm", "n", len(services))
	if err := observe.Calm(ctx, x.conn, x.at, x.snap.Swarm, services); err != nil {
		return err
	}
	return x.during(ctx, evidence.FaultEpisode, Later, probed, func(snap *evidence.Snapshot) (*observe.Plan, []*evidence.Bundle) {
		return x.plan.After(todo, snap)
	})
}

// during drives the load of an episode, between two snapshots. plan gives what is
// driven, by the first of them, and the bundles that it is for, in its order. A
// cluster that can't be read then leaves it out. What an interrupted try has seen of it
// is not kept: an episode is whole or not there.
func (x *flow) during(ctx context.Context, episode string, stage Stage, concerned []*evidence.Bundle,
	plan func(*evidence.Snapshot) (*observe.Plan, []*evidence.Bundle),
) error {
	from, hash, err := x.seen(ctx, "snapshot/before", episode, concerned)
	if err != nil || from == nil {
		return err
	}
	for _, b := range concerned {
		b.Begin(episode).Before = hash
	}
	// What came up meanwhile exists from now on.
	x.loader = x.loader.Knowing(from)
	todo, into := plan(from)
	r := observe.Runner{
		Cluster: x.conn, Meter: x.conn, Loader: x.loader, Run: x.run, At: x.at,
		Parallel: x.runner.Parallel, Progress: x.runner.Progress,
	}
	x.j.g.tell(Began{stage, len(todo.Students), todo.Requests()})
	observed, err := r.Observe(ctx, todo, from)
	x.j.g.tell(Ended{stage})
	if err != nil {
		return err
	}
	for k, o := range observed {
		into[k].Begin(episode).Observed(o.Bundle)
	}
	_, hash, err = x.seen(ctx, "snapshot/after", episode, concerned)
	for _, b := range concerned {
		b.Begin(episode).After = hash
	}
	return err
}

// seen is snapshot for a reading that belongs to an episode: a gap in it of everybody
// concerned if the cluster can't be read.
func (x *flow) seen(ctx context.Context, what, episode string, concerned []*evidence.Bundle) (*evidence.Snapshot, string, error) {
	snap, hash, why, err := x.snapshot(ctx)
	if why != nil {
		for _, b := range concerned {
			e := b.Begin(episode)
			e.Gaps = append(e.Gaps, evidence.Gap{What: what, Code: "unreachable", Detail: why.Error()})
		}
	}
	return snap, hash, err
}
