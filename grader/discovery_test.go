package grader_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/sim"
	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// discovering is a class of two of the discovery lab on an embedded cluster of its own,
// each with the deployments named ("discovery/names handout").
func discovering(t *testing.T, g *grader.Grader, sel grader.Select, did map[string][]string) (*grader.Job, *sim.Cluster, deployments.Targets) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	g.Dir, sel.Class = t.TempDir(), "pair"
	for name, text := range map[string]string{
		"classes/pair.yaml": "class: pair\nroster: pair.csv\nrubric: discovery\ncluster: {endpoints: [unix:///nowhere.sock], nodes: {manager-1: 127.0.0.1}}\n",
		"classes/pair.csv":  "学号,姓名\n2024001,王子轩\n2024002,李雨桐\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(g.Dir, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(g.Dir, name), []byte(text), 0o600))
	}
	ds, err := deployments.All()
	require.NoError(t, err)
	cluster, to := emptyCluster(t)
	j, err := g.Open(t.Context(), sel)
	require.NoError(t, err)
	for id, names := range did {
		vars := j.Vars[id]
		vars["id"] = id
		for _, name := range names {
			task, name, _ := strings.Cut(name, " ")
			d, err := deployments.Find(ds, task, name)
			require.NoError(t, err)
			require.NoError(t, deployments.Apply(t.Context(), to, d, vars))
		}
	}
	handIn(t, g, cluster)
	return j, cluster, to
}

// namesDid is a student whose names are right, and one who is not on the network.
var namesDid = map[string][]string{"2024001": {"discovery/names published-too"}, "2024002": {"discovery/names not-attached"}}

// requireNames grades [namesDid] and holds the names of the first to outcomes: open ones
// name manager-2. The second fails, whatever engines say.
func requireNames(t *testing.T, j *grader.Job, what string, vip, tasks check.Outcome, also func(check.Facts)) {
	t.Helper()
	got, err := j.Grade(t.Context(), grader.GradeOptions{NoFault: true})
	require.NoError(t, err, what)
	d, err := j.Run(t.Context(), got.Run)
	require.NoError(t, err, what)
	seen := 0
	for i, s := range d.Students {
		for _, v := range s.Verdicts {
			want := map[string]check.Outcome{"names.vip": vip, "names.tasks": tasks}[v.Check]
			switch text := i18n.EN.Text(v.Message); {
			case want == "":
				continue
			case i == 1: // who did not put the service on the network
				require.Equal(t, check.Fail, v.Outcome, "%s: %s: %s", what, v.Check, text)
			default:
				require.Equal(t, want, v.Outcome, "%s: %s: %s %v", what, v.Check, text, v.Observed)
				require.Equal(t, want == check.Ungraded, strings.Contains(text, "manager-2"), text)
				also(v.Observed)
			}
			seen++
		}
	}
	require.Equal(t, 4, seen, what)
}

// TestWhoLeavesATaskOut: what a student has up is right, and is not the whole lab; others
// had the rest up when it was looked for.
func TestWhoLeavesATaskOut(t *testing.T) {
	j, _, _ := discovering(t, &grader.Grader{}, grader.Select{}, map[string][]string{
		"2024001": {"discovery/names published-too", "discovery/counter handout"},
		"2024002": {"discovery/counter handout"},
	})
	_, err := j.Grade(t.Context(), grader.GradeOptions{NoFault: true})
	require.NoError(t, err)
	d, err := j.Standing(t.Context())
	require.NoError(t, err)
	require.Equal(t, result.Score{Points: 10000, Max: 10000}, d.Students[0].Score("", ""))
	require.Equal(t, result.Score{Points: 3400, Max: 10000}, d.Students[1].Score("", ""))
	require.Equal(t, []result.Missing{{Task: "mesh", Max: 3400}, {Task: "names", Max: 3200}}, d.Students[1].Missing)
	require.Equal(t, 1, result.Summarize(d).Full)
}
