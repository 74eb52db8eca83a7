package grader_test

import (
	"testing"

	"github.com/docker/docker/api/types/swarm"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
)

// operated is what a student of the rubric ops builds.
func operated(name string, change func(s *deployments.Service)) *deployments.Deployment {
	d := scalable(name, change)
	d.Task, d.Containers = "ops", nil
	return d
}

// TestOperations: containers are killed and services updated while they are probed,
// and each student is judged by what came of theirs.
func TestOperations(t *testing.T) {
	restart := func(condition string, attempts uint64) func(s *deployments.Service) {
		return func(s *deployments.Service) {
			s.Restart = &deployments.Restart{Condition: condition, MaxAttempts: attempts}
		}
	}
	students := []struct {
		did  *deployments.Deployment
		lost map[string]check.Outcome
	}{
		{operated("as-asked", nil), nil},
		{operated("one-replica", func(s *deployments.Service) { s.Replicas = 1 }),
			map[string]check.Outcome{"killed.answers": check.Fail, "updated.answers": check.Fail}},
		{operated("restarts-never", restart("none", 0)),
			map[string]check.Outcome{"killed.back": check.Fail, "killed.answers": check.Pass, "again.back": check.Fail}},
		{operated("restarts-once", restart("any", 1)), map[string]check.Outcome{"again.back": check.Ungraded}},
		{operated("starts-first", func(s *deployments.Service) { s.Replicas, s.Update = 1, &deployments.Update{Order: "start-first"} }),
			map[string]check.Outcome{"killed.answers": check.Fail}},
	}
	var did []*deployments.Deployment
	for _, s := range students {
		did = append(did, s.did)
	}
	_, j, to := ownLab(t, "ops", did)
	got, err := j.Grade(t.Context(), grader.GradeOptions{Yes: true})
	require.NoError(t, err)
	d, err := j.Run(t.Context(), got.Run)
	require.NoError(t, err)
	all, late := 0, 0
	for i, s := range students {
		for _, v := range d.Students[i].Verdicts {
			want, lost := s.lost[v.Check]
			if !lost {
				want = check.Pass
			}
			t.Logf("%s %s: %s: %s", s.did.Name, v.Check, v.Outcome, i18n.EN.Text(v.Message))
			all++
			switch {
			case v.Outcome == want:
			case v.Outcome == check.Ungraded && v.Message.Key == "check.window_late":
				late++ // this machine's own doing, and told as that
			default:
				t.Errorf("%s %s: want %s", s.did.Name, v.Check, want)
			}
		}
	}
	require.LessOrEqual(t, late, all/10, "a machine that is late now and then leaves hardly anything open")
	list, err := to.Manager.ServiceList(t.Context(), swarm.ServiceListOptions{Status: true})
	require.NoError(t, err)
	for _, s := range list {
		require.Equal(t, s.ServiceStatus.DesiredTasks, s.ServiceStatus.RunningTasks, s.Spec.Name)
	}
	confs, err := to.Manager.ConfigList(t.Context(), swarm.ConfigListOptions{})
	require.NoError(t, err)
	require.Empty(t, confs, "no mark is left")
}
