package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/sim"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/helper"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	grader "swarmgrade/grader/swarm"
	load "swarmgrade/loadgen/worker"
)

// playWorker is a worker within this process.
func playWorker(ctx context.Context, in io.Reader, out io.Writer, env []string) error {
	for _, e := range env {
		if secret, ok := strings.CutPrefix(e, helper.WorkerSecret+"="); ok {
			return load.Serve(ctx, in, out, []byte(secret))
		}
	}
	return errors.New("no secret")
}

// workersOn is an embedded cluster that plays workers.
func workersOn(t *testing.T) (*sim.Cluster, *grader.Cluster, *evidence.Snapshot) {
	return playedOn(t, playWorker)
}

// playedOn is one on which a function plays each worker.
func playedOn(t *testing.T, play func(context.Context, io.Reader, io.Writer, []string) error) (*sim.Cluster, *grader.Cluster, *evidence.Snapshot) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	s, err := sim.New(t.Context(), sim.Options{Seed: 1, Speed: 20, Worker: play})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	c, err := grader.Dial(t.Context(), roster.Cluster{Endpoints: s.Endpoints(), Nodes: s.NodeAddresses()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	snap, err := c.Snapshot(t.Context(), noClock)
	require.NoError(t, err)
	return s, c, snap
}

// begun is a crew for all nodes of a cluster, with its action begun.
func begun(t *testing.T, c *grader.Cluster, snap *evidence.Snapshot) (*Crew, evidence.Action, *Session) {
	t.Helper()
	crew := NewWorkers(c, sim.Helper())
	crew.Name(snap)
	opt := Options{Cluster: c, Injector: crew, Journal: openJournal(t, filepath.Join(t.TempDir(), "fault-T.journal")), Class: "T", Run: "r", At: noClock}
	a, left, code := AimWorkers(snap, sim.Helper(), "r")
	require.Empty(t, code)
	require.Empty(t, left)
	session, err := Begin(t.Context(), opt, a)
	require.NoError(t, err)
	return crew, a, session
}

func joining(p *load.Pool) func(context.Context, string, io.ReadWriteCloser) error {
	return func(ctx context.Context, name string, stream io.ReadWriteCloser) error {
		return p.Join(ctx, load.Line{Name: name, ReadWriteCloser: stream})
	}
}

// TestWorkersDriveLoad: three come up on three nodes, are talked with through the engines alone,
// one is killed in the middle, and nothing of them is left afterwards.
func TestWorkersDriveLoad(t *testing.T) {
	_, c, snap := workersOn(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "Hostname: 7be04d19c2f6") }))
	defer server.Close()
	crew, a, session := begun(t, c, snap)
	p := load.New(load.Options{Secret: []byte("s3cret")})
	n, why, err := crew.Start(t.Context(), 3, "s3cret", joining(p))
	require.NoError(t, err)
	require.Empty(t, why)
	require.Equal(t, 3, n)
	names := p.Workers()
	slices.Sort(names)
	require.Equal(t, []string{"manager-1", "manager-2", "manager-3"}, names)
	target := evidence.Target{ID: "mesh/x", Kind: "mesh", Address: strings.TrimPrefix(server.URL, "http://"), Requests: 50, PerConnection: 1, Workers: 1}
	l := p.Loader(rubric.Attribution{}, nil)
	trace, err := l.Load(t.Context(), target)
	require.NoError(t, err)
	require.Equal(t, 50, trace.Answered())
	require.Contains(t, names, trace.From.Worker)

	list, _, err := c.Containers(t.Context(), a.Nodes[0])
	require.NoError(t, err)
	i := slices.IndexFunc(list, func(c evidence.Container) bool { return strings.Contains(nameOf(c), a.To) })
	require.NoError(t, c.KillContainer(t.Context(), a.Nodes[0], list[i].ID))
	require.Eventually(t, func() bool { return len(p.Workers()) == 2 }, 10*time.Second, 10*time.Millisecond)
	trace, err = l.Load(t.Context(), target)
	require.NoError(t, err)
	require.Equal(t, 50, trace.Answered())

	require.NoError(t, p.Close())
	require.NoError(t, session.Restore(t.Context()))
	require.NoError(t, crew.Restore(t.Context(), a), "twice is once")
	gone(t, c, a)
}

// TestALostWorkerIsBroughtAgain: one that is killed, and the one that came in its place too: another is
// brought each time, as often as may be, and nothing of any of them is left.
func TestALostWorkerIsBroughtAgain(t *testing.T) {
	_, c, snap := workersOn(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "Hostname: 7be04d19c2f6") }))
	defer server.Close()
	crew, a, session := begun(t, c, snap)
	p := load.New(load.Options{Secret: []byte("s3cret")})
	again := make(chan error, 3)
	p.Refill(func(ctx context.Context, name string) error {
		_, err := crew.Again(ctx, name)
		again <- err
		return err
	})
	n, _, err := crew.Start(t.Context(), 1, "s3cret", joining(p))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	l := p.Loader(rubric.Attribution{}, nil)
	target := evidence.Target{ID: "mesh/x", Kind: "mesh", Address: strings.TrimPrefix(server.URL, "http://"), Requests: 20, PerConnection: 1, Workers: 1}
	seen := map[string]bool{}
	for range againTimes + 1 {
		trace, err := l.Load(t.Context(), target)
		require.NoError(t, err)
		require.Equal(t, 20, trace.Answered())
		require.False(t, seen[trace.From.Worker])
		seen[trace.From.Worker] = true
		at := crew.where[trace.From.Worker]
		tasks, err := c.HelperTasks(t.Context(), at.service)
		require.NoError(t, err)
		require.NoError(t, c.KillContainer(t.Context(), at.node, tasks[0].ContainerID))
		if err = <-again; len(seen) <= againTimes {
			require.NoError(t, err)
			require.Empty(t, crew.lost, "the managers knew of its end")
		} else {
			require.ErrorIs(t, err, errEnough)
		}
	}
	_, err = l.Load(t.Context(), target)
	require.ErrorIs(t, err, load.ErrNone)
	require.NoError(t, p.Close())
	require.NoError(t, session.Restore(t.Context()))
	gone(t, c, a)
}

