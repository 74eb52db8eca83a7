package observe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/stats"
)

// TestAlternativePorts: task 3 drives whichever of 9000+NN and 10000+NN is
// published, the first if both are, with enough requests for a balancer that
// deals unevenly by itself; graded together with task 2 it is driven once.
func TestAlternativePorts(t *testing.T) {
	for name, c := range map[string]struct {
		public []int
		want   string
		why    string
	}{
		"bound port":   {[]int{9001}, "172.30.0.12:9001", ""},
		"visited port": {[]int{10001}, "172.30.0.12:10001", ""},
		"both":         {[]int{10001, 9001}, "172.30.0.12:9001", ""},
		"neither":      {[]int{7001}, "", "proxy-not-published"},
	} {
		t.Run(name, func(t *testing.T) {
			students, vars := class(1)
			vars[students[0].ID]["visited"] = "10001"
			snap := cluster(1)
			snap.Containers[0].Ports = nil
			for _, p := range c.public {
				snap.Containers[0].Ports = append(snap.Containers[0].Ports, evidence.ContainerPort{Private: 9001, Public: p, Protocol: "tcp"})
			}
			for _, tasks := range [][]string{{"3"}, {"2", "3"}} {
				s := observe.NewPlan(loadRubric(t), tasks, students, vars, snap).Students[0]
				var driven []evidence.Target
				for _, target := range s.Targets {
					if target.Kind == "haproxy" {
						driven = append(driven, target)
					}
				}
				if c.why != "" {
					require.Empty(t, driven)
					require.Contains(t, s.Skipped, observe.Skip{Load: "load/haproxy", Why: c.why})
					continue
				}
				require.Len(t, driven, 1)
				require.Equal(t, c.want, driven[0].Address)
				require.Equal(t, stats.PlanRing(3).Requests, driven[0].Requests)
			}
		})
	}
	// A container under another name is found by either port.
	students, vars := class(1)
	vars[students[0].ID]["visited"] = "10001"
	snap := cluster(1)
	snap.Containers[0].Names = []string{"lb"}
	snap.Containers[0].Ports = []evidence.ContainerPort{{Private: 9001, Public: 10001, Protocol: "tcp"}}
	s := observe.NewPlan(loadRubric(t), []string{"3"}, students, vars, snap).Students[0]
	require.Len(t, s.Proxies, 1)
	require.Equal(t, "port", s.Proxies[0].Matched)
}
