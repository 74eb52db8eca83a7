package gradebook

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
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
		return failure(i18n.M("gradebook.no_reason", "student", o.Student), i18n.M("gradebook.no_reason_hint"), nil)
	}
	if o.Points != nil && *o.Points < 0 {
		return failure(i18n.M("gradebook.bad_override", "student", o.Student, "points", o.Points.String()), i18n.M("gradebook.bad_override_hint"), nil)
	}
	return g.writeSealed(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO overrides (lab, student, check_id, points, reason, who, at)
			VALUES (?,?,?,?,?,?,?)`, o.Lab, o.Student, o.Check, o.Points, o.Reason, o.Who, stamp(o.When))
		return err
	})
}

// Overrides gives those in force for a lab, by student and check.
func (g *Gradebook) Overrides(ctx context.Context, lab string) ([]Override, error) {
	all, err := g.overrides(ctx)
	if err != nil {
		return nil, err
	}
	newest := make(map[[2]string]Override)
	for _, o := range all {
		if o.Lab == lab {
			newest[[2]string{o.Student, o.Check}] = o
		}
	}
	maps.DeleteFunc(newest, func(_ [2]string, o Override) bool { return o.Points == nil })
	return slices.SortedFunc(maps.Values(newest), func(a, b Override) int {
		return cmp.Or(cmp.Compare(a.Student, b.Student), cmp.Compare(a.Check, b.Check))
	}), nil
}

// OverrideHistory gives every override of a student that was ever set, oldest
// first.
func (g *Gradebook) OverrideHistory(ctx context.Context, lab, student string) ([]Override, error) {
	all, err := g.overrides(ctx)
	return slices.DeleteFunc(all, func(o Override) bool { return o.Lab != lab || o.Student != student }), err
}

// overrides are all, oldest first. All rows are read, so that none is missed
// because just the column that would choose it is damaged.
func (g *Gradebook) overrides(ctx context.Context) ([]Override, error) {
	if err := g.complete(ctx, "overrides"); err != nil {
		return nil, err
	}
	return sealedRows(ctx, g, "overrides", "lab, student, check_id, points, reason, who, at", "ORDER BY seq", scanOverride,
		func(o Override) { g.suspect("overrides", o.Student) })
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
	return g.writeSealed(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO remarks (lab, student, text, at) VALUES (?,?,?,?)", lab, student, text, stamp(at))
		return err
	})
}

// Remarks gives the notes in force for a lab, by student ID.
func (g *Gradebook) Remarks(ctx context.Context, lab string) (map[string]string, error) {
	if err := g.complete(ctx, "remarks"); err != nil {
		return nil, err
	}
	found, err := sealedRows(ctx, g, "remarks", "lab, student, text", "ORDER BY seq",
		func(s scanner) (r [3]string, err error) { err = s.Scan(&r[0], &r[1], &r[2]); return r, err }, nil)
	all := make(map[string]string, len(found))
	for _, r := range found {
		if r[0] == lab {
			all[r[1]] = r[2]
		}
	}
	maps.DeleteFunc(all, func(_, text string) bool { return text == "" })
	return all, err
}

// SaveFault records one fault of a run, in the caller's own JSON.
func (g *Gradebook) SaveFault(ctx context.Context, run string, fault any) error {
	raw, err := json.Marshal(fault)
	if err != nil {
		return err
	}
	return g.writeSealed(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO faults (run, fault) VALUES (?,?)", run, string(raw))
		return err
	})
}

// Faults gives a run's faults in the order they were recorded.
func (g *Gradebook) Faults(ctx context.Context, run string) ([]json.RawMessage, error) {
	if err := g.complete(ctx, "faults"); err != nil {
		return nil, err
	}
	all, err := sealedRows(ctx, g, "faults", "run, fault", "ORDER BY seq",
		func(s scanner) (r [2]string, err error) { err = s.Scan(&r[0], &r[1]); return r, err }, nil)
	var out []json.RawMessage
	for _, r := range all {
		if r[0] == run {
			out = append(out, json.RawMessage(r[1]))
		}
	}
	return out, err
}
