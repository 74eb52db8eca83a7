package grader

import (
	"context"
	"errors"
	"slices"
	"time"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/helper"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/observe"
)

// helperGone bounds what taking the helper away may take, sooner on an embedded cluster
// that runs faster than the clock.
const helperGone, helperGoneSoon = time.Minute, 10 * time.Second

// inside brings the helper to the cluster that looks names up within networks, if that is
// asked for of a student of the plan; away takes it off again. Where it can't be brought that
// is said, and what it would have seen is a gap: the error is the end of ctx alone, or one of
// taking it away.
func (x *flow) inside(ctx context.Context, plan *observe.Plan) (away func(context.Context) error, err error) {
	nothing := func(context.Context) error { return nil }
	if !slices.ContainsFunc(plan.Students, func(s observe.Student) bool { return len(s.Inside) > 0 }) {
		return nothing, nil
	}
	if !x.helps {
		x.runner.NoInside = evidence.Gap{Code: "self-check"}
		return nothing, nil
	}
	away, err = x.bring(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, errors.Join(ctx.Err(), x.j.g.left(err))
	case err != nil:
		x.runner.NoInside = evidence.Gap{Code: insideCode(err), Detail: err.Error()}
		x.j.g.note("observe.inside_not", "why", sentence(err))
		return nothing, x.j.g.halting(err)
	}
	return away, nil
}

// halting gives of an error what ends a run.
func (g *Grader) halting(err error) error {
	if errors.As(err, new(*action.Stuck)) {
		return g.left(err)
	}
	return nil
}

// insideCode is a gap's word for why there is no helper.
func insideCode(err error) string {
	switch code := diag.Code(err); {
	case errors.Is(err, helper.ErrNotStatic):
		return "not-static"
	case code == "denied" || code == "unreachable" || code == "timeout":
		return code
	}
	return "internal"
}

func (x *flow) bring(ctx context.Context) (away func(context.Context) error, err error) {
	program, letGo := x.conn.Helper, func() error { return nil }
	if program == nil {
		if program, letGo, err = helper.Own(); err != nil {
			return nil, err
		}
	}
	opt := action.Options{Cluster: x.conn, Class: x.j.Class.Name, Run: x.run, At: x.at}
	opt.RestoreTimeout = max(helperGoneSoon, time.Duration(float64(helperGone)/x.snap.Swarm.Speed()))
	helper := action.NewHelper(x.conn, program)
	opt.Injector = helper
	closing, err := x.journalled(&opt)
	if err != nil {
		return nil, errors.Join(err, letGo())
	}
	close := func() error { return errors.Join(closing(), letGo()) }
	aim, left, code := action.AimLookup(x.snap, program, x.run)
	helper.Left = left
	if code != "" {
		return nil, errors.Join(&diag.Failure{Code: "unreachable", Msg: i18n.M("observe.inside_no_node")}, close())
	}
	x.j.g.note("observe.inside", "n", len(aim.Nodes))
	if !x.conn.Passing {
		x.j.g.tell(Held{Stuck: action.NewStuck(aim, opt.Class, helper, nil)})
	}
	done := func(err error) error {
		if !x.conn.Passing {
			x.j.g.tell(LetGo{})
		}
		return errors.Join(err, close())
	}
	session, err := action.Begin(ctx, opt, aim)
	if err != nil {
		return nil, done(err)
	}
	x.runner.Inside = helper
	return func(ctx context.Context) error {
		x.runner.Inside = nil
		return x.j.g.left(done(session.Restore(ctx)))
	}, nil
}
