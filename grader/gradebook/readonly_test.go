package gradebook

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// graded is a gradebook of the newest layout with scores, closed.
func graded(t *testing.T) (path, want string) {
	t.Helper()
	path = oldBook(t)
	ctx, g := openBook(t, path)
	want, err := scores(ctx, g, halab(t))
	require.NoError(t, err)
	require.NoError(t, g.Close())
	return path, want
}

// same holds that a gradebook says what it says where it can be written, and
// takes nothing.
func same(t *testing.T, g *Gradebook, want string) {
	t.Helper()
	require.True(t, g.ReadOnly())
	got, err := scores(t.Context(), g, halab(t))
	require.NoError(t, err)
	require.NoError(t, g.Damage())
	require.Equal(t, want, got)
	_, begun := g.BeginRun(t.Context(), begin(day, "01"))
	for _, err := range []error{begun, g.SetRemark(t.Context(), "ha-lb", "01", "x", day)} {
		var e *diag.Failure
		require.ErrorAs(t, err, &e)
		require.Equal(t, "gradebook.read_only", e.Msg.Key)
	}
}

// unmerged puts a gradebook and its log into dir as a crash leaves them, less
// the file that processes share: its remark is in the log only.
func unmerged(t *testing.T, path, dir string) (copied, want string) {
	t.Helper()
	ctx, g := openBook(t, path)
	require.NoError(t, g.SetRemark(ctx, "ha-lb", "2024000002", "只在日志里", day))
	want, err := scores(ctx, g, halab(t))
	require.NoError(t, err)
	copied = filepath.Join(dir, "crashed.db")
	require.NoError(t, copyFiles(ctx, path, copied))
	return copied, want
}

func TestReadOnly(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Run("read", func(t *testing.T) {
		path, want := graded(t)
		g, err := openReadOnly(t.Context(), path)
		require.NoError(t, err)
		same(t, g, want)
		require.NoError(t, g.Close())
		left, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		require.Len(t, left, 1, "no files of ours are in the owner's way")
	})
	t.Run("still", func(t *testing.T) {
		path, want := graded(t)
		g, version, err := view(t.Context(), path, modeStill)
		require.NoError(t, err)
		require.Equal(t, len(migrations), version)
		same(t, g, want)
		require.NoError(t, g.Close())
	})
	t.Run("older layout", func(t *testing.T) {
		_, want := graded(t)
		path := oldBook(t)
		before, err := os.ReadFile(path)
		require.NoError(t, err)
		g, err := openReadOnly(t.Context(), path)
		require.NoError(t, err)
		same(t, g, want)
		require.Equal(t, path, g.Path())
		require.NoError(t, g.Close())
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, before, after)
	})
	t.Run("log", func(t *testing.T) {
		path, _ := graded(t)
		path, want := unmerged(t, path, t.TempDir())
		require.Contains(t, want, "只在日志里")
		require.True(t, logged(path))
		g, err := copied(t.Context(), path, copyFiles)
		require.NoError(t, err)
		same(t, g, want)
		require.NoError(t, g.Close())
	})
	t.Run("under way", func(t *testing.T) {
		path, _ := graded(t)
		ctx, writer := openBook(t, path)
		run, err := writer.BeginRun(ctx, begin(day, "01"))
		require.NoError(t, err)
		status := func() Status {
			g, err := openReadOnly(ctx, path)
			require.NoError(t, err)
			defer g.Close()
			got, err := g.Run(ctx, run.ID)
			require.NoError(t, err)
			return got.Status
		}
		require.Equal(t, Running, status())
		writer.mu.Lock()
		writer.release() // as a kill does
		writer.mu.Unlock()
		require.Equal(t, Interrupted, status())
	})
	left, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	require.Empty(t, left, "copies are gone")
}

// TestReadWritable: what can be written is opened as always.
func TestReadWritable(t *testing.T) {
	g, err := Read(t.Context(), oldBook(t))
	require.NoError(t, err)
	defer g.Close()
	require.False(t, g.ReadOnly())
	require.NoError(t, g.SetRemark(t.Context(), "ha-lb", "01", "x", day))
}

// TestReadOnlyFileSystem is the thing itself.
func TestReadOnlyFileSystem(t *testing.T) {
	path, want := graded(t)
	crashed, _ := graded(t)
	dir, lock := mounted(t)
	files := map[string]string{"new.db": path, "old.db": oldBook(t)}
	for name, from := range files {
		require.NoError(t, copyFile(t.Context(), from, filepath.Join(dir, name)))
	}
	damaged, err := os.ReadFile(path)
	require.NoError(t, err)
	copy(damaged[100:], make([]byte, 3000))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "damaged.db"), damaged, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "new.db.lock"), nil, 0o600))
	crashed, logged := unmerged(t, crashed, dir)
	lock()

	for file, want := range map[string]string{filepath.Join(dir, "new.db"): want, filepath.Join(dir, "old.db"): want, crashed: logged} {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var e *diag.Failure
			_, err := Open(t.Context(), file)
			require.ErrorAs(t, err, &e, "who must write is told")
			require.Equal(t, "gradebook.read_only", e.Msg.Key)
			g, err := Read(t.Context(), file)
			require.NoError(t, err)
			defer g.Close()
			same(t, g, want)
		})
	}
	_, err = Read(t.Context(), filepath.Join(dir, "damaged.db"))
	require.ErrorIs(t, err, ErrDamaged)
	_, err = SetAside(filepath.Join(dir, "damaged.db"))
	require.True(t, Unwritable(err), "%v", err)
	_, err = Read(t.Context(), filepath.Join(dir, "none.db"))
	var e *diag.Failure
	require.ErrorAs(t, err, &e)
	require.Equal(t, "gradebook.unreadable", e.Msg.Key)
	require.NotContains(t, i18n.ZH.Text(e.Msg), "gradebook.")
}
