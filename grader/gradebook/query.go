package gradebook

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

type scanner interface{ Scan(dest ...any) error }

// query reads all rows at once, so that no connection stays taken while the
// caller asks for more.
func query[T any](ctx context.Context, g *Gradebook, scan func(scanner) (T, error), text string, args ...any) ([]T, error) {
	all, err := collect(ctx, g.reader(ctx), scan, text, args...)
	if all != nil && sqliteIs(err, codeCorrupt) {
		g.hurt("file") // what could be read is read
		err = nil
	}
	return all, g.explain(err)
}

func collect[T any](ctx context.Context, q queryer, scan func(scanner) (T, error), text string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// affectOne turns a statement that changed nothing into ErrNotFound.
func affectOne(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }

func unstamp(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("a time in the gradebook: %w", err)
	}
	return t, nil
}
