package gradebook

import (
	"context"
	"database/sql"
	"encoding/json"

	"swarmgrade/grader/evidence"
)

// SaveDrafts keeps what was observed of students before a fault, all of it or
// nothing, so that a run that is killed in a fault window can be resumed from
// there: traces taken after a fault would show another cluster.
func (g *Gradebook) SaveDrafts(ctx context.Context, run string, drafts []*evidence.Bundle) error {
	return g.saveWindow(ctx, run, nil, nil, drafts)
}

// SaveWindow keeps the window of an episode: the shared part, the fault for reports (in
// the form of result.Fault; nil where none is to be told), and the bundles of the
// students concerned, whose episode's Probing is told the window's hash. All of it is stored or nothing, so that a
// window that was cut short by a kill is not there at all.
func (g *Gradebook) SaveWindow(ctx context.Context, run, episode string, w *evidence.Window, fault any, concerned []*evidence.Bundle) (hash string, err error) {
	data, err := evidence.Encode(w)
	if err != nil {
		return "", err
	}
	hash = evidence.Hash(data)
	for _, b := range concerned {
		b.Begin(episode).Probing.Window = hash
	}
	var raw []byte
	if fault != nil {
		if raw, err = json.Marshal(fault); err != nil {
			return "", err
		}
	}
	return hash, g.saveWindow(ctx, run, data, raw, concerned)
}

func (g *Gradebook) saveWindow(ctx context.Context, run string, window, fault []byte, drafts []*evidence.Bundle) error {
	type blob struct {
		student, hash string
		packed        []byte
	}
	blobs := make([]blob, 0, len(drafts))
	for _, b := range drafts {
		data, err := evidence.Encode(b)
		if err != nil {
			return of(b.Student.ID, err)
		}
		packed, err := pack(data)
		if err != nil {
			return of(b.Student.ID, err)
		}
		blobs = append(blobs, blob{b.Student.ID, evidence.Hash(data), packed})
	}
	var packedWindow []byte
	if window != nil {
		var err error
		if packedWindow, err = pack(window); err != nil {
			return err
		}
	}
	return g.writeSealed(ctx, func(tx *sql.Tx) error {
		if window != nil {
			if err := insertBlob(ctx, tx, evidence.Hash(window), KindWindow, packedWindow); err != nil {
				return err
			}
		}
		if fault != nil {
			if _, err := tx.ExecContext(ctx, "INSERT INTO faults (run, fault) VALUES (?,?)", run, string(fault)); err != nil {
				return err
			}
		}
		for _, b := range blobs {
			if err := insertBlob(ctx, tx, b.hash, KindDraft, b.packed); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO drafts (run, student, blob) VALUES (?,?,?)",
				run, b.student, b.hash); err != nil {
				return of(b.student, err)
			}
		}
		return dropOrphans(ctx, tx)
	})
}

// dropOrphans deletes traces and drafts that nothing names any more. A draft to
// which nothing was added is the bundle, byte for byte.
func dropOrphans(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM blobs WHERE kind='trace' AND hash NOT IN (SELECT blob FROM traces)
		OR kind='draft' AND hash NOT IN (SELECT blob FROM drafts)
			AND hash NOT IN (SELECT bundle FROM students WHERE bundle IS NOT NULL)`)
	return err
}

// keptOf are the traces and the draft of a student whose bundle is yet to come.
func keptOf(ctx context.Context, tx *sql.Tx, run, student string) (hashes []string, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT blob FROM traces WHERE run=? AND student=? UNION SELECT blob FROM drafts WHERE run=? AND student=?`,
		run, student, run, student)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		hash, err := scanString(rows)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, rows.Err()
}

// dropKept is dropOrphans of what a student had, which names nobody else's: it takes no longer
// for a large class.
func dropKept(ctx context.Context, tx *sql.Tx, student string, hashes []string) error {
	for _, hash := range hashes {
		_, err := tx.ExecContext(ctx, `DELETE FROM blobs WHERE hash=? AND (
			kind='trace' AND NOT EXISTS (SELECT 1 FROM traces WHERE blob=blobs.hash)
			OR kind='draft' AND NOT EXISTS (SELECT 1 FROM drafts WHERE blob=blobs.hash)
				AND NOT EXISTS (SELECT 1 FROM students WHERE run IN (SELECT id FROM runs) AND student=? AND bundle=blobs.hash))`, hash, student)
		if err != nil {
			return err
		}
	}
	return nil
}

// Draft gives what an earlier, interrupted try kept of a student, nil if there
// is nothing.
func (g *Gradebook) Draft(ctx context.Context, run, student string) (*evidence.Bundle, error) {
	hashes, err := query(ctx, g, scanString, "SELECT blob FROM drafts WHERE run=? AND student=?", run, student)
	if err != nil || len(hashes) == 0 {
		return nil, err
	}
	data, err := g.Blob(ctx, hashes[0])
	if err != nil {
		return nil, err
	}
	b, err := evidence.DecodeBundle(data)
	return b, of(student, err)
}

// window reads a shared part, which nobody may change.
func (g *Gradebook) window(ctx context.Context, hash string) (*evidence.Window, error) {
	return g.windows.get(hash, func() (*evidence.Window, error) {
		data, err := g.named(ctx, hash)
		if err != nil {
			return nil, err
		}
		return evidence.DecodeWindow(data)
	})
}
