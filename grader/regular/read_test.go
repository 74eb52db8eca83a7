package regular_test

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"swarmgrade/grader/regular"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRead(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.WriteFile(in("file"), []byte("12345"), 0o600))
	require.NoError(t, os.Symlink("file", in("link")))
	require.NoError(t, syscall.Mkfifo(in("pipe"), 0o600))
	require.NoError(t, os.Symlink("pipe", in("link to pipe")))
	socket, err := net.Listen("unix", in("socket"))
	require.NoError(t, err)
	defer socket.Close()

	for _, name := range []string{"file", "link"} {
		got, err := regular.Read(t.Context(), in(name), 5)
		require.NoError(t, err, name)
		require.Equal(t, "12345", string(got))
	}
	_, err = regular.Read(t.Context(), in("file"), 4)
	require.ErrorIs(t, err, regular.ErrTooBig)
	_, err = regular.Read(t.Context(), in("gone"), 4)
	require.ErrorIs(t, err, fs.ErrNotExist)
	for _, path := range []string{dir, in("pipe"), in("link to pipe"), in("socket"), "/dev/zero", "/dev/tty"} {
		_, err = regular.Read(t.Context(), path, 4)
		require.ErrorIs(t, err, regular.ErrNotRegular, path)
	}
	// What calls itself empty may have no end.
	if _, err := os.Stat("/proc/self/status"); err == nil {
		_, err = regular.Read(t.Context(), "/proc/self/status", 4)
		require.ErrorIs(t, err, regular.ErrTooBig)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = regular.Read(ctx, in("file"), 5)
	require.ErrorIs(t, err, context.Canceled)
}

// open is a file that can be read without end.
type open struct{ fs.File }

func (open) Read(p []byte) (int, error) { return copy(p, strings.Repeat("x", len(p))), nil }

func TestFromIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	_, err = regular.From(t.Context(), open{f}, 1<<20)
	require.ErrorIs(t, err, regular.ErrTooBig)
}
