package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/fixtures/lab"
	"swarmgrade/fixtures/whoami"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// labFlags choose a lab; the environment and the package fill in the rest.
type labFlags struct{ state, subnet, name, release string }

func (f labFlags) options(a *app) (lab.Options, error) {
	opt := lab.Options{Dir: f.state, Name: f.name, Release: f.release}
	if opt.Release == "" {
		opt.Release = a.Getenv(lab.ReleaseEnv)
	}
	if opt.Dir == "" {
		opt.Dir = a.Getenv(lab.DirEnv)
	}
	if f.subnet != "" {
		p, err := netip.ParsePrefix(f.subnet)
		if err != nil {
			return opt, &diag.Failure{
				Code: diag.Usage,
				Msg:  i18n.M("lab.bad_subnet", "subnet", f.subnet), Hint: i18n.M("lab.bad_subnet_hint"),
			}
		}
		opt.Subnet = p
	}
	return opt, nil
}

func newLabCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f labFlags
	cmd := &cobra.Command{Use: "lab", Short: lang.T("lab.short"), Args: verbsOnly, RunE: showHelp}
	cmd.PersistentFlags().StringVar(&f.state, "state", "", lang.T("lab.flag_state"))
	verb := func(use, short string, run func(context.Context, lab.Options, []string) error) *cobra.Command {
		c := &cobra.Command{Use: use, Short: lang.T(short), Args: cobra.NoArgs}
		c.RunE = func(c *cobra.Command, args []string) error {
			opt, err := f.options(a)
			if err != nil {
				return err
			}
			return run(c.Context(), opt, args)
		}
		cmd.AddCommand(c)
		return c
	}
	up := verb("up", "lab.up_short", a.labUp)
	up.Flags().StringVar(&f.subnet, "subnet", "", lang.T("lab.flag_subnet"))
	up.Flags().StringVar(&f.name, "name", "", lang.T("lab.flag_name"))
	up.Flags().StringVar(&f.release, "release", "", lang.T("lab.flag_release"))
	verb("down", "lab.down_short", a.labDown)
	verb("status", "lab.status_short", a.labStatus)
	var kill bool
	stop := verb("stop NODE", "lab.stop_short", func(ctx context.Context, opt lab.Options, args []string) error {
		return a.labNode(ctx, opt, args[0], "lab.node_stopped", func(l *lab.Lab, n lab.Node) error {
			if kill {
				return l.KillNode(ctx, n)
			}
			return l.StopNode(ctx, n)
		})
	})
	stop.Args = cobra.ExactArgs(1)
	stop.Flags().BoolVar(&kill, "kill", false, lang.T("lab.flag_kill"))
	start := verb("start NODE", "lab.start_short", func(ctx context.Context, opt lab.Options, args []string) error {
		return a.labNode(ctx, opt, args[0], "lab.node_started", func(l *lab.Lab, n lab.Node) error {
			return l.StartNode(ctx, n)
		})
	})
	start.Args = cobra.ExactArgs(1)
	mesh := verb("mesh", "lab.mesh_short", func(ctx context.Context, opt lab.Options, _ []string) error {
		return lab.RunMesh(ctx, opt, a.Stderr)
	})
	mesh.Hidden = true
	cmd.AddCommand(newLabDeployCmd(a, &f), newLabVerifyCmd(a))
	return cmd
}

func (a *app) labUp(ctx context.Context, opt lab.Options, _ []string) error {
	lang := a.lang()
	opt.Exe, _ = os.Executable()
	opt.Progress = func(m i18n.Msg) {
		if !a.quiet {
			fmt.Fprintln(a.Stderr, lang.Text(m))
		}
	}
	start := time.Now()
	l, err := lab.Up(ctx, opt)
	if err != nil {
		return labError(err, "lab.up_failed", opt)
	}
	if a.json {
		return a.printJSON(l.Status(ctx))
	}
	n := l.Nodes()[0]
	fmt.Fprintln(a.Stdout, lang.T("lab.up_done", "seconds", math.Round(time.Since(start).Seconds()*10)/10))
	fmt.Fprintln(a.Stdout, lang.T("lab.up_next", "endpoint", n.Endpoint(), "address", n.Addr.String(),
		"endpoints", strings.Join(l.Endpoints(), " "), "fault", indent(l.FaultYAML())))
	return nil
}

// indent sets text in.
func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

func (a *app) labDown(ctx context.Context, opt lab.Options, _ []string) error {
	was, err := lab.Down(ctx, opt)
	if err != nil {
		return labError(err, "lab.down_failed", opt)
	}
	key := "lab.down_done"
	if !was {
		key = "lab.down_none"
	}
	if !a.quiet {
		fmt.Fprintln(a.Stderr, a.lang().T(key))
	}
	return nil
}

func (a *app) labNode(ctx context.Context, opt lab.Options, name, done string, do func(*lab.Lab, lab.Node) error) error {
	if err := lab.Preflight(); err != nil {
		return labError(err, "", opt)
	}
	l, err := lab.Find(opt)
	if err != nil {
		return labError(err, "lab.status_failed", opt)
	}
	n, ok := l.Node(name)
	if !ok {
		var names []string
		for _, n := range l.Nodes() {
			names = append(names, n.Name)
		}
		return &diag.Failure{
			Code: diag.Usage,
			Msg:  i18n.M("lab.no_node", "node", name), Hint: i18n.M("lab.no_node_hint", "nodes", names),
		}
	}
	if err := do(l, n); err != nil {
		return labError(err, "", opt)
	}
	if !a.quiet {
		fmt.Fprintln(a.Stderr, a.lang().T(done, "node", n.Name))
	}
	return nil
}

// labError puts a lab's error into the program's form. other is the sentence
// for an error that has none of its own.
func labError(err error, other string, opt lab.Options) error {
	var p *lab.Problem
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, lab.ErrNotUp):
		return &diag.Failure{Code: diag.Open, Msg: i18n.M("lab.not_up"), Hint: i18n.M("lab.not_up_hint")}
	case errors.As(err, &p):
		code := diag.Open
		if p.Usage {
			code = diag.Usage
		}
		return &diag.Failure{Code: code, Msg: p.Msg, Hint: p.Hint, Cause: p.Cause}
	case other == "":
		return &diag.Failure{Code: diag.Open, Msg: i18n.M("lab.status_failed"), Cause: err}
	}
	e := &diag.Failure{Code: diag.Open, Msg: i18n.M(other), Cause: err}
	if other == "lab.down_failed" {
		dir := opt.Dir
		if dir == "" {
			dir = lab.DefaultDir
		}
		e.Hint = i18n.M("lab.down_failed_hint", "dir", dir)
	}
	return e
}

// newWhoamiCmd is what the lab's whoami image runs where no compiler was at
// hand to build the program of its own.
func newWhoamiCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "whoami", Short: a.lang().T("lab.whoami_short"), Hidden: true, DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			// A container's first process ignores what it does not ask for.
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGTERM)
			defer stop()
			if status := whoami.Main(ctx, args, a.Stderr); status != exitOK {
				return childStatus(status)
			}
			return nil
		},
	}
}
