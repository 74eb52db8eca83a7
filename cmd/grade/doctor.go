package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/swarm"
	"swarmgrade/loadgen"
)

func newDoctorCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f classFlags
	c := &cobra.Command{Use: "doctor --class CLASS", Short: lang.T("cli.doctor_short"), Args: cobra.NoArgs}
	f.register(a, c)
	c.RunE = func(c *cobra.Command, _ []string) error { return a.doctor(c.Context(), &f) }
	return c
}

// doctor says what of a class can be reached, and how to mend the rest.
func (a *app) doctor(ctx context.Context, f *classFlags) error {
	j, err := a.load(f)
	if err != nil {
		return err
	}
	found := []swarm.Finding{{Level: "ok", Msg: i18n.M("cli.doctor_class", "file", j.class.File, "students", len(j.students),
		"rubric", j.rub.Title)}}
	d := swarm.Diagnose(ctx, j.class.Cluster)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	found = append(found, d.Findings...)
	found = append(found, a.nodesReached(ctx, j)...)
	bad := 0
	for _, x := range found {
		if x.Level == "error" {
			bad++
		}
	}
	if err := a.sayFindings(found); err != nil {
		return err
	}
	if bad > 0 {
		return &statusError{Status: exitCluster, Msg: i18n.M("cli.doctor_bad", "n", bad)}
	}
	return nil
}

// nodesReached tries the address of every node, as load will.
func (a *app) nodesReached(ctx context.Context, j *job) []swarm.Finding {
	cl, err := a.connect(ctx, j)
	if err != nil {
		return nil // the diagnosis says so already
	}
	defer cl.Close()
	snap, err := cl.Snapshot(ctx, func() int64 { return 0 })
	if err != nil {
		return nil
	}
	var out []swarm.Finding
	for _, n := range snap.Nodes {
		if n.State != "ready" {
			continue
		}
		if err := (loadgen.Loader{}).Reach(ctx, n.Address); err != nil {
			out = append(out, swarm.Finding{
				Level: "error",
				Msg:   i18n.M("cli.doctor_node_unreached", "node", n.Hostname, "address", n.Address),
				Hint:  i18n.M("cli.doctor_node_unreached_hint", "node", n.Hostname),
			})
			continue
		}
		out = append(out, swarm.Finding{Level: "ok", Msg: i18n.M("cli.doctor_node", "node", n.Hostname, "address", n.Address)})
	}
	return out
}

func (a *app) sayFindings(found []swarm.Finding) error {
	lang := a.lang()
	if a.json {
		type row struct {
			Level   string `json:"level"`
			Message string `json:"message"`
			Hint    string `json:"hint,omitempty"`
		}
		rows := make([]row, 0, len(found))
		for _, f := range found {
			rows = append(rows, row{f.Level, lang.Text(f.Msg), lang.Text(f.Hint)})
		}
		enc := json.NewEncoder(a.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(rows)
	}
	marks := map[string]string{"ok": "✓", "warn": "!", "error": "✗"}
	for _, f := range found {
		fmt.Fprintf(a.Stdout, "%s %s\n", marks[f.Level], diag.Plain(lang.Text(f.Msg)))
		if !f.Hint.Empty() {
			fmt.Fprintf(a.Stdout, "    → %s\n", diag.Plain(lang.Text(f.Hint)))
		}
	}
	return nil
}
