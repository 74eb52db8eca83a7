package grader

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
)

// openBook opens the class's gradebook, making its directory.
func (g *Grader) openBook(ctx context.Context, path string) (*gradebook.Gradebook, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, &diag.Failure{
			Code: diag.Usage, Cause: err,
			Msg: i18n.M("cli.no_dir", "dir", filepath.Dir(path)), Hint: i18n.M("cli.no_dir_hint"),
		}
	}
	return g.keepBook(ctx, path, gradebook.Open, false)
}

// readBook opens a gradebook that is there to read from it, also where it cannot
// be written. There no copy is kept of a damaged one, as nothing can change it.
func (g *Grader) readBook(ctx context.Context, path string) (*gradebook.Gradebook, error) {
	return g.keepBook(ctx, path, gradebook.Read, true)
}

func (g *Grader) keepBook(ctx context.Context, path string, open func(context.Context, string) (*gradebook.Gradebook, error), reading bool) (*gradebook.Gradebook, error) {
	book, err := open(ctx, path)
	if errors.Is(err, gradebook.ErrDamaged) {
		g.setAside(path, reading)
	}
	return book, err
}

// writable opens a gradebook to add to. One that is damaged is copied as it is
// before anything is written to it.
func (g *Grader) writable(ctx context.Context, path string) (*gradebook.Gradebook, error) {
	book, err := g.openBook(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := book.Check(ctx); err != nil {
		return nil, errors.Join(err, book.Close())
	}
	if book.Damage() == nil {
		return book, nil
	}
	if err := book.Close(); err != nil {
		return nil, err
	}
	g.setAside(book.Path(), false)
	return g.openBook(ctx, path)
}

// openStored opens the gradebook of a class that was graded before, to add to it if
// it is not only read.
func (j *Job) openStored(ctx context.Context, readOnly bool) (*gradebook.Gradebook, error) {
	none := diag.Misuse(i18n.M("cli.no_runs", "class", j.Class.Name), i18n.M("cli.no_runs_hint", "class", j.Class.Name))
	if _, err := os.Stat(j.bookPath()); errors.Is(err, fs.ErrNotExist) {
		if err := gradebook.Lost(j.bookPath()); err != nil {
			return nil, err
		}
		return nil, none
	}
	open := j.g.writable
	if readOnly {
		open = j.g.readBook
	}
	book, err := open(ctx, j.bookPath())
	if err != nil {
		return nil, err
	}
	runs, err := book.Runs(ctx)
	if err != nil {
		return nil, errors.Join(err, book.Close())
	}
	if len(runs) == 0 {
		return nil, errors.Join(none, book.Close())
	}
	return book, nil
}

// closeBook closes a gradebook, and keeps for [Job.Damage] what of it was not as
// it was written; then there is a copy of it.
func (j *Job) closeBook(book *gradebook.Gradebook, err error) error {
	if hurt := book.Damage(); hurt != nil {
		if !book.ReadOnly() {
			j.g.setAside(book.Path(), false)
		}
		j.hurt.Store(&hurt)
	}
	if closing := book.Close(); err == nil {
		err = closing
	}
	return err
}

// Damage says what of the class's gradebook was found not to be as it was
// written, an error with [gradebook.ErrDamaged]; nil if nothing was. What the
// job gave is right: students concerned are marked in it. A face says it at the
// end.
func (j *Job) Damage() error {
	if hurt := j.hurt.Load(); hurt != nil {
		return *hurt
	}
	return nil
}

// setAside copies a damaged gradebook, once. Who only reads it does without a
// copy where none can be written.
func (g *Grader) setAside(path string, reading bool) {
	if _, done := g.aside.LoadOrStore(path, true); done {
		return
	}
	name, err := gradebook.SetAside(path)
	if reading && gradebook.Unwritable(err) {
		return
	}
	if err != nil {
		g.tell(Alarm{&diag.Failure{Msg: i18n.M("gradebook.not_aside", "file", path), Hint: i18n.M("gradebook.not_aside_hint", "file", path), Cause: err}})
		return
	}
	g.tell(Alarm{&diag.Failure{Msg: i18n.M("gradebook.aside", "file", path, "copy", name)}})
}
