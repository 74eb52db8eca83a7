package gradebook

import (
	"context"
	"database/sql"
)

// What is held against checksums is read by several queries: what a row says of others, and those others. Between
// them another program, or a run under way, may write. All of them are made of one state of the file, therefore, or
// what was just written would be taken for damage.

// reader is what reads are made with.
type reader interface {
	queryer
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// stillKey is under which a context bears the transaction that reads of a gradebook are made in.
type stillKey struct{ g *Gradebook }

// reader is the transaction that ctx bears, else the file as it is at each moment.
func (g *Gradebook) reader(ctx context.Context) reader {
	if tx, ok := ctx.Value(stillKey{g}).(*sql.Tx); ok {
		return tx
	}
	return g.db
}

// still has read see one state of the gradebook in all that it reads with its context; it may be used by one
// goroutine at a time. It keeps nobody from writing.
func still[T any](ctx context.Context, g *Gradebook, read func(context.Context) (T, error)) (out T, err error) {
	if _, within := ctx.Value(stillKey{g}).(*sql.Tx); within {
		return read(ctx)
	}
	tx, err := g.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return out, g.explain(err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	return read(context.WithValue(ctx, stillKey{g}, tx))
}
