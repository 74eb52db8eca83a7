package gradebook

import (
	"context"
	"database/sql"
	"fmt"
	"os"

	"swarmgrade/grader/i18n"
)

// lockFile is what a gradebook's lock is called, behind its own name.
const lockFile = ".lock"

// acquire takes the right to run a grading on this gradebook: an SQLite lock
// on a file beside it. The operating system lets go of it when the process
// ends, however it ends, on every platform that SQLite knows. g.mu is held.
func (g *Gradebook) acquire(ctx context.Context) error {
	if g.lock != nil {
		return failure(i18n.M("gradebook.held", "file", g.path, "holder", fmt.Sprintf("pid %d", os.Getpid())), i18n.M("gradebook.held_hint"), ErrBusy)
	}
	if g.readOnly {
		return g.refuse()
	}
	file := g.path + lockFile
	if err := touch(file); err != nil {
		return explainOpen(file, err)
	}
	db, err := open(file, "busy_timeout(500)")
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		db.Close()
		return explainOpen(file, err)
	}
	if _, err := conn.ExecContext(ctx, "BEGIN EXCLUSIVE"); err != nil {
		conn.Close()
		db.Close()
		if !sqliteIs(err, codeBusy) {
			return explainOpen(file, err)
		}
		return failure(i18n.M("gradebook.held", "file", g.path, "holder", g.holder(ctx)), i18n.M("gradebook.held_hint"), ErrBusy)
	}
	g.lock, g.lockDB = conn, db
	host, _ := os.Hostname()
	err = g.writeLocked(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO meta (key, value) VALUES ('holder', ?)",
			fmt.Sprintf("pid %d, %s", os.Getpid(), host))
		return err
	})
	if err != nil {
		g.release()
	}
	return err
}

// underWay reports whether a process is at a run: the lock tells, however the
// process that took it may have ended.
func (g *Gradebook) underWay(ctx context.Context) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lock != nil {
		return true
	}
	return locked(ctx, g.path+lockFile, g.readOnly)
}

// locked reports whether a process has a lock, which is only looked at where it can't be
// written. One that cannot be seen is taken to be held.
func locked(ctx context.Context, file string, readOnly bool) bool {
	if _, err := os.Stat(file); err != nil {
		return false // whoever is at a run has made it
	}
	if readOnly {
		return held(ctx, file)
	}
	db, err := open(file, "busy_timeout(0)")
	if err != nil {
		return true
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil) // BEGIN IMMEDIATE
	switch {
	case sqliteIs(err, codeBusy):
		return true
	case err != nil: // as on a full disk, where nobody's run would be waited for in vain
		return held(ctx, file)
	}
	return tx.Rollback() != nil
}

// release gives the right back. g.mu is held.
func (g *Gradebook) release() {
	if g.lock == nil {
		return
	}
	g.lock.Close()
	g.lockDB.Close()
	g.lock, g.lockDB = nil, nil
}

// holder is who took the lock last.
func (g *Gradebook) holder(ctx context.Context) string {
	who := "?"
	_ = g.db.QueryRowContext(ctx, "SELECT value FROM meta WHERE key='holder'").Scan(&who)
	return who
}
