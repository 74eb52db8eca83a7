package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"swarmgrade/fixtures/sim"
	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/swarm"
)

// graded runs the program in this process, below dir.
func graded(t *testing.T, dir string, args ...string) (status int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := command{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Getenv: func(k string) string {
		if k == "LANG" {
			return "en"
		}
		return ""
	}}
	status = c.Main(t.Context(), append([]string{"--dir", dir}, args...))
	return status, stdout.String(), stderr.String()
}

// writeClass makes a class of six of the fault lab's students.
func writeClass(t *testing.T, name, cluster string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "classes"), 0o700))
	text := fmt.Sprintf("class: %s\nrubric: ha-lb\nstudents:\n", name)
	for _, id := range []string{"2024001", "2024002", "2024004", "2024007", "2024008", "2024011"} {
		text += fmt.Sprintf("  - {id: %q, name: 学生}\n", id)
	}
	text += cluster + "settings: {parallel: 8, rate: 2000}\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "classes", name+".yaml"), []byte(text), 0o600))
	return dir
}

// TestFaultOfAClass grades six students through one fault of the embedded
// cluster: from the plan to a regrade of what was stored.
func TestFaultOfAClass(t *testing.T) {
	if testing.Short() {
		t.Skip("starts embedded clusters")
	}
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := writeClass(t, "six", "cluster: {sim: fault-lab}\n")
	out := filepath.Join(dir, "out")

	status, text, errs := graded(t, dir, "plan", "--class", "six", "--task", "1", "--json")
	require.Equal(t, exitOK, status, errs)
	var plan planJSON
	require.NoError(t, json.Unmarshal([]byte(text), &plan))
	require.Len(t, plan.Faults, 1, "one fault for all")
	require.Equal(t, "node-stop", plan.Faults[0].Kind)
	require.Equal(t, "manager-2", plan.Faults[0].Target, "where the pinned and the single ones are")
	require.Len(t, plan.Faults[0].Students, 6)
	require.False(t, plan.Faults[0].Leader)
	require.Positive(t, plan.Faults[0].Seconds)

	run := func(status int, args ...string) classJSON {
		t.Helper()
		got, _, errs := graded(t, dir, append([]string{"--class", "six", "--task", "1", "--format", "json", "--out", out}, args...)...)
		require.Equal(t, status, got, errs)
		data, err := os.ReadFile(filepath.Join(out, "six~task-1.json"))
		require.NoError(t, err)
		var c classJSON
		require.NoError(t, json.Unmarshal(data, &c))
		require.Len(t, c.Students, 6)
		return c
	}

	// Without a fault its checks are left out, and nothing else is.
	c := run(exitCluster, "--no-fault")
	require.Empty(t, c.Faults)
	require.Equal(t, "ungraded", c.outcome("2024001", "task1.recovers"))
	require.Equal(t, "pass", c.outcome("2024001", "task1.answers"))

	c = run(exitOK)
	require.Len(t, c.Faults, 1)
	require.Equal(t, "node-stop", c.Faults[0].Kind)
	require.Equal(t, "manager-2", c.Faults[0].Target)
	injected, err := time.Parse(time.RFC3339, c.Faults[0].Injected)
	require.NoError(t, err)
	restored, err := time.Parse(time.RFC3339, c.Faults[0].Restored)
	require.NoError(t, err)
	require.False(t, restored.Before(injected))
	for id, want := range map[string][2]string{ // recovers, replaced
		"2024001": {"pass", "pass"}, // three replicas
		"2024002": {"fail", "fail"}, // restart-condition none
		"2024004": {"fail", "fail"}, // pinned to the node
		"2024007": {"pass", "pass"}, // global: nothing to be had elsewhere
		"2024008": {"pass", "pass"}, // one replica, on the node
		"2024011": {"pass", "pass"}, // long publish
	} {
		require.Equal(t, want[0], c.outcome(id, "task1.recovers"), id)
		require.Equal(t, want[1], c.outcome(id, "task1.replaced"), id)
	}

	// What was stored gives the same scores again.
	status, text, errs = graded(t, dir, "regrade", "--class", "six", "--dry-run")
	require.Equal(t, exitOK, status, errs)
	require.NotContains(t, text, "2024001")

	// The bundle names a window that covers the fault, and load after it.
	_, text, _ = graded(t, dir, "show", "--class", "six", "2024001", "--evidence", "--json")
	var whole grader.CaseFile
	require.NoError(t, json.Unmarshal([]byte(text), &whole))
	b := whole.Bundle
	require.NotEmpty(t, b.Probing().Window)
	require.Len(t, b.Probing().Targets, 2)
	e := b.Episode(evidence.FaultEpisode)
	require.Len(t, e.Traces, 3, "through every node, the lost one too")
	require.NotEmpty(t, e.Before)
	require.NotEmpty(t, e.After)

	// What is printed is all that the verdicts rest on: judged again, without
	// the gradebook, they are the same.
	rub, err := rubric.Load([]byte(whole.Rubric.Source), "printed", check.Set{}, nil)
	require.NoError(t, err)
	require.Equal(t, whole.Rubric.SHA256, rub.SHA256)
	blob, err := evidence.Encode(b)
	require.NoError(t, err)
	again, err := evidence.Encode(judge.New(rub).Verdicts(strings.Split(b.Task, ","), whole.Case(), evidence.Hash(blob)))
	require.NoError(t, err)
	var printed struct {
		Verdicts json.RawMessage `json:"verdicts"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &printed))
	require.JSONEq(t, string(printed.Verdicts), string(again))
}

func (c classJSON) outcome(student, check string) string {
	for _, s := range c.Students {
		for _, k := range s.Checks {
			if s.ID == student && k.ID == check {
				return k.Outcome
			}
		}
	}
	return "none"
}

// calls records what a cluster's engines are asked.
type calls struct {
	mu   sync.Mutex
	seen []string // "METHOD path"
}

// proxy stands before an engine and records.
func (c *calls) proxy(t *testing.T, endpoint string) string {
	t.Helper()
	path := strings.TrimPrefix(endpoint, "unix://")
	p := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "engine"})
	tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
	p.Transport = tr
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.seen = append(c.seen, r.Method+" "+r.URL.Path)
		c.mu.Unlock()
		p.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { srv.Close(); tr.CloseIdleConnections() })
	return strings.Replace(srv.URL, "http://", "tcp://", 1)
}

// watchedCluster is an embedded cluster of the class fault-lab of which every call is
// noted, and what a class file says to be on it.
func watchedCluster(t *testing.T) (*sim.Cluster, *calls, string) {
	t.Helper()
	a := &app{command: command{Stdout: t.Output(), Stderr: t.Output(), Getenv: func(string) string { return "" }}}
	a.ui = newUI(a.command, a.lang())
	s, err := a.startSim(t.Context(), "fault-lab")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	rec := &calls{}
	var endpoints []string
	for _, e := range s.Endpoints() {
		endpoints = append(endpoints, rec.proxy(t, e))
	}
	nodes := ""
	for name, addr := range s.NodeAddresses() {
		nodes += fmt.Sprintf("    %s: %s\n", name, addr)
	}
	return s, rec, fmt.Sprintf("cluster:\n  endpoints: [%s]\n  nodes:\n%s", strings.Join(endpoints, ", "), nodes)
}

// TestSelfCheckTouchesOnlyItsOwn: of all calls that a self-check makes, with
// its fault, the only one that changes anything kills one container of the
// student's own service; and nothing of anybody else is read beyond the lists
// that every client gets.
func TestSelfCheckTouchesOnlyItsOwn(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	s, rec, class := watchedCluster(t)
	dir := writeClass(t, "watched", class)

	before := runningOf(t, s)
	status, out, errs := graded(t, dir, "check", "2024001", "--class", "watched", "--task", "1")
	require.Equal(t, exitOK, status, "%s%s", out, errs)
	require.Empty(t, rec.changes(), "without --fault nothing is changed")
	require.Equal(t, before, runningOf(t, s))

	status, _, errs = graded(t, dir, "check", "2024001", "--class", "watched", "--task", "1", "--fault")
	require.Equal(t, exitUsage, status, "nobody can be asked")
	require.Contains(t, errs, "--yes")
	require.Empty(t, rec.changes())

	status, out, errs = graded(t, dir, "check", "2024001", "--class", "watched", "--task", "1", "--fault", "--yes")
	require.Equal(t, exitOK, status, "%s%s", out, errs)
	changes := rec.changes()
	require.Len(t, changes, 1)
	var own []string
	for id := range before["s01"] {
		own = append(own, id)
	}
	require.True(t, slices.ContainsFunc(own, func(id string) bool {
		return strings.HasPrefix(changes[0], "POST ") && strings.HasSuffix(changes[0], "/containers/"+id+"/kill")
	}), "%s is none of %s", changes[0], own)
	after := runningOf(t, s)
	require.NotEqual(t, before["s01"], after["s01"], "one was replaced")
	delete(before, "s01")
	delete(after, "s01")
	// A health check that never passes has its tasks replaced all the time.
	delete(before, "s12")
	delete(after, "s12")
	require.Equal(t, before, after)

	// Single containers are looked into only if they are the student's.
	for _, call := range rec.seen {
		if _, rest, ok := strings.Cut(call, "/containers/"); ok && rest != "json" {
			id, _, _ := strings.Cut(rest, "/")
			require.Contains(t, own, id, call)
		}
	}
}

// changes are the calls that are no readings.
func (c *calls) changes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for _, call := range c.seen {
		if !strings.HasPrefix(call, "GET ") && !strings.HasPrefix(call, "HEAD ") {
			out = append(out, call)
		}
	}
	return out
}

// runningOf are the containers that run, with their tasks, by service.
func runningOf(t *testing.T, s *sim.Cluster) map[string]map[string]string {
	t.Helper()
	c, err := swarm.Dial(t.Context(), roster.Cluster{Endpoints: s.Endpoints(), Nodes: s.NodeAddresses()})
	require.NoError(t, err)
	defer c.Close()
	snap, err := c.Snapshot(t.Context(), func() int64 { return 0 })
	require.NoError(t, err)
	name := map[string]string{}
	out := map[string]map[string]string{}
	for _, svc := range snap.Services {
		name[svc.ID], out[svc.Name] = svc.Name, map[string]string{}
	}
	for _, task := range snap.Tasks {
		if task.Desired == "running" && task.State == "running" {
			out[name[task.ServiceID]][task.ContainerID] = task.ID
		}
	}
	return out
}
