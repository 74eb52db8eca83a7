// Package gradebook keeps a class's results in one SQLite file: runs, the
// evidence they gathered, the verdicts, and what an instructor overrode.
//
// Every write is one transaction that is on the disk when the call returns, so
// that a run killed at any moment can be resumed. Evidence is stored once
// under its hash and never edited. One run at a time may write to a gradebook;
// a second is told who holds it.
package gradebook

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// Gradebook is an open gradebook. It is safe for use by many goroutines.
type Gradebook struct {
	db   *sql.DB
	path string
	// readOnly refuses every write; temp is the directory of a copy that is read
	// in place of the file, "" for none.
	readOnly bool
	temp     string

	mu sync.Mutex // one writer at a time, in this process
	// lock is held while a run of ours is under way; mu guards both.
	lock   *sql.Conn
	lockDB *sql.DB
	// begun is set while a run of ours is stored and not finished: what fails
	// then is gone on with, and what fails before or after is not.
	begun atomic.Bool

	snapshots kept[evidence.Snapshot]
	windows   kept[evidence.Window]
	harm      harm
}

// Failures of a gradebook have the code [Kept]; errors.Is finds [ErrDamaged] in
// those that say that it is damaged.
const Kept = "gradebook"

// failure says what happened and what to do next.
func failure(msg, hint i18n.Msg, cause error) error {
	return &diag.Failure{Code: Kept, Msg: msg, Hint: hint, Cause: cause}
}

// damaged is a failure that says so.
type damaged struct{ *diag.Failure }

func (d damaged) Is(target error) bool { return target == ErrDamaged }
func (d damaged) Unwrap() error        { return d.Failure }

func damage(msg, hint i18n.Msg, cause error) error {
	return damaged{&diag.Failure{Code: Kept, Msg: msg, Hint: hint, Cause: cause}}
}

// ErrNotFound is returned for a run, blob or student that the gradebook does
// not hold; errors.Is finds it.
var ErrNotFound = errors.New("not in the gradebook")

// ErrMoved is returned when something was written since a [Gradebook.Mark].
var ErrMoved = errors.New("the gradebook has changed since it was read")

// ErrBusy is returned when another run holds the gradebook.
var ErrBusy = errors.New("another run holds the gradebook")

// Open opens the gradebook at path and brings an older layout up to date. A
// file that does not exist is made, readable by its owner alone; one that is empty
// has lost what it held and is refused, see [Lost].
func Open(ctx context.Context, path string) (*Gradebook, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := Lost(abs); err != nil {
		return nil, err
	}
	if err := fresh(ctx, abs); err != nil {
		return nil, explainOpen(path, err)
	}
	db, err := open(abs, "synchronous(FULL)", "foreign_keys(1)", "busy_timeout(10000)")
	if err != nil {
		return nil, err
	}
	g := newGradebook(db, abs)
	if err := g.migrate(ctx); err != nil {
		db.Close()
		return nil, explainOpen(path, err)
	}
	return g, nil
}

func newGradebook(db *sql.DB, abs string) *Gradebook {
	return &Gradebook{db: db, path: abs}
}

// closeLimit is how long closing waits for what is being rolled back.
const closeLimit = time.Second

// Close lets go of the file, and of the run under way if there is one.
func (g *Gradebook) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.release()
	err := g.db.Close()
	// A transaction whose context ended is rolled back by database/sql behind our
	// back, and only then is its connection closed, the last of which takes the
	// files beside the gradebook away.
	for deadline := time.Now().Add(closeLimit); g.db.Stats().OpenConnections > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if g.temp != "" {
		err = errors.Join(err, os.RemoveAll(g.temp))
	}
	return err
}

// Path is where the gradebook is.
func (g *Gradebook) Path() string { return g.path }

func open(abs string, pragmas ...string) (*sql.DB, error) { return openAs(abs, "", pragmas...) }

// openAs opens a file to write to, or in one of the modes for reading.
func openAs(abs, mode string, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": pragmas}
	if mode != "" {
		q.Set("mode", "ro")
	}
	if mode == modeStill {
		q.Set("immutable", "1")
	}
	slashed := filepath.ToSlash(abs)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:\ becomes file:///C:/
	}
	u := url.URL{Scheme: "file", Path: slashed, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", abs, err)
	}
	db.SetMaxOpenConns(4)
	return db, nil
}

// touch makes the file, if there is none, with the mode wanted; SQLite gives
// the files beside it the same. One that exists is not opened: closing it would
// drop the locks that this process may hold on it (SQLite's locks are POSIX's).
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// write runs fn in a transaction. Another process's writes are waited for up
// to the busy timeout.
func (g *Gradebook) write(ctx context.Context, fn func(tx *sql.Tx) error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.writeLocked(ctx, fn)
}

func (g *Gradebook) writeLocked(ctx context.Context, fn func(tx *sql.Tx) error) error {
	if g.readOnly {
		return g.refuse()
	}
	tx, err := g.db.BeginTx(ctx, nil)
	if err == nil {
		defer func() { _ = tx.Rollback() }() // does nothing once committed
		if err = fn(tx); err == nil {
			err = tx.Commit()
		}
	}
	if err != nil && ctx.Err() != nil {
		// A cancelled transaction only says that it is over.
		return fmt.Errorf("write to the gradebook: %w", errors.Join(ctx.Err(), context.Cause(ctx)))
	}
	return g.explain(err)
}

// writeSealed is write for what scores are made of: the rows are sealed before
// the transaction ends.
func (g *Gradebook) writeSealed(ctx context.Context, fn func(tx *sql.Tx) error) error {
	return g.write(ctx, sealing(ctx, fn))
}

func sealing(ctx context.Context, fn func(tx *sql.Tx) error) func(tx *sql.Tx) error {
	return func(tx *sql.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return seal(ctx, tx)
	}
}

func explainOpen(path string, err error) error {
	if err == nil {
		return nil
	}
	var known *diag.Failure
	if errors.As(err, &known) {
		return err
	}
	dir := filepath.Dir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return failure(i18n.M("gradebook.no_dir", "file", path), i18n.M("gradebook.no_dir_hint", "dir", dir), err)
	case errors.Is(err, fs.ErrPermission), sqliteIs(err, codeReadOnly), sqliteIs(err, codeCantOpen), isReadOnlyFS(err):
		return failure(i18n.M("gradebook.read_only", "file", path), i18n.M("gradebook.read_only_hint", "dir", dir), err)
	}
	return explainSQLite(path, err)
}

func (g *Gradebook) explain(err error) error {
	if err == nil {
		return nil
	}
	err = explainSQLite(g.path, err)
	var e *diag.Failure
	if errors.As(err, &e) && e.Hint.Key == "gradebook.full_hint" && g.begun.Load() {
		e.Hint = i18n.M("gradebook.full_resume_hint")
	}
	return err
}
