package gradebook

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"swarmgrade/grader/evidence"
)

// Progress of a student in a run.
type Progress string

const (
	Pending  Progress = "pending"  // traces may be there, the bundle is not
	Observed Progress = "observed" // the bundle is stored
	Judged   Progress = "judged"   // so are the verdicts
)

// Student is a student in a run.
type Student struct {
	ID   string
	Name string
	// Position is the place in the class's roster (of all students, also if
	// the run concerns only some); lists keep this order.
	Position int
	Progress Progress
	// Bundle, Before and After are hashes of blobs, "" if there is none.
	Bundle, Before, After string

	judged string // digest of the verdicts
}

// Students gives a run's students in the order of the roster.
func (g *Gradebook) Students(ctx context.Context, run string) ([]Student, error) {
	return still(ctx, g, func(ctx context.Context) ([]Student, error) {
		all, err := g.students(ctx, run, "ORDER BY position, student")
		if err != nil {
			return nil, err
		}
		members, err := texts(ctx, g.reader(ctx), "SELECT members FROM runs WHERE id=?", run)
		if err != nil {
			return nil, g.explain(err)
		}
		ids := make([]string, len(all))
		for i, s := range all {
			ids[i] = s.ID
		}
		slices.Sort(ids)
		if len(members) > 0 && members[0] != digest(ids) {
			g.hurt(run)
		}
		return all, nil
	})
}

// students reads those rows of a run that are as they were written.
func (g *Gradebook) students(ctx context.Context, run, tail string, args ...any) ([]Student, error) {
	return sealedRows(ctx, g, "students", `student, name, position, status, coalesce(bundle,''), coalesce(before,''),
		coalesce(after,''), coalesce(judged,'')`, "WHERE run=? "+tail, scanStudent,
		func(s Student) { g.suspect(run, s.ID) }, append([]any{run}, args...)...)
}

func scanStudent(row scanner) (s Student, err error) {
	err = row.Scan(&s.ID, &s.Name, &s.Position, &s.Progress, &s.Bundle, &s.Before, &s.After, &s.judged)
	return s, err
}

