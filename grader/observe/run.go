package observe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// Cluster is what observing asks of a swarm.
type Cluster interface {
	// Snapshot reads the whole cluster once; at gives offsets from the run's
	// start in ms.
	Snapshot(ctx context.Context, at func() int64) (*evidence.Snapshot, error)
	// Proxy reads one HAProxy's state and configuration.
	Proxy(ctx context.Context, ref haproxy.Ref, snap *evidence.Snapshot) (evidence.Proxy, error)
	// Names asks every engine of the snapshot what a service's name means on a
	// network; one that can't be asked has an Error. Whose name it is and when it was
	// asked is for the caller to fill in.
	Names(ctx context.Context, service, networkID string, snap *evidence.Snapshot) []evidence.NameView
}

// Loader drives load.
type Loader interface {
	// Load drives one target; an error is the grader's own trouble, failures
	// of the target are in the trace.
	Load(ctx context.Context, t evidence.Target) (evidence.Trace, error)
	// Reach reports whether a host can be reached at all: a refused connection
	// shows that it can.
	Reach(ctx context.Context, host string) error
}

// Store keeps what is observed as soon as it is, so that an interrupted run
// can be resumed.
type Store interface {
	// Traces are those kept by an earlier, interrupted try.
	Traces(ctx context.Context, student string) ([]evidence.Trace, error)
	SaveTrace(ctx context.Context, student string, t *evidence.Trace) error
}

// Runner observes students.
type Runner struct {
	Cluster  Cluster
	Meter    Meter // nil if nobody counts
	Loader   Loader
	Store    Store        // nil keeps no traces
	Run      string       // ID of the run
	At       func() int64 // ms since the run's start, monotonic
	Parallel int          // students at a time, at least 1
	// Inside looks names up within networks; nil if nobody does, for the reason that
	// NoInside's Code and Detail give.
	Inside   Inside
	NoInside evidence.Gap
	// Progress, if set, is called as targets are finished, from several
	// goroutines.
	Progress func(Progress)
	// Still, if set, is called with a student's bundle once it holds all that needs
	// no load, from several goroutines.
	Still func(b *evidence.Bundle)
}

// Progress is one step forward.
type Progress struct {
	Student  string
	Target   string // "" when the student is done
	Requests int    // of this step, as planned: at most so many
	Sent     int    // of them, and again where a load was driven twice
	Resumed  bool   // the step was done by an earlier try
	// Begins says that the load on the target begins, and nothing is done yet.
	Begins bool
}

// Observed is a student's evidence, but for the snapshot taken at the end.
type Observed struct {
	Plan   *Student
	Bundle *evidence.Bundle
}

// Observe collects the evidence of every student of the plan. The bundles come
// in the plan's order, without the After hash. The error is not nil if the
// context ended or the store failed; bundles of students who were not reached
// are nil then.
func (r *Runner) Observe(ctx context.Context, plan *Plan, snap *evidence.Snapshot) ([]Observed, error) {
	out := make([]Observed, len(plan.Students))
	unreachable := r.Unreachable(ctx, plan)
	plan.lookIn(snap)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, r.Parallel))
	for i := range plan.Students {
		g.Go(func() error {
			s := &plan.Students[i]
			b, err := r.Static(ctx, s, snap)
			if err == nil && r.Still != nil {
				r.Still(b)
			}
			if err == nil {
				err = r.drive(ctx, s, b, s.lookup(snap), unreachable)
			}
			if err != nil {
				return err
			}
			out[i] = Observed{Plan: s, Bundle: b}
			r.progress(Progress{Student: s.Who.ID})
			return nil
		})
	}
	return out, g.Wait()
}

// Static collects what needs no load: the student's HAProxy, and what engines say
// of names and what containers are told of them.
func (r *Runner) Static(ctx context.Context, s *Student, snap *evidence.Snapshot) (*evidence.Bundle, error) {
	b := &evidence.Bundle{
		Schema: evidence.BundleSchema, Run: r.Run, Task: strings.Join(s.Tasks, ","), NotUp: s.NotUp, Before: s.Before,
		Student: evidence.Student{ID: s.Who.ID, Name: s.Who.Name, Vars: s.Vars},
		Proxies: []evidence.Proxy{}, Traces: []evidence.Trace{},
	}
	x := s.lookup(snap)
	for _, ref := range s.Proxies {
		p, err := r.Cluster.Proxy(ctx, ref, snap)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			b.Gaps = append(b.Gaps, evidence.Gap{What: "proxy/" + ref.Name, Code: code(err), Detail: err.Error()})
			continue
		}
		p.Page = r.page(ctx, &p, ref, x)
		b.Proxies = append(b.Proxies, p)
	}
	s.nameHosts(b, x)
	s.witnesses = r.witnesses(s, b, x)
	if err := r.names(ctx, s, b, x); err != nil {
		return nil, err
	}
	return b, r.lookups(ctx, s, b, x)
}

