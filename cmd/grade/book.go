package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
)

// openBook opens the class's gradebook, making its directory.
func (a *app) openBook(ctx context.Context, path string) (*gradebook.Gradebook, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, &diag.Failure{
			Code: diag.Usage, Cause: err,
			Msg: i18n.M("cli.no_dir", "dir", filepath.Dir(path)), Hint: i18n.M("cli.no_dir_hint"),
		}
	}
	return a.keepBook(ctx, path, gradebook.Open, false)
}

// readBook opens a gradebook that is there to read from it, also where it cannot
// be written. There no copy is kept of a damaged one, as nothing can change it.
func (a *app) readBook(ctx context.Context, path string) (*gradebook.Gradebook, error) {
	return a.keepBook(ctx, path, gradebook.Read, true)
}

func (a *app) keepBook(ctx context.Context, path string, open func(context.Context, string) (*gradebook.Gradebook, error), reading bool) (*gradebook.Gradebook, error) {
	book, err := open(ctx, path)
	if errors.Is(err, gradebook.ErrDamaged) {
		a.setAside(path, reading)
	}
	if err != nil {
		return nil, err
	}
	a.books = append(a.books, book)
	return book, nil
}

// writable opens a gradebook to add to. One that is damaged is copied as it is
// before anything is written to it.
func (a *app) writable(ctx context.Context, path string) (*gradebook.Gradebook, error) {
	book, err := a.openBook(ctx, path)
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
	a.setAside(book.Path(), false)
	return a.openBook(ctx, path)
}

// damage adds to an error what of a gradebook was not as it was written, and
// sees to it that there is a copy. It is called when the gradebooks are closed.
func (a *app) damage(err error) error {
	for _, book := range a.books {
		hurt := book.Damage()
		if hurt == nil {
			continue
		}
		if !book.ReadOnly() {
			a.setAside(book.Path(), false)
		}
		var e *diag.Failure
		switch {
		case err == nil:
			err = hurt
		case diag.Code(err) != gradebook.Kept && errors.As(hurt, &e):
			a.ui.failure(a.lang().Text(e.Msg), a.lang().Text(e.Hint))
		}
		break // another opening of the same file
	}
	return err
}

// setAside copies a damaged gradebook, once. Who only reads it does without a
// copy where none can be written.
func (a *app) setAside(path string, reading bool) {
	if a.aside {
		return
	}
	a.aside = true
	name, err := gradebook.SetAside(path)
	if reading && gradebook.Unwritable(err) {
		return
	}
	if err != nil {
		a.ui.failure(detail(a.lang().T("gradebook.not_aside", "file", path), err), a.lang().T("gradebook.not_aside_hint", "file", path))
		return
	}
	a.ui.failure(a.lang().T("gradebook.aside", "file", path, "copy", name), "")
}
