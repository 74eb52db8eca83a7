package gradebook

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestChecksAndRunsSeeEachOther: several checks share what a run looks at, and whoever wants
// to check sees a run, of whatever rubric.
func TestChecksAndRunsSeeEachOther(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "class.db")
	require.False(t, ChecksUnderWay(ctx, path))
	require.False(t, RunUnderWay(ctx, path), "there is no gradebook yet")
	one, err := Checking(ctx, path)
	require.NoError(t, err)
	brief, cancel := context.WithCancel(ctx)
	two, err := Checking(brief, path)
	require.NoError(t, err)
	require.True(t, ChecksUnderWay(ctx, path))
	one()
	cancel()
	require.True(t, ChecksUnderWay(ctx, path), "it goes on until it says that it is over")
	waited := 0
	alone, err := AwaitChecks(ctx, path, time.Millisecond, func() { waited++ })
	require.NoError(t, err)
	require.False(t, alone)
	alone, err = AwaitChecks(ctx, path, time.Minute, func() { waited++; two() })
	require.NoError(t, err)
	require.True(t, alone)
	require.Equal(t, 2, waited)
	alone, err = AwaitChecks(ctx, path, time.Minute, func() { waited++ })
	require.NoError(t, err)
	require.True(t, alone)
	require.Equal(t, 2, waited, "nobody was waited for")

	ctx, g := openBook(t, path)
	require.False(t, RunUnderWay(ctx, path))
	run, err := g.BeginRun(ctx, Begin{Class: "class", Task: "1", Rubric: lab(), Started: day})
	require.NoError(t, err)
	require.True(t, RunUnderWay(ctx, path))
	require.NoError(t, g.FinishRun(ctx, run.ID, Finished, day))
	require.False(t, RunUnderWay(ctx, path))
	_, err = Checking(ctx, filepath.Join(path, "none", "class.db"))
	require.Error(t, err)
}

// TestAwaitChecksEnds with who waits.
func TestAwaitChecksEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "class.db")
	done, err := Checking(t.Context(), path)
	require.NoError(t, err)
	defer done()
	ctx, cancel := context.WithCancel(t.Context())
	_, err = AwaitChecks(ctx, path, time.Hour, cancel)
	require.ErrorIs(t, err, context.Canceled)
	info, err := os.Stat(path + checksFile)
	require.NoError(t, err)
	require.Zero(t, info.Size(), "nothing is written")
}
