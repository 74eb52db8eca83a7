package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

func newDoctorCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f classFlags
	c := &cobra.Command{Use: "doctor --class CLASS", Short: lang.T("cli.doctor_short"), Args: cobra.NoArgs}
	f.register(a, c)
	a.haproxyFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error { return a.doctor(c.Context(), &f) }
	return c
}

// doctor says what of a class can be reached, and how to mend the rest.
func (a *app) doctor(ctx context.Context, f *classFlags) error {
	j, err := a.open(ctx, f)
	if err != nil {
		return err
	}
	found, err := j.Doctor(ctx)
	if err != nil {
		return err
	}
	bad := 0
	for _, n := range found {
		if n.Level == diag.Bad {
			bad++
		}
	}
	if err := a.sayNotices(found); err != nil {
		return err
	}
	if bad > 0 {
		return &diag.Failure{Code: diag.Open, Msg: i18n.M("cli.doctor_bad", "n", bad)}
	}
	return nil
}

func (a *app) sayNotices(found []diag.Notice) error {
	lang := a.lang()
	if a.json {
		type row struct {
			Level   string `json:"level"`
			Message string `json:"message"`
			Hint    string `json:"hint,omitempty"`
		}
		rows := make([]row, 0, len(found))
		for _, n := range found {
			rows = append(rows, row{string(n.Level), lang.Text(n.Msg), lang.Text(n.Hint)})
		}
		return a.printJSON(rows)
	}
	marks := map[diag.Level]string{diag.Good: "✓", diag.Warn: "!", diag.Bad: "✗"}
	for _, n := range found {
		fmt.Fprintf(a.Stdout, "%s %s\n", marks[n.Level], diag.Plain(lang.Text(n.Msg)))
		if !n.Hint.Empty() {
			fmt.Fprintf(a.Stdout, "    → %s\n", diag.Plain(lang.Text(n.Hint)))
		}
	}
	return nil
}
