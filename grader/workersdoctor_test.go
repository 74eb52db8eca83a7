package grader_test

import (
	"context"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/classes"
	"swarmgrade/fixtures/sim"
	"swarmgrade/grader"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/helper"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// TestTheDoctorLooksAtWorkers: whether each node can run them, whether there are enough, what earlier ones have left;
// and nothing is changed by it.
func TestTheDoctorLooksAtWorkers(t *testing.T) {
	cluster, _ := emptyCluster(t)
	text := "x"
	other, err := helper.NewProgram(strings.NewReader(text), int64(len(text)), "arm64")
	require.NoError(t, err)
	g := &grader.Grader{Dir: t.TempDir(), Samples: classes.FS(), Tool: "test"}
	handIn(t, g, cluster)
	dial := g.Dial
	var program *helper.Program
	g.Dial = func(ctx context.Context, c roster.Cluster) (grader.Conn, error) {
		conn, err := dial(ctx, c)
		conn.Helper = program
		return conn, err
	}
	look := func(of *helper.Program, count int) (good, rest []string) {
		program = of
		j, err := g.Open(t.Context(), grader.Select{Class: "2024A", Task: "1"})
		require.NoError(t, err)
		before, err := j.Doctor(t.Context())
		require.NoError(t, err)
		j.Class.Settings.Workers = &roster.Workers{Endpoints: cluster.Endpoints(), Count: count}
		found, err := j.Doctor(t.Context())
		require.NoError(t, err)
		for _, n := range found[len(before):] {
			line := string(n.Level) + " " + i18n.EN.Text(n.Msg)
			if n.Level == diag.Good {
				good = append(good, line)
				continue
			}
			require.NotEmpty(t, i18n.EN.Text(n.Hint), line)
			require.NotEmpty(t, i18n.ZH.Text(n.Msg))
			rest = append(rest, line)
		}
		return good, rest
	}

	good, rest := look(sim.Helper(), 3)
	require.Empty(t, rest)
	require.ElementsMatch(t, []string{
		"ok manager-1 can run workers", "ok manager-2 can run workers", "ok manager-3 can run workers",
		"ok 3 workers can be brought: 3 nodes are fit for them",
	}, good)
	good, rest = look(sim.Helper(), 4)
	require.Len(t, good, 3)
	require.Equal(t, []string{"warn 4 workers are asked for and 3 nodes are fit for them: more than one will run on a node"}, rest)
	good, rest = look(other, 3)
	require.Empty(t, good)
	require.Len(t, rest, 4)
	require.Contains(t, rest[0], "this grade is for linux/arm64")
	require.Contains(t, rest[3], "error no node can send load")

	conn, err := g.Dial(t.Context(), roster.Cluster{})
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.StartHelper(t.Context(), helper.Service{Kind: "swarmgrade-worker", Image: "whoami-for-swarm", NetworkID: "host", Times: 1, Talks: true, Token: "abc", Run: "r"})
	require.NoError(t, err)
	_, rest = look(sim.Helper(), 3)
	require.Len(t, rest, 1)
	require.Contains(t, rest[0], "warn 1 service of workers is there already: swarmgrade-worker-abc-")

	api, err := client.NewClientWithOpts(client.WithHost(cluster.Endpoints()[0]), client.WithAPIVersionNegotiation())
	require.NoError(t, err)
	defer api.Close()
	images, err := api.ImageList(t.Context(), image.ListOptions{})
	require.NoError(t, err)
	for _, i := range images {
		require.NotContains(t, strings.Join(i.RepoTags, " "), "swarmgrade-worker")
	}

	g.Dial = func(ctx context.Context, c roster.Cluster) (grader.Conn, error) {
		if len(c.Endpoints) > 0 {
			return grader.Conn{}, &diag.Failure{Code: "unreachable", Msg: i18n.M("workers.no_node"), Hint: i18n.M("workers.no_node_hint")}
		}
		return dial(ctx, c)
	}
	_, rest = look(sim.Helper(), 3)
	require.Len(t, rest, 1)
	require.Contains(t, rest[0], "error the swarm that workers are to run on can't be used: no node can send load")
}
