package gradebook

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// MaxText is how many characters a reason or a remark may have.
const MaxText = result.MaxText

// Change is what an instructor did to one student's score in a lab, by hand. It
// stands above every run of the lab, past and to come, until it is taken back.
type Change struct {
	Lab     string // the rubric's ID
	Student string
	result.Change
}

// AddChanges appends to the history of what was done by hand, all or nothing; what
// is there is never changed. All but remarks need a reason. How many points there are
// to be given is not known here: see [result.Student.Most].
func (g *Gradebook) AddChanges(ctx context.Context, all ...Change) error {
	return g.addChanges(ctx, func(*sql.Tx) error { return nil }, all)
}

// Mark is what there is to report as it is now, cheap to ask for: it is another as soon
// as anything of what [Gradebook.StandingData] gives may be another, also while a run
// is under way. Trials and links are not in it. See [Gradebook.AddChangesSince].
func (g *Gradebook) Mark(ctx context.Context) (string, error) {
	return still(ctx, g, func(ctx context.Context) (string, error) {
		mark, err := markOf(ctx, g.reader(ctx))
		if err != nil {
			return "", g.explain(err)
		}
		// What of a run that is over changes, changes its row.
		more, err := texts(ctx, g.reader(ctx), `SELECT key || value FROM meta WHERE key IN ('rows:requests','rows:words')
			UNION ALL SELECT coalesce(sum,'') FROM runs
			UNION ALL SELECT coalesce(sum,'') FROM students WHERE run IN (SELECT id FROM runs WHERE status='running')`)
		return mark + markEnd + digest(more), g.explain(err)
	})
}

// markEnd ends what of a mark changes by hand have to be told about.
const markEnd = "\n\n"

func markOf(ctx context.Context, q queryer) (string, error) {
	all, err := texts(ctx, q, `SELECT key || value FROM meta WHERE key LIKE 'rows:%' AND
		key NOT IN ('rows:links','rows:requests','rows:words') ORDER BY key`)
	return strings.Join(all, "\n"), err
}

// AddChangesSince is [Gradebook.AddChanges] if no other change or fault was recorded and no
// run begun since the mark was taken; else it is [ErrMoved], and what the changes say of before may
// be wrong.
func (g *Gradebook) AddChangesSince(ctx context.Context, mark string, all ...Change) error {
	mark, _, _ = strings.Cut(mark, markEnd)
	return g.addChanges(ctx, func(tx *sql.Tx) error {
		now, err := markOf(ctx, tx)
		if err == nil && now != mark {
			err = ErrMoved
		}
		return err
	}, all)
}

