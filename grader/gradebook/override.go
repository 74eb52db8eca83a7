package gradebook

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// Override is an instructor's word on a score. It stands above every run of
// the lab, past and to come, until it is withdrawn.
type Override struct {
	Lab     string // the rubric's ID
	Student string
	// Check is the check whose points are replaced, "" for the total.
	Check string
	// Points replace the automatic ones; nil withdraws the override.
	Points *rubric.Points
	Reason string
	Who    string
	When   time.Time
}

// SetOverride records an override. A reason is required; earlier ones are kept
// as history.
func (g *Gradebook) SetOverride(ctx context.Context, o Override) error {
	if strings.TrimSpace(o.Reason) == "" {
		return &Error{Msg: i18n.M("gradebook.no_reason", "student", o.Student), Hint: i18n.M("gradebook.no_reason_hint")}
	}
	if o.Points != nil && *o.Points < 0 {
		return &Error{
			Msg:  i18n.M("gradebook.bad_override", "student", o.Student, "points", o.Points.String()),
			Hint: i18n.M("gradebook.bad_override_hint"),
		}
	}
	return g.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO overrides (lab, student, check_id, points, reason, who, at)
			VALUES (?,?,?,?,?,?,?)`, o.Lab, o.Student, o.Check, o.Points, o.Reason, o.Who, stamp(o.When))
		return err
	})
}

// Overrides gives those in force for a lab, by student and check.
func (g *Gradebook) Overrides(ctx context.Context, lab string) ([]Override, error) {
	return query(ctx, g, scanOverride, `SELECT lab, student, check_id, points, reason, who, at FROM overrides
		WHERE seq IN (SELECT max(seq) FROM overrides WHERE lab=? GROUP BY student, check_id) AND points IS NOT NULL
		ORDER BY student, check_id`, lab)
}

// OverrideHistory gives every override of a student that was ever set, oldest
// first.
func (g *Gradebook) OverrideHistory(ctx context.Context, lab, student string) ([]Override, error) {
	return query(ctx, g, scanOverride, `SELECT lab, student, check_id, points, reason, who, at FROM overrides
		WHERE lab=? AND student=? ORDER BY seq`, lab, student)
}

func scanOverride(row scanner) (Override, error) {
	var o Override
	var points sql.NullInt64
	var at string
	err := row.Scan(&o.Lab, &o.Student, &o.Check, &points, &o.Reason, &o.Who, &at)
	if err != nil {
		return o, err
	}
	if points.Valid {
		p := rubric.Points(points.Int64)
		o.Points = &p
	}
	o.When, err = unstamp(at)
	return o, err
}

// SetRemark records an instructor's note on a student, shown beside the score;
// "" takes it away.
func (g *Gradebook) SetRemark(ctx context.Context, lab, student, text string, at time.Time) error {
	return g.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO remarks (lab, student, text, at) VALUES (?,?,?,?)", lab, student, text, stamp(at))
		return err
	})
}

// Remarks gives the notes in force for a lab, by student ID.
func (g *Gradebook) Remarks(ctx context.Context, lab string) (map[string]string, error) {
	rows, err := query(ctx, g, func(s scanner) (r [2]string, err error) { err = s.Scan(&r[0], &r[1]); return r, err },
		`SELECT student, text FROM remarks WHERE seq IN (SELECT max(seq) FROM remarks WHERE lab=? GROUP BY student)
		AND text<>''`, lab)
	all := make(map[string]string, len(rows))
	for _, r := range rows {
		all[r[0]] = r[1]
	}
	return all, err
}

// SaveFault records one fault of a run, in the caller's own JSON.
func (g *Gradebook) SaveFault(ctx context.Context, run string, fault any) error {
	raw, err := json.Marshal(fault)
	if err != nil {
		return err
	}
	return g.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO faults (run, fault) VALUES (?,?)", run, string(raw))
		return err
	})
}

// Faults gives a run's faults in the order they were recorded.
func (g *Gradebook) Faults(ctx context.Context, run string) ([]json.RawMessage, error) {
	return query(ctx, g, func(s scanner) (json.RawMessage, error) {
		raw, err := scanString(s)
		return json.RawMessage(raw), err
	}, "SELECT fault FROM faults WHERE run=? ORDER BY seq", run)
}