// TestAWorkerIsCutOff: its task runs for all that the managers know; another is brought to another node,
// as long as there is one.
func TestAWorkerIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeLodging{talks: true, tasks: []evidence.Task{{ID: "a", NodeID: "n1", State: "running", ContainerID: "c"}}}
		crew := NewWorkers(&fakeSwarm{Lodging: f}, sim.Helper())
		require.NoError(t, crew.Inject(t.Context(), evidence.Action{Kind: Workers, Name: "i:1", To: "token", Nodes: []string{"n1", "n2"}}))
		crew.Left = []string{"n3"}
		var names []string
		join := func(_ context.Context, name string, _ io.ReadWriteCloser) error {
			names = append(names, name)
			return nil
		}
		_, _, err := crew.Start(t.Context(), 1, "s", join)
		require.NoError(t, err)
		first := f.last.Name()
		began := time.Now()
		name, err := crew.Again(t.Context(), "n1")
		require.NoError(t, err)
		require.Equal(t, "n1-2", name)
		require.LessOrEqual(t, time.Since(began), overLimit+time.Second)
		require.Equal(t, []string{"n1", "n1-2"}, names)
		require.Equal(t, []string{"n3", "n1"}, f.last.Without)
		require.Equal(t, 1, f.last.Times)
		require.NotEqual(t, first, f.last.Name())
		f.tasks[0].NodeID = "n2"
		crew.where["n2"] = site{task: "a", node: "n2"}
		_, err = crew.Again(t.Context(), "n2")
		require.NoError(t, err)
		require.Equal(t, []string{"n3"}, f.last.Without, "any node is better than none")
		_, err = crew.Again(t.Context(), "n2")
		require.ErrorIs(t, err, errEnough)
	})
}

// TestNoOtherWorkerComesUp: that takes bounded time, and ends as soon as nobody waits for it.
func TestNoOtherWorkerComesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeLodging{talks: true, tasks: []evidence.Task{{ID: "a", NodeID: "n1", State: "running", ContainerID: "c"}}}
		crew := NewWorkers(&fakeSwarm{Lodging: f}, sim.Helper())
		require.NoError(t, crew.Inject(t.Context(), evidence.Action{Kind: Workers, Name: "i:1", To: "token", Nodes: []string{"n1"}}))
		_, _, err := crew.Start(t.Context(), 1, "s", func(context.Context, string, io.ReadWriteCloser) error { return nil })
		require.NoError(t, err)
		f.tasks = []evidence.Task{{ID: "b", State: "pending"}}
		began := time.Now()
		_, err = crew.Again(t.Context(), "n1")
		require.ErrorContains(t, err, "in time")
		require.LessOrEqual(t, time.Since(began), againLimit+overLimit)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		_, err = crew.Again(ctx, "n1")
		require.Error(t, err)
		require.Equal(t, time.Second, time.Since(began))
	})
}

// gone checks that nothing bears an action's token any more.
func gone(t *testing.T, c *grader.Cluster, a evidence.Action) {
	t.Helper()
	now, err := c.Snapshot(t.Context(), noClock)
	require.NoError(t, err)
	for _, s := range now.Services {
		require.NotContains(t, s.Name, a.To)
	}
	for _, x := range now.Containers {
		require.NotContains(t, nameOf(x), a.To)
	}
	open, err := c.EndHelpers(t.Context(), a.To, "")
	require.NoError(t, err)
	require.Empty(t, open)
}

// TestWhatWorkersLeftIsHealed: whatever a killed grader had brought goes, at each step.
func TestWhatWorkersLeftIsHealed(t *testing.T) {
	s, c, snap := workersOn(t)
	p := sim.Helper()
	for _, step := range []string{"planned", "loaded", "running"} {
		path := filepath.Join(t.TempDir(), "fault-T.journal")
		j, err := OpenJournal(path)
		require.NoError(t, err)
		a, _, _ := AimWorkers(snap, p, "r")
		rec := &Record{Class: "T", Run: "r", Fault: a, Time: time.Now()}
		_, err = j.begin(rec)
		require.NoError(t, err)
		crew := NewWorkers(c, p)
		if step != "planned" {
			require.NoError(t, j.step(rec, StepInjecting))
			require.NoError(t, crew.Inject(t.Context(), a))
		}
		if step == "running" {
			require.NoError(t, j.step(rec, StepInjected))
			pool := load.New(load.Options{Secret: []byte("x")})
			n, _, err := crew.Start(t.Context(), 2, "x", joining(pool))
			require.NoError(t, err)
			require.Equal(t, 2, n)
			defer pool.Close()
		}
		require.NoError(t, j.Close())
		done, err := Heal(t.Context(), path, HealOptions{Dial: func(context.Context, roster.Cluster) (Cluster, func() error, error) {
			return c, func() error { return nil }, nil
		}})
		require.NoError(t, err, step)
		require.Len(t, done, 1)
		require.Equal(t, "action.healed_workers", done[0].Msg().Key)
		gone(t, c, a)
		for _, tag := range images(t, s) {
			require.NotContains(t, tag, "swarmgrade-worker")
		}
	}
}
