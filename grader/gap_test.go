//go:build !race

package grader_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
)

// TestTheGapOfASingleReplica: in a class that is updated side by side, whoever has one
// replica that is stopped before the next is started is seen to be silent meanwhile, and
// nobody else is. On a machine that is too busy to see, it is open and never the other;
// so it is run by itself, without the detector of races and beside no other package: the
// gap of a second is 50 ms long on a clock that goes 20 times faster.
func TestTheGapOfASingleReplica(t *testing.T) {
	students := []struct {
		name string
		did  func(s *deployments.Service)
		want check.Outcome
	}{
		{"one replica", func(s *deployments.Service) { s.Replicas = 1 }, check.Fail},
		{"two replicas", nil, check.Pass},
		{"one replica, the next is started first", func(s *deployments.Service) { s.Replicas, s.Update = 1, &deployments.Update{Order: "start-first"} }, check.Pass},
	}
	var did []*deployments.Deployment
	for range 2 {
		for _, s := range students {
			d := scalable(s.name, s.did)
			d.Task, d.Containers = "update", nil
			did = append(did, d)
		}
	}
	_, j, _ := ownLab(t, "update", did)
	got, err := j.Grade(t.Context(), grader.GradeOptions{Yes: true})
	require.NoError(t, err)
	d, err := j.Run(t.Context(), got.Run)
	require.NoError(t, err)
	seen := map[check.Outcome]int{}
	for i, s := range d.Students {
		for _, v := range s.Verdicts {
			want := check.Pass
			if v.Check == "answers" {
				want = students[i%len(students)].want
			}
			t.Logf("%s: %s", did[i].Name, i18n.EN.Text(v.Message))
			if v.Outcome != want && v.Outcome != check.Ungraded {
				t.Errorf("%s %s: %s, want %s", did[i].Name, v.Check, v.Outcome, want)
			}
			seen[v.Outcome]++
		}
	}
	require.NotZero(t, seen[check.Fail])
	require.Greater(t, seen[check.Pass], seen[check.Ungraded])
}
