package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
)

// newLabVerifyCmd compares what a sample class was given with what its
// deployments state.
func newLabVerifyCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f classFlags
	var run string
	c := &cobra.Command{Use: "verify", Short: lang.T("labdeploy.verify_short"), Args: cobra.NoArgs}
	f.register(a, c)
	c.Flags().StringVar(&run, "run", "", lang.T("cli.flag_run"))
	c.RunE = func(c *cobra.Command, _ []string) error {
		if f.class == "" {
			f.class = "lab"
		}
		return a.labVerify(c.Context(), &f, run)
	}
	return c
}

func (a *app) labVerify(ctx context.Context, f *classFlags, run string) error {
	seats, err := sampleSeats(f.class)
	if err != nil {
		return err
	}
	j, err := a.open(ctx, f)
	if err != nil {
		return err
	}
	if run == "" {
		runs, err := j.Runs(ctx)
		if err != nil {
			return err
		}
		run = runs[0].ID
	}
	data, err := j.Scores(ctx, run)
	if err != nil {
		return err
	}
	verdicts := map[string][]judge.Verdict{}
	for _, s := range data.Students {
		verdicts[s.ID] = s.Verdicts
	}
	compared, wrong := 0, 0
	rows := []map[string]string{}
	for _, seat := range seats {
		if !j.Has(seat.ID) {
			continue
		}
		for _, d := range differences(seat.Deployment, verdicts[seat.ID]) {
			wrong++
			if a.json {
				rows = append(rows, map[string]string{"id": seat.ID, "deployment": seat.Deployment.Name, "message": a.lang().Text(d)})
				continue
			}
			fmt.Fprintln(a.Stdout, diag.Plain(fmt.Sprintf("%s %s: %s", seat.ID, seat.Deployment.Name, a.lang().Text(d))))
		}
		for _, v := range verdicts[seat.ID] {
			if v.Task == seat.Deployment.Task {
				compared++
			}
		}
	}
	if a.json {
		err = a.printJSON(map[string]any{"schema": "swarmgrade-verify/1", "run": run, "verdicts": compared, "differ": wrong, "differences": rows})
	} else {
		_, err = fmt.Fprintln(a.Stdout, a.lang().T("labdeploy.verified", "n", compared, "wrong", wrong, "run", run))
	}
	if err != nil {
		return err
	}
	if wrong > 0 || compared == 0 {
		return &diag.Failure{Code: diag.Mend}
	}
	return nil
}

// said is what a check itself says, without the words about an action that it follows.
func said(m i18n.Msg) i18n.Msg {
	if inner, ok := m.Args["message"].(i18n.Msg); ok && m.Key == "judge.during" {
		return inner
	}
	return m
}

// differences are where verdicts of a deployment's task are not what it
// states; of other tasks it states nothing.
func differences(d *deployments.Deployment, verdicts []judge.Verdict) []i18n.Msg {
	var out []i18n.Msg
	for _, v := range verdicts {
		if v.Task != d.Task {
			continue
		}
		want := d.Expected(v.Check)
		ok := len(want.Outcomes) == 0 || slices.ContainsFunc(want.Outcomes, func(o string) bool { return o == string(v.Outcome) })
		if ok && want.Message != "" {
			ok = said(v.Message).Key == want.Message
		}
		if ok && want.Points != nil {
			ok = v.Points.Float() == *want.Points
		}
		if !ok {
			out = append(out, i18n.M("labdeploy.difference", "check", v.Check, "got", string(v.Outcome),
				"want", fmt.Sprint(want.Outcomes), "key", said(v.Message).Key, "wantkey", want.Message, "message", v.Message))
		}
	}
	return out
}
