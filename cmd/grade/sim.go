package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/sim"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// simFlags say what an embedded cluster of its own is like.
type simFlags struct {
	state    string
	class    string
	empty    bool
	students int
	listen   string
	speed    float64
	write    string
}

// maxSimSpeed is where requests begin to take longer than the swarm's delays.
const maxSimSpeed = 200

func newSimCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f simFlags
	cmd := &cobra.Command{
		Use: "sim", Short: lang.T("sim.short"), Long: lang.T("sim.long"), Args: verbsOnly,
		RunE: func(c *cobra.Command, _ []string) error { return a.sim(c.Context(), &f) },
	}
	cmd.PersistentFlags().StringVar(&f.state, "state", "", lang.T("sim.flag_state"))
	fl := cmd.Flags()
	fl.StringVar(&f.class, "class", "2024A", lang.T("sim.flag_class"))
	fl.BoolVar(&f.empty, "empty", false, lang.T("sim.flag_empty"))
	fl.IntVar(&f.students, "students", 0, lang.T("sim.flag_students"))
	fl.StringVar(&f.listen, "listen", "unix", lang.T("sim.flag_listen"))
	fl.Float64Var(&f.speed, "speed", simSpeed, lang.T("sim.flag_speed"))
	a.haproxyFlag(cmd)
	fl.StringVar(&f.write, "write-class", "", lang.T("sim.flag_write"))
	cmd.MarkFlagsMutuallyExclusive("class", "empty", "students")
	status := &cobra.Command{
		Use: "status", Short: lang.T("sim.status_short"), Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.simStatus(c.Context(), &f) },
	}
	cmd.AddCommand(status)
	for _, verb := range []string{sim.StopNode, sim.KillNode, sim.StartNode} {
		v := &cobra.Command{
			Use: verb + " NODE", Short: lang.T("sim." + verb + "_short"), Args: cobra.ExactArgs(1),
			RunE: func(c *cobra.Command, args []string) error { return a.simNode(c.Context(), &f, args[0], verb) },
		}
		cmd.AddCommand(v)
	}
	return cmd
}

func (f *simFlags) dir(a *app) string {
	return cmp.Or(f.state, sim.DefaultHome(a.Getenv))
}

// seats are the students to put on the cluster, and the class they are of.
func (f *simFlags) seats() (class string, seats []deployments.Seat, err error) {
	switch {
	case f.empty:
		return "", nil, nil
	case f.students < 0 || f.students > deployments.MaxGenerated:
		return "", nil, usageError(i18n.M("sim.bad_students", "n", f.students, "most", deployments.MaxGenerated))
	case f.students > 0:
		f.class = fmt.Sprintf("gen-%d", f.students)
	}
	seats, err = simSeats(f.class)
	return f.class, seats, err
}

// sim keeps an embedded cluster up until it is interrupted, which is how it is
// meant to end.
func (a *app) sim(ctx context.Context, f *simFlags) error {
	class, seats, err := f.seats()
	if err != nil {
		return err
	}
	if f.listen != "unix" && f.listen != "tcp" {
		return usageError(i18n.M("sim.bad_listen", "listen", f.listen))
	}
	if !(f.speed >= 0.1 && f.speed <= maxSimSpeed) {
		return usageError(i18n.M("sim.bad_speed", "speed", f.speed, "most", maxSimSpeed))
	}
	if f.write != "" {
		if err := mayWrite(ctx, f.write, seats); err != nil {
			return err
		}
	}
	// Whoever can open a socket of ours is us, or root; a port is open to all.
	opt := sim.Options{Seed: simSeed, Speed: f.speed, TCP: f.listen == "tcp", HostFiles: f.listen == "unix"}
	home, cleared, err := sim.Claim(f.dir(a))
	if err != nil {
		return simHomeError(err, f.dir(a))
	}
	opt.Dir = home.Dir()
	if cleared {
		a.ui.note(a.lang().T("sim.cleared", "dir", home.Dir()))
	}
	err = errors.Join(a.keepSim(ctx, f, home, class, seats, opt), home.Release())
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil
	}
	if ctx.Err() != nil && err == nil {
		a.ui.note(a.lang().T("sim.gone"))
	}
	return err
}

// keepSim brings the cluster up, tells how to use it, waits and takes it down.
func (a *app) keepSim(ctx context.Context, f *simFlags, home *sim.Home, class string, seats []deployments.Seat, opt sim.Options) (err error) {
	start := time.Now()
	c, err := a.bringUpSim(ctx, seats, opt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	about := sim.Status{PID: os.Getpid(), Class: class, Students: len(seats), Speed: opt.Speed}
	stop, err := home.Control(c, about)
	if err != nil {
		return simFailed(err)
	}
	defer stop()
	g := simGuide{cluster: c, class: class, seats: seats}
	if home.Dir() != sim.DefaultHome(func(name string) string {
		if name == sim.HomeEnv {
			return ""
		}
		return a.Getenv(name)
	}) {
		g.state = home.Dir()
	}
	if f.write != "" {
		if err := g.write(f.write); err != nil {
			return err
		}
	}
	if a.json {
		about.Dir, about.Nodes = home.Dir(), c.NodeStatuses()
		err = a.printJSON(about)
	} else {
		err = g.print(a, f.write, math.Round(time.Since(start).Seconds()*10)/10)
	}
	if err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func simHomeError(err error, dir string) error {
	e := &diag.Failure{Code: diag.Usage, Msg: i18n.M("sim.home_failed", "dir", dir), Hint: i18n.M("sim.home_failed_hint"), Cause: err}
	switch {
	case errors.Is(err, sim.ErrRunning):
		e.Msg, e.Hint, e.Cause = i18n.M("sim.running", "dir", dir), i18n.M("sim.running_hint"), nil
	case errors.Is(err, sim.ErrForeign):
		e.Msg, e.Hint = i18n.M("sim.foreign", "dir", dir), i18n.M("sim.foreign_hint")
	}
	return e
}
