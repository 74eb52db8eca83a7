package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/helper"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
	"swarmgrade/loadgen/worker"
)

// loadFromSim runs "grade load --from" an embedded cluster that plays workers.
func loadFromSim(t *testing.T, dir string, args ...string) (status int, out, errs string) {
	t.Helper()
	return loadFromSimAs(t.Context(), func(c grader.Cluster) grader.Cluster { return c }, append([]string{"--dir", dir, "--lang", "en"}, args...)...)
}

// loadFromSimAs does so through what wrap makes of the cluster, until ctx ends.
func loadFromSimAs(ctx context.Context, wrap func(grader.Cluster) grader.Cluster, args ...string) (status int, out, errs string) {
	var stdout, stderr bytes.Buffer
	a := &app{command: command{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Getenv: func(string) string { return "" }}, langStr: langOf(args), litter: &litter{}}
	a.ui = newUI(a.command, a.lang())
	dial := a.grader().Dial
	a.g.Dial = func(ctx context.Context, of roster.Cluster) (grader.Conn, error) {
		conn, err := dial(ctx, of)
		conn.Helper = sim.Helper()
		if err == nil {
			conn.Cluster = wrap(conn.Cluster)
		}
		return conn, err
	}
	root := newRootCmd(a)
	root.SetArgs(append([]string{"load"}, args...))
	ran, err := root.ExecuteContextC(ctx)
	a.ran = ran
	return a.exit(ctx, err), stdout.String(), stderr.String()
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

	status, out, errs := loadFromSim(t, filepath.Join(dir, "not", "there"), "--from", from, "--machines", "3", "-n", "300", srv.URL)
	require.Equal(t, 0, status, errs)
	for _, says := range []string{"300 requests", "manager-1", "manager-2", "manager-3", "together", "p99", "3 machines sent at the same time", "3 at once"} {
		require.Contains(t, out, says)
	}
	require.Contains(t, errs, "the load is sent from 3 machines, in all 3 requests at once")
	require.EqualValues(t, 300, hits.Load())

	hits.Store(0)
	kill.Store(true)
	status, out, errs = loadFromSim(t, dir, "--json", "--from", from, "--machines", "3", "-n", "300", "--rate", "100", "--workers", "6", srv.URL)
	require.Equal(t, 0, status, errs)
	require.Contains(t, errs, "sends no load any more")
	require.Contains(t, errs, "sends load in the place of")
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
	require.Empty(t, left, "no journal is left of what is undone, nor a directory that was made for it")
}

// TestOneWorkerKeepsTheOrder: a load that one worker sends says what one of this machine says.
func TestOneWorkerKeepsTheOrder(t *testing.T) {
	s := workersSim(t)
	url := containers(t, "a", "bb", "ccc")
	status, out, errs := loadFromSim(t, t.TempDir(), "--from", s.Endpoints()[1]+","+s.Endpoints()[0], "-n", "300", url)
	require.Equal(t, 0, status, errs)
	require.Contains(t, out, "Order: round robin.")
	require.Contains(t, out, "1 at a time")
	require.Contains(t, errs, "from 1 machine, in all 1 request at a time")
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

// narrow is a cluster that takes so many services of workers, and tells of the first image that it is to take in.
type narrow struct {
	grader.Cluster
	services atomic.Int64
	loading  func()
}

func (n *narrow) StartHelper(ctx context.Context, of helper.Service) (string, error) {
	if n.services.Add(-1) < 0 {
		return "", errors.New("no more services")
	}
	return n.Cluster.StartHelper(ctx, of)
}

func (n *narrow) LoadImage(ctx context.Context, nodeID, name, arch string, write func(io.Writer) error) (string, error) {
	if n.loading != nil {
		n.loading()
	}
	return n.Cluster.LoadImage(ctx, nodeID, name, arch, write)
}

// TestAllWorkersAreLost: that is said with what is known and what is not, in either language, and is no success.
func TestAllWorkersAreLost(t *testing.T) {
	s := workersSim(t)
	var hits atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if hits.Add(1) == 20 {
			onNode(t, s, func(api *client.Client, ids []string) {
				for _, id := range ids {
					require.NoError(t, api.ContainerKill(t.Context(), id, "KILL"))
				}
			})
		}
		fmt.Fprint(w, "Hostname: 7be04d19c2f6\n")
	}))
	defer srv.Close()
	for lang, says := range map[string][]string{
		"en": {"nothing sends load in the place of", "all machines that sent are lost: 0 of 300 requests were finished", "--from"},
		"zh": {"没有补上代替", "发压节点全部失联：300 个请求中测完 0 个", "--from"},
	} {
		hits.Store(0)
		few := &narrow{}
		few.services.Store(1)
		status, out, errs := loadFromSimAs(t.Context(), func(c grader.Cluster) grader.Cluster { few.Cluster = c; return few },
			"--dir", t.TempDir(), "--lang", lang, "--json", "--from", strings.Join(s.Endpoints(), ","), "--machines", "2", "-n", "300", "--rate", "100", srv.URL)
		require.Equal(t, 3, status, errs)
		for _, text := range says {
			require.Contains(t, errs, text)
		}
		var got loadReport
		require.NoError(t, json.Unmarshal([]byte(out), &got))
		require.Equal(t, 300, got.Lost)
		require.Zero(t, got.Trace.Sent)
		require.Empty(t, got.Machines)
		require.Less(t, hits.Load(), int64(300))
	}
	onNode(t, s, func(_ *client.Client, ids []string) { require.Empty(t, ids) })
}

