package gradebook

import (
	"context"
	"database/sql"
	"fmt"

	"swarmgrade/grader/i18n"
)

// applicationID marks the file as a gradebook ("SWGR"), so that another
// program's SQLite file is not taken for one.
const applicationID = 0x53574752

// migrations lead from an empty file to the newest layout; user_version counts
// those done. One that has been released is never edited.
var migrations = []string{`
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
CREATE TABLE blobs (
  hash TEXT PRIMARY KEY,   -- sha256:… of the data before compression
  kind TEXT NOT NULL,
  data BLOB NOT NULL       -- zlib
);
CREATE TABLE runs (
  seq            INTEGER PRIMARY KEY AUTOINCREMENT,
  id             TEXT NOT NULL UNIQUE,
  class          TEXT NOT NULL,
  task           TEXT NOT NULL,
  status         TEXT NOT NULL CHECK (status IN ('running','finished','interrupted')),
  rubric_id      TEXT NOT NULL,
  rubric_version INTEGER NOT NULL,
  rubric_sha256  TEXT NOT NULL,
  rubric_blob    TEXT NOT NULL REFERENCES blobs(hash),
  roster_sha256  TEXT NOT NULL,
  regrades       TEXT REFERENCES runs(id),
  tool           TEXT NOT NULL,
  options        TEXT NOT NULL,  -- JSON
  started        TEXT NOT NULL,  -- RFC 3339
  finished       TEXT
);
CREATE TABLE students (
  run      TEXT NOT NULL REFERENCES runs(id),
  student  TEXT NOT NULL,
  name     TEXT NOT NULL,
  position INTEGER NOT NULL,  -- in the roster
  bundle   TEXT REFERENCES blobs(hash),
  before   TEXT REFERENCES blobs(hash),
  after    TEXT REFERENCES blobs(hash),
  status   TEXT NOT NULL CHECK (status IN ('pending','observed','judged')),
  PRIMARY KEY (run, student)
);
CREATE TABLE traces (
  run     TEXT NOT NULL,
  student TEXT NOT NULL,
  target  TEXT NOT NULL,
  blob    TEXT NOT NULL REFERENCES blobs(hash),
  PRIMARY KEY (run, student, target),
  FOREIGN KEY (run, student) REFERENCES students(run, student)
);
CREATE INDEX traces_blob ON traces(blob);
CREATE TABLE verdicts (
  run      TEXT NOT NULL,
  student  TEXT NOT NULL,
  position INTEGER NOT NULL,  -- in the rubric
  verdict  TEXT NOT NULL,     -- JSON
  PRIMARY KEY (run, student, position),
  FOREIGN KEY (run, student) REFERENCES students(run, student)
);
CREATE TABLE faults (
  seq   INTEGER PRIMARY KEY AUTOINCREMENT,
  run   TEXT NOT NULL REFERENCES runs(id),
  fault TEXT NOT NULL  -- JSON
);
-- Overrides and remarks are appended, never changed: the newest counts, the
-- others are the history.
CREATE TABLE overrides (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  lab      TEXT NOT NULL,      -- the rubric's ID
  student  TEXT NOT NULL,
  check_id TEXT NOT NULL,      -- '' for the total
  points   INTEGER,            -- hundredths; NULL withdraws
  reason   TEXT NOT NULL,
  who      TEXT NOT NULL,
  at       TEXT NOT NULL
);
CREATE TABLE remarks (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  lab     TEXT NOT NULL,
  student TEXT NOT NULL,
  text    TEXT NOT NULL,
  at      TEXT NOT NULL
);
`, `
-- What was observed of a student before a fault, and through its window once
-- that is over; gone when the bundle is stored.
CREATE TABLE drafts (
  run     TEXT NOT NULL,
  student TEXT NOT NULL,
  blob    TEXT NOT NULL REFERENCES blobs(hash),
  PRIMARY KEY (run, student),
  FOREIGN KEY (run, student) REFERENCES students(run, student)
);
CREATE INDEX drafts_blob ON drafts(blob);
`, `
-- Checksums; see sums.go. NULL is a row that is written and not sealed yet,
-- which no other transaction sees.
ALTER TABLE runs ADD COLUMN members TEXT;
ALTER TABLE runs ADD COLUMN sum TEXT;
ALTER TABLE students ADD COLUMN judged TEXT;
ALTER TABLE students ADD COLUMN sum TEXT;
ALTER TABLE verdicts ADD COLUMN sum TEXT;
ALTER TABLE overrides ADD COLUMN sum TEXT;
ALTER TABLE remarks ADD COLUMN sum TEXT;
ALTER TABLE faults ADD COLUMN sum TEXT;
CREATE INDEX students_unsealed ON students(run) WHERE sum IS NULL;
CREATE INDEX verdicts_unsealed ON verdicts(run) WHERE sum IS NULL;
`, `
-- What an instructor did by hand, in the place of overrides and remarks, which
-- are read on and not added to. Appended, never changed: of each target the
-- newest counts, the others are the history.
CREATE TABLE changes (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  lab      TEXT NOT NULL,      -- the rubric's ID
  student  TEXT NOT NULL,
  task     TEXT NOT NULL,      -- '' for the whole lab, or where only the check is known
  check_id TEXT NOT NULL,      -- '' for a task or the whole lab
  kind     TEXT NOT NULL,      -- points, excused, remove, on-time, not-on-time, remark
  points   INTEGER,            -- hundredths
  text     TEXT NOT NULL,      -- of a remark
  reason   TEXT NOT NULL,
  who      TEXT NOT NULL,
  at       TEXT NOT NULL,
  effect   TEXT NOT NULL,      -- JSON: what counted before and after
  sum      TEXT
);
`, `
-- The page that grade serve offers. No score is made of any of this.
CREATE TABLE links (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  student TEXT NOT NULL,         -- '' for an instructor's
  hash    TEXT NOT NULL UNIQUE,  -- SHA-256 of the token, hex; the token is not kept
  made    TEXT NOT NULL,         -- RFC 3339, in UTC, as are the others
  expires TEXT NOT NULL,         -- '' for never
  revoked TEXT NOT NULL,         -- '' while it is not
  sum     TEXT
);
CREATE INDEX links_student ON links(student);
-- Self-checks that were made on the page; the newest of each student and task.
CREATE TABLE trials (
  seq           INTEGER PRIMARY KEY AUTOINCREMENT,
  lab           TEXT NOT NULL,     -- the rubric's ID
  student       TEXT NOT NULL,
  tasks         TEXT NOT NULL,     -- with commas between
  started       TEXT NOT NULL,
  finished      TEXT NOT NULL,
  rubric_sha256 TEXT NOT NULL,
  untried       INTEGER NOT NULL,  -- 1: nothing was made to fail
  verdicts      BLOB NOT NULL,     -- zlib: JSON, a list
  sum           TEXT
);
CREATE INDEX trials_of ON trials(lab, student);
CREATE INDEX trials_unsealed ON trials(lab) WHERE sum IS NULL;
-- Requests to look again, and what was said about them. Appended, never changed.
CREATE TABLE requests (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  lab      TEXT NOT NULL,
  student  TEXT NOT NULL,
  task     TEXT NOT NULL,  -- '' for the whole lab
  check_id TEXT NOT NULL,  -- '' for a task or the whole lab
  run      TEXT NOT NULL,  -- '' if none is named
  sum      TEXT
);
CREATE INDEX requests_of ON requests(lab, student);
CREATE TABLE words (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  request INTEGER NOT NULL REFERENCES requests(seq),
  kind    TEXT NOT NULL,     -- asked, said, graded, set, declined, withdrawn
  own     INTEGER NOT NULL,  -- 1: the student's
  who     TEXT NOT NULL,
  text    TEXT NOT NULL,
  at      TEXT NOT NULL,
  sum     TEXT
);
CREATE INDEX words_of ON words(request);
CREATE INDEX words_unsealed ON words(request) WHERE sum IS NULL;
`, `
-- Whose an instructor's link is; see later in sums.go.
ALTER TABLE links ADD COLUMN name TEXT NOT NULL DEFAULT '';
`, `
-- What is deleted of blobs has to be named by no student's row, which SQLite looks for each
-- time: without these, in all rows of a class.
CREATE INDEX students_bundle ON students(bundle);
CREATE INDEX students_before ON students(before);
CREATE INDEX students_after ON students(after);
`}

