package grader

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// Ready says what would keep an export from being written, as far as that can be known
// before there are results: formats and what platforms want of them, the school's form,
// the directory. Nothing is made.
func (j *Job) Ready(ctx context.Context, e Export) error {
	if err := e.Check(); err != nil {
		return err
	}
	w := j.writing(ctx, nil, j.expected(), e)
	if _, err := w.ready(ctx, e); err != nil {
		return err
	}
	if len(e.Formats) == 0 && e.Fill == nil {
		return nil
	}
	if err := writable(w.dir); err != nil {
		return &diag.Failure{Code: diag.Usage, Cause: err, Msg: i18n.M("cli.not_written", "file", w.dir), Hint: i18n.M("transfer.not_ready_hint")}
	}
	return nil
}

// ready holds the settings of an export; the form is the school's, nil if none is asked
// for.
func (w *writing) ready(ctx context.Context, e Export) (*filledForm, error) {
	for _, name := range e.Formats {
		if f, _ := report.FindFormat(name); f.Check != nil {
			if err := f.Check(w.of(f)); err != nil {
				return nil, err
			}
		}
	}
	if e.Fill == nil {
		return nil, nil // none is asked for
	}
	return w.form(ctx, e.Fill)
}

// expected is the class as it is before anybody is graded.
func (j *Job) expected() *result.Data {
	d := &result.Data{Class: j.Class.Name, Title: j.Class.Title, Rubric: j.Rubric}
	for _, s := range j.Class.Students {
		out := result.Student{ID: s.ID, Name: s.Name, Columns: s.Columns}
		for _, t := range j.Rubric.Tasks {
			out.Missing = append(out.Missing, result.Missing{Task: t.ID, Max: t.Points, NotYet: true})
		}
		d.Students = append(d.Students, out)
	}
	return d
}

// writable tries whether files can be written to a directory, or it can be made.
func writable(dir string) error {
	for {
		info, err := os.Stat(dir)
		up := filepath.Dir(dir)
		if errors.Is(err, fs.ErrNotExist) && up != dir {
			if _, err := os.Lstat(dir); err == nil { // a link that leads nowhere
				return &fs.PathError{Op: "open", Path: dir, Err: fs.ErrNotExist}
			}
			dir = up
			continue
		}
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: errNoDirectory}
		}
		break
	}
	f, err := os.CreateTemp(dir, partBefore+"*"+partBehind)
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}

var errNoDirectory = errors.New("not a directory")
