package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"swarmgrade/fixtures/lab"
	"swarmgrade/grader/diag"
)

// labStatus shows how the lab is; a lab that is not whole is status 3, so that
// scripts can ask.
func (a *app) labStatus(ctx context.Context, opt lab.Options, _ []string) error {
	s, err := lab.StatusOf(ctx, opt)
	if err != nil {
		return labError(err, "lab.status_failed", opt)
	}
	if a.json {
		if err := a.printJSON(s); err != nil {
			return err
		}
	} else {
		a.labTable(s)
	}
	if s.State != lab.StateUp {
		return &diag.Failure{Code: diag.Open}
	}
	return nil
}

func (a *app) labTable(s lab.Status) {
	lang := a.lang()
	fmt.Fprintln(a.Stdout, lang.T("lab.status_"+s.State, "dir", s.Dir, "subnet", s.Subnet))
	if s.State == lab.StateDown {
		fmt.Fprintln(a.Stdout, "    → "+lang.T("lab.status_down_hint"))
		return
	}
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.DrawBorder = false
	t.Style().Options.SeparateColumns = false
	t.AppendHeader(table.Row{
		lang.T("lab.col_node"), lang.T("lab.col_endpoint"), lang.T("lab.col_engine"),
		lang.T("lab.col_swarm"), lang.T("lab.col_containers"), lang.T("lab.col_images"),
	})
	for _, n := range s.Nodes {
		engine := lang.T("lab.engine_stopped")
		switch {
		case n.EnginePID != 0 && n.StorageDriver == "":
			engine = lang.T("lab.engine_busy", "pid", n.EnginePID)
		case n.EngineVersion != "":
			engine = lang.T("lab.engine_line", "version", n.EngineVersion, "driver", n.StorageDriver, "pid", n.EnginePID)
		}
		t.AppendRow(table.Row{
			n.Name, n.Endpoint, engine, strings.TrimSpace(n.Swarm + " " + n.Manager),
			n.Containers, diag.Plain(strings.Join(n.Images, " ")),
		})
	}
	fmt.Fprintln(a.Stdout, t.Render())
	switch {
	case s.Mesh.Kind == lab.MeshIPVS:
		fmt.Fprintln(a.Stdout, lang.T("lab.mesh_ipvs"))
	case s.Mesh.PID == 0:
		fmt.Fprintln(a.Stdout, lang.T("lab.mesh_missing"))
	default:
		fmt.Fprintln(a.Stdout, lang.T("lab.mesh_stand_in", "pid", s.Mesh.PID))
	}
	if s.State == lab.StatePartial {
		fmt.Fprintln(a.Stdout, "    → "+lang.T("lab.status_partial_hint"))
	}
}
