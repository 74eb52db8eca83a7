package grader_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
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

// crew has workers drive load, and this process what no worker is left for; probes are its own.
type crew struct {
	worker.Loader
	driver
	alone func()
}

func (c crew) Load(ctx context.Context, t evidence.Target) (evidence.Trace, error) {
	trace, err := c.Loader.Load(ctx, t)
	if errors.Is(err, worker.ErrNone) {
		c.alone()
		return c.driver.Load(ctx, t)
	}
	return trace, err
}

func (c crew) Reach(ctx context.Context, host string) error {
	err := c.Loader.Reach(ctx, host)
	if errors.Is(err, worker.ErrNone) {
		return c.driver.Reach(ctx, host)
	}
	return err
}
func (c crew) Knowing(snap *evidence.Snapshot) grader.Loader {
	c.Loader = c.Loader.Knowing(mention.New(snap))
	return c
}

// TestAClassIsLoadedByWorkers: with three workers, one of which is killed in the middle, or all of them with none
// to come in their places, every student gets what they get without, each target is driven and kept once, and
// nothing of the workers is left. Whoever is lost is said, who comes instead, and that this machine sends the rest.
func TestAClassIsLoadedByWorkers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	seats, err := deployments.SampleSeats("2024A")
	require.NoError(t, err)
	cluster := putUp(t, seats)
	dir := t.TempDir()
	points := map[string]map[string]rubric.Points{}
	for _, mode := range []string{"no workers", "one is killed", "all are killed", "none comes up"} {
		with := mode != "no workers"
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
			case grader.Mind:
				said[e.Msg.Key]++
			case grader.Alarm:
				said[e.Msg.Key]++
			case grader.Step:
				if steps++; steps == 30 && with && mode != "none comes up" {
					killWorkers(t, cluster, mode == "all are killed")
				}
			}
		}
		dial := g.Dial
		g.Dial = func(ctx context.Context, c roster.Cluster) (grader.Conn, error) {
			conn, err := dial(ctx, c)
			conn.Helper = sim.Helper()
			switch mode {
			case "all are killed":
				conn.Cluster = &onlyOnce{Cluster: conn.Cluster}
			case "none comes up":
				conn.Cluster = mute{conn.Cluster}
			}
			return conn, err
		}
		g.Crew = func(o grader.LoadOptions, c grader.CrewOptions) (grader.Loader, grader.Team, error) {
			own, err := g.Load(o)
			d := own.(driver)
			p := worker.New(worker.Options{
				Secret: []byte(c.Secret), Limiter: d.Options.Limiter, Epoch: o.Start, Settle: true, Nonce: d.Options.Nonce,
				Lost: func(name string, why error) { c.Lost(name, worker.Reason(why), why) },
			})
			return crew{p.Loader(o.Attribution, d.Options.Known), d, c.Alone}, team{p}, err
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
		points[mode] = map[string]rubric.Points{}
		from := map[string]int{}
		for _, s := range d.Students {
			for _, v := range s.Verdicts {
				points[mode][s.ID] += v.Points
				require.NotEqual(t, check.Ungraded, v.Outcome, "%s %s", s.ID, v.Check)
			}
		}
		targets := 0
		require.NoError(t, j.Evidence(t.Context(), got.Run, func(f grader.CaseFile) error {
			seen := map[string]bool{}
			for _, tr := range f.Case().Bundle.Traces {
				require.False(t, seen[tr.Target.ID], "%s twice", tr.Target.ID)
				seen[tr.Target.ID] = true
				targets++
				if tr.From != nil {
					from[tr.From.Worker]++
				} else {
					from[""]++
				}
			}
			return nil
		}))
		switch mode {
		case "no workers":
			require.Equal(t, map[string]int{"": targets}, from)
			require.Zero(t, said["workers.there"])
			continue
		case "one is killed":
			require.GreaterOrEqual(t, len(from), 3, "%v", from)
			require.Zero(t, from[""])
			require.Equal(t, 1, said["workers.lost"], "%v", said)
			require.Equal(t, 1, said["workers.anew"], "%v", said)
			require.Zero(t, said["workers.alone"])
		case "all are killed":
			require.Positive(t, from[""])
			require.Less(t, from[""], targets)
			require.Equal(t, 3, said["workers.lost"], "%v", said)
			require.Equal(t, 3, said["workers.not_anew"], "%v", said)
			require.Equal(t, 1, said["workers.alone"], "it is said once")
		case "none comes up":
			require.Equal(t, map[string]int{"": targets}, from)
			require.Equal(t, 1, said["workers.none_came"], "%v", said)
			require.Zero(t, said["workers.there"])
			require.Zero(t, said["workers.alone"])
			require.Equal(t, points["no workers"], points[mode])
			require.Empty(t, workersOf(t, cluster))
			continue
		}
		require.Equal(t, 1, said["workers.there"])
		require.Zero(t, said["action.stuck_workers"])
		require.Equal(t, points["no workers"], points[mode])
		require.Empty(t, workersOf(t, cluster))
	}
	raw, err := os.ReadFile(filepath.Join(dir, "gradebook", "fault-2024A~workers.journal"))
	require.NoError(t, err)
	require.Contains(t, string(raw), `"step":"done"`)
	require.NotContains(t, string(raw), "SWARMGRADE", "no secret is kept")
}

// onlyOnce is a cluster that takes the first service of workers, and no other.
type onlyOnce struct {
	grader.Cluster
	was atomic.Bool
}

func (o *onlyOnce) StartHelper(ctx context.Context, of helper.Service) (string, error) {
	if of.Times > 0 && o.was.Swap(true) {
		return "", errForbidden
	}
	return o.Cluster.StartHelper(ctx, of)
}

// mute is a cluster whose workers can't be talked with.
type mute struct{ grader.Cluster }

func (mute) Talk(context.Context, string, string) (io.ReadWriteCloser, error) {
	return nil, errForbidden
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

// killWorkers kills one of three, or all.
func killWorkers(t *testing.T, cluster *sim.Cluster, every bool) {
	all := workersOf(t, cluster)
	require.Len(t, all, 3)
	if !every {
		all = all[1:2]
	}
	for _, of := range all {
		api, err := client.NewClientWithOpts(client.WithHost(of[0]), client.WithAPIVersionNegotiation())
		require.NoError(t, err)
		require.NoError(t, api.ContainerKill(t.Context(), of[1], "KILL"))
		require.NoError(t, api.Close())
	}
}
