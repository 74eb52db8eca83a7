package stats_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/stats"
)

// TestRingSharesOfARealHAProxy: the shares that are computed are those that a
// HAProxy on this machine deals out, with every slot up and with one down.
func TestRingSharesOfARealHAProxy(t *testing.T) {
	bin, err := exec.LookPath("haproxy")
	if err != nil {
		if os.Getenv("GRADE_CI") == "1" {
			t.Fatal("GRADE_CI is 1 and there is no haproxy: ", err)
		}
		t.Skip("no haproxy: ", err)
	}
	for name, c := range map[string]struct {
		servers int
		ids     []int
	}{
		"three":       {3, []int{1, 2, 3}},
		"five":        {5, []int{1, 2, 3, 4, 5}},
		"two of four": {4, []int{2, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			const n = 3000
			counts := deal(t, bin, c.servers, c.ids, n)
			low, high := stats.RingBounds(c.ids, len(c.ids), 1)
			e := stats.JudgeShares(counts, low, high)
			require.True(t, e.Even, "%v, each %d to %d", counts, e.Low, e.High)
			for i, share := range stats.RingShares(c.ids, 1) {
				sigma := math.Sqrt(n * share * (1 - share))
				require.InDelta(t, n*share, counts[i], 6*sigma, "server %d of %v: %v", c.ids[i], c.ids, counts)
			}
		})
	}
}

// deal sends n requests through "balance random" and counts who answered of the
// servers that are up.
func deal(t *testing.T, bin string, servers int, up []int, n int) []int {
	t.Helper()
	ports := freePorts(t, servers+1)
	var b strings.Builder
	b.WriteString("defaults\n    mode http\n    timeout connect 2s\n    timeout client 10s\n    timeout server 10s\n")
	fmt.Fprintf(&b, "frontend in\n    bind 127.0.0.1:%d\n    default_backend be\nbackend be\n    balance random\n", ports[0])
	at := make(map[string]int, len(up))
	for i, id := range up {
		at[fmt.Sprint(id)] = i
	}
	for id := 1; id <= servers; id++ {
		fmt.Fprintf(&b, "    server s%d 127.0.0.1:%d", id, ports[id])
		if _, ok := at[fmt.Sprint(id)]; !ok {
			b.WriteString(" disabled")
		}
		b.WriteByte('\n')
	}
	for id := 1; id <= servers; id++ {
		fmt.Fprintf(&b, "frontend f%d\n    bind 127.0.0.1:%d\n    http-request return status 200 content-type text/plain string %d\n", id, ports[id], id)
	}
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "-db", "-f", file)
	require.NoError(t, cmd.Start())
	defer func() {
		cancel()
		require.Error(t, cmd.Wait(), "killed")
	}()

	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	url := fmt.Sprintf("http://127.0.0.1:%d/", ports[0])
	require.Eventually(t, func() bool {
		r, err := client.Get(url)
		if err == nil {
			_ = r.Body.Close()
		}
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
	counts := make([]int, len(up))
	for range n {
		r, err := client.Get(url)
		require.NoError(t, err)
		body, err := io.ReadAll(io.LimitReader(r.Body, 64))
		require.NoError(t, err)
		require.NoError(t, r.Body.Close())
		i, ok := at[string(body)]
		require.True(t, ok, "%q", body)
		counts[i]++
	}
	return counts
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
