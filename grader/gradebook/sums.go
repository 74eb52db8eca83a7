package gradebook

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// ErrDamaged is what a gradebook is whose bytes are not those that were
// written; errors.Is finds it.
var ErrDamaged = errors.New("damaged")

// sealed are the tables whose rows count, those that scores are made of and those of
// the page, and their columns. Each row
// carries a checksum of these columns. A row that is gone is missed as well:
// a run tells its students (members), a student of a run their verdicts
// (judged), and meta the rows of the tables in [listed].
var sealed = map[string][]string{
	"runs": {"id", "class", "task", "status", "rubric_id", "rubric_version", "rubric_sha256", "rubric_blob", "roster_sha256",
		"regrades", "tool", "options", "started", "finished", "members"},
	"students":  {"run", "student", "name", "position", "bundle", "before", "after", "status", "judged"},
	"verdicts":  {"run", "student", "position", "verdict"},
	"overrides": {"seq", "lab", "student", "check_id", "points", "reason", "who", "at"},
	"remarks":   {"seq", "lab", "student", "text", "at"},
	"faults":    {"seq", "run", "fault"},
	"changes":   {"seq", "lab", "student", "task", "check_id", "kind", "points", "text", "reason", "who", "at", "effect"},
	"links":     {"seq", "student", "hash", "made", "expires", "revoked"},
	"trials":    {"seq", "lab", "student", "tasks", "started", "finished", "rubric_sha256", "untried", "verdicts"},
	"requests":  {"seq", "lab", "student", "task", "check_id", "run"},
	"words":     {"seq", "request", "kind", "own", "who", "text", "at"},
}

// listed are the tables of which meta keeps a digest of all rows: of a run its
// ID, since its state changes, of the others all.
var listed = map[string]string{
	"runs": "id", "overrides": "sum", "remarks": "sum", "faults": "sum", "changes": "sum",
	"links": "sum", "requests": "sum", "words": "sum",
}

// alone are the tables of which no row is missed: old trials make room for new ones.
var alone = []string{"trials"}

// later are columns that a table was given when it had rows already. They are in a row's
// checksum if they are not ”, so that rows of before keep theirs.
var later = map[string][]string{"links": {"name"}}

// quoted is an SQL expression that gives a row's columns as one text, in which
// no two rows are alike.
func quoted(table string) string {
	parts := make([]string, len(sealed[table]))
	for i, c := range sealed[table] {
		parts[i] = "quote(" + c + ")"
	}
	text := strings.Join(parts, "||','||")
	for _, c := range later[table] {
		text += "||CASE " + c + " WHEN '' THEN '' ELSE ',' || quote(" + c + ") END"
	}
	return text
}

// sum is the checksum of a row: 128 bits of SHA-256 find every slip of a disk.
func sum(table, text string) string {
	h := sha256.Sum256([]byte(table + "\n" + text))
	return hex.EncodeToString(h[:16])
}

// digest is the checksum of a list.
func digest(all []string) string { return sum("list", strings.Join(all, "\n")) }

// seal puts checksums on all rows that have none: those that the transaction
// wrote, and all of a gradebook of before there were any. What a row says of
// others comes before its own.
func seal(ctx context.Context, tx *sql.Tx) error {
	if _, err := sealRows(ctx, tx, "verdicts"); err != nil {
		return err
	}
	if err := digestEach(ctx, tx, "SELECT run, student FROM students WHERE sum IS NULL", verdictSums,
		"UPDATE students SET judged=?3 WHERE run=?1 AND student=?2"); err != nil {
		return err
	}
	if _, err := sealRows(ctx, tx, "students"); err != nil {
		return err
	}
	if err := digestEach(ctx, tx, "SELECT id, '' FROM runs WHERE sum IS NULL", "SELECT student FROM students WHERE run=?1 AND ?2='' ORDER BY student",
		"UPDATE runs SET members=?3 WHERE id=?1 AND ?2=''"); err != nil {
		return err
	}
	for _, table := range alone {
		if _, err := sealRows(ctx, tx, table); err != nil {
			return err
		}
	}
	for table := range listed {
		fresh, err := sealRows(ctx, tx, table)
		if err != nil {
			return err
		}
		known, err := texts(ctx, tx, "SELECT value FROM meta WHERE key=?", "rows:"+table)
		if err != nil {
			return err
		}
		if fresh == 0 && len(known) == 1 {
			continue // what is missing since stays missed
		}
		all, err := texts(ctx, tx, listing(table))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO meta (key, value) VALUES (?,?)", "rows:"+table, digest(all)); err != nil {
			return err
		}
	}
	return nil
}

const verdictSums = "SELECT sum FROM verdicts WHERE run=?1 AND student=?2 ORDER BY position"

func listing(table string) string {
	return "SELECT " + listed[table] + " FROM " + table + " ORDER BY seq"
}

