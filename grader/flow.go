package grader

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/observe"
)

// flow is one way through observing and judging: of a class, or of a student who
// checks. They differ in what keeps it, in who is asked for which fault, and in
// whether verdicts are told as they become known; in nothing else.
type flow struct {
	j     *Job
	conn  Conn
	start time.Time
	snap  *evidence.Snapshot // the newest
	plan  *observe.Plan

	keep   Keeper
	run    string
	loader Loader
	runner observe.Runner
	// bundles are in the plan's order.
	bundles []*evidence.Bundle
	known   *known // nil: nobody listens
	// helps says that names may be looked up from inside of networks: a class's run
	// brings the helper for everybody, a student's check does not.
	helps bool
	// undo is closed by who wants no fault any more; see [GradeOptions].
	undo <-chan struct{}
	// patience is with updates that are under way.
	patience observe.Patience
	// sent are the requests that were sent, most those that were planned for the same
	// targets.
	sent, most atomic.Int64
}

// begin opens the cluster, reads it once for everybody, and plans.
func (j *Job) begin(ctx context.Context, start time.Time) (*flow, error) {
	conn, err := j.g.Dial(ctx, j.Class.Cluster)
	if err != nil {
		return nil, err
	}
	x := &flow{j: j, conn: conn, start: start}
	if x.snap, err = conn.Snapshot(ctx, x.at); err != nil {
		conn.Close()
		return nil, err
	}
	for _, n := range j.cuts(x.snap) {
		j.g.tell(Note{n.Msg, n.Hint})
	}
	x.plan = observe.NewPlan(j.Rubric, j.Tasks, j.Students, j.Vars, x.snap)
	return x, nil
}

// at is the milliseconds since the run began.
func (x *flow) at() int64 { return time.Since(x.start).Milliseconds() }

// observe collects the evidence of everybody who has none yet, and judges.
func (x *flow) observe(ctx context.Context) error {
	if err := x.remeasure(ctx); err != nil {
		return err
	}
	before, err := x.keep.PutSnapshot(ctx, x.snap)
	if err != nil {
		return err
	}
	if err := x.keep.SaveBefore(ctx, x.run, before); err != nil {
		return err
	}
	if err := x.pending(ctx); err != nil {
		return err
	}
	opt := LoadOptions{Attribution: x.j.Rubric.Attribution, Known: x.snap, Rate: x.j.Class.Settings.Rate, Start: x.start}
	if x.loader, err = x.j.g.Load(opt); err != nil {
		return err
	}
	away, err := x.workers(ctx, opt)
	if err != nil {
		return err
	}
	return errors.Join(x.observeBy(ctx), away(ctx))
}

// observeBy is observe with whoever drives load.
func (x *flow) observeBy(ctx context.Context) error {
	x.runner = observe.Runner{
		Cluster: x.conn, Meter: x.conn, Loader: x.loader, Store: store{x.keep, x.run}, Run: x.run, At: x.at,
		Parallel: x.j.Class.Settings.Parallel,
		Progress: x.step,
	}
	if err := x.loads(ctx); err != nil {
		return err
	}
	if err := x.windows(ctx); err != nil {
		return err
	}
	if err := x.episodes(ctx); err != nil {
		return err
	}
	if err := x.keepBundles(ctx); err != nil {
		return err
	}
	if n := x.most.Load(); n > 0 {
		x.j.g.note("cli.requests_sent", "sent", int(x.sent.Load()), "most", int(n))
	}
	x.j.g.note("cli.judging", "n", len(x.bundles))
	return x.judge(ctx)
}

// step counts what was sent, and tells of it.
func (x *flow) step(p observe.Progress) {
	if !p.Begins {
		x.sent.Add(int64(p.Sent))
		x.most.Add(int64(p.Requests))
	}
	x.j.g.tell(Step{p})
}

// keepBundles stores everybody's evidence.
func (x *flow) keepBundles(ctx context.Context) error {
	done, over := x.j.g.stage(Storing, len(x.bundles))
	defer over()
	for _, b := range x.bundles {
		if _, err := x.keep.SaveBundle(ctx, x.run, b); err != nil {
			return err
		}
		done(b.Student.ID)
	}
	return nil
}

// pending leaves only those students in the plan whose bundle is not stored
// yet, and tells each the snapshot that their evidence began with.
func (x *flow) pending(ctx context.Context) error {
	students, err := x.keep.Students(ctx, x.run)
	if err != nil {
		return err
	}
	stored := make(map[string]gradebook.Student, len(students))
	for _, s := range students {
		stored[s.ID] = s
	}
	x.plan.Students = slices.DeleteFunc(x.plan.Students, func(s observe.Student) bool {
		got, ok := stored[s.Who.ID]
		return !ok || got.Bundle != ""
	})
	for i := range x.plan.Students {
		x.plan.Students[i].Before = stored[x.plan.Students[i].Who.ID].Before
	}
	return nil
}

