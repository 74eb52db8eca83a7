package grader

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWriteFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out", "2024A")
	path := filepath.Join(dir, "成绩.csv")
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	holds := func(want string) {
		t.Helper()
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 1, "no temporary file stays")
	}
	require.NoError(t, writeFile(path, text("one")))
	holds("one")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, writeFile(path, text("two")))
	holds("two")

	broken := errors.New("broken off")
	err = writeFile(path, func(w io.Writer) error {
		if err := text("half")(w); err != nil {
			return err
		}
		return broken
	})
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "成绩.csv")
	holds("two")
	require.Error(t, writeFile(filepath.Join(path, "below-a-file"), text("x")))
	require.Error(t, writeFile(dir, text("x")), "a directory is not written over")
	holds("two")
}
