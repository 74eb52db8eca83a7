package grader

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
)

func TestOwnFile(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	put := func(name, text string) error {
		f, err := NewOwnFile(t.Context(), in(name))
		if err != nil {
			return err
		}
		return f.Write(t.Context(), func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "# %s\n%s", Seal, text)
			return err
		})
	}
	read := func(name string) string {
		text, err := os.ReadFile(in(name))
		require.NoError(t, err)
		return string(text)
	}
	alone := func(names ...string) {
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, len(names), "nothing half written is left")
	}

	// What is ours is written anew.
	require.NoError(t, put("own", "one"))
	require.Contains(t, read("own"), "\none")
	require.NoError(t, put("own", "two"))
	require.Contains(t, read("own"), "\ntwo")
	require.NoError(t, put("own", "its answer: "+Seal+" "+sealMark))
	require.NoError(t, put("own", "two"), "a server that knows of seals does no harm")
	alone("own")

	// What somebody changed, or made, stays.
	for name, text := range map[string]string{
		"changed": read("own") + " and mine",
		"foreign": "mine",
		"empty":   "",
		"blank":   "# " + Seal + "\n",
		"twice":   read("own") + read("own"),
		"short":   "# " + Seal[:20],
	} {
		require.NoError(t, os.WriteFile(in(name), []byte(text), 0o600))
		err := put(name, "three")
		require.Equal(t, diag.Usage, diag.Code(err), name)
		require.ErrorContains(t, err, name)
		require.Equal(t, text, read(name))
		require.NoError(t, os.Remove(in(name)))
	}
	require.NoError(t, os.Symlink("own", in("link")))
	require.Error(t, put("link", "three"), "what a link leads to is not written over, nor the link")
	require.NoError(t, os.Mkdir(in("dir"), 0o700))
	require.Error(t, put("dir", "three"))
	require.Error(t, put("gone/own", "three"))
	require.Error(t, put("own/own", "three"))
	require.Contains(t, read("own"), "\ntwo")
	alone("own", "link", "dir")

	// One that came meanwhile, and one that could not be written.
	f, err := NewOwnFile(t.Context(), in("late"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(in("late"), []byte("mine"), 0o600))
	require.Error(t, f.Write(t.Context(), func(w io.Writer) error { _, err := io.WriteString(w, Seal); return err }))
	require.Equal(t, "mine", read("late"))
	f, err = NewOwnFile(t.Context(), in("own"))
	require.NoError(t, err)
	broken := errors.New("full")
	require.ErrorIs(t, f.Write(t.Context(), func(io.Writer) error { return broken }), broken)
	require.Error(t, f.Write(t.Context(), func(w io.Writer) error { return nil }), "without a seal it would never be known again")
	require.Contains(t, read("own"), "\ntwo")
	alone("own", "link", "dir", "late")
}
