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
		back importFlags
	}
	c := &cobra.Command{Use: "export --class CLASS", Short: lang.T("cli.export_short"), Args: cobra.NoArgs}
	f.classFlags.register(a, c)
	f.exportFlags.register(a, c)
	f.back.registerWith(a, c.Flags())
	c.RunE = func(c *cobra.Command, _ []string) error {
		export := f.export(a.lang())
		if err := export.Check(); err != nil {
			return err
		}
		printed := map[string]any{"schema": "swarmgrade-export/1"}
		j, err := a.openTaking(c, &f.classFlags, &f.back, printed)
		if err != nil || j == nil {
			return err
		}
		export.Lang = a.lang()
		files, err := j.Export(c.Context(), export)
		if a.json && (err == nil || len(files) > 0) {
			printed["files"] = files
			err = errors.Join(a.printJSON(printed), err)
		}
		return err
	}
	return c
}

// openTaking opens the class, once what was typed into a workbook is taken back if one was
// named; nil if somebody said no to that.
func (a *app) openTaking(c *cobra.Command, f *classFlags, o *importFlags, printed map[string]any) (*grader.Job, error) {
	if o.file == "" {
		for _, flag := range []string{"yes", "skip-conflicts"} {
			if c.Flags().Changed(flag) {
				return nil, usageHint(i18n.M("import.import_only", "flag", flag), i18n.M("import.import_only_hint", "flag", flag))
			}
		}
		return a.open(c.Context(), f)
	}
	o.again = "grade export --import " + shellWord(o.file)
	t := &taking{a: a, f: f, o: *o}
	err := t.run(c.Context())
	if t.x != nil {
		printed["import"] = t.json()
	}
	if err != nil || !t.agreed {
		if a.json && t.x != nil {
			err = errors.Join(a.printJSON(printed), err)
		}
		return nil, err
	}
	return t.j, nil
}
