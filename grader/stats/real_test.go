package stats_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// installedHAProxy is this machine's. Without one the test is skipped, but where
// everything has to be there.
func installedHAProxy(t *testing.T) string {
	t.Helper()
	bin, err := exec.LookPath("haproxy")
	if err != nil {
		if os.Getenv("GRADE_CI") == "1" {
			t.Fatal("GRADE_CI is 1 and there is no haproxy: ", err)
		}
		t.Skip("no haproxy: ", err)
	}
	return bin
}

// behindHAProxy runs a HAProxy of several threads before as many servers as there are
// lines of settings. Next sends a request and gives the number of the server that
// answered, from 0; both end with the test.
func behindHAProxy(t *testing.T, bin, balance string, servers []string, by *http.Transport) (next func() int) {
	t.Helper()
	ports := freePorts(t, len(servers)+1)
	var b strings.Builder
	b.WriteString("global\n    nbthread 4\ndefaults\n    mode http\n    timeout connect 2s\n    timeout client 10s\n    timeout server 10s\n")
	fmt.Fprintf(&b, "frontend in\n    bind 127.0.0.1:%d\n    default_backend be\nbackend be\n    balance %s\n", ports[0], balance)
	for i, settings := range servers {
		fmt.Fprintf(&b, "    server s%d 127.0.0.1:%d %s\n", i, ports[i+1], settings)
	}
	for i := range servers {
		fmt.Fprintf(&b, "frontend f%d\n    bind 127.0.0.1:%d\n    http-request return status 200 content-type text/plain string %d\n", i, ports[i+1], i)
	}
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o600))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	cmd := exec.CommandContext(ctx, bin, "-db", "-f", file)
	require.NoError(t, cmd.Start())
	client := &http.Client{Timeout: 5 * time.Second, Transport: by}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		cancel()
		require.Error(t, cmd.Wait(), "killed")
	})
	url := fmt.Sprintf("http://127.0.0.1:%d/", ports[0])
	get := func() (string, error) {
		r, err := client.Get(url)
		if err != nil {
			return "", err
		}
		defer r.Body.Close()
		body, err := io.ReadAll(io.LimitReader(r.Body, 64))
		return string(body), err
	}
	require.Eventually(t, func() bool { _, err := get(); return err == nil }, 10*time.Second, 20*time.Millisecond)
	return func() (server int) {
		body, err := get()
		require.NoError(t, err)
		_, err = fmt.Sscan(body, &server)
		require.NoError(t, err, "%q", body)
		return server
	}
}

func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}
