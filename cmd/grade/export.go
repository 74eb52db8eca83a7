package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/form"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
	"swarmgrade/grader/rubric"
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

// Scores are in hundredths: of a smaller maximum than leastScale many are the same.
const leastScale, mostScale rubric.Points = 1_00, 10000_00

// handFlags say what platforms and schools want of the scores that they are given.
type handFlags struct {
	item, columnID, scale, round string
	fill                         grader.Fill
}

func (f *handFlags) register(a *app, c *cobra.Command) {
	lang := a.lang()
	fs := c.Flags()
	fs.StringVar(&f.item, "item", "", lang.T("fill.flag_item"))
	fs.StringVar(&f.columnID, "column-id", "", lang.T("fill.flag_column_id"))
	fs.StringVar(&f.scale, "scale", "", lang.T("fill.flag_scale"))
	fs.StringVar(&f.fill.File, "fill", "", lang.T("fill.flag"))
	fs.StringVar(&f.fill.Sheet, "sheet", "", lang.T("fill.flag_sheet"))
	fs.StringVar(&f.fill.Column, "column", "", lang.T("fill.flag_column"))
	fs.StringVar(&f.round, "round", "", lang.T("fill.flag_round"))
	fs.BoolVar(&f.fill.Overwrite, "overwrite", false, lang.T("fill.flag_overwrite"))
}

// add puts them into an export. A form is written alone unless formats are asked for.
func (f *handFlags) add(e *grader.Export, formats bool) error {
	e.Item, e.ColumnID = f.item, f.columnID
	if f.item != "" && strings.TrimSpace(f.item) == "" {
		return diag.Misuse(i18n.M("fill.blank_item"), i18n.M("fill.blank_item_hint"))
	}
	if f.scale != "" {
		p, err := rubric.TypedPoints(f.scale)
		if err != nil || p < leastScale || p > mostScale {
			return diag.Misuse(i18n.M("fill.bad_scale", "scale", f.scale), i18n.Msg{})
		}
		e.Scale = p
	}
	switch f.round {
	case "":
	case "0", "1":
		n := int(f.round[0] - '0')
		f.fill.Round = &n
	default:
		return diag.Misuse(i18n.M("fill.bad_round", "round", f.round), i18n.M("fill.bad_round_hint"))
	}
	if f.fill.File == "" {
		if f.fill.Options != (form.Options{}) {
			return diag.Misuse(i18n.M("fill.alone"), i18n.M("fill.alone_hint"))
		}
		return nil
	}
	e.Fill = &f.fill
	if !formats {
		e.Formats = nil
	}
	return nil
}

func newExportCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f struct {
		classFlags
		exportFlags
		handFlags
		back importFlags
	}
	c := &cobra.Command{Use: "export --class CLASS", Short: lang.T("cli.export_short"), Long: lang.T("cli.export_long"), Args: cobra.NoArgs}
	f.classFlags.register(a, c)
	f.exportFlags.register(a, c)
	f.handFlags.register(a, c)
	f.back.registerWith(a, c.Flags())
	c.RunE = func(c *cobra.Command, _ []string) error {
		export := f.export(a.lang())
		if err := f.add(&export, c.Flags().Changed("format")); err != nil {
			return err
		}
		if err := export.Check(); err != nil {
			return err
		}
		f.back.ready = func(j *grader.Job) error { return j.Ready(c.Context(), export) }
		printed := map[string]any{"schema": "swarmgrade-export/1"}
		j, err := a.openTaking(c, &f.classFlags, &f.back, printed)
		if err != nil || j == nil {
			return err
		}
		export.Lang, export.Imported = a.lang(), f.back.file
		defer lean(len(j.Class.Students), memoryResults)()
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
