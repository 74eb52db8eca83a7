package mention_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/mention"
)

func TestHostnames(t *testing.T) {
	task := &evidence.Task{ID: "t1", NodeID: "n1", Slot: 12}
	for template, want := range map[string]string{
		"web":                                    "web",
		"{{.Node.Hostname}}-{{ .Task.Slot }}":    "manager-1-12",
		"{{.Service.Name}}.{{.Service.ID}}":      "s01.s1",
		"{{.Task.Name}}":                         "s01.12.t1",
		"{{.Node.ID}}{{.Task.ID}}":               "n1t1",
		"{{.Node.Labels.x}}":                     "",
		"{{.Task.Slot":                           "",
		"":                                       "",
		"{{index .Service.Labels \"a\"}}-{{.X}}": "",
	} {
		got, ok := mention.Hostname(&evidence.Service{ID: "s1", Name: "s01", Hostname: template}, task, "manager-1")
		require.Equal(t, want, got, template)
		require.Equal(t, want != "", ok, template)
	}
	task.Slot = 0 // a global service's
	got, _ := mention.Hostname(&evidence.Service{Hostname: "{{.Task.Slot}}"}, task, "manager-1")
	require.Equal(t, "n1", got)
}

// An address proves something only if nobody else has it.
func TestAddressesOfOneTask(t *testing.T) {
	task := func(id, desired, address string) evidence.Task {
		return evidence.Task{ID: id, Desired: desired, Addresses: []evidence.TaskAddress{{Address: address}}}
	}
	got := mention.Addresses(&evidence.Snapshot{
		Networks: []evidence.Network{{ID: "o", Scope: "swarm"}, {ID: "l", Scope: "local"}},
		Tasks: []evidence.Task{
			task("a", "running", "10.0.1.5/24"), task("b", "running", "10.0.1.6/24"), task("c", "running", "10.0.1.6/24"),
			task("gone", "shutdown", "10.0.1.5/24"), task("d", "running", "10.0.1.7/24"), task("e", "running", "10.0.1.8/24"),
		},
		Containers: []evidence.Container{
			{State: "running", Networks: []evidence.ContainerNetwork{{NetworkID: "o", Address: "10.0.1.7"}, {NetworkID: "l", Address: "10.0.1.8"}}},
		},
	})
	require.Len(t, got, 2)
	require.Equal(t, "a", got[netip.MustParseAddr("10.0.1.5")].ID)
	require.Equal(t, "e", got[netip.MustParseAddr("10.0.1.8")].ID)
}

// Nothing that is no part of the snapshot is ever taken for existing, and what
// is bounded stays so.
func FuzzScan(f *testing.F) {
	id := "7be04d19c2f6" + strings.Repeat("a", 52)
	known := mention.New(&evidence.Snapshot{
		Services: []evidence.Service{{ID: "s", Hostname: "app-1"}},
		Tasks:    []evidence.Task{{ID: "t", ServiceID: "s", Desired: "running", ContainerID: id, Addresses: []evidence.TaskAddress{{Address: "10.0.1.5/24"}, {Address: "fd00::5/64"}}}},
	})
	for _, s := range []string{"7be04d19c2f6", "10.0.1.5", "app-1", "GET / HTTP/1.1\n7be04d19c2f6", "fd00::5:", strings.Repeat("7be04d19c2f", 3)} {
		f.Add([]byte("X: "+s+"\r\n"), []byte(s))
	}
	f.Fuzz(func(t *testing.T, head, body []byte) {
		var m mention.Found
		known.Scan(&m, head, body)
		all := strings.ToLower(string(head) + "\n" + string(body))
		require.LessOrEqual(t, m.IDs(), 1)
		if m.IDs() == 1 {
			require.Contains(t, all, id[:mention.ShortID])
		}
		for _, a := range m.Addresses() {
			require.Contains(t, []string{"10.0.1.5", "fd00::5"}, a.String())
		}
		for _, n := range m.Names() {
			require.Equal(t, "app-1", strings.ToLower(string(n)))
		}
		require.LessOrEqual(t, len(m.Texts("")), 28)
		first := m.Texts("")
		known.Scan(&m, head, body) // memory that is used again gives the same
		require.Equal(t, first, m.Texts(""))
	})
}

func TestPlace(t *testing.T) {
	among := []string{"c0ffee000000", "c0ffee000001", "web-backend-1", "web-app-0001"}
	for name, want := range map[string]int{
		"c0ffee000000": 0, "C0FFEE000001": 1, "c0ffee000001" + "5af3": 1, "Web-Backend-1": 2, "web-app-0001": 3,
		"web-app-00012": -1, "c0ffee000001-2": -1,
		"web-backend-1.example": -1, "web-backend-": -1, "c0ffee": -1, "": -1, "stranger0000": -1,
	} {
		require.Equal(t, want, mention.Place(among, name), name)
	}
}