// loads observes everything that comes before a fault, of all students of whom
// an interrupted try has not kept it.
func (x *flow) loads(ctx context.Context) error {
	x.bundles = make([]*evidence.Bundle, len(x.plan.Students))
	var rest observe.Plan
	var place []int
	for i, s := range x.plan.Students {
		draft, err := x.keep.Draft(ctx, x.run, s.Who.ID)
		if err != nil {
			return err
		}
		if x.bundles[i] = draft; draft == nil {
			rest.Students, place = append(rest.Students, s), append(place, i)
		}
	}
	if len(place) == 0 {
		return nil
	}
	if x.known != nil {
		x.runner.Still = func(b *evidence.Bundle) {
			x.known.tell(evidence.Case{Bundle: b, Before: x.snap}, "load/", "window", "episode/")
		}
	}
	away, err := x.inside(ctx, &rest)
	if err != nil {
		return err
	}
	x.j.g.tell(Began{Loads, len(x.plan.Students), x.plan.Requests()})
	observed, err := x.runner.Observe(ctx, &rest, x.snap)
	x.j.g.tell(Ended{Loads})
	if err = errors.Join(err, away(ctx)); err != nil {
		return err
	}
	after, hash, _, err := x.snapshot(ctx)
	if err != nil {
		return err
	}
	fresh := make([]*evidence.Bundle, len(observed))
	for k, o := range observed {
		b := o.Bundle
		b.After = hash
		if after == nil {
			b.Gaps = append(b.Gaps, evidence.Gap{What: "snapshot/after", Code: "unreachable"})
		}
		if w := o.Plan.Watch; w != nil && w.Gap != nil {
			e := b.Begin(evidence.FaultEpisode)
			e.Gaps = append(e.Gaps, *w.Gap)
		}
		fresh[k], x.bundles[place[k]] = b, b
		if x.known != nil && x.disturbs() {
			x.known.tell(evidence.Case{Bundle: b, Before: x.snap, After: after}, "window", "episode/")
		}
	}
	if !x.disturbs() {
		return nil
	}
	return x.keep.SaveDrafts(ctx, x.run, fresh)
}

// disturbs reports whether the plan changes anything about the cluster.
func (x *flow) disturbs() bool { return len(x.plan.Faults) > 0 || x.plan.Touches() > 0 }

// snapshot reads and stores the cluster. One that can't be read by then is left
// out, and why says so: what was observed is still worth judging.
func (x *flow) snapshot(ctx context.Context) (snap *evidence.Snapshot, hash string, why, err error) {
	snap, why = x.conn.Snapshot(ctx, x.at)
	if ctx.Err() != nil {
		return nil, "", nil, ctx.Err()
	}
	if why != nil {
		x.j.g.note("cli.no_after", "error", sentence(why))
		return nil, "", why, nil
	}
	hash, err = x.keep.PutSnapshot(ctx, snap)
	return snap, hash, nil, err
}

// judge judges every student from what was kept, so that what is judged is what is
// stored.
func (x *flow) judge(ctx context.Context) error {
	students, err := x.keep.Students(ctx, x.run)
	if err != nil {
		return err
	}
	done, over := x.j.g.stage(Judging, len(students))
	defer over()
	jd := judge.New(x.j.Rubric)
	for _, s := range students {
		c, err := x.keep.Case(ctx, x.run, s.ID)
		if err != nil {
			return err
		}
		vs := jd.Verdicts(x.j.observed(c), c, s.Bundle)
		if x.known != nil {
			x.known.rest(s.ID, vs)
		}
		if err := x.keep.SaveVerdicts(ctx, x.run, s.ID, vs); err != nil {
			return err
		}
		done(s.ID)
	}
	return nil
}

// store keeps traces as they come.
type store struct {
	keep Keeper
	run  string
}

func (s store) Traces(ctx context.Context, student string) ([]evidence.Trace, error) {
	return s.keep.Traces(ctx, s.run, student)
}

func (s store) SaveTrace(ctx context.Context, student string, t *evidence.Trace) error {
	return s.keep.SaveTrace(ctx, s.run, student, t)
}

// sentence is what an error says of itself: its message, which has a language yet to
// be chosen, or its own words where it has none.
func sentence(err error) any {
	var f *diag.Failure
	if errors.As(err, &f) {
		return f.Msg
	}
	return err.Error()
}
