package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// newManCmd writes a page of section 1 for each command, in the language
// asked for; make man and packagers use it.
func newManCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: a.lang().T("cli.man_short"), Args: cobra.ExactArgs(1), Hidden: true,
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return &diag.Failure{Code: diag.Usage, Cause: err,
					Msg: i18n.M("cli.no_dir", "dir", args[0]), Hint: i18n.M("cli.no_dir_hint")}
			}
			// No date: the same source gives the same pages.
			head := &doc.GenManHeader{Section: "1", Source: version(), Manual: "swarmgrade", Date: &time.Time{}}
			c.Root().DisableAutoGenTag = true
			if err := doc.GenManTree(c.Root(), head, args[0]); err != nil {
				return &diag.Failure{Code: diag.Usage, Cause: err,
					Msg: i18n.M("cli.not_written", "file", args[0]), Hint: i18n.M("cli.not_written_hint")}
			}
			return nil
		},
	}
}
