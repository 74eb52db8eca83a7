package grader

import (
	"context"
	"io"
	"path/filepath"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// Export says what files are written, where, and in which language.
type Export struct {
	// Dir is where they go; "" is out/<class>.
	Dir     string
	Formats []string // names of report.Formats
	Lang    i18n.Lang
}

// Check says whether there are such formats.
func (e *Export) Check() error {
	for _, name := range e.Formats {
		if _, ok := report.FindFormat(name); !ok {
			return diag.Misuse(i18n.M("cli.no_format", "format", name), i18n.M("cli.no_format_hint", "formats", report.FormatNames()))
		}
	}
	return nil
}

// Export writes the class's files from what counts of all its runs, and names
// them. Those that were written are named also when one could not be.
func (j *Job) Export(ctx context.Context, e Export) (files []string, err error) {
	if err := e.Check(); err != nil {
		return nil, err
	}
	err = j.reading(ctx, func(book *gradebook.Gradebook) error {
		data, err := j.standing(ctx, book)
		if err != nil {
			return err
		}
		j.SayRubric(data)
		dir := e.Dir
		if dir == "" {
			dir = filepath.Join("out", j.Class.Name)
		}
		for _, name := range e.Formats {
			f, _ := report.FindFormat(name)
			path := filepath.Join(dir, j.Class.Name+"."+f.Name)
			path, err := j.g.writeExport(ctx, book, path, f.Typed, func(w io.Writer) error { return f.Write(w, data, e.Lang) })
			if err != nil {
				return &diag.Failure{Code: diag.Usage, Cause: err,
					Msg: i18n.M("cli.not_written", "file", path), Hint: i18n.M("cli.not_written_hint")}
			}
			files = append(files, path)
			j.g.note("cli.written", "file", path)
		}
		return nil
	})
	return files, err
}

// SayRubric notes which rubrics results were judged with, if it is not just the
// one that a class is graded with now.
func (j *Job) SayRubric(d *result.Data) {
	var with []string
	other := false
	for _, s := range d.Rubrics() {
		with = append(with, RubricName(s.RubricID, s.RubricVersion, s.RubricSHA256))
		other = other || s.RubricSHA256 != j.Rubric.SHA256
	}
	if other {
		j.g.note("record.judged_with", "rubrics", with, "class", j.Class.Name,
			"now", RubricName(j.Rubric.ID, j.Rubric.Version, j.Rubric.SHA256), "flag", j.RubricFlag())
	}
}
