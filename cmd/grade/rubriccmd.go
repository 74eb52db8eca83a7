package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

func newRubricCmd(a *app) *cobra.Command {
	lang := a.lang()
	c := &cobra.Command{Use: "rubric", Short: lang.T("cli.rubric_short"), Args: verbsOnly, RunE: showHelp}
	c.AddCommand(newRubricTestCmd(a), newRubricExplainCmd(a), newRubricDiffCmd(a), newRubricSchemaCmd(a), newRubricNewCmd(a),
		&cobra.Command{
			Use: "list", Short: lang.T("cli.rubric_list_short"), Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error {
				var all []*rubric.Rubric
				for _, id := range rubrics.IDs() {
					rub, err := grader.BuiltinRubric(id)
					if err != nil {
						return err
					}
					all = append(all, rub)
				}
				if a.json {
					return a.sayRubrics(false, all...)
				}
				for _, rub := range all {
					fmt.Fprintf(a.Stdout, "%s\t%s\t%s\n", rub.ID, rub.Points, rub.Title.In(a.lang()))
				}
				return nil
			},
		},
		&cobra.Command{
			Use: "show RUBRIC", Short: lang.T("cli.rubric_show_short"), Args: cobra.ExactArgs(1), ValidArgs: rubrics.IDs(),
			RunE: func(c *cobra.Command, args []string) error {
				rub, err := findRubric(c.Context(), args[0])
				if err != nil {
					return err
				}
				if a.json {
					return a.sayRubrics(true, rub)
				}
				a.printRubric(rub)
				return nil
			},
		},
		&cobra.Command{
			Use: "lint RUBRIC...", Short: lang.T("cli.rubric_lint_short"), Args: cobra.MinimumNArgs(1),
			RunE: func(c *cobra.Command, args []string) error { return a.lint(c.Context(), args) },
		},
	)
	return c
}

// findRubric takes a built-in rubric's ID or a path.
func findRubric(ctx context.Context, arg string) (*rubric.Rubric, error) {
	if _, ok := rubrics.Find(arg); ok {
		return grader.BuiltinRubric(arg)
	}
	return grader.ReadRubric(ctx, arg)
}

func (a *app) printRubric(rub *rubric.Rubric) {
	lang := a.lang()
	fmt.Fprintf(a.Stdout, "%s  %s\n", rub.Title.In(lang), rub.Points)
	for _, t := range rub.Tasks {
		fmt.Fprintf(a.Stdout, "\n%s  %s\n", t.Title.In(lang), t.Points)
		for _, c := range t.Checks {
			fmt.Fprintf(a.Stdout, "  %5s  %s  (%s)\n", c.Points, c.Title.In(lang), c.ID)
		}
	}
}

func checksIn(rub *rubric.Rubric) int {
	n := 0
	for _, t := range rub.Tasks {
		n += len(t.Checks)
	}
	return n
}