// SaveBefore records the snapshot that was taken before the students of a run
// are driven. Those who have a trace already, in a resumed run, keep the
// snapshot that was taken before that.
func (g *Gradebook) SaveBefore(ctx context.Context, run, snapshot string) error {
	return g.writeSealed(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE students SET before=?, sum=NULL WHERE run=? AND status='pending' AND
			NOT (before IS NOT NULL AND EXISTS (SELECT 1 FROM traces t WHERE t.run=students.run AND t.student=students.student))`,
			snapshot, run)
		return err
	})
}

// Forget drops what an interrupted try has kept of a student whose bundle is yet
// to come: it is measured again.
func (g *Gradebook) Forget(ctx context.Context, run, student string) error {
	return g.writeSealed(ctx, func(tx *sql.Tx) error {
		kept, err := keptOf(ctx, tx, run, student)
		if err != nil {
			return err
		}
		for _, text := range []string{
			"DELETE FROM traces WHERE run=? AND student=?", "DELETE FROM drafts WHERE run=? AND student=?",
			"UPDATE students SET before=NULL, sum=NULL WHERE run=? AND student=? AND bundle IS NULL",
		} {
			if _, err := tx.ExecContext(ctx, text, run, student); err != nil {
				return of(student, err)
			}
		}
		return dropKept(ctx, tx, student, kept)
	})
}

// SaveTrace keeps a target's trace of a student whose bundle is yet to come,
// so that a resumed run need not drive it again. A second trace of the same
// target replaces the first.
func (g *Gradebook) SaveTrace(ctx context.Context, run, student string, t *evidence.Trace) error {
	data, err := evidence.Encode(t)
	if err != nil {
		return err
	}
	packed, err := pack(data)
	if err != nil {
		return err
	}
	hash := evidence.Hash(data)
	return g.write(ctx, func(tx *sql.Tx) error {
		if err := insertBlob(ctx, tx, hash, KindTrace, packed); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO traces (run, student, target, blob) VALUES (?,?,?,?)",
			run, student, t.Target.ID, hash)
		return of(student, err)
	})
}

// Traces gives the traces kept so far for a student whose bundle is yet to
// come, ordered by target.
func (g *Gradebook) Traces(ctx context.Context, run, student string) ([]evidence.Trace, error) {
	hashes, err := query(ctx, g, scanString, "SELECT blob FROM traces WHERE run=? AND student=? ORDER BY target", run, student)
	if err != nil {
		return nil, err
	}
	traces := make([]evidence.Trace, 0, len(hashes))
	for _, h := range hashes {
		data, err := g.Blob(ctx, h)
		if err != nil {
			return nil, err
		}
		t, err := evidence.DecodeTrace(data)
		if err != nil {
			return nil, of(student, err)
		}
		traces = append(traces, *t)
	}
	return traces, nil
}

func scanString(row scanner) (s string, err error) { err = row.Scan(&s); return s, err }

// SaveBundle stores a student's bundle and gives its hash. The snapshots it
// names must be stored before. The traces and the draft kept on the way are
// dropped, since the bundle holds them.
func (g *Gradebook) SaveBundle(ctx context.Context, run string, b *evidence.Bundle) (hash string, err error) {
	data, err := evidence.Encode(b)
	if err != nil {
		return "", err
	}
	packed, err := pack(data)
	if err != nil {
		return "", err
	}
	hash = evidence.Hash(data)
	return hash, g.writeSealed(ctx, func(tx *sql.Tx) error {
		if err := insertBlob(ctx, tx, hash, KindBundle, packed); err != nil {
			return err
		}
		kept, err := keptOf(ctx, tx, run, b.Student.ID)
		if err != nil {
			return err
		}
		err = affectOne(tx.ExecContext(ctx, `UPDATE students SET bundle=?, before=nullif(?,''), after=nullif(?,''),
			status='observed', sum=NULL WHERE run=? AND student=?`, hash, b.Before, b.After, run, b.Student.ID))
		if err != nil {
			return of(b.Student.ID, err)
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM traces WHERE run=? AND student=?", run, b.Student.ID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM drafts WHERE run=? AND student=?", run, b.Student.ID); err != nil {
			return err
		}
		return dropKept(ctx, tx, b.Student.ID, kept)
	})
}

// Case gives what a student of a run is judged on. Snapshots and windows are
// read once and shared between cases: nobody may change them.
func (g *Gradebook) Case(ctx context.Context, run, student string) (evidence.Case, error) {
	return g.caseOf(ctx, run, student, true)
}

// Faulted is [Gradebook.Case] with no snapshot but the first: what it takes to tell of a fault's window. A class's
// snapshots are large.
func (g *Gradebook) Faulted(ctx context.Context, run, student string) (evidence.Case, error) {
	return g.caseOf(ctx, run, student, false)
}

func (g *Gradebook) caseOf(ctx context.Context, run, student string, whole bool) (evidence.Case, error) {
	var c evidence.Case
	found, err := g.students(ctx, run, "AND student=?", student)
	if err != nil {
		return c, err
	}
	if len(found) == 0 || found[0].Bundle == "" {
		return c, fmt.Errorf("evidence of student %s in run %s: %w", student, run, ErrNotFound)
	}
	s := found[0]
	data, err := g.named(ctx, s.Bundle)
	if err != nil {
		return c, err
	}
	if c.Bundle, err = evidence.DecodeBundle(data); err != nil {
		return c, of(student, err)
	}
	if c.Bundle.Student.ID != student {
		return c, of(student, g.lost(s.Bundle, errors.New("it is another student's")))
	}
	if c.Before, err = g.snapshot(ctx, s.Before); err != nil {
		return c, of(student, err)
	}
	more := func(hash string) (*evidence.Snapshot, error) {
		if !whole {
			return nil, nil
		}
		return g.snapshot(ctx, hash)
	}
	if c.After, err = more(s.After); err != nil {
		return c, of(student, err)
	}
	err = c.Join(more,
		func(hash string) (*evidence.Window, error) { return g.window(ctx, hash) })
	return c, of(student, err)
}

// Snapshot gives a stored snapshot, which nobody may change; nil for "".
func (g *Gradebook) Snapshot(ctx context.Context, hash string) (*evidence.Snapshot, error) {
	return g.snapshot(ctx, hash)
}

func (g *Gradebook) snapshot(ctx context.Context, hash string) (*evidence.Snapshot, error) {
	if hash == "" {
		return nil, nil
	}
	return g.snapshots.get(hash, func() (*evidence.Snapshot, error) {
		data, err := g.named(ctx, hash)
		if err != nil {
			return nil, err
		}
		return evidence.DecodeSnapshot(data)
	})
}

func of(student string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("student %s: %w", student, err)
}
