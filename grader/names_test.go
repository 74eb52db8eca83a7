package grader_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// lying is a cluster in which manager-2's engine says what it is made to.
type lying struct {
	grader.Cluster
	says func(v *evidence.NameView)
}

func (l lying) Names(ctx context.Context, service, network string, snap *evidence.Snapshot) []evidence.NameView {
	views := l.Cluster.Names(ctx, service, network, snap)
	for i := range views {
		if views[i].Hostname == "manager-2" {
			l.says(&views[i])
		}
	}
	return views
}

// TestEnginesThatDiffer: what one engine says of a name by itself costs nobody a point,
// and what a student did costs it all the same.
func TestEnginesThatDiffer(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	home := t.TempDir()
	for name, text := range map[string]string{
		"classes/names.yaml": "class: names\nroster: names.csv\nrubric: discovery\ncluster: {endpoints: [unix:///nowhere.sock], nodes: {manager-1: 127.0.0.1}}\n",
		"classes/names.csv":  "学号,姓名\n2024001,王子轩\n2024002,李雨桐\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(home, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(home, name), []byte(text), 0o600))
	}
	ds, err := deployments.All()
	require.NoError(t, err)
	cluster, to := emptyCluster(t)
	g := &grader.Grader{Dir: home}
	j, err := g.Open(t.Context(), grader.Select{Class: "names"})
	require.NoError(t, err)
	for id, name := range map[string]string{"2024001": "published-too", "2024002": "not-attached"} {
		d, err := deployments.Find(ds, "discovery/names", name)
		require.NoError(t, err)
		vars := j.Vars[id]
		vars["id"] = id
		require.NoError(t, deployments.Apply(t.Context(), to, d, vars))
	}
	handIn(t, g, cluster)
	dial := g.Dial
	for what, c := range map[string]struct {
		says       func(v *evidence.NameView)
		vip, tasks check.Outcome
	}{
		"as the managers": {func(*evidence.NameView) {}, check.Pass, check.Pass},
		"a stale address": {func(v *evidence.NameView) { v.Tasks = append(v.Tasks, "10.99.0.1") }, check.Pass, check.Ungraded},
		"one four times":  {func(v *evidence.NameView) { v.Tasks = append(v.Tasks, v.Tasks[0], v.Tasks[0], v.Tasks[0]) }, check.Pass, check.Ungraded},
		"one task fewer":  {func(v *evidence.NameView) { v.Tasks = v.Tasks[1:] }, check.Pass, check.Ungraded},
		"another VIP":     {func(v *evidence.NameView) { v.VIP = "10.99.0.1" }, check.Ungraded, check.Pass},
		"nothing":         {func(v *evidence.NameView) { v.VIP, v.Tasks = "", nil }, check.Ungraded, check.Ungraded},
		"not a word": {func(v *evidence.NameView) {
			*v = evidence.NameView{NodeID: v.NodeID, Hostname: v.Hostname, Error: "timeout"}
		}, check.Ungraded, check.Ungraded},
	} {
		g.Dial = func(ctx context.Context, conf roster.Cluster) (grader.Conn, error) {
			conn, err := dial(ctx, conf)
			if err == nil {
				conn.Cluster = lying{conn.Cluster, c.says}
			}
			return conn, err
		}
		got, err := j.Grade(t.Context(), grader.GradeOptions{NoFault: true})
		require.NoError(t, err, what)
		d, err := j.Run(t.Context(), got.Run)
		require.NoError(t, err, what)
		seen := 0
		for i, s := range d.Students {
			for _, v := range s.Verdicts {
				want := map[string]check.Outcome{"names.vip": c.vip, "names.tasks": c.tasks}[v.Check]
				switch text := i18n.EN.Text(v.Message); {
				case want == "":
					continue
				case i == 1: // who did not put the service on the network
					require.Equal(t, check.Fail, v.Outcome, "%s: %s: %s", what, v.Check, text)
				default:
					require.Equal(t, want, v.Outcome, "%s: %s: %s", what, v.Check, text)
					require.Equal(t, want == check.Ungraded, strings.Contains(text, "manager-2"), text)
				}
				seen++
			}
		}
		require.Equal(t, 4, seen, what)
	}
}
