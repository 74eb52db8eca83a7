package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"swarmgrade/fixtures/classes"
	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/sim"
	"swarmgrade/grader"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/mention"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/swarm"
	"swarmgrade/loadgen"
)

// grader is the application behind the command line.
func (a *app) grader() *grader.Grader {
	if a.g == nil {
		a.g = &grader.Grader{
			Dir: a.dir, Home: a.Getenv("GRADE_HOME"), Samples: deployments.WithGenerated(classes.FS()), SampleNames: classes.Names(),
			Dial: a.dial, Load: newLoader, Crew: newCrew, Tool: version(), Tell: (&screen{a: a}).show,
			Diagnose: func(ctx context.Context, of roster.Cluster) []diag.Notice { return swarm.Diagnose(ctx, of).Notices },
		}
		if in, ok := a.Stdin.(*os.File); ok && term.IsTerminal(int(in.Fd())) {
			a.g.Ask = func(ctx context.Context, q grader.Question) (bool, error) { return a.ask(ctx, in, q) }
		}
	}
	return a.g
}

// open reads a class and speaks its language, unless one was asked for.
func (a *app) open(ctx context.Context, f *classFlags) (*grader.Job, error) {
	j, err := a.grader().Open(ctx, f.sel())
	if err != nil {
		return nil, err
	}
	a.jobs = append(a.jobs, j)
	return j, a.speakOf(j)
}

func (a *app) speakOf(j *grader.Job) error {
	if a.langStr != "" || j.Class.Settings.Lang == "" {
		return nil
	}
	a.langStr = j.Class.Settings.Lang
	return a.settle()
}

// dial opens a class's cluster; an embedded one is brought up for it, with its
// students on it, and ends with the program.
func (a *app) dial(ctx context.Context, of roster.Cluster) (grader.Conn, error) {
	if of.Sim == "" {
		c, err := swarm.Dial(ctx, of)
		if err != nil {
			return grader.Conn{}, err
		}
		return grader.Conn{Cluster: c, Close: func() { _ = c.Close() }}, nil
	}
	c := a.kept
	if c == nil {
		var err error
		if c, err = a.connectSim(ctx, of.Sim); err != nil {
			return grader.Conn{}, err
		}
	}
	return a.simConn(ctx, c), nil
}

// simConn is an embedded cluster as the grader takes it.
func (a *app) simConn(ctx context.Context, c *simCluster) grader.Conn {
	return grader.Conn{
		Cluster: endingCluster{c.Cluster, ctx}, Close: func() { _ = c.Close() }, Injector: simInjector{c.sim}, Passing: true, Scratch: c.scratch(),
		Helper:   sim.Helper(),
		Diagnose: func(ctx context.Context) []diag.Notice { return append(c.Diagnose(ctx).Notices, a.proxyNotice(ctx)...) },
	}
}

// proxyNotice says which HAProxy an embedded cluster runs.
func (a *app) proxyNotice(ctx context.Context) []diag.Notice {
	_, what, err := a.simProxy(ctx, sim.HAProxy{})
	if err != nil {
		return nil // it was brought up with it
	}
	return []diag.Notice{{Level: diag.Good, Msg: what}}
}

// loader drives load with loadgen.
type loader struct{ loadgen.Loader }

func (l loader) Knowing(snap *evidence.Snapshot) grader.Loader {
	l.Options.Known = mention.New(snap)
	return l
}

func newLoader(o grader.LoadOptions) (grader.Loader, error) {
	attributor, err := loadgen.Compile(o.Attribution)
	if err != nil {
		return nil, fmt.Errorf("the rubric's attribution: %w", err)
	}
	return loader{loadgen.Loader{Options: loadgen.Options{
		Attribution: attributor, Known: mention.New(o.Known), Settle: true, Epoch: o.Start, Nonce: loadgen.NewNonce(),
		Limiter: loadgen.NewLimiter(float64(o.Rate)),
	}}}, nil
}

