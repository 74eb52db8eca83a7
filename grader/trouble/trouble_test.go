package trouble_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/trouble"
)

const (
	vxlan = `network sandbox join failed: subnet sandbox join failed for "10.0.9.0/24": error creating vxlan interface: file exists`
	mesh  = `network sandbox join failed: subnet sandbox join failed for "10.0.0.0/24": error creating vxlan interface: file exists`
)

func task(service string, slot int, node, created, state, err string) evidence.Task {
	return evidence.Task{ID: service + created, ServiceID: service, Slot: slot, NodeID: node, Created: created, State: state, Desired: "running", Error: err}
}

func TestNodes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		tasks []evidence.Task
		want  []string
	}{
		{"all is well", []evidence.Task{task("a", 1, "n1", "1", "running", "")}, nil},
		{"two services", []evidence.Task{task("a", 1, "n1", "1", "failed", vxlan), task("b", 1, "n1", "1", "starting", vxlan)}, []string{"manager-1"}},
		{"one service, whose network may be to blame", []evidence.Task{task("a", 1, "n1", "1", "failed", vxlan), task("a", 2, "n1", "2", "failed", vxlan)}, nil},
		{"one service, in the ingress network", []evidence.Task{task("a", 1, "n1", "1", "failed", mesh)}, []string{"manager-1"}},
		{"one on each of two nodes", []evidence.Task{task("a", 1, "n1", "1", "failed", vxlan), task("b", 1, "n2", "1", "failed", vxlan)}, nil},
		{"it was so once", []evidence.Task{
			task("a", 1, "n1", "1", "failed", mesh), task("a", 1, "n2", "2", "running", ""), task("b", 1, "n1", "1", "failed", mesh), task("b", 1, "n1", "2", "running", ""),
		}, nil},
		{"global services", []evidence.Task{
			task("a", 0, "n1", "1", "failed", vxlan), task("a", 0, "n2", "2", "running", ""), task("b", 0, "n1", "1", "failed", vxlan),
		}, []string{"manager-1"}},
		{"errors of students' making", []evidence.Task{
			task("a", 1, "n1", "1", "rejected", "No such image: whoami:latest"), task("b", 1, "n1", "1", "failed", "task: non-zero exit (1)"),
			task("c", 1, "n1", "1", "failed", "task: non-zero exit (137): dockerexec: unhealthy container"),
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			snap := &evidence.Snapshot{
				Nodes:    []evidence.Node{{ID: "n2", Hostname: "manager-2"}, {ID: "n1", Hostname: "manager-1"}},
				Networks: []evidence.Network{{ID: "i", Ingress: true, Subnets: []string{"10.0.0.0/24"}}, {ID: "o", Subnets: []string{"10.0.9.0/24"}}},
				Tasks:    tt.tasks,
			}
			var got []string
			for _, n := range trouble.Nodes(snap) {
				got = append(got, n.Hostname)
				require.True(t, trouble.OfEngine(n.Error))
			}
			require.Equal(t, tt.want, got)
		})
	}
	require.Empty(t, trouble.Nodes(nil))
}
