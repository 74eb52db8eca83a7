package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

func newRubricDiffCmd(a *app) *cobra.Command {
	lang := a.lang()
	return &cobra.Command{
		Use: "diff OLD NEW", Short: lang.T("rubrictool.diff_short"), Long: lang.T("rubrictool.diff_long"), Args: cobra.ExactArgs(2), ValidArgs: rubrics.IDs(),
		RunE: func(c *cobra.Command, args []string) error {
			old, err := findRubric(c.Context(), args[0])
			if err != nil {
				return err
			}
			now, err := findRubric(c.Context(), args[1])
			if err != nil {
				return err
			}
			return a.sayDiff(old, now)
		},
	}
}

// diffSide is one of the rubrics that are compared.
type diffSide struct {
	ID      string        `json:"id"`
	Version int           `json:"version"`
	SHA256  string        `json:"sha256"`
	File    string        `json:"file"`
	Points  rubric.Points `json:"points"`
}

func (a *app) sayDiff(old, now *rubric.Rubric) error {
	changes := rubric.Diff(old, now)
	if a.json {
		side := func(r *rubric.Rubric) diffSide { return diffSide{r.ID, r.Version, r.SHA256, r.File, r.Points} }
		return a.printJSON(map[string]any{
			"schema": "swarmgrade-rubric-diff/1", "old": side(old), "new": side(now), "changes": append([]rubric.Change{}, changes...),
		})
	}
	for _, c := range changes {
		if err := a.sayLine(strings.Join(a.lang().Lines(changed(c)), " ")); err != nil {
			return err
		}
	}
	key := "rubrictool.diff_total"
	if len(changes) == 0 {
		key = "rubrictool.diff_none"
	}
	return a.sayLine(a.lang().T(key, "n", len(changes), "old", old.Points.String(), "new", now.Points.String()))
}

// sayLine prints words that may hold text from files.
func (a *app) sayLine(text string) error {
	_, err := fmt.Fprintln(a.Stdout, diag.Plain(text))
	return err
}

// changed is the sentence of a change.
func changed(c rubric.Change) i18n.Msg {
	what := c.What
	if c.Of == "rubric" {
		what = "rubric"
	} else if what != "changed" && what != "moved" && c.Old+c.New == "" {
		what += "_bare" // has no points
	}
	value := func(s string) any {
		if s == "" {
			return i18n.M("rubrictool.diff_nothing")
		}
		return s
	}
	return i18n.M("rubrictool.diff_"+what, "of", i18n.M("rubrictool.of_"+c.Of), "id", c.ID, "field", c.Field, "old", value(c.Old), "new", value(c.New))
}
