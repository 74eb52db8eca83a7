package main

import (
	"errors"

	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
)

// exportFlags say what is written, and where.
type exportFlags struct {
	formats       []string
	out           string
	allowUngraded bool
}

func (f *exportFlags) register(a *app, c *cobra.Command) {
	lang := a.lang()
	formats := report.FormatNames()
	c.Flags().StringSliceVar(&f.formats, "format", report.UsualFormats(), lang.T("cli.flag_format", "formats", formats))
	c.Flags().StringVar(&f.out, "out", "", lang.T("cli.flag_out"))
	c.Flags().BoolVar(&f.allowUngraded, "allow-ungraded", false, lang.T("cli.flag_allow_ungraded"))
	completeFlag(c, "format", func() []string { return formats })
}

// export is what the flags ask for.
func (f *exportFlags) export(lang i18n.Lang) grader.Export {
	return grader.Export{Dir: f.out, Formats: f.formats, Lang: lang, AllowUngraded: f.allowUngraded}
}

func newExportCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f struct {
		classFlags
		exportFlags
	}
	c := &cobra.Command{Use: "export --class CLASS", Short: lang.T("cli.export_short"), Args: cobra.NoArgs}
	f.classFlags.register(a, c)
	f.exportFlags.register(a, c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		export := f.export(a.lang())
		if err := export.Check(); err != nil {
			return err
		}
		j, err := a.open(c.Context(), &f.classFlags)
		if err != nil {
			return err
		}
		export.Lang = a.lang()
		defer lean(len(j.Class.Students))()
		files, err := j.Export(c.Context(), export)
		if a.json && (err == nil || len(files) > 0) {
			err = errors.Join(a.printJSON(map[string]any{"schema": "swarmgrade-export/1", "files": files}), err)
		}
		return err
	}
	return c
}