// version reads the layout's number, 0 for an empty file. A file that is not
// ours, or newer than we are, is refused before anything in it is touched.
func (g *Gradebook) version(ctx context.Context, q interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
},
) (version int, err error) {
	var app, tables int
	for text, into := range map[string]*int{
		"PRAGMA user_version": &version, "PRAGMA application_id": &app, "SELECT count(*) FROM sqlite_master": &tables,
	} {
		if err := q.QueryRowContext(ctx, text).Scan(into); err != nil {
			return 0, err
		}
	}
	switch {
	case app != applicationID && (version != 0 || tables != 0):
		return 0, failure(i18n.M("gradebook.foreign", "file", g.path), i18n.M("gradebook.foreign_hint"), nil)
	case version > len(migrations):
		return 0, failure(i18n.M("gradebook.newer", "file", g.path, "version", version, "known", len(migrations)), i18n.M("gradebook.newer_hint"), nil)
	}
	return version, nil
}

// migrate brings the file to the newest layout, all steps in one transaction,
// so that two processes that open a new file at once do not both make it. One that
// has it already is not locked: who only reads waits for nobody.
func (g *Gradebook) migrate(ctx context.Context) error {
	found, err := g.version(ctx, g.db)
	if err != nil {
		return err
	}
	if _, err := g.db.ExecContext(ctx, "PRAGMA journal_mode=WAL"); err != nil { // the file remembers it
		return err
	}
	if found == len(migrations) {
		return nil
	}
	return g.write(ctx, func(tx *sql.Tx) error {
		version, err := g.version(ctx, tx)
		if err != nil || version == len(migrations) {
			return err
		}
		for _, m := range migrations[version:] {
			if _, err := tx.ExecContext(ctx, m); err != nil {
				if ctx.Err() != nil || sqliteIs(err, codeFull) {
					return fmt.Errorf("bring %s up to date: %w", g.path, err)
				}
				// What every file of this layout takes was not taken.
				return damage(i18n.M("gradebook.corrupt", "file", g.path), i18n.M("gradebook.corrupt_hint"), err)
			}
		}
		if err := seal(ctx, tx); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id=%d; PRAGMA user_version=%d",
			applicationID, len(migrations)))
		return err
	})
}