// drive adds the load traces to a student's bundle.
func (r *Runner) drive(ctx context.Context, s *Student, b *evidence.Bundle, x *lookup, unreachable map[string]error) error {
	var kept []evidence.Trace
	if r.Store != nil {
		var err error
		if kept, err = r.Store.Traces(ctx, s.Who.ID); err != nil {
			return err
		}
	}
	began := time.Now()
	drive := func(t evidence.Target, step Progress) error {
		return r.one(ctx, s, b, t, step, s.follower(b, t, x, began))
	}
	for _, t := range s.Targets {
		t = s.driven(t, b, x)
		// What was counted around a load is stored with the whole evidence, so that such a load is driven
		// again: without counts an honest HAProxy that is in doubt may lose by it, and another one win.
		if i := slices.IndexFunc(kept, func(k evidence.Trace) bool { return serves(&k, t, b) && !s.metered(t) }); i >= 0 {
			b.Traces = append(b.Traces, kept[i])
			r.progress(Progress{Student: s.Who.ID, Target: t.ID, Requests: t.Requests, Sent: kept[i].Sent, Resumed: true})
			continue
		}
		host, _, _ := net.SplitHostPort(t.Address)
		if why, bad := unreachable[host]; bad {
			b.Gaps = append(b.Gaps, evidence.Gap{What: "load/" + t.ID, Code: "unreachable", Detail: why.Error()})
			r.progress(Progress{Student: s.Who.ID, Target: t.ID, Requests: t.Requests})
			continue
		}
		if err := drive(t, Progress{Student: s.Who.ID, Target: t.ID, Requests: t.Requests}); err != nil {
			return err
		}
	}
	if err := r.redrive(ctx, s, b, drive); err != nil {
		return err
	}
	slices.SortFunc(b.Traces, func(x, y evidence.Trace) int { return strings.Compare(x.Target.ID, y.Target.ID) })
	return nil
}

// one adds the trace of one load to a student's bundle, or why there is none; the step is
// what progress it is.
func (r *Runner) one(ctx context.Context, s *Student, b *evidence.Bundle, t evidence.Target, step Progress, by follower) error {
	r.progress(Progress{Student: s.Who.ID, Target: t.ID, Begins: true})
	counted := r.meter(ctx, s, t)
	trace, sent, err := r.load(ctx, t, by)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	b.Traffic = append(b.Traffic, counted(ctx)...)
	if err != nil {
		b.Gaps = append(b.Gaps, evidence.Gap{What: "load/" + t.ID, Code: code(err), Detail: err.Error()})
		r.progress(step)
		return nil
	}
	if trace.From == nil { // a worker's is by its clock, which was compared with ours
		trace.Started = r.At() - trace.Took
	}
	trace.Through = through(t, b)
	if r.Store != nil {
		if err := r.Store.SaveTrace(ctx, s.Who.ID, &trace); err != nil {
			return fmt.Errorf("student %s: keep the trace of %s: %w", s.Who.ID, t.ID, err)
		}
	}
	b.Traces = append(b.Traces, trace)
	step.Sent = sent
	r.progress(step)
	return nil
}

// Unreachable tries every host of the plan once and gives those that do not
// answer at all, with the reason: that is our trouble, and loads at them become
// gaps.
func (r *Runner) Unreachable(ctx context.Context, plan *Plan) map[string]error {
	hosts := map[string]bool{}
	for _, s := range plan.Students {
		for _, t := range s.Targets {
			if host, _, err := net.SplitHostPort(t.Address); err == nil {
				hosts[host] = true
			}
		}
	}
	bad := map[string]error{}
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(16)
	for host := range hosts {
		g.Go(func() error {
			if err := r.Loader.Reach(ctx, host); err != nil && ctx.Err() == nil {
				mu.Lock()
				bad[host] = err
				mu.Unlock()
			}
			return nil
		})
	}
	_ = g.Wait()
	return bad
}

func (r *Runner) progress(p Progress) {
	if r.Progress != nil {
		r.Progress(p)
	}
}

// code is a gap's stable word for an error.
func code(err error) string {
	var netErr net.Error
	var coded interface{ GapCode() string }
	switch {
	case errors.As(err, &coded):
		return coded.GapCode()
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.As(err, &netErr) && netErr.Timeout():
		return "timeout"
	case errors.As(err, new(*net.OpError)):
		return "unreachable"
	}
	return "internal"
}
