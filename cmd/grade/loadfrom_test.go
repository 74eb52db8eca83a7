package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/sim"
	"swarmgrade/grader"
	"swarmgrade/grader/helper"
	"swarmgrade/grader/roster"
)

// loadFromSim runs "grade load --from" an embedded cluster that plays workers.
func loadFromSim(t *testing.T, dir string, args ...string) (status int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{command: command{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Getenv: func(string) string { return "" }}, langStr: "en", litter: &litter{}}
	a.ui = newUI(a.command, a.lang())
	dial := a.grader().Dial
	a.g.Dial = func(ctx context.Context, of roster.Cluster) (grader.Conn, error) {
		conn, err := dial(ctx, of)
		conn.Helper = sim.Helper()
		return conn, err
	}
	root := newRootCmd(a)
	root.SetArgs(append([]string{"load", "--dir", dir, "--lang", "en"}, args...))
	ran, err := root.ExecuteContextC(t.Context())
	a.ran = ran
	return a.exit(t.Context(), err), stdout.String(), stderr.String()
}

func workersSim(t *testing.T) *sim.Cluster {
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	s, err := sim.New(t.Context(), sim.Options{Seed: 1, Speed: 20, Worker: playWorker})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// onNode gives a client of each node's engine, and the workers' containers there.
func onNode(t *testing.T, s *sim.Cluster, do func(api *client.Client, containers []string)) {
	for _, at := range s.Endpoints() {
		api, err := client.NewClientWithOpts(client.WithHost(at), client.WithAPIVersionNegotiation())
		require.NoError(t, err)
		list, err := api.ContainerList(t.Context(), container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", helper.LabelToken))})
		require.NoError(t, err)
		var ids []string
		for _, c := range list {
			ids = append(ids, c.ID)
		}
		do(api, ids)
		require.NoError(t, api.Close())
	}
}

// TestLoadFromThreeWorkers: what each did and the sum, with every request counted once; a worker that
// is killed in the middle is named, and its part is driven again by another.
func TestLoadFromThreeWorkers(t *testing.T) {
	s := workersSim(t)
	var hits atomic.Int64
	var kill atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n := hits.Add(1); n == 60 && kill.CompareAndSwap(true, false) {
			var killed bool
			onNode(t, s, func(api *client.Client, ids []string) {
				if len(ids) > 0 && !killed {
					killed = true
					require.NoError(t, api.ContainerKill(t.Context(), ids[0], "KILL"))
				}
			})
		}
		fmt.Fprintf(w, "Hostname: 7be04d19c2f%d\n", hits.Load()%3)
	}))
	defer srv.Close()
	from := strings.Join(s.Endpoints(), ",")
	dir := t.TempDir()

	status, out, errs := loadFromSim(t, dir, "--from", from, "--machines", "3", "-n", "300", srv.URL)
	require.Equal(t, 0, status, errs)
	for _, says := range []string{"300 requests", "manager-1", "manager-2", "manager-3", "together", "p99", "3 workers sent at the same time"} {
		require.Contains(t, out, says)
	}
	require.Contains(t, errs, "load comes from 3 workers")
	require.EqualValues(t, 300, hits.Load())

	hits.Store(0)
	kill.Store(true)
	status, out, errs = loadFromSim(t, dir, "--json", "--from", from, "--machines", "3", "-n", "300", "--rate", "100", "--workers", "6", srv.URL)
	require.Equal(t, 0, status, errs)
	require.Contains(t, errs, "is lost")
	var got loadReport
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Equal(t, 300, got.Trace.Sent)
	require.Equal(t, 300, got.Trace.Answered())
	require.Len(t, got.Machines, 3)
	sum, again := 0, 0
	for _, m := range got.Machines {
		require.Equal(t, 100, m.Sent)
		sum += m.Sent
		again += m.Tries - 1
	}
	require.Equal(t, 300, sum)
	require.Equal(t, 1, again)
	require.Positive(t, got.Trace.Latency.Corrected.P50)

	onNode(t, s, func(_ *client.Client, ids []string) { require.Empty(t, ids) })
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "no journal is left of what is undone")
}

// TestOneWorkerKeepsTheOrder: a load that one worker sends says what one of this machine says.
func TestOneWorkerKeepsTheOrder(t *testing.T) {
	s := workersSim(t)
	url := containers(t, "a", "bb", "ccc")
	status, out, errs := loadFromSim(t, t.TempDir(), "--from", s.Endpoints()[1]+","+s.Endpoints()[0], "-n", "300", url)
	require.Equal(t, 0, status, errs)
	require.Contains(t, out, "Order: round robin.")
}

func TestLoadFromNowhere(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"--machines", "3"}, 2, "--machines goes with --from"},
		{[]string{"--from", "a b"}, 2, "neither the name of a Docker context"},
		{[]string{"--from", "tcp://127.0.0.1:1,x"}, 2, "\"x\" in --from"},
		{[]string{"--from", "lab", "--machines", "65"}, 2, "--machines"},
		{[]string{"--from", "unix:///nowhere.sock", "--machines", "2"}, 3, "nowhere.sock"},
	} {
		status, _, errs := loadWith("en", append(c.args, "--dir", t.TempDir(), "http://127.0.0.1:9/")...)
		require.Equal(t, c.status, status, errs)
		require.Contains(t, errs, c.says)
	}
}

// TestAWorkersSecretIsInItsEnvironment and nowhere else: without it the hidden command does nothing.
func TestAWorkersSecretIsInItsEnvironment(t *testing.T) {
	var stderr bytes.Buffer
	c := command{Stdin: strings.NewReader(""), Stdout: &bytes.Buffer{}, Stderr: &stderr, Getenv: func(string) string { return "" }}
	require.NotZero(t, c.Main(t.Context(), []string{"worker"}))
	require.Contains(t, stderr.String(), "SWARMGRADE_WORKER")
	c.Getenv = func(k string) string {
		if k == helper.WorkerSecret {
			return "s"
		}
		return ""
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.Zero(t, c.Main(ctx, []string{"worker"}), "nobody speaks to it")
}
