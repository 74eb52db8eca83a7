package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/diag"
)

func newRunsCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f classFlags
	c := &cobra.Command{Use: "runs --class CLASS", Short: lang.T("cli.runs_short"), Args: cobra.NoArgs}
	c.Flags().StringVar(&f.class, "class", "", lang.T("cli.flag_class"))
	c.RunE = func(c *cobra.Command, _ []string) error {
		j, err := a.open(c.Context(), &f)
		if err != nil {
			return err
		}
		return a.runs(c.Context(), j)
	}
	return c
}

// runJSON is a run for scripts; JudgedBy is the regrade that has taken the place
// of its verdicts.
type runJSON struct {
	ID       string     `json:"id"`
	Status   string     `json:"status"`
	Task     string     `json:"task"`
	Students int        `json:"students"`
	Rubric   rubricJSON `json:"rubric"`
	Roster   string     `json:"roster_sha256"`
	Tool     string     `json:"tool"`
	Regrades string     `json:"regrades,omitempty"`
	JudgedBy string     `json:"judged_by,omitempty"`
	Started  string     `json:"started"`
	Finished string     `json:"finished"`
}

// runs lists a class's runs, the newest first.
func (a *app) runs(ctx context.Context, j *grader.Job) error {
	runs, err := j.Runs(ctx)
	if err != nil {
		return err
	}
	lang := a.lang()
	rows := []runJSON{}
	for _, r := range runs {
		again := r.JudgedBy
		rows = append(rows, runJSON{
			ID: r.ID, Status: string(r.Status), Task: r.Task, Students: r.Students,
			Rubric: rubricJSON{r.RubricID, r.RubricVersion, r.RubricSHA256}, Roster: r.RosterSHA256, Tool: r.Tool,
			Regrades: r.Regrades, JudgedBy: again.ID, Started: r.Started.Format(time.RFC3339), Finished: stampOf(r.Finished),
		})
		if a.json {
			continue
		}
		took := "-"
		if !r.Finished.IsZero() {
			took = r.Finished.Sub(r.Started).String()
		}
		what := lang.T("cli.run_" + string(r.Status))
		if r.Regrades != "" {
			what += " " + lang.T("cli.run_regrades", "run", r.Regrades)
		}
		if again.ID != "" {
			what += " " + lang.T("record.run_judged", "run", again.ID, "rubric", grader.RubricName(again.RubricID, again.RubricVersion, again.RubricSHA256))
		}
		if _, err := fmt.Fprintln(a.Stdout, diag.Plain(lang.T("record.run_line", "run", r.ID, "started", r.Started.Local().Format(time.DateTime),
			"took", took, "task", a.taskWords(strings.Split(r.Task, ",")), "students", r.Students,
			"rubric", grader.RubricName(r.RubricID, r.RubricVersion, r.RubricSHA256), "status", what))); err != nil {
			return err
		}
	}
	if a.json {
		return a.printJSON(map[string]any{"schema": "swarmgrade-runs/1", "class": j.Class.Name, "runs": rows})
	}
	return nil
}

// stampOf is a time for scripts, "" where there is none.
func stampOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
