package gradebook

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"swarmgrade/grader/judge"
)

// Trial is a self-check that a student made on the page: what it found, without the
// evidence. No score is made of it.
type Trial struct {
	ID           int64
	Lab          string // the rubric's ID
	Student      string
	Tasks        []string
	Started      time.Time
	Finished     time.Time
	RubricSHA256 string
	Verdicts     []judge.Verdict
	// Untried says that nothing was made to fail, so that what waits for it is open.
	Untried bool
}

// KeptTrials is how many trials of a student and tasks are kept, the newest.
const KeptTrials = 20

// maxTrial bounds the verdicts of a trial, in bytes before they are packed.
const maxTrial = 4 << 20

// SaveTrial keeps a self-check, and drops the oldest of that student and those tasks
// beyond [KeptTrials].
func (g *Gradebook) SaveTrial(ctx context.Context, t Trial) error {
	raw, err := json.Marshal(t.Verdicts)
	if err != nil {
		return of(t.Student, err)
	}
	if len(raw) > maxTrial {
		return of(t.Student, fmt.Errorf("verdicts of %d bytes are more than the %d that a trial may have", len(raw), maxTrial))
	}
	if _, err := decodeTrial(newDecoder(), raw); err != nil {
		return of(t.Student, err) // never store what could not be read again
	}
	packed, err := pack(raw)
	if err != nil {
		return of(t.Student, err)
	}
	tasks := strings.Join(t.Tasks, ",")
	return g.writeSealed(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO trials (lab, student, tasks, started, finished, rubric_sha256, untried, verdicts)
			VALUES (?,?,?,?,?,?,?,?)`, t.Lab, t.Student, tasks, stamp(t.Started), stamp(t.Finished), t.RubricSHA256, t.Untried, packed); err != nil {
			return of(t.Student, err)
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM trials WHERE lab=?1 AND student=?2 AND tasks=?3 AND
			seq NOT IN (SELECT seq FROM trials WHERE lab=?1 AND student=?2 AND tasks=?3 ORDER BY seq DESC LIMIT ?4)`,
			t.Lab, t.Student, tasks, KeptTrials)
		return of(t.Student, err)
	})
}

// Trials are a student's self-checks in a lab that are kept, the newest first.
func (g *Gradebook) Trials(ctx context.Context, lab, student string) ([]Trial, error) {
	return g.trials(ctx, "WHERE lab=? AND student=? ORDER BY seq DESC", lab, student)
}

// LastTrials are the newest self-check of each student in a lab.
func (g *Gradebook) LastTrials(ctx context.Context, lab string) (map[string]Trial, error) {
	all, err := g.trials(ctx, "WHERE seq IN (SELECT max(seq) FROM trials WHERE lab=? GROUP BY student)", lab)
	out := make(map[string]Trial, len(all))
	for _, t := range all {
		out[t.Student] = t
	}
	return out, err
}

func (g *Gradebook) trials(ctx context.Context, tail string, args ...any) ([]Trial, error) {
	d := newDecoder()
	return sealedRows(ctx, g, "trials", "seq, lab, student, tasks, started, finished, rubric_sha256, untried, verdicts", tail,
		func(row scanner) (Trial, error) { return scanTrial(d, row) }, nil, args...)
}

func scanTrial(d *decoder, row scanner) (t Trial, err error) {
	var tasks, started, finished string
	var packed []byte
	if err := row.Scan(&t.ID, &t.Lab, &t.Student, &tasks, &started, &finished, &t.RubricSHA256, &t.Untried, &packed); err != nil {
		return t, err
	}
	if tasks != "" {
		t.Tasks = strings.Split(tasks, ",")
	}
	if t.Started, err = unstamp(started); err != nil {
		return t, err
	}
	if t.Finished, err = unstamp(finished); err != nil {
		return t, err
	}
	raw, err := unpack(packed)
	if err != nil {
		return t, err
	}
	t.Verdicts, err = decodeTrial(d, raw)
	return t, err
}

func decodeTrial(d *decoder, raw []byte) ([]judge.Verdict, error) {
	var parts []json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil {
		return nil, fmt.Errorf("read a trial: %w", err)
	}
	out := make([]judge.Verdict, len(parts))
	for i, p := range parts {
		v, err := d.verdict(p)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}
