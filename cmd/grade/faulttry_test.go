package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAFaultThatCanNotBeMadeIsToldBeforeAnythingIsSent: doctor and the start of a
// run say what is missing on every node, with what to type; no request is sent
// and nothing is changed. Without the fault the run goes on.
func TestAFaultThatCanNotBeMadeIsToldBeforeAnythingIsSent(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	_, rec, class := watchedCluster(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, _ := net.SplitHostPort(closed.Addr().String())
	require.NoError(t, closed.Close())
	dir := writeClass(t, "locked", fmt.Sprintf("%sfault: {kind: node-stop, user: root, port: %s, identity: key, known_hosts: known}\n", class, port))
	key := filepath.Join(dir, "classes", "key")
	require.NoError(t, os.WriteFile(key, []byte("not read\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "classes", "known"), nil, 0o600))

	for _, verb := range [][]string{{"--class", "locked", "--task", "1", "--yes"}, {"doctor", "--class", "locked"}} {
		status, out, errs := graded(t, dir, verb...)
		require.Contains(t, []int{exitUsage, exitCluster}, status)
		require.Contains(t, out+errs, "chmod 600 "+key)
		require.Empty(t, rec.changes())
		require.NotContains(t, out+errs, "restored")
	}
	require.NoFileExists(t, filepath.Join(dir, "gradebook", "locked.db"), "no run was begun")

	require.NoError(t, os.Chmod(key, 0o600))
	_, out, _ := graded(t, dir, "doctor", "--class", "locked")
	require.Contains(t, out, key, "no key: the reason is another now")
	require.NotContains(t, out, "chmod")

	status, _, errs := graded(t, dir, "--class", "locked", "--task", "1", "--no-fault", "--out", filepath.Join(dir, "out"))
	require.Equal(t, exitCluster, status, errs)
	require.Empty(t, rec.changes())
}
