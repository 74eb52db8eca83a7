package gradebook

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Closing waits for a transaction whose context has just ended: database/sql
// rolls it back behind its user's back, and a program that ends meanwhile would
// leave the files beside the gradebook.
func TestCloseAfterAnInterruptedWriteLeavesNothing(t *testing.T) {
	for i := range 60 {
		path := filepath.Join(t.TempDir(), "x.db")
		g, err := Open(t.Context(), path)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		err = g.write(ctx, func(tx *sql.Tx) error {
			time.AfterFunc(time.Duration(i%20)*200*time.Microsecond, cancel)
			if _, err := tx.ExecContext(ctx, "CREATE TABLE x AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 20000) SELECT i FROM n"); err != nil {
				return err
			}
			<-ctx.Done()
			return ctx.Err()
		})
		require.ErrorIs(t, err, context.Canceled)
		require.NoError(t, g.Close())
		require.NoFileExists(t, path+"-wal")
		require.NoFileExists(t, path+"-shm")
	}
}