// TestWhatWasFinishedIsCounted where the rest is lost, and nothing else is.
func TestWhatWasFinishedIsCounted(t *testing.T) {
	whole := evidence.Target{ID: "load", Requests: 30, Workers: 1}
	shards, _ := worker.Shards(whole, worker.How{}, 3)
	parts := make([]worker.Result, 3)
	for i := range parts {
		parts[i] = worker.Result{Worker: fmt.Sprint("m", i), Trace: evidence.Trace{Target: shards[i], Sent: 10, Responders: []evidence.Responder{{Count: 10}}}}
	}
	gone := fmt.Errorf("%w: m1", worker.ErrNone)
	var out fromElsewhere
	require.NoError(t, out.add(t.Context(), whole, shards, parts, []error{nil, gone, nil}, nil))
	require.Equal(t, 20, out.sum.Sent)
	require.Equal(t, 20, out.sum.Answered())
	require.Equal(t, 10, out.lost)
	require.Len(t, out.machines, 2)
	require.ErrorContains(t, out.short, "all machines that sent are lost: 20 of 30 requests were finished")
	var b bytes.Buffer
	ui := newUI(command{Stdout: &b, Stderr: &b, Getenv: func(string) string { return "" }}, i18n.EN)
	newLoadView(ui, i18n.EN).print(loadReport{Trace: out.sum, Machines: out.machines, Lost: out.lost})
	require.Contains(t, b.String(), "Of 30 requests 10 went with machines that are lost")

	out = fromElsewhere{}
	require.NoError(t, out.add(t.Context(), whole, shards, parts, []error{nil, nil, &worker.Failure{Worker: "m2", Text: "no ports", Code: "local"}}, nil))
	require.ErrorContains(t, out.short, "20 of 30 requests were finished")
	require.ErrorContains(t, out.short, "no ports")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out = fromElsewhere{}
	require.NoError(t, out.add(ctx, whole, shards, parts, []error{nil, context.Canceled, nil}, nil))
	require.NoError(t, out.short)
	require.Equal(t, "cancelled", out.sum.Stopped)
	err := out.add(ctx, whole, shards, make([]worker.Result, 3), []error{nil, nil, nil}, nil)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "before there was any result", "requests may have been sent")
}

// TestALoadIsInterruptedBeforeItsWorkersAreThere: it says that nothing was sent, leaves nothing, and is over soon.
func TestALoadIsInterruptedBeforeItsWorkersAreThere(t *testing.T) {
	s := workersSim(t)
	for lang, says := range map[string]string{"en": "interrupted before anything was sent to 127.0.0.1:9", "zh": "已中断：还没有发出任何请求（127.0.0.1:9）"} {
		ctx, cancel := context.WithCancel(t.Context())
		var began time.Time
		dir := t.TempDir()
		status, out, errs := loadFromSimAs(ctx, func(c grader.Cluster) grader.Cluster {
			few := &narrow{Cluster: c, loading: func() { began = time.Now(); cancel() }}
			few.services.Store(1)
			return few
		}, "--dir", dir, "--lang", lang, "--from", s.Endpoints()[0], "http://127.0.0.1:9/")
		require.Equal(t, 130, status, errs)
		require.Empty(t, out)
		require.Contains(t, errs, says)
		require.Less(t, time.Since(began), 2*time.Second)
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left)
	}
	onNode(t, s, func(_ *client.Client, ids []string) { require.Empty(t, ids) })
}
