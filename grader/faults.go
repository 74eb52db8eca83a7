package grader

import (
	"context"
	"errors"
	"os"
	"time"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/observe"
)

// NoFault says that a fault which the class's checks ask for can't be made: for how
// many students, and why not.
type NoFault struct {
	Students int
	Problems []*diag.Failure
}

func (e *NoFault) Error() string { return e.Problems[0].Error() }

// chooseFaults plans the faults that the class's checks ask for, and on which node
// the rubric's actions are done that hit one.
func (x *flow) chooseFaults(none bool) {
	if none {
		x.plan.LeaveOut("left-out", "")
		return
	}
	x.plan.ChooseFaults(x.snap, x.rules())
	if !x.allowsNodes() {
		x.plan.LeaveNodes("not-allowed")
	}
	x.plan.ChooseNodes(x.snap, x.serving())
}

func (x *flow) rules() action.Rules { return action.Rules{Kind: x.kind(), Serving: x.serving()} }

// kind is how the class's nodes are made to fail.
func (x *flow) kind() string {
	if x.conn.Injector != nil {
		return action.NodeStop
	}
	return action.KindOf(x.j.Class.Fault)
}

// serving is the ID of the node that answers for the swarm at the moment.
func (x *flow) serving() string {
	at := x.conn.Manager()
	for _, e := range x.snap.Endpoints {
		if e.Address == at {
			return e.NodeID
		}
	}
	return ""
}

