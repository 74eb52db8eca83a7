package grader_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/classes"
	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/sim"
	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/helper"
	"swarmgrade/grader/mention"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	"swarmgrade/loadgen/worker"
)

// playWorker is a worker within this process.
func playWorker(ctx context.Context, in io.Reader, out io.Writer, env []string) error {
	for _, e := range env {
		if secret, ok := strings.CutPrefix(e, helper.WorkerSecret+"="); ok {
			return worker.Serve(ctx, in, out, []byte(secret))
		}
	}
	return errors.New("no secret")
}

type team struct{ *worker.Pool }

func (t team) Join(ctx context.Context, name string, stream io.ReadWriteCloser) error {
	return t.Pool.Join(ctx, worker.Line{Name: name, ReadWriteCloser: stream})
}

// crew has workers drive load; probes are this process's own.
type crew struct {
	worker.Loader
	driver
}

func (c crew) Load(ctx context.Context, t evidence.Target) (evidence.Trace, error) {
	return c.Loader.Load(ctx, t)
}
func (c crew) Reach(ctx context.Context, host string) error { return c.Loader.Reach(ctx, host) }
func (c crew) Knowing(snap *evidence.Snapshot) grader.Loader {
	c.Loader = c.Loader.Knowing(mention.New(snap))
	return c
}

// TestAClassIsLoadedByWorkers: with three workers, one of which is killed in the middle, every student
// gets what they get without, each target is driven and kept once, and nothing of the workers is left.
func TestAClassIsLoadedByWorkers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	seats, err := deployments.SampleSeats("2024A")
	require.NoError(t, err)
	cluster := putUp(t, seats)
	dir := t.TempDir()
	points := map[bool]map[string]rubric.Points{}
	for _, with := range []bool{false, true} {
		var mu sync.Mutex
		said, steps := map[string]int{}, 0
		g := &grader.Grader{Dir: dir, Samples: classes.FS(), Tool: "test"}
		handIn(t, g, cluster)
		g.Tell = func(e grader.Event) {
			mu.Lock()
			defer mu.Unlock()
			switch e := e.(type) {
			case grader.Note:
				said[e.Msg.Key]++
			case grader.Alarm:
				said[e.Msg.Key]++
			case grader.Step:
				if steps++; steps == 30 && with {
					killWorker(t, cluster)
				}
			}
		}
		dial := g.Dial
		g.Dial = func(ctx context.Context, c roster.Cluster) (grader.Conn, error) {
			conn, err := dial(ctx, c)
			conn.Helper = sim.Helper()
			return conn, err
		}
		g.Crew = func(o grader.LoadOptions, c grader.CrewOptions) (grader.Loader, grader.Team, error) {
			own, err := g.Load(o)
			d := own.(driver)
			p := worker.New(worker.Options{Secret: []byte(c.Secret), Limiter: d.Options.Limiter, Epoch: o.Start, Settle: true, Nonce: d.Options.Nonce, Lost: c.Lost})
			return crew{p.Loader(o.Attribution, d.Options.Known), d}, team{p}, err
		}
		j, err := g.Open(t.Context(), grader.Select{Class: "2024A", Task: "2"})
		require.NoError(t, err)
		if with {
			j.Class.Settings.Workers = &roster.Workers{Endpoints: cluster.Endpoints(), Count: 3}
		}
		got, err := j.Grade(t.Context(), grader.GradeOptions{NoFault: true})
		require.NoError(t, err)
		d, err := j.Run(t.Context(), got.Run)
		require.NoError(t, err)
		points[with] = map[string]rubric.Points{}
		from := map[string]int{}
		for _, s := range d.Students {
			for _, v := range s.Verdicts {
				points[with][s.ID] += v.Points
				require.NotEqual(t, check.Ungraded, v.Outcome, "%s %s", s.ID, v.Check)
			}
		}
		require.NoError(t, j.Evidence(t.Context(), got.Run, func(f grader.CaseFile) error {
			seen := map[string]bool{}
			for _, tr := range f.Case().Bundle.Traces {
				require.False(t, seen[tr.Target.ID], "%s twice", tr.Target.ID)
				seen[tr.Target.ID] = true
				require.Equal(t, with, tr.From != nil)
				if tr.From != nil {
					from[tr.From.Worker]++
				}
			}
			return nil
		}))
		if with {
			require.Len(t, from, 3, "%v", from)
			require.Equal(t, 1, said["workers.there"])
			require.Equal(t, 1, said["workers.lost"], "%v", said)
			require.Zero(t, said["action.stuck_workers"])
		}
	}
	require.Equal(t, points[false], points[true])
	require.Empty(t, workersOf(t, cluster))
	raw, err := os.ReadFile(filepath.Join(dir, "gradebook", "fault-2024A~workers.journal"))
	require.NoError(t, err)
	require.Contains(t, string(raw), `"step":"done"`)
	require.NotContains(t, string(raw), "SWARMGRADE", "no secret is kept")
}

// workersOf are the containers of workers, as clients with IDs.
func workersOf(t *testing.T, cluster *sim.Cluster) (found [][2]string) {
	for _, at := range cluster.Endpoints() {
		api, err := client.NewClientWithOpts(client.WithHost(at), client.WithAPIVersionNegotiation())
		require.NoError(t, err)
		list, err := api.ContainerList(t.Context(), container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", helper.LabelToken))})
		require.NoError(t, err)
		require.NoError(t, api.Close())
		for _, c := range list {
			found = append(found, [2]string{at, c.ID})
		}
	}
	return found
}

func killWorker(t *testing.T, cluster *sim.Cluster) {
	all := workersOf(t, cluster)
	require.Len(t, all, 3)
	api, err := client.NewClientWithOpts(client.WithHost(all[1][0]), client.WithAPIVersionNegotiation())
	require.NoError(t, err)
	require.NoError(t, api.ContainerKill(t.Context(), all[1][1], "KILL"))
	require.NoError(t, api.Close())
}
