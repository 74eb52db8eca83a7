package grader

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// ingressOf is a cluster of three nodes whose ingress network holds services
// of three running tasks, and tasks that wait for an address.
func ingressOf(subnet string, services, waiting int) *evidence.Snapshot {
	s := &evidence.Snapshot{
		Nodes:    make([]evidence.Node, 3),
		Networks: []evidence.Network{{ID: "other"}, {ID: "in", Ingress: true, Subnets: []string{subnet}}},
	}
	at := []evidence.TaskAddress{{NetworkID: "in"}, {NetworkID: "other"}}
	for i := range services {
		id := fmt.Sprint(i)
		s.Services = append(s.Services, evidence.Service{ID: id, VIPs: []evidence.VIP{{NetworkID: "in"}}})
		for range 3 {
			s.Tasks = append(s.Tasks, evidence.Task{ServiceID: id, State: "running", Addresses: at})
		}
		s.Tasks = append(s.Tasks, evidence.Task{ServiceID: id, State: "failed", Addresses: at}) // it holds none
	}
	for range waiting {
		s.Tasks = append(s.Tasks, evidence.Task{State: "new"})
	}
	return s
}

func TestIngressRoom(t *testing.T) {
	for _, c := range []struct {
		name              string
		subnet            string
		services, waiting int
		students          int
		level, text       string
	}{
		{"room for all", "10.0.0.0/24", 10, 0, 30, "ok", "has 210 of 250 addresses free"},
		{"as many as it holds", "10.0.0.0/24", 10, 0, 62, "ok", "has 210 of 250"},
		{"one student too many", "10.0.0.0/24", 10, 0, 63, "warn", "it holds 62 students, and this class has 63"},
		{"others have taken it", "10.0.0.0/24", 57, 0, 10, "warn", "has 22 of 250 addresses free"},
		{"full", "10.0.0.0/24", 62, 7, 62, "error", "248 of 250 addresses are taken, and 7 tasks stay in state new"},
		{"tasks wait for something else", "10.0.0.0/24", 5, 7, 10, "ok", "has 230 of 250"},
		{"a /16", "10.255.0.0/16", 1000, 0, 1000, "ok", "has 61530 of 65530"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, ok := ingressRoom(ingressOf(c.subnet, c.services, c.waiting), c.students)
			require.True(t, ok)
			require.Equal(t, c.level, string(f.Level))
			require.Contains(t, i18n.EN.Text(f.Msg), c.text)
			require.Equal(t, c.level == "ok", f.Hint.Empty())
		})
	}
	for _, subnet := range []string{"", "nonsense", "fd00::/64", "10.0.0.0/31"} {
		_, ok := ingressRoom(ingressOf(subnet, 1, 0), 1)
		require.False(t, ok, subnet)
	}
	_, ok := ingressRoom(&evidence.Snapshot{}, 1)
	require.False(t, ok)
}
