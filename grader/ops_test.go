package grader_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/docker/docker/api/types/swarm"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
)

const opsClass = `class: ops
roster: ops.csv
rubric: operations.yaml
cluster: {endpoints: [unix:///nowhere.sock], nodes: {manager-1: 127.0.0.1}}
`

// operated is what a student of the rubric ops builds.
func operated(name string, change func(s *deployments.Service)) *deployments.Deployment {
	d := scalable(name, change)
	d.Task, d.Containers = "ops", nil
	return d
}

// TestOperations: containers are killed and services updated while they are probed,
// and each student is judged by what came of theirs.
func TestOperations(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	home := t.TempDir()
	source, err := os.ReadFile("testdata/ops.yaml")
	require.NoError(t, err)
	for name, text := range map[string]string{
		"classes/ops.yaml": opsClass, "classes/operations.yaml": string(source),
		"classes/ops.csv": "学号,姓名\n2024001,王子轩\n2024002,李雨桐\n2024003,张浩然\n2024004,陈思远\n2024005,刘一诺\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(home, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(home, name), []byte(text), 0o600))
	}
	restart := func(condition string, attempts uint64) func(s *deployments.Service) {
		return func(s *deployments.Service) {
			s.Restart = &deployments.Restart{Condition: condition, MaxAttempts: attempts}
		}
	}
	students := []struct {
		id   string
		did  *deployments.Deployment
		lost map[string]check.Outcome
	}{
		{"2024001", operated("as-asked", nil), nil},
		{"2024002", operated("one-replica", func(s *deployments.Service) { s.Replicas = 1 }),
			map[string]check.Outcome{"killed.answers": check.Fail, "updated.answers": check.Fail}},
		{"2024003", operated("restarts-never", restart("none", 0)),
			map[string]check.Outcome{"killed.back": check.Fail, "killed.answers": check.Pass, "again.back": check.Fail}},
		{"2024004", operated("restarts-once", restart("any", 1)), map[string]check.Outcome{"again.back": check.Ungraded}},
		{"2024005", operated("starts-first", func(s *deployments.Service) { s.Replicas, s.Update = 1, &deployments.Update{Order: "start-first"} }),
			map[string]check.Outcome{"killed.answers": check.Fail}},
	}
	g := &grader.Grader{Dir: home}
	j, err := g.Open(t.Context(), grader.Select{Class: "ops"})
	require.NoError(t, err)
	cluster, to := emptyCluster(t)
	for _, s := range students {
		vars := j.Vars[s.id]
		vars["id"] = s.id
		require.NoError(t, deployments.Apply(t.Context(), to, s.did, vars))
	}
	handIn(t, g, cluster)
	got, err := j.Grade(t.Context(), grader.GradeOptions{Yes: true})
	require.NoError(t, err)
	d, err := j.Run(t.Context(), got.Run)
	require.NoError(t, err)
	for i, s := range students {
		for _, v := range d.Students[i].Verdicts {
			want, lost := s.lost[v.Check]
			if !lost {
				want = check.Pass
			}
			t.Logf("%s %s: %s: %s", s.did.Name, v.Check, v.Outcome, i18n.EN.Text(v.Message))
			if v.Outcome != want {
				t.Errorf("%s %s: want %s", s.did.Name, v.Check, want)
			}
		}
	}
	list, err := to.Manager.ServiceList(t.Context(), swarm.ServiceListOptions{Status: true})
	require.NoError(t, err)
	for _, s := range list {
		require.Equal(t, s.ServiceStatus.DesiredTasks, s.ServiceStatus.RunningTasks, s.Spec.Name)
	}
	confs, err := to.Manager.ConfigList(t.Context(), swarm.ConfigListOptions{})
	require.NoError(t, err)
	require.Empty(t, confs, "no mark is left")
}
