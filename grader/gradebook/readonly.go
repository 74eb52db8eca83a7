package gradebook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// Modes in which SQLite opens a file that is only read.
const (
	modeRead = "ro"
	// modeStill is for a file that nobody writes to: SQLite then needs neither
	// locks nor the files beside it, which cannot be made where nothing can be.
	modeStill = "still"
)

// Read opens a gradebook to read from it. One that cannot be written (a file
// system that is read-only or full, a file or directory without the right to) is
// read all the same, and [Gradebook.ReadOnly] tells; any other is opened as
// [Open] does.
func Read(ctx context.Context, path string) (*Gradebook, error) {
	if err := Lost(path); err != nil {
		return nil, err
	}
	if mayWrite(path) {
		if g, err := Open(ctx, path); !cannotWrite(err) {
			return g, err
		}
	}
	g, err := openReadOnly(ctx, path)
	var e *diag.Failure
	switch {
	case err == nil || ctx.Err() != nil:
		return g, err
	case cannotWrite(err) && errors.As(err, &e):
		err = e.Cause // that it cannot be written is not what is the matter
	case errors.As(err, &e):
		return nil, err
	}
	return nil, failure(i18n.M("gradebook.unreadable", "file", path), i18n.M("gradebook.unreadable_hint", "file", path), err)
}

// cannotWrite tells the words for a place that takes no writing.
func cannotWrite(err error) bool {
	var e *diag.Failure
	return errors.As(err, &e) && (e.Msg.Key == "gradebook.read_only" || e.Msg.Key == "gradebook.full")
}

// ReadOnly reports whether the gradebook was opened by [Read] and cannot be
// written: whatever would is refused.
func (g *Gradebook) ReadOnly() bool { return g.readOnly }

// Unwritable reports whether an error says that a place cannot be written.
func Unwritable(err error) bool { return errors.Is(err, fs.ErrPermission) || isReadOnlyFS(err) }

// openReadOnly reads a file that cannot be written. What its log (-wal) holds
// is part of it: SQLite reads that too if it finds the file that processes share
// (-shm), else file and log are copied to where they can be put together. Nothing
// is made beside the file: SQLite could do that in a directory with the right to
// it, but leaves files there then that the owner cannot write. The layout of an
// older program is brought up to date in a copy.
func openReadOnly(ctx context.Context, path string) (*Gradebook, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	var g *Gradebook
	var version int
	_, err = os.Stat(abs + "-shm")
	alone := err != nil // nobody has it open
	if !alone {
		g, version, err = view(ctx, abs, modeRead)
	}
	if alone || cannotShare(err) {
		if logged(abs) {
			return copied(ctx, abs, copyFiles)
		}
		g, version, err = view(ctx, abs, modeStill)
	}
	if err != nil {
		return nil, explainOpen(path, err)
	}
	if version == len(migrations) {
		return g, nil
	}
	defer g.db.Close()
	return copied(ctx, abs, func(ctx context.Context, _, to string) error {
		_, err := g.db.ExecContext(ctx, "VACUUM INTO ?", to)
		return explainOpen(path, err)
	})
}

// view opens the file itself, and tells its layout's number.
func view(ctx context.Context, abs, mode string) (*Gradebook, int, error) {
	db, err := openAs(abs, mode, "busy_timeout(10000)")
	if err != nil {
		return nil, 0, err
	}
	g := newGradebook(db, abs)
	g.readOnly = true
	version, err := g.version(ctx, db)
	if err != nil {
		db.Close()
		return nil, 0, err
	}
	return g, version, nil
}

// cannotShare tells that SQLite could not have the files beside a gradebook.
func cannotShare(err error) bool {
	return sqliteIs(err, codeCantOpen) || sqliteIs(err, codeReadOnly) || isShmSize(err) || sqliteIs(err, codeFull)
}

// logged reports whether there is, or may be, something in the log that has not
// come into the file yet.
func logged(abs string) bool {
	info, err := os.Stat(abs + "-wal")
	return !errors.Is(err, fs.ErrNotExist) && (err != nil || info.Size() > 0)
}

// copied opens a copy that only its owner can read and that is gone with Close.
func copied(ctx context.Context, abs string, copyTo func(ctx context.Context, from, to string) error) (*Gradebook, error) {
	dir, err := os.MkdirTemp("", "gradebook-")
	if err != nil {
		return nil, fmt.Errorf("copy %s to read it: %w", abs, err)
	}
	to := filepath.Join(dir, "copy")
	if err := copyTo(ctx, abs, to); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	g, err := Open(ctx, to)
	if err != nil {
		return nil, errors.Join(ofOriginal(err, abs), os.RemoveAll(dir))
	}
	g.path, g.temp, g.readOnly = abs, dir, true
	return g, nil
}

// ofOriginal has an error name the gradebook that was copied.
func ofOriginal(err error, abs string) error {
	var e *diag.Failure
	if errors.As(err, &e) {
		if _, ok := e.Msg.Args["file"]; ok {
			e.Msg.Args["file"] = abs
		}
	}
	return err
}

// copyFiles copies a gradebook and its log. Nobody writes to them meanwhile:
// whoever does has made the shared file, with which they are read in their place.
func copyFiles(ctx context.Context, from, to string) error {
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(ctx, from+suffix, to+suffix); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(ctx context.Context, from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	defer context.AfterFunc(ctx, func() { in.Close() })() // which ends the copying
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// held reports whether a process has the lock on a file that cannot be written:
// reading waits for it as well. A lock that cannot be seen is taken for one.
func held(ctx context.Context, file string) bool {
	db, err := openAs(file, modeRead, "busy_timeout(0)")
	if err != nil {
		return true
	}
	defer db.Close()
	var n int
	return db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&n) != nil
}

// refuse is what writing to a gradebook that is only read comes to.
func (g *Gradebook) refuse() error {
	return failure(i18n.M("gradebook.read_only", "file", g.path), i18n.M("gradebook.read_only_hint", "dir", filepath.Dir(g.path)), fs.ErrPermission)
}
