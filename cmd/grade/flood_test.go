package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/sim"
)

// outcomes are those of some students, by student and check; where nothing
// could be judged, with the reason.
func (c classJSON) outcomes(students ...string) map[string]string {
	out := map[string]string{}
	for _, s := range c.Students {
		for _, k := range s.Checks {
			if slices.Contains(students, s.ID) {
				out[s.ID+" "+k.ID] = k.Outcome
				if k.Outcome == "ungraded" {
					out[s.ID+" "+k.ID] += ": " + k.Message
				}
			}
		}
	}
	return out
}

// TestOneStudentsFloodCostsNobodyElse: a student asks for thousands of replicas
// that nothing can place. Everybody else is graded as before, through
// a fault too; the flooder is graded on what runs, and named.
func TestOneStudentsFloodCostsNobodyElse(t *testing.T) {
	if testing.Short() || raced {
		t.Skip("starts an embedded cluster, and the race detector is too slow for its time: make test runs it without")
	}
	a := &app{command: command{Stdout: t.Output(), Stderr: t.Output(), Getenv: func(string) string { return "" }}}
	a.ui = newUI(a.command, a.lang())
	seats, err := simSeats("fault-lab")
	require.NoError(t, err)
	s, err := a.bringUpSim(t.Context(), seats, sim.Options{Seed: simSeed, Speed: 10})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	nodes := ""
	for name, addr := range s.NodeAddresses() {
		nodes += fmt.Sprintf("    %s: %s\n", name, addr)
	}
	dir := writeClass(t, "flooded", fmt.Sprintf("cluster:\n  endpoints: [%s]\n  nodes:\n%s", strings.Join(s.Endpoints(), ", "), nodes))
	class := filepath.Join(dir, "classes", "flooded.yaml")
	text, err := os.ReadFile(class)
	require.NoError(t, err)
	text = []byte(strings.Replace(string(text), "students:\n", "students:\n  - {id: \"2024099\", name: 学生}\n", 1))
	require.NoError(t, os.WriteFile(class, text, 0o600))

	run := func() (classJSON, string) {
		t.Helper()
		_, out, errs := graded(t, dir, "--class", "flooded", "--task", "1", "--yes", "--json", "--out", filepath.Join(dir, "out"))
		var c classJSON
		require.NoError(t, json.Unmarshal([]byte(out), &c), "%s%s", out, errs)
		return c, errs
	}
	before, _ := run()
	require.Equal(t, "pass", before.outcome("2024001", "task1.recovers"))

	api, err := client.NewClientWithOpts(client.WithHost(s.Endpoints()[0]), client.WithAPIVersionNegotiation())
	require.NoError(t, err)
	defer api.Close()
	// Not more than it takes: the embedded cluster keeps all of them, and what
	// that costs counts as the swarm's time, times the speed. At 20 a busy
	// machine sees too little of a recovery to judge it, and says so.
	n := uint64(1500)
	_, err = api.ServiceCreate(t.Context(), swarm.ServiceSpec{
		Annotations: swarm.Annotations{Name: "s99"},
		Mode:        swarm.ServiceMode{Replicated: &swarm.ReplicatedService{Replicas: &n}},
		TaskTemplate: swarm.TaskSpec{
			ContainerSpec: &swarm.ContainerSpec{Image: "traefik/whoami", Env: []string{"STUDENT_ID=2024099"}},
			Placement:     &swarm.Placement{Constraints: []string{"node.labels.moon == full"}},
		},
		EndpointSpec: &swarm.EndpointSpec{Ports: []swarm.PortConfig{{PublishedPort: 8099, TargetPort: 80}}},
	}, swarm.ServiceCreateOptions{})
	require.NoError(t, err)
	after, errs := run()
	lasting := []string{"2024001", "2024004", "2024007", "2024011"} // the others lose something to the first fault
	require.Equal(t, before.outcomes(lasting...), after.outcomes(lasting...))
	require.Contains(t, errs, "2024099")
	require.Contains(t, errs, "1500")
	require.Equal(t, "fail", after.outcome("2024099", "task1.running"), "graded on what runs")

	_, out, _ := graded(t, dir, "show", "--class", "flooded", "--findings")
	require.Contains(t, out, "s99")
	_, out, _ = graded(t, dir, "doctor", "--class", "flooded")
	require.Contains(t, out, "2024099")
	require.Contains(t, out, "docker service scale s99=3")
}