func (g *Gradebook) addChanges(ctx context.Context, first func(*sql.Tx) error, all []Change) error {
	for i := range all {
		if err := all[i].check(); err != nil {
			return err
		}
	}
	return g.writeSealed(ctx, func(tx *sql.Tx) error {
		if err := first(tx); err != nil {
			return err
		}
		for _, c := range all {
			effect, err := json.Marshal(c.Effect)
			if err != nil {
				return err
			}
			var points sql.NullInt64
			if c.Kind == result.SetPoints {
				points = sql.NullInt64{Int64: int64(c.Points), Valid: true}
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO changes (lab, student, task, check_id, kind, points, text, reason, who, at, effect)
				VALUES (?,?,?,?,?,?,?,?,?,?,?)`, c.Lab, c.Student, c.Task, c.Check, string(c.Kind), points, c.Text, c.Reason, c.Who,
				stamp(c.When), string(effect)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *Change) check() error {
	if c.Kind != result.Remark && strings.TrimSpace(c.Reason) == "" {
		return failure(i18n.M("gradebook.no_reason", "student", c.Student), i18n.M("gradebook.no_reason_hint"), nil)
	}
	if c.Points < 0 {
		return failure(i18n.M("gradebook.bad_override", "student", c.Student, "points", c.Points.String()), i18n.M("gradebook.bad_override_hint"), nil)
	}
	for _, text := range []string{c.Reason, c.Text} {
		if n := utf8.RuneCountInString(text); n > MaxText {
			return failure(i18n.M("gradebook.long_text", "student", c.Student, "n", n, "max", MaxText), i18n.M("gradebook.long_text_hint"), nil)
		}
	}
	return nil
}

// Changes are all that was done by hand in a lab, by student, oldest first.
func (g *Gradebook) Changes(ctx context.Context, lab string) (map[string][]result.Change, error) {
	all, err := g.changes(ctx)
	out := make(map[string][]result.Change)
	for _, c := range all {
		if c.Lab == lab {
			out[c.Student] = append(out[c.Student], c.Change)
		}
	}
	return out, err
}

// changes are those of all labs, oldest first. All rows are read, so that none is
// missed because just the column that would choose it is damaged.
//
// Up to layout 3 there were two tables, which nothing is added to any more: what
// they hold is older than all the others.
func (g *Gradebook) changes(ctx context.Context) ([]Change, error) {
	return still(ctx, g, func(ctx context.Context) ([]Change, error) {
		suspect := func(c Change) { g.suspect("changes", c.Student) }
		overrides, err := listedRows(ctx, g, "overrides", "lab, student, check_id, points, reason, who, at", scanOverride, suspect)
		if err != nil {
			return nil, err
		}
		remarks, err := listedRows(ctx, g, "remarks", "lab, student, text, at", scanRemark, nil)
		if err != nil {
			return nil, err
		}
		old := append(overrides, remarks...)
		slices.SortStableFunc(old, func(a, b Change) int { return a.When.Compare(b.When) })
		all, err := listedRows(ctx, g, "changes", "lab, student, task, check_id, kind, points, text, reason, who, at, effect", scanChange, suspect)
		return append(old, all...), err
	})
}

// listedRows are the rows of a table that tells when one is missing, in their order.
func listedRows[T any](ctx context.Context, g *Gradebook, table, columns string, scan func(scanner) (T, error), lost func(T)) ([]T, error) {
	return still(ctx, g, func(ctx context.Context) ([]T, error) {
		if err := g.complete(ctx, table); err != nil {
			return nil, err
		}
		return sealedRows(ctx, g, table, columns, "ORDER BY seq", scan, lost)
	})
}

func scanChange(row scanner) (c Change, err error) {
	var points sql.NullInt64
	var kind, at, effect string
	if err := row.Scan(&c.Lab, &c.Student, &c.Task, &c.Check, &kind, &points, &c.Text, &c.Reason, &c.Who, &at, &effect); err != nil {
		return c, err
	}
	c.Kind, c.Points = result.Kind(kind), rubric.Points(points.Int64)
	if c.When, err = unstamp(at); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(effect), &c.Effect); err != nil {
		return c, fmt.Errorf("what a change did: %w", err)
	}
	return c, nil
}

func scanOverride(row scanner) (c Change, err error) {
	var points sql.NullInt64
	var at string
	if err := row.Scan(&c.Lab, &c.Student, &c.Check, &points, &c.Reason, &c.Who, &at); err != nil {
		return c, err
	}
	c.Kind, c.Points = result.Remove, rubric.Points(points.Int64)
	if points.Valid {
		c.Kind = result.SetPoints
	}
	c.When, err = unstamp(at)
	return c, err
}

func scanRemark(row scanner) (c Change, err error) {
	var at string
	if err := row.Scan(&c.Lab, &c.Student, &c.Text, &at); err != nil {
		return c, err
	}
	c.Kind = result.Remark
	c.When, err = unstamp(at)
	return c, err
}

// SetRemark records a word to a student, shown beside the score; "" takes it away.
func (g *Gradebook) SetRemark(ctx context.Context, lab, student, text string, at time.Time) error {
	return g.AddChanges(ctx, Change{lab, student, result.Change{Kind: result.Remark, Text: text, When: at}})
}
