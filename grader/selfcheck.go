package grader

import (
	"context"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// CheckOptions are what a self-check can be asked for.
type CheckOptions struct {
	// Kill has one of the student's own containers killed, if the rubric has
	// anything to see in that; Yes gives leave, so that nobody is asked.
	Kill, Yes bool
}

// Checked is what a self-check came to.
type Checked struct {
	Tasks    []string // that were graded
	Verdicts []verdict
	// Untried says that nothing was made to fail, so that what waits for it is open
	// for no fault of anybody's.
	Untried           bool
	Started, Finished time.Time
}

// Check grades the job's only student as a class is graded; nothing is stored.
func (j *Job) Check(ctx context.Context, opt CheckOptions) (Checked, error) {
	out := Checked{Started: time.Now()}
	x, err := j.begin(ctx, out.Started)
	if err != nil {
		return out, err
	}
	defer x.conn.Close()
	j.g.tell(Planned{x.plan})
	out.Tasks = x.plan.Students[0].Tasks
	if err := x.chooseKill(ctx, opt); err != nil {
		return out, err
	}
	keep := newMemory()
	if _, err := keep.BeginRun(ctx, j.record(out.Started)); err != nil {
		return out, err
	}
	x.keep, x.known = keep, newKnown(j)
	if err := x.observe(ctx); err != nil {
		return out, err
	}
	id := j.Students[0].ID
	for _, e := range keep.bundles[id].Episodes {
		_, missed := e.Gap("window", "action")
		out.Untried = out.Untried || missed
	}
	out.Verdicts, out.Finished = keep.verdicts[id], time.Now()
	return out, nil
}

// chooseKill plans what a self-check may break: nothing, unless it was asked
// for, and then one of the student's own containers. A node is everybody's.
func (x *flow) chooseKill(ctx context.Context, opt CheckOptions) error {
	x.plan.LeaveNodes("others")
	fault := x.plan.NeedsFault()
	if !fault && x.plan.Touches() == 0 {
		return nil
	}
	if opt.Kill && fault && !x.plan.KillOne(x.snap) {
		x.j.g.note("observe.kill_impossible")
		x.plan.LeaveFaults("self-check", "")
	}
	switch {
	case !opt.Kill && fault:
		x.j.g.note("observe.kill_none")
	case !opt.Kill:
		x.j.g.note("observe.act_none")
	case opt.Yes, !x.disturbs():
		return nil
	case x.j.g.Ask == nil:
		return diag.Misuse(i18n.M("observe.kill_unasked"), i18n.M("observe.kill_unasked_hint"))
	default:
		yes, err := x.j.g.Ask(ctx, Question{Plan: x.plan, Own: true})
		if err != nil || yes {
			return err
		}
	}
	x.plan.LeaveOut("self-check", "")
	return nil
}
