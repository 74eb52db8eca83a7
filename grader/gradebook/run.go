package gradebook

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

// Status of a run.
type Status string

const (
	// Running is also what a killed run shows until it is resumed or the next
	// one begins.
	Running     Status = "running"
	Finished    Status = "finished"
	Interrupted Status = "interrupted"
)

// Run is one grading of a class, or of some of its students.
type Run struct {
	ID    string // given by BeginRun: the start in UTC, such as 20241121-034702
	Class string
	// Task is as asked for: a task of the rubric, or "auto".
	Task   string
	Status Status

	RubricID      string
	RubricVersion int
	RubricSHA256  string
	// RubricBlob is the hash under which the rubric's text is stored.
	RubricBlob   string
	RosterSHA256 string
	// Regrades is the run whose evidence is judged anew, "" for a run that
	// observed.
	Regrades string
	// Tool is the version of this program.
	Tool string
	// Options are the caller's own, kept as they are; null if there are none.
	Options json.RawMessage
	Started time.Time
	// Finished is zero while running and after a kill.
	Finished time.Time
}

// Begin is what a new run needs to be told.
type Begin struct {
	Class        string
	Task         string
	Rubric       *rubric.Rubric // ID, Version, SHA256 and Source are kept
	RosterSHA256 string
	Tool         string
	Options      any // encoded as JSON
	Started      time.Time
	// Students are those to be observed, in the order of the roster.
	Students []Student
}

// BeginRun takes the gradebook for a run (an error with [ErrBusy] if another
// run has it) and records that it is under way. Runs that were killed show as
// interrupted from then on. [Gradebook.FinishRun] or Close gives the gradebook
// back.
func (g *Gradebook) BeginRun(ctx context.Context, b Begin) (Run, error) {
	return g.begin(ctx, b, "")
}

// BeginRegrade is BeginRun for judging the evidence of a stored run anew: its
// students and their bundles are taken over (b.Task and b.Students are not
// read). The verdicts take the place of the old ones in [Gradebook.Standing]
// once the regrade is finished.
func (g *Gradebook) BeginRegrade(ctx context.Context, of string, b Begin) (Run, error) {
	from, err := g.Run(ctx, of)
	if err != nil {
		return Run{}, err
	}
	if from.Regrades != "" {
		of = from.Regrades // the run that observed
	}
	b.Task = from.Task
	return g.begin(ctx, b, of)
}

