package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"

	"swarmgrade/fixtures/sim"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// simStatus shows the embedded cluster that another process keeps up. None, or
// one with a stopped node, is status 3, so that scripts can ask.
func (a *app) simStatus(ctx context.Context, f *simFlags) error {
	s, err := sim.Find(f.dir(a)).Status(ctx)
	if err != nil {
		return simRemoteError(err, f.dir(a), "")
	}
	if a.json {
		err = a.printJSON(s)
	} else {
		a.simTable(s)
	}
	if err != nil {
		return err
	}
	for _, n := range s.Nodes {
		if !n.Engine || n.State != "ready" {
			return &diag.Failure{Code: diag.Open}
		}
	}
	return nil
}

func (a *app) simTable(s sim.Status) {
	lang := a.lang()
	fmt.Fprintln(a.Stdout, lang.T("sim.status_up", "pid", s.PID, "students", s.Students, "class", s.Class, "speed", s.Speed, "dir", s.Dir))
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.DrawBorder = false
	t.Style().Options.SeparateColumns = false
	t.AppendHeader(table.Row{
		lang.T("lab.col_node"), lang.T("sim.col_address"), lang.T("lab.col_endpoint"), lang.T("lab.col_engine"),
		lang.T("lab.col_swarm"), lang.T("lab.col_containers"),
	})
	for _, n := range s.Nodes {
		engine := lang.T("lab.engine_stopped")
		if n.Engine {
			engine = lang.T("sim.engine_runs")
		}
		t.AppendRow(table.Row{n.Name, n.Address, n.Endpoint, engine, n.State, n.Containers})
	}
	fmt.Fprintln(a.Stdout, t.Render())
}

// simNode stops a node of the embedded cluster, or starts it again.
func (a *app) simNode(ctx context.Context, f *simFlags, node, verb string) error {
	r := sim.Find(f.dir(a))
	if err := r.Node(ctx, node, verb); err != nil {
		e := simRemoteError(err, f.dir(a), node)
		if s, serr := r.Status(ctx); serr == nil && errors.Is(err, sim.ErrNoNode) {
			var names []string
			for _, n := range s.Nodes {
				names = append(names, n.Name)
			}
			e.Hint = i18n.M("lab.no_node_hint", "nodes", names)
		}
		return e
	}
	if !a.quiet {
		fmt.Fprintln(a.Stderr, a.lang().T("sim."+verb+"_done", "node", node))
	}
	return nil
}

func simRemoteError(err error, dir, node string) *diag.Failure {
	switch {
	case errors.Is(err, sim.ErrNoNode):
		return &diag.Failure{Code: diag.Usage, Msg: i18n.M("sim.no_node", "node", node)}
	case errors.Is(err, sim.ErrNotRunning):
		return &diag.Failure{Code: diag.Open, Msg: i18n.M("sim.not_running", "dir", dir), Hint: i18n.M("sim.not_running_hint")}
	}
	return &diag.Failure{Code: diag.Open, Msg: i18n.M("sim.no_answer", "dir", dir), Hint: i18n.M("sim.no_answer_hint"), Cause: err}
}
