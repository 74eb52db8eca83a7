package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/fault"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/observe"
)

// chooseFaults plans the faults that the class's checks ask for.
func (a *app) chooseFaults(j *job, noFault bool, cl cluster, plan *observe.Plan, snap *evidence.Snapshot) {
	if noFault {
		plan.LeaveOut("left-out", "")
		return
	}
	plan.ChooseFaults(snap, faultRules(j, cl, snap))
}

func faultRules(j *job, cl cluster, snap *evidence.Snapshot) fault.Rules {
	return fault.Rules{Kind: faultKind(j), Serving: serving(cl, snap)}
}

// tryFaults finds out, before anything is sent or changed, whether the planned
// faults can be made on every node that may be chosen. Nodes where they can't
// are left out; if that would leave a student without a fault it is an error
// that names the reason for each node.
func (a *app) tryFaults(ctx context.Context, j *job, cl cluster, plan *observe.Plan, snap *evidence.Snapshot) error {
	if len(plan.Faults) == 0 {
		return nil
	}
	rules := faultRules(j, cl, snap)
	tried, err := tryNodes(ctx, j, cl, snap, rules)
	if err != nil {
		return err
	}
	var bad []error
	for _, t := range tried {
		if t.err != nil {
			bad, rules.Never = append(bad, t.err), append(rules.Never, t.fault.NodeID)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	hit := plan.Hit()
	plan.ChooseFaults(snap, rules)
	if lost := hit - plan.Hit(); lost > 0 {
		return &noFaultError{students: lost, problems: diag.Failures(errors.Join(bad...))}
	}
	for _, p := range diag.Failures(errors.Join(bad...)) {
		a.ui.note(a.lang().T("observe.untried_spared", "why", p.Msg, "hint", p.Hint))
	}
	return nil
}

// tried is a node and why no fault can be made there, nil if one can.
type tried struct {
	fault evidence.Fault
	err   error
}

// tryNodes tries every node that the rules let fail, changing nothing. The error
// is one of the class file, or the context's.
func tryNodes(ctx context.Context, j *job, cl cluster, snap *evidence.Snapshot, rules fault.Rules) ([]tried, error) {
	if j.class.Cluster.Sim != "" {
		return nil, nil
	}
	injector, err := fault.New(rules.Kind, j.class.Fault, cl)
	if err != nil {
		return nil, err
	}
	var out []tried
	faults := fault.Candidates(snap, rules)
	for i, err := range fault.Try(ctx, injector, faults) {
		out = append(out, tried{faults[i], err})
	}
	return out, ctx.Err()
}

// noFaultError says that a fault the class's checks ask for can't be made.
type noFaultError struct {
	students int
	problems []*diag.Failure
}

func (e *noFaultError) Error() string { return e.problems[0].Error() }

// faultKind is how the class's nodes are made to fail. The embedded cluster's
// are simply stopped.
func faultKind(j *job) string {
	if j.class.Cluster.Sim != "" {
		return fault.NodeStop
	}
	return fault.KindOf(j.class.Fault)
}

// serving is the ID of the node that answers for the swarm at the moment.
func serving(cl cluster, snap *evidence.Snapshot) string {
	at := cl.Manager()
	for _, e := range snap.Endpoints {
		if e.Address == at {
			return e.NodeID
		}
	}
	return ""
}

// consent shows the faults of a plan and asks for leave. On the embedded
// cluster nobody is harmed and nobody asked.
func (a *app) consent(ctx context.Context, j *job, yes bool, plan *observe.Plan) error {
	if len(plan.Faults) == 0 || j.class.Cluster.Sim != "" {
		return nil
	}
	if yes {
		a.ui.note(a.faultText(plan))
		return nil
	}
	lang := a.lang()
	in, ok := a.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return usageHint(i18n.M("observe.unasked", "nodes", targets(plan)), i18n.M("observe.unasked_hint"))
	}
	fmt.Fprint(a.Stderr, diag.Plain(a.faultText(plan)), "\n", lang.T("observe.ask"), " ")
	yes, err := readYes(ctx, in)
	if err != nil {
		return err
	}
	if !yes {
		plan.LeaveOut("left-out", "")
		a.ui.note(lang.T("observe.declined"))
	}
	return nil
}

// readLine reads an answer, unless ctx ends first; the reading itself can't be
// broken off and ends with the program.
func readLine(ctx context.Context, r io.Reader) (string, error) {
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(r).ReadString('\n')
		line <- strings.TrimSpace(text)
	}()
	select {
	case text := <-line:
		return text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func targets(plan *observe.Plan) []string {
	var out []string
	for _, f := range plan.Faults {
		out = append(out, f.Fault.Hostname)
	}
	return out
}

// faultText tells what each fault is, whom it concerns, and what stops with it.
func (a *app) faultText(plan *observe.Plan) string {
	lang := a.lang()
	var b strings.Builder
	for i, f := range plan.Faults {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprint(&b, lang.T("observe.step", "n", i+1, "kind", lang.T("observe.kind_"+underscored(f.Fault.Kind)),
			"node", f.Fault.Hostname, "students", len(f.Students), "limit", seconds(f.LimitMS)))
		if f.Fault.Leader {
			fmt.Fprint(&b, "\n    ", lang.T("observe.leader"))
		}
		var names []string
		for _, c := range f.Stops {
			names = append(names, strings.Join(c.Names, "/"))
		}
		if len(names) > 0 {
			fmt.Fprint(&b, "\n    ", lang.T("observe.stops", "n", len(names), "names", names))
		}
		if f.Unseen {
			fmt.Fprint(&b, "\n    ", lang.T("observe.unseen", "node", f.Fault.Hostname))
		}
	}
	return b.String()
}

// missedText tells who is hit by no fault, and why.
func (a *app) missedText(plan *observe.Plan) string {
	lang := a.lang()
	var lines []string
	for _, s := range plan.Students {
		if s.Watch != nil && s.Watch.Gap != nil {
			lines = append(lines, diag.Plain(lang.T("observe.missed", "id", s.Who.ID, "why", lang.Text(missed(s.Watch.Gap)))))
		}
	}
	return strings.Join(lines, "\n")
}

// missed is why a student is in no window.
func missed(g *evidence.Gap) i18n.Msg {
	if g.Code == "left-out" {
		return i18n.M("observe.left_out")
	}
	return check.GapReason(*g)
}

func seconds(ms int64) string {
	return (time.Duration(ms) * time.Millisecond).Round(100 * time.Millisecond).String()
}

// journalDir holds the journals of faults, beside the gradebooks.
func (j *job) journalDir() string { return filepath.Join(j.home, "gradebook") }

// heal undoes what a killed run left, before anything else is done.
func (a *app) heal(ctx context.Context, j *job) error {
	if j.class.Cluster.Sim != "" {
		return nil
	}
	rec, out, err := fault.Heal(ctx, fault.JournalPath(j.journalDir(), j.class.Name), fault.HealOptions{
		Dial: dialFault, Note: a.faultNote(),
	})
	if err == nil && rec != nil {
		key := "observe.healed"
		if out.Untouched {
			key = "observe.healed_untouched"
		}
		a.ui.note(a.lang().T(key, "node", rec.Fault.Hostname))
	}
	return err
}

func (a *app) faultNote() func(i18n.Msg) {
	return func(m i18n.Msg) { a.ui.note(a.lang().Text(m)) }
}

// breaker injects the class's faults.
type breaker struct {
	opt    fault.Options
	failed error // of the last one
	// left, if set, is told of a fault that is being made; what it gives is
	// called once the fault is over.
	left func(f evidence.Fault) (over func(undone bool))
}

func (b *breaker) Break(ctx context.Context, f evidence.Fault, limit time.Duration, watch func(context.Context) error) (out fault.Outcome, err error) {
	opt := b.opt
	opt.Limit = limit
	if b.left != nil {
		over := b.left(f)
		defer func() { over(out.Injecting >= 0 && !errors.As(b.failed, new(*fault.Stuck))) }()
	}
	out, b.failed = fault.Run(ctx, opt, f, func(ctx context.Context, _ *fault.Session) error { return watch(ctx) })
	return out, b.failed
}

// newBreaker prepares the class's way to make a node fail; closing lets go of
// the journal.
func (a *app) newBreaker(ctx context.Context, j *job, cl cluster, run string, at func() int64) (b *breaker, closing func() error, err error) {
	dir := j.journalDir()
	var injector fault.Injector
	var on fault.Cluster = cl
	if s, ok := cl.(*simCluster); ok {
		// It ends with this process, and so does what is to be undone.
		if dir, err = os.MkdirTemp("", "grade-fault-"); err != nil {
			return b, nil, err
		}
		a.litter.add(dir)
		injector, on = simInjector{s.sim}, endingCluster{cl, ctx}
	} else if injector, err = fault.New(faultKind(j), j.class.Fault, cl); err != nil {
		return b, nil, err
	}
	journal, err := fault.OpenJournal(fault.JournalPath(dir, j.class.Name))
	if err != nil {
		return b, nil, err
	}
	b = &breaker{opt: fault.Options{
		Cluster: on, Injector: injector, Journal: journal, Class: j.class.Name, Run: run,
		Spec: j.class.Fault, Conn: j.class.Cluster, At: at, Note: a.faultNote(),
	}}
	if dir == j.journalDir() {
		b.left = func(f evidence.Fault) func(bool) {
			return a.litter.inForce(func() int { return a.sayStuck(fault.NewStuck(f, j.class.Name, injector, nil)) })
		}
	}
	return b, func() error {
		err := journal.Close()
		if dir != j.journalDir() {
			err = os.RemoveAll(dir)
		}
		return err
	}, nil
}
