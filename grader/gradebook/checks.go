package gradebook

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// checksFile is what stands beside a gradebook for as long as there are self-checks: who is at
// one shares a lock on it, so that a run of another program sees them and waits. As with a
// run's own lock the operating system lets go of it however a process ends.
const checksFile = ".checks"

// Checking tells other programs that a self-check of the class goes on, until done is called.
// There need be no gradebook yet, but a directory for it.
func Checking(ctx context.Context, path string) (done func(), err error) {
	file := path + checksFile
	if err := touch(file); err != nil {
		return nil, explainOpen(file, err)
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	db, err := openAs(abs, modeRead, "busy_timeout(2000)") // who looks whether it is held has it for a moment
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // whose end would let go of it
	conn, err := db.Conn(ctx)
	if err == nil {
		_, err = conn.ExecContext(ctx, "BEGIN DEFERRED; SELECT count(*) FROM sqlite_master")
	}
	if err != nil {
		if conn != nil {
			conn.Close()
		}
		db.Close()
		return nil, explainOpen(file, err)
	}
	return func() {
		conn.Close()
		db.Close()
	}, nil
}

// ChecksUnderWay reports whether a program is at self-checks of the class whose gradebook has
// a path. What can't be seen is taken for none.
func ChecksUnderWay(ctx context.Context, path string) bool {
	abs, err := filepath.Abs(path + checksFile)
	if err != nil {
		return false
	}
	if _, err := os.Stat(abs); err != nil {
		return false
	}
	db, err := open(abs, "busy_timeout(0)")
	if err != nil {
		return false
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return false
	}
	defer conn.Close() // which ends the transaction
	_, err = conn.ExecContext(ctx, "BEGIN EXCLUSIVE")
	return sqliteIs(err, codeBusy)
}

// RunUnderWay reports whether a process is at a run of the gradebook of a path, whatever it
// grades; one that is killed is not.
func RunUnderWay(ctx context.Context, path string) bool {
	abs, err := filepath.Abs(path)
	return err == nil && locked(ctx, abs+lockFile, !mayWrite(abs+lockFile))
}

// lookEvery is how often it is looked whether checks are over.
const lookEvery = 200 * time.Millisecond

// AwaitChecks waits until no program is at a self-check of the class, but no longer than for
// patience; waiting is called once, if there is one to be waited for. It reports whether the
// cluster is its own then; the error is ctx's.
func AwaitChecks(ctx context.Context, path string, patience time.Duration, waiting func()) (alone bool, err error) {
	if !ChecksUnderWay(ctx, path) {
		return true, context.Cause(ctx)
	}
	waiting()
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for ChecksUnderWay(ctx, path) {
		select {
		case <-t.C:
		case <-within.Done():
			return false, context.Cause(ctx)
		}
	}
	return true, context.Cause(ctx)
}
