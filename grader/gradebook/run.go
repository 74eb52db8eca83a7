package gradebook

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// Status of a run.
type Status string

const (
	// Running is a run that some process is at: one that was killed, in
	// whatever way, is Interrupted.
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

	seq int64 // in the order of beginning
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

// Regrade is a stored run whose evidence was judged anew.
type Regrade struct {
	Of       string                     // the run that observed
	Verdicts map[string][]judge.Verdict // of its students, by ID
}

// SaveRegrades records that runs were judged anew with a rubric, all of them or
// none: of each a finished run of its own, with those students and their evidence
// of the run that observed. Its verdicts take the place of that one's in
// [Gradebook.Standing]. An error with [ErrBusy] if a run is under way. b.Task,
// b.Students and b.RosterSHA256 are not read: they are those of the runs.
func (g *Gradebook) SaveRegrades(ctx context.Context, b Begin, all []Regrade, finished time.Time) ([]Run, error) {
	runs := make([]Run, len(all))
	for i, r := range all {
		from, err := g.Run(ctx, r.Of)
		if err != nil {
			return nil, err
		}
		if from.Regrades != "" {
			return nil, fmt.Errorf("run %s observed nothing itself: %w", r.Of, ErrNotFound)
		}
		b.Task, b.RosterSHA256 = from.Task, from.RosterSHA256
		if runs[i], err = newRun(b, r.Of); err != nil {
			return nil, err
		}
		runs[i].Status, runs[i].Finished = Finished, finished.Round(0)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.acquire(ctx); err != nil {
		return nil, err
	}
	defer g.release()
	return runs, g.writeLocked(ctx, sealing(ctx, func(tx *sql.Tx) error {
		for i := range runs {
			run := &runs[i]
			if err := insertRun(ctx, tx, run, b); err != nil {
				return err
			}
			for student, vs := range all[i].Verdicts {
				err := affectOne(tx.ExecContext(ctx, `INSERT INTO students (run, student, name, position, bundle, before, after, status)
					SELECT ?, student, name, position, bundle, before, after, 'judged'
					FROM students WHERE run=? AND student=? AND bundle IS NOT NULL`, run.ID, run.Regrades, student))
				if err != nil {
					return of(student, err)
				}
				if err := insertVerdicts(ctx, tx, run.ID, student, vs); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// newRun is a run that is not stored yet.
func newRun(b Begin, regrades string) (Run, error) {
	options, err := json.Marshal(b.Options)
	if err != nil {
		return Run{}, fmt.Errorf("options of the run: %w", err)
	}
	return Run{
		Class: b.Class, Task: b.Task, Status: Running,
		RubricID: b.Rubric.ID, RubricVersion: b.Rubric.Version, RubricSHA256: b.Rubric.SHA256,
		RubricBlob: evidence.Hash(b.Rubric.Source), RosterSHA256: b.RosterSHA256, Regrades: regrades,
		Tool: b.Tool, Options: options, Started: b.Started.Round(0),
	}, nil
}

// insertRun stores a run with its rubric and gives it its ID.
func insertRun(ctx context.Context, tx *sql.Tx, run *Run, b Begin) error {
	source, err := pack(b.Rubric.Source)
	if err != nil {
		return err
	}
	if err := insertBlob(ctx, tx, run.RubricBlob, KindRubric, source); err != nil {
		return err
	}
	if run.ID, err = freeID(ctx, tx, run.Started); err != nil {
		return err
	}
	finished := ""
	if !run.Finished.IsZero() {
		finished = stamp(run.Finished)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO runs (id, class, task, status, rubric_id, rubric_version,
		rubric_sha256, rubric_blob, roster_sha256, regrades, tool, options, started, finished)
		VALUES (?,?,?,?,?,?,?,?,?,nullif(?,''),?,?,?,nullif(?,''))`,
		run.ID, run.Class, run.Task, run.Status, run.RubricID, run.RubricVersion, run.RubricSHA256, run.RubricBlob,
		run.RosterSHA256, run.Regrades, run.Tool, string(run.Options), stamp(run.Started), finished)
	return err
}

// BeginRun takes the gradebook for a run (an error with [ErrBusy] if another
// run has it) and records that it is under way. Runs that were killed show as
// interrupted from then on. [Gradebook.FinishRun] or Close gives the gradebook
// back.
func (g *Gradebook) BeginRun(ctx context.Context, b Begin) (Run, error) {
	run, err := newRun(b, "")
	if err != nil {
		return Run{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.acquire(ctx); err != nil {
		return Run{}, err
	}
	err = g.writeLocked(ctx, sealing(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE runs SET status='interrupted', sum=NULL WHERE status='running'"); err != nil {
			return err
		}
		if err := insertRun(ctx, tx, &run, b); err != nil {
			return err
		}
		for _, s := range b.Students {
			if _, err := tx.ExecContext(ctx, "INSERT INTO students (run, student, name, position, status) VALUES (?,?,?,?,'pending')",
				run.ID, s.ID, s.Name, s.Position); err != nil {
				return fmt.Errorf("student %s: %w", s.ID, err)
			}
		}
		return nil
	}))
	if err != nil {
		g.release()
		return Run{}, err
	}
	g.begun.Store(true)
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
	if err := g.takeUp(ctx, id); err != nil {
		return Run{}, fmt.Errorf("resume run %s: %w", id, err)
	}
	return g.Run(ctx, id)
}

func (g *Gradebook) takeUp(ctx context.Context, id string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.acquire(ctx); err != nil {
		return err
	}
	err := g.writeLocked(ctx, sealing(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE runs SET status='interrupted', sum=NULL WHERE status='running' AND id<>?", id); err != nil {
			return err
		}
		return affectOne(tx.ExecContext(ctx, "UPDATE runs SET status='running', finished=NULL, sum=NULL WHERE id=? AND status<>'finished'", id))
	}))
	if err != nil {
		g.release()
	}
	g.begun.Store(err == nil)
	return err
}

// FinishRun records how the run ended and gives the gradebook back. Call it
// with a context that an interrupt does not cancel.
func (g *Gradebook) FinishRun(ctx context.Context, id string, status Status, at time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	defer g.release()
	err := g.writeLocked(ctx, sealing(ctx, func(tx *sql.Tx) error {
		if err := dropOrphans(ctx, tx); err != nil { // of traces that a second one has replaced
			return err
		}
		return affectOne(tx.ExecContext(ctx, "UPDATE runs SET status=?, finished=?, sum=NULL WHERE id=?", status, stamp(at), id))
	}))
	if err == nil {
		g.begun.Store(status != Finished)
	}
	return err
}

// Fingerprint is what must be the same for a run to be resumed.
type Fingerprint struct{ RubricSHA256, RosterSHA256, Task string }

// Unfinished gives the newest observing run with this fingerprint if it is not
// finished. A finished one after it hides an older unfinished one: resuming
// that would mix old observations with new ones.
func (g *Gradebook) Unfinished(ctx context.Context, f Fingerprint) (Run, bool, error) {
	runs, err := g.Runs(ctx)
	for _, r := range runs {
		if r.Fingerprint() == f && r.Regrades == "" {
			return r, r.Status != Finished, err
		}
	}
	return Run{}, false, err
}

// Fingerprint is that of a run.
func (r *Run) Fingerprint() Fingerprint { return Fingerprint{r.RubricSHA256, r.RosterSHA256, r.Task} }

// Run gives a run by its ID; "" is the newest.
func (g *Gradebook) Run(ctx context.Context, id string) (Run, error) {
	runs, err := g.Runs(ctx)
	if err != nil {
		return Run{}, err
	}
	for _, r := range runs {
		if r.ID == id || id == "" {
			return r, nil
		}
	}
	return Run{}, fmt.Errorf("run %s: %w", id, ErrNotFound)
}

// Runs gives all runs, newest first.
func (g *Gradebook) Runs(ctx context.Context) ([]Run, error) {
	return still(ctx, g, func(ctx context.Context) ([]Run, error) {
		if err := g.complete(ctx, "runs"); err != nil {
			return nil, err
		}
		runs, err := sealedRows(ctx, g, "runs", `seq, id, class, task, status, rubric_id, rubric_version, rubric_sha256, rubric_blob,
			roster_sha256, coalesce(regrades,''), tool, options, started, coalesce(finished,'')`, "ORDER BY seq DESC", scanRun,
			func(r Run) { g.hurt(r.ID) })
		for i := range runs {
			if runs[i].Status == Running && !g.underWay(ctx) {
				runs[i].Status = Interrupted
			}
		}
		return runs, err
	})
}

func scanRun(row scanner) (Run, error) {
	var r Run
	var options, started, finished string
	err := row.Scan(&r.seq, &r.ID, &r.Class, &r.Task, &r.Status, &r.RubricID, &r.RubricVersion, &r.RubricSHA256, &r.RubricBlob,
		&r.RosterSHA256, &r.Regrades, &r.Tool, &options, &started, &finished)
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
