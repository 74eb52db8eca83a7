package observe

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

func TestMoved(t *testing.T) {
	snap := func(change func(s *evidence.Snapshot)) *evidence.Snapshot {
		s := &evidence.Snapshot{
			Services: []evidence.Service{{ID: "svc", Name: "s01"}, {ID: "other", Name: "s02"}},
			Tasks: []evidence.Task{
				{ID: "t1", ServiceID: "svc", Desired: "running", State: "running", ContainerID: "c1"},
				{ID: "t2", ServiceID: "svc", Desired: "running", State: "running", ContainerID: "c2"},
				{ID: "t9", ServiceID: "other", Desired: "running", State: "running", ContainerID: "c9"},
			},
			Containers: []evidence.Container{{ID: "h1", Names: []string{"haproxy-01"}, State: "running"}},
		}
		if change != nil {
			change(s)
		}
		return s
	}
	who := Student{Vars: map[string]string{"service": "s01", "haproxy": "haproxy-01"}, names: check.NamesOf(&rubric.Rubric{}), services: []string{"s01"}}
	for name, c := range map[string]struct {
		change func(s *evidence.Snapshot)
		moved  bool
	}{
		"the same": {nil, false},
		"an old task listed": {func(s *evidence.Snapshot) {
			s.Tasks = append(s.Tasks, evidence.Task{ID: "t0", ServiceID: "svc", Desired: "shutdown", State: "shutdown"})
		}, false},
		"a classmate's": {func(s *evidence.Snapshot) { s.Tasks[2].ID, s.Tasks[2].ContainerID = "t8", "c8" }, false},
		"replaced":      {func(s *evidence.Snapshot) { s.Tasks[1].ID, s.Tasks[1].ContainerID = "t3", "c3" }, true},
		"down":          {func(s *evidence.Snapshot) { s.Tasks[1].State = "failed" }, true},
		"one more": {func(s *evidence.Snapshot) {
			s.Tasks = append(s.Tasks, evidence.Task{ID: "t3", ServiceID: "svc", Desired: "running", State: "running", ContainerID: "c3"})
		}, true},
		"made again": {func(s *evidence.Snapshot) {
			s.Services[0].ID, s.Tasks[0].ServiceID, s.Tasks[1].ServiceID = "svc2", "svc2", "svc2"
			s.Tasks[0].ID = "t5"
		}, true},
		"another balancer":   {func(s *evidence.Snapshot) { s.Containers[0].ID = "h2" }, true},
		"a stopped balancer": {func(s *evidence.Snapshot) { s.Containers[0].State = "exited" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.moved, who.Moved(snap(nil), snap(c.change)))
		})
	}
}