// tryFaults finds out, before anything is sent or changed, whether the planned
// faults can be made on every node that may be chosen. Nodes where they can't
// are left out; if that would leave a student without a fault it is an error
// that names the reason for each node.
func (x *flow) tryFaults(ctx context.Context) error {
	if len(x.plan.Faults) == 0 {
		return nil
	}
	tried, err := x.tryNodes(ctx)
	if err != nil {
		return err
	}
	rules := x.rules()
	var bad []error
	for _, t := range tried {
		if t.err != nil {
			bad, rules.Never = append(bad, t.err), append(rules.Never, t.fault.NodeID)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	hit := x.plan.Hit()
	x.plan.ChooseFaults(x.snap, rules)
	problems := diag.Failures(errors.Join(bad...))
	if lost := hit - x.plan.Hit(); lost > 0 {
		return &NoFault{Students: lost, Problems: problems}
	}
	for _, p := range problems {
		x.j.g.note("observe.untried_spared", "why", p.Msg, "hint", p.Hint)
	}
	return nil
}

// tried is a node and why no fault can be made there, nil if one can.
type tried struct {
	fault evidence.Action
	err   error
}

// tryNodes tries every node that the rules let fail, changing nothing. The error
// is one of the class file, or the context's.
func (x *flow) tryNodes(ctx context.Context) ([]tried, error) {
	if x.conn.Injector != nil {
		return nil, nil
	}
	rules := x.rules()
	injector, err := action.New(rules.Kind, x.j.Class.Fault, x.conn)
	if err != nil {
		return nil, err
	}
	var out []tried
	faults := action.Candidates(x.snap, rules)
	for i, err := range action.Try(ctx, injector, faults) {
		out = append(out, tried{faults[i], err})
	}
	return out, ctx.Err()
}

// consent asks for leave to make the plan's faults. On a cluster that ends with this
// process nobody is harmed and nobody asked.
func (x *flow) consent(ctx context.Context, opt GradeOptions) error {
	if opt.Agree != nil {
		return opt.Agree(x.plan)
	}
	if !x.disturbs() || x.conn.Passing {
		return nil
	}
	if opt.Yes {
		x.j.g.tell(Allowed{x.plan})
		return nil
	}
	if x.j.g.Ask == nil && len(targets(x.plan)) == 0 {
		return diag.Misuse(i18n.M("observe.act_unasked", "n", x.plan.Touches()), i18n.M("observe.unasked_hint"))
	}
	if x.j.g.Ask == nil {
		return diag.Misuse(i18n.M("observe.unasked", "nodes", targets(x.plan)), i18n.M("observe.unasked_hint"))
	}
	yes, err := x.j.g.Ask(ctx, Question{Plan: x.plan})
	if err == nil && !yes {
		x.plan.LeaveOut("left-out", "")
		x.j.g.note("observe.declined")
	}
	return err
}

func targets(plan *observe.Plan) []string {
	var out []string
	for _, f := range plan.Faults {
		out = append(out, f.Fault.Hostname)
	}
	return append(out, plan.Nodes()...)
}

// Left are the actions on the class's cluster that a program which is gone has not undone, with what
// to type; none while one that is alive is at it.
func (j *Job) Left() ([]*action.Stuck, error) {
	if j.Class.Cluster.Sim != "" {
		return nil, nil
	}
	return action.Left(action.JournalPath(j.journalDir(), j.Class.Name))
}

// Heal undoes what [Job.Left] tells of, and says what it did. Each action that is not undone is
// an [action.Stuck] within the error; the end of ctx stops nothing that was begun.
func (j *Job) Heal(ctx context.Context) error { return j.heal(ctx) }

// heal undoes what a killed run left, before anything else is done.
func (j *Job) heal(ctx context.Context) error {
	names := []string{j.Class.Name, j.Class.Name + asideWorkers}
	if j.Class.Cluster.Sim != "" {
		names = names[1:]
	}
	var failed []error
	for _, name := range names {
		healed, err := action.Heal(ctx, action.JournalPath(j.journalDir(), name), action.HealOptions{
			Dial: j.g.dialFault, Note: j.g.said,
		})
		for _, h := range healed {
			j.g.tell(Note{Msg: h.Msg()})
		}
		failed = append(failed, err)
	}
	return j.g.left(errors.Join(failed...))
}

// left gives of an error what must not be gone on with: that something of the grader's own
// could not be taken away is said, and no more.
func (g *Grader) left(err error) error {
	several, ok := err.(interface{ Unwrap() []error })
	if ok {
		var rest []error
		for _, e := range several.Unwrap() {
			rest = append(rest, g.left(e))
		}
		return errors.Join(rest...)
	}
	var stuck *action.Stuck
	if errors.As(err, &stuck) && stuck.Harmless() {
		g.tell(Alarm{&diag.Failure{Code: "failed", Msg: stuck.Msg(), Hint: stuck.Hint(), Cause: stuck.Cause}})
		return nil
	}
	return err
}

func (g *Grader) said(m i18n.Msg) { g.tell(Note{Msg: m}) }

// breaker makes faults, and says so while one is in force.
type breaker struct {
	g      *Grader
	opt    action.Options
	heals  bool  // nothing is to be undone
	pass   bool  // a fault ends with the process
	failed error // of the last one
}

func (b *breaker) Break(ctx context.Context, f evidence.Action, limit time.Duration, watch func(context.Context) error) (out action.Outcome, err error) {
	opt := b.opt
	opt.Limit = limit
	if !b.heals {
		b.g.tell(Held{action.NewStuck(f, opt.Class, opt.Injector, nil), b.pass})
		defer func() { b.g.tell(LetGo{out.Injecting >= 0 && !errors.As(b.failed, new(*action.Stuck))}) }()
	}
	out, b.failed = action.Run(ctx, opt, f, func(ctx context.Context, _ *action.Session) error { return watch(ctx) })
	return out, b.failed
}

// newBreaker prepares how a fault is made, with the journal that k holds. The loss
// of a container is undone by the swarm itself and is in no journal.
func (x *flow) newBreaker(f evidence.Action, k *whole) (b *breaker, err error) {
	j := x.j
	b = &breaker{g: j.g, opt: action.Options{Cluster: x.conn, Injector: x.conn.Injector, Class: j.Class.Name, Run: x.run, At: x.at}}
	kind := x.kind()
	if f.Kind == action.TaskKill {
		kind, b.opt.Injector = action.TaskKill, nil
	}
	if b.opt.Injector == nil {
		if b.opt.Injector, err = action.New(kind, j.Class.Fault, x.conn); err != nil {
			return nil, err
		}
	}
	if b.heals = kind == action.TaskKill; b.heals {
		return b, nil
	}
	b.pass = x.conn.Passing
	if err := k.open(); err != nil {
		return nil, err
	}
	b.opt.Journal, b.opt.Spec, b.opt.Conn, b.opt.Note = k.opt.Journal, k.opt.Spec, k.opt.Conn, k.opt.Note
	return b, nil
}

// journalled gives what is done to the cluster a journal; closing lets go of it.
func (x *flow) journalled(opt *action.Options) (closing func() error, err error) {
	j := x.j
	dir := j.journalDir()
	if x.conn.Passing {
		if dir, err = os.MkdirTemp(x.conn.Scratch, "grade-fault-"); err != nil {
			return nil, err
		}
	}
	journal, err := action.OpenJournal(action.JournalPath(dir, j.Class.Name))
	if err != nil {
		return nil, err
	}
	opt.Journal, opt.Spec, opt.Conn, opt.Note = journal, j.Class.Fault, j.Class.Cluster, j.g.said
	return func() error {
		err := journal.Close()
		if x.conn.Passing {
			err = errors.Join(err, os.RemoveAll(dir))
		}
		return err
	}, nil
}