// ask asks whoever sits at the terminal.
func (a *app) ask(ctx context.Context, in *os.File, q grader.Question) (bool, error) {
	lang := a.lang()
	switch {
	case q.Own && len(q.Plan.Faults) == 0:
		fmt.Fprint(a.Stderr, diag.Plain(a.faultText(q.Plan)), "\n", lang.T("observe.act_ask"), " ")
	case q.Own:
		k := q.Plan.Faults[0].Fault
		if acts := a.faultText(&observe.Plan{Episodes: q.Plan.Episodes}); acts != "" {
			fmt.Fprintln(a.Stderr, diag.Plain(acts))
		}
		fmt.Fprint(a.Stderr, lang.T("observe.kill_ask", "container", k.ContainerID[:min(12, len(k.ContainerID))],
			"service", q.Plan.Students[0].Watch.Service.Name, "node", k.Hostname)+" ")
	default:
		fmt.Fprint(a.Stderr, diag.Plain(a.faultText(q.Plan)), "\n", lang.T("observe.ask"), " ")
	}
	answer, err := readLine(ctx, in)
	return slices.Contains([]string{"y", "yes", "是"}, strings.ToLower(answer)), err
}

// screen shows what goes on.
type screen struct {
	a      *app
	bar    *bar
	window *faultBar
	over   func(undone bool)
}

// barText is the text of a stage's progress.
var barText = map[grader.Stage]string{
	grader.Loads: "cli.progress", grader.Later: "cli.progress_later",
	grader.During:  "cli.progress_during",
	grader.Storing: "cli.progress_storing", grader.Judging: "cli.progress_judging", grader.Looking: "cli.progress_looking",
	grader.Writing: "cli.progress_writing",
}

func (s *screen) show(e grader.Event) {
	u, lang := s.a.ui, s.a.lang()
	switch e := e.(type) {
	case grader.Note:
		text := lang.Text(e.Msg)
		if e.Msg.Key == "observe.kill_none" {
			text = u.text().Wrapped(text)
		}
		if !e.Hint.Empty() {
			text += "\n  → " + lang.Text(e.Hint)
		}
		u.note(text)
	case grader.Mind: // said with --quiet too
		text := lang.Text(e.Msg)
		if !e.Hint.Empty() {
			text += "\n    → " + lang.Text(e.Hint)
		}
		fmt.Fprintln(s.a.Stderr, diag.Plain(text))
	case grader.Alarm:
		u.failure(detail(lang, lang.Text(e.Msg), e.Cause), lang.Text(e.Hint))
	case grader.Unread:
		u.failure(e.Render(lang), "")
	case grader.Beside: // said with --quiet too
		u.line(lang.T("record.beside", "file", e.File, "new", e.New))
	case grader.Began:
		s.bar = u.progress(barText[e.Stage], e.Students, e.Requests)
	case grader.Step:
		if s.bar != nil {
			s.bar.step(e.Progress)
		}
	case grader.Ended:
		if s.bar != nil {
			s.bar.stop()
			s.bar = nil
		}
	case grader.WindowStep:
		if s.window == nil {
			s.window = u.faultBar()
		}
		s.window.step(e.WindowProgress)
	case grader.WindowEnded:
		if s.window != nil {
			s.window.stop()
		}
	case grader.Planned:
		if s.a.planned != nil {
			s.a.planned(e.Plan)
		}
	case grader.Allowed:
		u.note(s.a.faultText(e.Plan))
	case grader.Known:
		if s.a.known != nil {
			s.a.known(e.Verdict)
		}
	case grader.Held:
		if !e.Passing {
			s.over = s.a.litter.inForce(func() int { return s.a.sayStuck(e.Stuck) })
		}
	case grader.LetGo:
		if s.over != nil {
			s.over(e.Undone)
			s.over = nil
		}
	}
}