// sealRows puts their checksum on the rows of a table that have none.
func sealRows(ctx context.Context, tx *sql.Tx, table string) (n int, err error) {
	all, err := pairs(ctx, tx, "SELECT rowid, "+quoted(table)+" FROM "+table+" WHERE sum IS NULL")
	if err != nil {
		return 0, err
	}
	for _, r := range all {
		if _, err := tx.ExecContext(ctx, "UPDATE "+table+" SET sum=? WHERE rowid=?", sum(table, r[1]), r[0]); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

// digestEach runs update with each pair of keys and the digest of the list that
// of gives for them.
func digestEach(ctx context.Context, tx *sql.Tx, keys, of, update string) error {
	all, err := pairs(ctx, tx, keys)
	if err != nil {
		return err
	}
	for _, k := range all {
		list, err := texts(ctx, tx, of, k[0], k[1])
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, update, k[0], k[1], digest(list)); err != nil {
			return err
		}
	}
	return nil
}

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// texts are a query's only column; NULL is "".
func texts(ctx context.Context, q queryer, query string, args ...any) ([]string, error) {
	return collect(ctx, q, func(s scanner) (string, error) {
		var text sql.NullString
		err := s.Scan(&text)
		return text.String, err
	}, query, args...)
}

func pairs(ctx context.Context, q queryer, query string) ([][2]string, error) {
	return collect(ctx, q, func(s scanner) (p [2]string, err error) { err = s.Scan(&p[0], &p[1]); return p, err }, query)
}

// sealedRows reads rows of a sealed table, each held against its checksum. Those that
// are not what was written are left out, and the gradebook is damaged from then
// on; lost, if it is not nil, is told what could be read of them.
func sealedRows[T any](ctx context.Context, g *Gradebook, table, columns, tail string, scan func(scanner) (T, error),
	lost func(T), args ...any,
) ([]T, error) {
	type read struct {
		v  T
		ok bool
	}
	all, err := query(ctx, g, func(s scanner) (r read, err error) {
		c := checked{row: s}
		r.v, err = scan(&c)
		r.ok = err == nil && c.sum.Valid && sum(table, c.text.String) == c.sum.String
		return r, nil
	}, "SELECT "+quoted(table)+", sum, "+columns+" FROM "+table+" "+tail, args...)
	if err != nil {
		return nil, err
	}
	out := make([]T, 0, len(all))
	for _, r := range all {
		if r.ok {
			out = append(out, r.v)
			continue
		}
		g.hurt(table)
		if lost != nil {
			lost(r.v)
		}
	}
	return out, nil
}

// checked is a row whose first two columns are its text and its checksum.
type checked struct {
	row       scanner
	text, sum sql.NullString
}

func (c *checked) Scan(dest ...any) error {
	return c.row.Scan(append([]any{&c.text, &c.sum}, dest...)...)
}

// complete holds a table's rows against what meta says of them.
func (g *Gradebook) complete(ctx context.Context, table string) error {
	want, err := texts(ctx, g.reader(ctx), "SELECT value FROM meta WHERE key=?", "rows:"+table)
	if err != nil {
		return g.explain(err)
	}
	all, err := texts(ctx, g.reader(ctx), listing(table))
	if err != nil {
		return g.explain(err)
	}
	if len(want) != 1 || want[0] != digest(all) {
		g.hurt(table)
	}
	return nil
}

// hurt notes that something could not be read, or was not what was written.
func (g *Gradebook) hurt(what string) {
	g.harm.note(what)
}

// suspect notes that a student's scores in a run cannot be told.
func (g *Gradebook) suspect(run, student string) {
	g.hurt(run + "/" + student)
	g.harm.suspect(student)
}

func (g *Gradebook) isSuspect(student string) bool { return g.harm.isSuspect(student) }

// Damage says what of the gradebook turned out not to be as it was written, an
// error with [ErrDamaged]; nil if nothing did. What was read before it is right.
func (g *Gradebook) Damage() error {
	what := g.harm.all()
	if len(what) == 0 {
		return nil
	}
	// Records of students say more than the table that they were found in.
	ofStudent := func(s string) bool { return strings.Contains(s, "/") }
	if slices.ContainsFunc(what, ofStudent) {
		what = slices.DeleteFunc(what, func(s string) bool { return s == "verdicts" || s == "students" })
	}
	slices.Sort(what)
	return damage(i18n.M("gradebook.broken", "file", g.path, "n", len(what), "what", what[:min(len(what), 5)]), i18n.M("gradebook.broken_hint"), nil)
}

// Check reads all that scores count, and links and requests, and holds it against its checksums;
// what is wrong is in [Gradebook.Damage] then. The error is one of a file that
// must not be written to.
func (g *Gradebook) Check(ctx context.Context) error {
	_, err := still(ctx, g, func(ctx context.Context) (struct{}, error) { return struct{}{}, g.check(ctx) })
	return err
}

func (g *Gradebook) check(ctx context.Context) error {
	found, err := texts(ctx, g.reader(ctx), "PRAGMA quick_check(1)")
	if err != nil {
		return g.explain(err)
	}
	if len(found) != 1 || found[0] != "ok" {
		return damage(i18n.M("gradebook.corrupt", "file", g.path), i18n.M("gradebook.corrupt_hint"), errors.New(strings.Join(found, "; ")))
	}
	runs, err := g.Runs(ctx)
	labs := make(map[string]bool)
	for _, r := range runs {
		if err == nil && !labs[r.RubricID] {
			labs[r.RubricID] = true
			_, err = g.Standing(ctx, r.RubricID, Rules{Attempts: Best})
		}
	}
	if err == nil {
		_, err = g.Faults(ctx, "")
	}
	if err == nil {
		_, err = g.changes(ctx)
	}
	if err == nil {
		_, err = g.requests(ctx, func(*result.Request) bool { return true })
	}
	if err == nil {
		_, err = g.Links(ctx)
	}
	return err
}
