package main

import (
	"context"
	"errors"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/mention"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/report"
	"swarmgrade/loadgen"
)

// faultRun is the part of a run that injects faults, and the load after them.
type faultRun struct {
	a      *app
	j      *job
	cl     cluster
	book   *gradebook.Gradebook
	r      *observe.Runner
	prober observe.Prober
	plan   *observe.Plan
	// bundles are in the plan's order.
	bundles []*evidence.Bundle
	start   time.Time
	bar     *faultBar
}

// windows injects the plan's faults one after the other and observes each,
// then drives the load that follows. What is seen is stored as soon as a
// window is over; what an earlier try has seen is not done again.
func (x *faultRun) windows(ctx context.Context, snap *evidence.Snapshot) (err error) {
	x.bar = x.a.ui.faultBar()
	defer x.bar.stop()
	for i := range x.plan.Faults {
		f := &x.plan.Faults[i]
		services := x.plan.Watched(f, snap, func(student string) bool {
			b := x.bundle(student)
			return b == nil || b.Probing != nil
		})
		if len(services) == 0 {
			continue
		}
		if err := x.window(ctx, f, services, snap.Swarm); err != nil {
			return err
		}
		if snap, err = x.cl.Snapshot(ctx, x.r.At); err != nil {
			return err
		}
	}
	return x.later(ctx, snap.Swarm)
}

func (x *faultRun) bundle(student string) *evidence.Bundle {
	for _, b := range x.bundles {
		if b.Student.ID == student {
			return b
		}
	}
	return nil
}

func (x *faultRun) window(ctx context.Context, f *observe.Fault, services []observe.Watched, swarm evidence.Swarm) (err error) {
	b, closing, err := x.a.newBreaker(ctx, x.j, x.cl, x.r.Run, x.r.At)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closing()) }()
	w := observe.Windows{
		Watcher: x.cl, Prober: x.prober, Breaker: b, At: x.r.At, Rate: x.j.class.Settings.Rate,
		Swarm: swarm, Progress: x.bar.step,
	}
	seen, probings, err := w.Watch(ctx, f.Fault, services)
	x.bar.stop()
	if err != nil {
		return err
	}
	concerned := make([]*evidence.Bundle, len(services))
	for k, s := range services {
		concerned[k] = x.bundle(s.Student)
		concerned[k].Probing = probings[k]
	}
	told := reportFault(seen, x.start, b.failed)
	lang := x.a.lang()
	switch {
	case seen.Reason == "inject-failed":
		x.a.ui.note(lang.T("observe.inject_failed", "node", f.Fault.Hostname, "why", told.Why, "hint", told.Mend))
	case seen.End == "aborted":
		x.a.ui.note(lang.T("observe.aborted", "node", f.Fault.Hostname,
			"reason", lang.T("observe.abort_"+underscored(seen.Reason)), "detail", seen.Detail))
	}
	_, err = x.book.SaveWindow(ctx, x.r.Run, seen, told, concerned)
	return err
}

// reportFault puts a window's moments on the clock on the wall. failed is why the
// fault could not be injected.
func reportFault(w *evidence.Window, start time.Time, failed error) report.Fault {
	at := func(ms int64) time.Time {
		if ms < 0 {
			return time.Time{}
		}
		return start.Add(time.Duration(ms) * time.Millisecond).Round(0)
	}
	f := report.Fault{Kind: w.Fault.Kind, Target: w.Fault.Hostname, Injected: at(w.Injected), Restored: at(w.Restored)}
	var cluster *diag.Failure
	switch problems := diag.Failures(failed); {
	case len(problems) > 0:
		f.Why, f.Mend = problems[0].Msg, problems[0].Hint
	case errors.As(failed, &cluster):
		f.Why, f.Mend = cluster.Msg, cluster.Hint
	case failed != nil:
		f.Why, f.Mend = i18n.M("observe.abort_inject_failed"), i18n.M("observe.inject_failed_hint")
	}
	return f
}

// later drives the load that follows the faults, between two snapshots. A
// cluster that can't be read then leaves it out.
func (x *faultRun) later(ctx context.Context, swarm evidence.Swarm) error {
	var probed []*evidence.Bundle
	for _, b := range x.bundles {
		if b.Probing != nil {
			probed = append(probed, b)
		}
	}
	if len(probed) == 0 {
		return nil
	}
	var services []string
	for _, b := range probed {
		services = append(services, b.Probing.Service)
	}
	x.a.ui.note(x.a.lang().T("observe.calm", "n", len(services)))
	if err := observe.Calm(ctx, x.cl, x.r.At, swarm, services); err != nil {
		return err
	}
	settled, hash, err := x.snapshot(ctx, "snapshot/settled", probed)
	if err != nil || settled == nil {
		return err
	}
	for _, b := range probed {
		b.Settled = hash
	}
	// What came up in the window exists from now on.
	if l, ok := x.r.Loader.(loadgen.Loader); ok {
		l.Options.Known = mention.New(settled)
		x.r.Loader = l
	}
	after, into := x.plan.After(x.bundles, settled)
	bar := x.a.ui.progress("cli.progress_later", len(after.Students), after.Requests())
	x.r.Progress = bar.step
	err = x.r.Later(ctx, after, into)
	bar.stop()
	if err != nil {
		return err
	}
	_, hash, err = x.snapshot(ctx, "snapshot/final", probed)
	for _, b := range probed {
		b.Final = hash
	}
	return err
}

// snapshot takes and stores one; if the cluster can't be read that is a gap of
// everybody concerned.
func (x *faultRun) snapshot(ctx context.Context, what string, probed []*evidence.Bundle) (snap *evidence.Snapshot, hash string, err error) {
	snap, err = x.cl.Snapshot(ctx, x.r.At)
	if ctx.Err() != nil {
		return nil, "", ctx.Err()
	}
	if err != nil {
		x.a.ui.note(x.a.lang().T("cli.no_after", "error", err.Error()))
		for _, b := range probed {
			b.Gaps = append(b.Gaps, evidence.Gap{What: what, Code: "unreachable", Detail: err.Error()})
		}
		return nil, "", nil
	}
	hash, err = x.book.PutSnapshot(ctx, snap)
	return snap, hash, err
}
