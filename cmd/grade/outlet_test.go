package main

import (
	"bytes"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// broken takes so many bytes and then fails.
type broken struct {
	room int
	err  error
}

func (b *broken) Write(p []byte) (int, error) {
	if b.room -= len(p); b.room < 0 {
		return 0, b.err
	}
	return len(p), nil
}

func TestOutputThatGetsLost(t *testing.T) {
	url := containers(t, "a", "bb")
	for _, c := range []struct {
		err  error
		room int
		args []string
		want int
	}{
		{syscall.ENOSPC, 0, []string{"load", "-n", "10", url}, exitUsage},
		{syscall.ENOSPC, 100, []string{"load", "-n", "10", url}, exitUsage},
		{syscall.ENOSPC, 1 << 20, []string{"load", "-n", "10", url}, exitOK},
		{syscall.ENOSPC, 0, []string{"load", "-n", "10", "--min-containers", "3", url}, exitMend}, // what it found comes first
		{syscall.EPIPE, 100, []string{"load", "-n", "10", url}, exitOK},
		{syscall.ENOSPC, 0, []string{"--help"}, exitUsage},
		{errors.New("odd"), 0, []string{"version"}, exitUsage},
	} {
		var stderr bytes.Buffer
		main := command{Stdin: strings.NewReader(""), Stdout: &broken{c.room, c.err}, Stderr: &stderr, Getenv: func(string) string { return "" }}
		require.Equal(t, c.want, main.Main(t.Context(), c.args), "%v %v: %s", c.args, c.err, stderr.String())
		if c.want == exitUsage {
			require.Contains(t, stderr.String(), c.err.Error())
		}
	}
}
