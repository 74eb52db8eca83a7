package gradebook

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// TestFull: on a full disk --resume is what to type only while a run is stored
// that it would find.
func TestFull(t *testing.T) {
	// limit has the next writes find no room, or as much as they want.
	limit := func(ctx context.Context, g *Gradebook, full bool) {
		t.Helper()
		g.db.SetMaxOpenConns(1) // the limit is a connection's own
		pages := 1 << 30
		if full {
			pages = 1 // as many as there are
		}
		_, err := g.db.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count=%d", pages))
		require.NoError(t, err)
	}
	ids := make([]string, 300) // that no page has room for
	for i := range ids {
		ids[i] = fmt.Sprintf("20241000%03d", i)
	}
	hint := func(err error) string {
		t.Helper()
		var e *diag.Failure
		require.ErrorAs(t, err, &e)
		require.Equal(t, "gradebook.full", e.Msg.Key)
		for _, lang := range i18n.Langs {
			require.NotContains(t, lang.Text(e.Hint), "gradebook.")
		}
		return i18n.EN.Text(e.Hint)
	}
	ctx, g := newBook(t)
	limit(ctx, g, true)
	_, err := g.BeginRun(ctx, begin(day, ids...))
	require.Contains(t, hint(err), "run the same command again")
	runs, err := g.Runs(ctx)
	require.NoError(t, err)
	require.Empty(t, runs, "--resume would find nothing")

	limit(ctx, g, false)
	run, err := g.BeginRun(ctx, begin(day, ids...))
	require.NoError(t, err)
	limit(ctx, g, true)
	_, err = g.PutBlob(ctx, KindRoster, randomBytes(1<<20))
	require.Contains(t, hint(err), "the same command with --resume")

	limit(ctx, g, false)
	require.NoError(t, g.FinishRun(ctx, run.ID, Interrupted, day))
	_, err = g.Resume(ctx, run.ID)
	require.NoError(t, err)
	limit(ctx, g, true)
	_, err = g.PutBlob(ctx, KindRoster, randomBytes(1<<20))
	require.Contains(t, hint(err), "the same command with --resume")

	limit(ctx, g, false)
	require.NoError(t, g.FinishRun(ctx, run.ID, Finished, day))
	limit(ctx, g, true)
	_, err = g.PutBlob(ctx, KindRoster, randomBytes(1<<20))
	require.Contains(t, hint(err), "run the same command again", "it is finished: there is nothing to go on with")
}

// randomBytes are bytes that do not get smaller.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b)
	return b
}
