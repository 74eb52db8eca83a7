package stats_test

import (
	"context"
	"fmt"
	"io"
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

// TestOrdersOfARealHAProxy: what a HAProxy on this machine deals, with several
// threads and health checks, is told by its order, one request after the other on
// connections of their own.
func TestOrdersOfARealHAProxy(t *testing.T) {
	bin, err := exec.LookPath("haproxy")
	if err != nil {
		if os.Getenv("GRADE_CI") == "1" {
			t.Fatal("GRADE_CI is 1 and there is no haproxy: ", err)
		}
		t.Skip("no haproxy: ", err)
	}
	n := stats.PlanRing(3).Requests
	for _, c := range []struct {
		balance string
		weights []int
		backup  bool
		want    string
	}{
		{"roundrobin", []int{1, 1, 1}, false, "turns"},
		{"roundrobin", []int{2, 1, 1}, false, "turns"},
		{"roundrobin", []int{7, 2, 1}, false, "turns"},
		{"roundrobin", []int{1, 1, 1}, true, "turns"},
		{"static-rr", []int{1, 1, 1}, false, "turns"},
		{"static-rr", []int{3, 1, 2}, false, "turns"},
		{"leastconn", []int{1, 1, 1}, false, "several"},
		{"random", []int{1, 1, 1}, false, "chance"},
		{"source", []int{1, 1, 1}, false, "one"},
		{"uri", []int{1, 1, 1}, false, "one"},
		{"first", []int{1, 1, 1}, false, "one"},
	} {
		t.Run(fmt.Sprint(c.balance, c.weights, c.backup), func(t *testing.T) {
			seq := order(t, bin, c.balance, c.weights, c.backup, n)
			weights := c.weights
			if c.backup {
				weights = weights[:2]
				require.NotContains(t, seq, 2, "a backup answered")
			}
			total := 0
			for _, w := range weights {
				total += w
			}
			var shares []float64
			for _, w := range weights {
				shares = append(shares, float64(w)/float64(total))
			}
			o := stats.OrderOf(seq, shares, 0)
			low, high := stats.RingBounds([]int{1, 2, 3}, o.Containers, 1)
			switch c.want {
			case "turns":
				require.True(t, o.InTurn(), "%+v", o)
				require.Less(t, o.Off, 2.0, "one pointer is never far off")
				require.False(t, o.OneServer())
			case "chance":
				require.True(t, o.AtRandom(o.ChanceOf(low, high)), "%+v", o)
				require.False(t, o.InTurn(), "%+v", o)
			case "several":
				require.False(t, o.OneServer())
				require.Equal(t, 3, o.Containers)
			case "one":
				require.True(t, o.OneServer())
				require.False(t, o.InTurn())
			}
		})
	}
}

// order sends n requests and gives the server that answered each; the last of them
// may be a backup.
func order(t *testing.T, bin, balance string, weights []int, backup bool, n int) []int {
	t.Helper()
	ports := freePorts(t, len(weights)+1)
	var b strings.Builder
	b.WriteString("global\n    nbthread 4\ndefaults\n    mode http\n    timeout connect 2s\n    timeout client 10s\n    timeout server 10s\n")
	fmt.Fprintf(&b, "frontend in\n    bind 127.0.0.1:%d\n    default_backend be\nbackend be\n    balance %s\n", ports[0], balance)
	for i, w := range weights {
		fmt.Fprintf(&b, "    server s%d 127.0.0.1:%d check inter 100ms weight %d", i, ports[i+1], w)
		if backup && i == len(weights)-1 {
			b.WriteString(" backup")
		}
		b.WriteByte('\n')
	}
	for i := range weights {
		fmt.Fprintf(&b, "frontend f%d\n    bind 127.0.0.1:%d\n    http-request return status 200 content-type text/plain string %d\n", i, ports[i+1], i)
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
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
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
	seq := make([]int, n)
	for i := range seq {
		body, err := get()
		require.NoError(t, err)
		_, err = fmt.Sscan(body, &seq[i])
		require.NoError(t, err)
	}
	return seq
}
