package loadgen

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/stats"
)

// TestARealHAProxyShowsLeastconn: only leastconn of all algorithms keeps away from
// the server that a request is held at.
func TestARealHAProxyShowsLeastconn(t *testing.T) {
	bin, err := exec.LookPath("haproxy")
	if err != nil {
		if os.Getenv("GRADE_CI") == "1" {
			t.Fatal("GRADE_CI is 1 and there is no haproxy: ", err)
		}
		t.Skip("no haproxy: ", err)
	}
	for _, c := range []struct {
		balance string
		servers int
		lines   string
		least   bool
	}{
		{"leastconn", 2, "", true},
		{"leastconn", 3, "", true},
		{"leastconn", 5, "", true},
		{"leastconn", 3, "option http-server-close", true},
		{"leastconn", 3, "http-reuse always", true},
		{"leastconn", 3, "cookie SRVID insert indirect nocache", true},
		{"roundrobin", 3, "", false},
		{"static-rr", 3, "", false},
		{"random(1)", 2, "", false},
		{"random", 3, "", false},
		{"source", 3, "", false},
		{"uri", 3, "", false},
		{"first", 3, "", false},
	} {
		t.Run(fmt.Sprint(c.balance, c.servers, c.lines), func(t *testing.T) {
			addr := realHAProxy(t, bin, c.balance, c.lines, c.servers)
			h := evidence.Holds{Rounds: stats.HeldRounds, Fresh: stats.HeldFresh(c.servers)}
			trace, err := Run(t.Context(), heldTarget(addr, h), Options{})
			require.NoError(t, err)
			mustAddUp(t, trace)
			require.Empty(t, trace.Errors)
			require.Len(t, trace.Holds, h.Rounds)
			for _, round := range trace.Holds {
				require.False(t, round.Early)
			}
			ids := make([]int, c.servers)
			for i := range ids {
				ids[i] = i + 1
			}
			low, _ := stats.RingBounds(ids, c.servers, 1)
			most := stats.HeldMost(h.Rounds*h.Fresh, low)
			t.Logf("%d of %d came to the server that one was held at; at most %d", onHeld(trace), h.Rounds*h.Fresh, most)
			if c.least {
				require.LessOrEqual(t, onHeld(trace), most)
			} else {
				require.Greater(t, onHeld(trace), most)
			}
		})
	}
}

// realHAProxy runs one before servers that name themselves once they have the whole
// request.
func realHAProxy(t *testing.T, bin, balance, lines string, servers int) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	var b strings.Builder
	b.WriteString("global\n    nbthread 4\ndefaults\n    mode http\n    timeout connect 2s\n    timeout client 10s\n    timeout server 10s\n")
	fmt.Fprintf(&b, "frontend in\n    bind %s\n    default_backend be\nbackend be\n    balance %s\n    %s\n", addr, balance, lines)
	for i := range servers {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, whoami(i))
		}))
		t.Cleanup(s.Close)
		fmt.Fprintf(&b, "    server s%d %s check inter 100ms cookie s%d\n", i, s.Listener.Addr(), i)
	}
	runHAProxy(t, bin, b.String(), addr)
	return addr
}

// runHAProxy runs one with a configuration that has it answer at addr, until the test ends.
func runHAProxy(t *testing.T, bin, cfg, addr string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	require.NoError(t, os.WriteFile(file, []byte(cfg), 0o600))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	cmd := exec.CommandContext(ctx, bin, "-db", "-f", file)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // killed
	})
	require.Eventually(t, func() bool {
		r, err := http.Get("http://" + addr)
		if err != nil {
			return false
		}
		return r.Body.Close() == nil && r.StatusCode == http.StatusOK
	}, 10*time.Second, 20*time.Millisecond)
}
