package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/fault"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/observe"
)

// chooseKill plans what a self-check may break: nothing, unless it was asked
// for, and then one of the student's own containers.
func (a *app) chooseKill(ctx context.Context, f *checkFlags, plan *observe.Plan, snap *evidence.Snapshot) error {
	lang := a.lang()
	if !plan.NeedsFault() {
		return nil
	}
	switch {
	case !f.fault:
		a.ui.note(a.ui.text().Wrapped(lang.T("observe.kill_none")))
	case !plan.KillOne(snap):
		a.ui.note(lang.T("observe.kill_impossible"))
	case f.yes:
		return nil
	default:
		in, ok := a.Stdin.(*os.File)
		if !ok || !term.IsTerminal(int(in.Fd())) {
			return usageHint(i18n.M("observe.kill_unasked"), i18n.M("observe.kill_unasked_hint"))
		}
		k := plan.Faults[0].Fault
		fmt.Fprint(a.Stderr, lang.T("observe.kill_ask", "container", k.ContainerID[:min(12, len(k.ContainerID))],
			"service", plan.Students[0].Watch.Service.Name, "node", k.Hostname)+" ")
		yes, err := readYes(ctx, in)
		if err != nil || yes {
			return err
		}
	}
	plan.LeaveOut("self-check", "")
	return nil
}

// watchKill kills the container, watches what becomes of it, and drives the
// load that follows, all into the case.
func (a *app) watchKill(ctx context.Context, j *job, cl cluster, r *observe.Runner, prober observe.Prober,
	plan *observe.Plan, c *evidence.Case,
) error {
	injector, err := fault.New(fault.TaskKill, j.class.Fault, cl)
	if err != nil {
		return err
	}
	bar := a.ui.faultBar()
	defer bar.stop()
	w := observe.Windows{
		Watcher: cl, Prober: prober, At: r.At, Rate: j.class.Settings.Rate, Swarm: c.Before.Swarm, Progress: bar.step,
		Breaker: &breaker{opt: fault.Options{Cluster: cl, Injector: injector, Class: j.class.Name, At: r.At}},
	}
	f := &plan.Faults[0]
	seen, probings, err := w.Watch(ctx, f.Fault, plan.Watched(f, c.Before, func(string) bool { return false }))
	if err != nil {
		return err
	}
	bar.stop()
	c.Window, c.Bundle.Probing = seen, probings[0]
	if err := observe.Calm(ctx, cl, r.At, c.Before.Swarm, []string{c.Bundle.Probing.Service}); err != nil {
		return err
	}
	if c.Settled, err = cl.Snapshot(ctx, r.At); err == nil {
		after, into := plan.After([]*evidence.Bundle{c.Bundle}, c.Settled)
		err = r.Later(ctx, after, into)
	}
	if err == nil {
		c.Final, err = cl.Snapshot(ctx, r.At)
	}
	return err
}

// readYes reads the answer to a question.
func readYes(ctx context.Context, in *os.File) (bool, error) {
	answer, err := readLine(ctx, in)
	return slices.Contains([]string{"y", "yes", "是"}, strings.ToLower(answer)), err
}
