package gradebook

import (
	"context"
	"database/sql"
	"encoding/json"
)

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
	return still(ctx, g, func(ctx context.Context) ([]json.RawMessage, error) {
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
	})
}