func (g *Gradebook) begin(ctx context.Context, b Begin, regrades string) (Run, error) {
	options, err := json.Marshal(b.Options)
	if err != nil {
		return Run{}, fmt.Errorf("options of the run: %w", err)
	}
	source, err := pack(b.Rubric.Source)
	if err != nil {
		return Run{}, err
	}
	run := Run{
		Class: b.Class, Task: b.Task, Status: Running,
		RubricID: b.Rubric.ID, RubricVersion: b.Rubric.Version, RubricSHA256: b.Rubric.SHA256,
		RubricBlob: evidence.Hash(b.Rubric.Source), RosterSHA256: b.RosterSHA256, Regrades: regrades,
		Tool: b.Tool, Options: options, Started: b.Started.Round(0),
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.acquire(ctx); err != nil {
		return Run{}, err
	}
	err = g.writeLocked(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE runs SET status='interrupted' WHERE status='running'"); err != nil {
			return err
		}
		if err := insertBlob(ctx, tx, run.RubricBlob, KindRubric, source); err != nil {
			return err
		}
		if run.ID, err = freeID(ctx, tx, b.Started); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO runs (id, class, task, status, rubric_id, rubric_version,
			rubric_sha256, rubric_blob, roster_sha256, regrades, tool, options, started)
			VALUES (?,?,?,?,?,?,?,?,?,nullif(?,''),?,?,?)`,
			run.ID, run.Class, run.Task, run.Status, run.RubricID, run.RubricVersion, run.RubricSHA256, run.RubricBlob,
			run.RosterSHA256, regrades, run.Tool, string(options), stamp(b.Started))
		if err != nil {
			return err
		}
		if regrades != "" {
			_, err := tx.ExecContext(ctx, `INSERT INTO students (run, student, name, position, bundle, before, after, status)
				SELECT ?, student, name, position, bundle, before, after, 'observed'
				FROM students WHERE run=? AND bundle IS NOT NULL`, run.ID, regrades)
			return err
		}
		for _, s := range b.Students {
			if _, err := tx.ExecContext(ctx, "INSERT INTO students (run, student, name, position, status) VALUES (?,?,?,?,'pending')",
				run.ID, s.ID, s.Name, s.Position); err != nil {
				return fmt.Errorf("student %s: %w", s.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		g.release()
		return Run{}, err
	}
	return run, nil
}

// freeID names a run by its start; a second one in the same second gets a
// number.
func freeID(ctx context.Context, tx *sql.Tx, started time.Time) (string, error) {
	base := started.UTC().Format("20060102-150405")
	id := base
	for n := 2; ; n++ {
		var taken bool
		if err := tx.QueryRowContext(ctx, "SELECT count(*)>0 FROM runs WHERE id=?", id).Scan(&taken); err != nil || !taken {
			return id, err
		}
		id = fmt.Sprintf("%s-%d", base, n)
	}
}

// Resume takes the gradebook for a run that was not finished.
func (g *Gradebook) Resume(ctx context.Context, id string) (Run, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.acquire(ctx); err != nil {
		return Run{}, err
	}
	err := g.writeLocked(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE runs SET status='interrupted' WHERE status='running' AND id<>?", id); err != nil {
			return err
		}
		return affectOne(tx.ExecContext(ctx, "UPDATE runs SET status='running', finished=NULL WHERE id=? AND status<>'finished'", id))
	})
	if err != nil {
		g.release()
		return Run{}, fmt.Errorf("resume run %s: %w", id, err)
	}
	return g.Run(ctx, id)
}

// FinishRun records how the run ended and gives the gradebook back. Call it
// with a context that an interrupt does not cancel.
func (g *Gradebook) FinishRun(ctx context.Context, id string, status Status, at time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	defer g.release()
	return g.writeLocked(ctx, func(tx *sql.Tx) error {
		return affectOne(tx.ExecContext(ctx, "UPDATE runs SET status=?, finished=? WHERE id=?", status, stamp(at), id))
	})
}

// Fingerprint is what must be the same for a run to be resumed.
type Fingerprint struct{ RubricSHA256, RosterSHA256, Task string }

// Unfinished gives the newest observing run with this fingerprint if it is not
// finished. A finished one after it hides an older unfinished one: resuming
// that would mix old observations with new ones.
func (g *Gradebook) Unfinished(ctx context.Context, f Fingerprint) (Run, bool, error) {
	run, err := scanRun(g.db.QueryRowContext(ctx, selectRuns+` WHERE rubric_sha256=? AND roster_sha256=? AND task=?
		AND regrades IS NULL ORDER BY seq DESC LIMIT 1`, f.RubricSHA256, f.RosterSHA256, f.Task))
	if errors.Is(err, ErrNotFound) {
		return Run{}, false, nil
	}
	return run, err == nil && run.Status != Finished, g.explain(err)
}

// Run gives a run by its ID; "" is the newest.
func (g *Gradebook) Run(ctx context.Context, id string) (Run, error) {
	run, err := scanRun(g.db.QueryRowContext(ctx, selectRuns+" WHERE id=? OR ?='' ORDER BY seq DESC LIMIT 1", id, id))
	if err != nil {
		return Run{}, fmt.Errorf("run %s: %w", id, g.explain(err))
	}
	return run, nil
}

// Runs gives all runs, newest first.
func (g *Gradebook) Runs(ctx context.Context) ([]Run, error) {
	return query(ctx, g, scanRun, selectRuns+" ORDER BY seq DESC")
}

const selectRuns = `SELECT id, class, task, status, rubric_id, rubric_version, rubric_sha256, rubric_blob,
	roster_sha256, coalesce(regrades,''), tool, options, started, coalesce(finished,'') FROM runs`

func scanRun(row scanner) (Run, error) {
	var r Run
	var options, started, finished string
	err := row.Scan(&r.ID, &r.Class, &r.Task, &r.Status, &r.RubricID, &r.RubricVersion, &r.RubricSHA256, &r.RubricBlob,
		&r.RosterSHA256, &r.Regrades, &r.Tool, &options, &started, &finished)
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNotFound
	}
	if err != nil {
		return r, err
	}
	r.Options = json.RawMessage(options)
	if r.Started, err = unstamp(started); err != nil {
		return r, err
	}
	r.Finished, err = unstamp(finished)
	return r, err
}
