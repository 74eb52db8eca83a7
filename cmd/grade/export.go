package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
)

// formats are the files that can be written, by the ending of their name.
var formats = []string{"xlsx", "json"}

// exportFlags say what is written, and where.
type exportFlags struct {
	formats []string
	out     string
}

func (f *exportFlags) register(a *app, c *cobra.Command) {
	lang := a.lang()
	c.Flags().StringSliceVar(&f.formats, "format", formats, lang.T("cli.flag_format", "formats", formats))
	c.Flags().StringVar(&f.out, "out", "", lang.T("cli.flag_out"))
	completeFlag(c, "format", func() []string { return formats })
}

func (f *exportFlags) check() error {
	for _, name := range f.formats {
		if !slices.Contains(formats, name) {
			return usageHint(i18n.M("cli.no_format", "format", name), i18n.M("cli.no_format_hint", "formats", formats))
		}
	}
	return nil
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
		if err := f.check(); err != nil {
			return err
		}
		j, book, err := a.stored(c.Context(), &f.classFlags)
		if err != nil {
			return err
		}
		defer book.Close()
		files, err := a.export(c.Context(), j, &f.exportFlags, book)
		if a.json {
			err = errors.Join(a.printJSON(map[string]any{"schema": "swarmgrade-export/1", "files": files}), err)
		}
		return err
	}
	return c
}

// stored opens a class's gradebook to read from it.
func (a *app) stored(ctx context.Context, f *classFlags) (*job, *gradebook.Gradebook, error) {
	return a.storedBy(ctx, f, true)
}

// storedBy opens a class's gradebook, to add to it if it is not only read.
func (a *app) storedBy(ctx context.Context, f *classFlags, readOnly bool) (*job, *gradebook.Gradebook, error) {
	j, err := a.load(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	return a.opened(ctx, j, readOnly)
}

// opened opens the gradebook of a class that was graded before.
func (a *app) opened(ctx context.Context, j *job, readOnly bool) (*job, *gradebook.Gradebook, error) {
	none := usageHint(i18n.M("cli.no_runs", "class", j.class.Name), i18n.M("cli.no_runs_hint", "class", j.class.Name))
	if _, err := os.Stat(j.bookPath()); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, none
	}
	open := a.writable
	if readOnly {
		open = a.readBook
	}
	book, err := open(ctx, j.bookPath())
	if err != nil {
		return nil, nil, err
	}
	runs, err := book.Runs(ctx)
	if err == nil && len(runs) == 0 {
		err = none
	}
	if err != nil {
		return nil, nil, errors.Join(err, book.Close())
	}
	return j, book, nil
}

// export writes the class's files from what counts of all its runs, and names
// them.
func (a *app) export(ctx context.Context, j *job, f *exportFlags, book *gradebook.Gradebook) ([]string, error) {
	data, err := standingData(ctx, j, book)
	if err != nil {
		return nil, err
	}
	a.sayRubric(j, data)
	dir := f.out
	if dir == "" {
		dir = filepath.Join("out", j.class.Name)
	}
	files := []string{}
	for _, format := range f.formats {
		path := filepath.Join(dir, j.class.Name+"."+format)
		write := func(w io.Writer) error { return report.Workbook(w, data, a.lang()) }
		if format == "json" {
			write = func(w io.Writer) error { return report.JSON(w, data, a.lang()) }
		}
		path, err := a.writeExport(ctx, book, path, format == "xlsx", write)
		if err != nil {
			return files, &diag.Failure{Code: diag.Usage, Cause: err,
				Msg: i18n.M("cli.not_written", "file", path), Hint: i18n.M("cli.not_written_hint")}
		}
		files = append(files, path)
		a.ui.note(a.lang().T("cli.written", "file", path))
	}
	return files, nil
}

// standingData is what counts for the class over all its runs.
func standingData(ctx context.Context, j *job, book *gradebook.Gradebook) (*report.Data, error) {
	d, err := book.StandingData(ctx, j.rub, gradebook.Policy(j.class.Settings.Attempts))
	if err != nil {
		return nil, err
	}
	addRoster(d, j.class)
	d.Findings, err = findings(ctx, j.rub, book, "")
	return d, err
}

// sayRubric notes which rubrics results were judged with, if it is not just the
// one that a class is graded with now.
func (a *app) sayRubric(j *job, d *report.Data) {
	var with []string
	other := false
	for _, s := range d.Rubrics() {
		with = append(with, rubricName(s.RubricID, s.RubricVersion, s.RubricSHA256))
		other = other || s.RubricSHA256 != j.rub.SHA256
	}
	if !other {
		return
	}
	a.ui.note(diag.Plain(a.lang().T("record.judged_with", "rubrics", with, "class", j.class.Name,
		"now", rubricName(j.rub.ID, j.rub.Version, j.rub.SHA256), "flag", j.rubricFlag())))
}
