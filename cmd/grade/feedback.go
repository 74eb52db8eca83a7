package main

import (
	"errors"

	"github.com/spf13/cobra"

	"swarmgrade/grader"
)

// newFeedbackCmd writes a page for each student, ready to hand out.
func newFeedbackCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f classFlags
	var out string
	var packed bool
	c := &cobra.Command{Use: "feedback --class CLASS", Short: lang.T("page.short"), Long: lang.T("page.long"), Args: cobra.NoArgs}
	f.register(a, c)
	c.Flags().StringVar(&out, "out", "", lang.T("cli.flag_out"))
	c.Flags().BoolVar(&packed, "zip", false, lang.T("page.flag_zip"))
	c.RunE = func(c *cobra.Command, _ []string) error {
		j, err := a.open(c.Context(), &f)
		if err != nil {
			return err
		}
		defer lean(len(j.Class.Students), memoryResults)()
		files, open, err := j.Feedback(c.Context(), grader.Export{Dir: out, Lang: a.lang()}, packed)
		if a.json && (err == nil || len(files) > 0) {
			if open == nil {
				open = []string{}
			}
			err = errors.Join(a.printJSON(map[string]any{"schema": "swarmgrade-export/1", "files": files, "not_final": open}), err)
		}
		return err
	}
	return c
}
