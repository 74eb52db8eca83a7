package swarm

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/roster"
)

var update = flag.Bool("update", false, "write the golden files again")

// golden compares a value with a file, addresses of this run replaced.
func golden(t *testing.T, file string, v any, c *Cluster) {
	t.Helper()
	got, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	text := string(got) + "\n"
	for i, e := range c.endpoints {
		text = strings.ReplaceAll(text, e.at.text, fmt.Sprintf("tcp://172.30.0.1%d:2375", i+1))
	}
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}

func TestSnapshotOfRecordedSwarm(t *testing.T) {
	_, c := startSwarm(t)
	s := snapshot(t, c)
	require.Empty(t, s.Gaps)
	require.Equal(t, int64(7), s.Taken)
	// The endpoints' order is by address, which differs from run to run.
	golden(t, "testdata/services.golden.json", s.Services, c)
	golden(t, "testdata/rest.golden.json", struct {
		Swarm    evidence.Swarm
		Nodes    []evidence.Node
		Tasks    []evidence.Task
		Networks []evidence.Network
		Configs  []evidence.Config
	}{s.Swarm, s.Nodes, s.Tasks, s.Networks, s.Configs}, c)
	byNode := map[string]int{}
	for _, e := range s.Endpoints {
		require.True(t, e.Reached && e.Manager, e.Address)
		for _, x := range s.Containers {
			if x.Endpoint == e.Address {
				require.Equal(t, e.NodeID, x.NodeID)
				byNode[e.Hostname]++
			}
		}
	}
	for _, f := range []string{"manager-1", "manager-2", "manager-3"} {
		var list []any
		raw, err := os.ReadFile(recorded(f + "/containers.json"))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(raw, &list))
		require.Equal(t, len(list), byNode[f], f)
	}
}

func TestSnapshotIsTheSameTwice(t *testing.T) {
	_, c := startSwarm(t)
	a, err := evidence.Encode(snapshot(t, c))
	require.NoError(t, err)
	b, err := evidence.Encode(snapshot(t, c))
	require.NoError(t, err)
	require.Equal(t, string(a), string(b))
	back, err := evidence.DecodeSnapshot(a)
	require.NoError(t, err)
	require.NotEmpty(t, back.Tasks)
}

// TestCallsDoNotGrowWithTheClass counts the calls for one student's services
// and for five hundred.
func TestCallsDoNotGrowWithTheClass(t *testing.T) {
	count := func(students int) (calls int, services int) {
		engines, c := startSwarm(t)
		for _, f := range engines {
			f.setHook(func(w http.ResponseWriter, r *http.Request, path string) bool {
				if path != "/services" {
					return false
				}
				list := make([]map[string]any, students)
				for i := range list {
					list[i] = map[string]any{"ID": fmt.Sprint("id", i), "Spec": map[string]any{"Name": fmt.Sprint("s", i)}}
				}
				return json.NewEncoder(w).Encode(list) == nil
			})
		}
		s := snapshot(t, c)
		for _, f := range engines {
			calls += f.total()
		}
		return calls, len(s.Services)
	}
	one, n := count(1)
	require.Equal(t, 1, n)
	many, n := count(500)
	require.Equal(t, 500, n)
	require.Equal(t, one, many)
	require.Equal(t, 6+3, many, "six lists and the containers of three endpoints")
}

func TestUnreachableEndpointIsAGap(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	dead := "tcp://" + closed.Addr().String()
	require.NoError(t, closed.Close())
	_, live := startEngine(t, "manager-2")
	c := dial(t, roster.Cluster{Endpoints: []string{dead, live}})
	require.Equal(t, live, c.Manager())
	s := snapshot(t, c)
	require.Len(t, s.Gaps, 1)
	require.Equal(t, "containers/"+dead, s.Gaps[0].What)
	require.Equal(t, "unreachable", s.Gaps[0].Code)
	for _, e := range s.Endpoints {
		require.Equal(t, e.Address == live, e.Reached)
		require.Equal(t, e.Address == dead, e.Error != "")
	}
	require.NotEmpty(t, s.Containers)
}

func TestSlowContainerListIsAGap(t *testing.T) {
	engines, c := startSwarm(t)
	slow := make(chan struct{})
	engines[2].setHook(func(w http.ResponseWriter, r *http.Request, path string) bool {
		if path != "/containers/json" {
			return false
		}
		select {
		case <-slow:
		case <-r.Context().Done():
		}
		return true
	})
	defer close(slow)
	c.endpoints[2].callTimeout = 50 * time.Millisecond
	s := snapshot(t, c)
	require.Len(t, s.Gaps, 1)
	require.Equal(t, "timeout", s.Gaps[0].Code)
}

func TestAnswerTooLarge(t *testing.T) {
	engines, c := startSwarm(t)
	endless := func(want string) func(w http.ResponseWriter, r *http.Request, path string) bool {
		return func(w http.ResponseWriter, r *http.Request, path string) bool {
			if path == want {
				w.Header().Set("Content-Length", fmt.Sprint(int64(maxResponse)+1))
				w.Write([]byte("["))
			}
			return path == want
		}
	}
	for _, f := range engines {
		f.setHook(endless("/configs"))
	}
	s := snapshot(t, c)
	require.Equal(t, []evidence.Gap{{What: "configs", Code: "too-large"}}, s.Gaps)
	for _, f := range engines {
		f.setHook(endless("/services"))
	}
	_, err := c.Snapshot(t.Context(), func() int64 { return 0 })
	e := failure(t, err, "unreachable", "none_left")
	require.Len(t, e.Others, 3)
	failure(t, e.Others[0], "too-large", "too_large")
}

func TestCancelledSnapshot(t *testing.T) {
	_, c := startSwarm(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Snapshot(ctx, func() int64 { return 0 })
	failure(t, err, "cancelled", "cancelled")
}

func TestMappedNodeAddresses(t *testing.T) {
	_, address := startEngine(t, "manager-1")
	c := dial(t, roster.Cluster{Endpoints: []string{address}, Nodes: map[string]string{"manager-1": "198.51.100.7"}})
	s := snapshot(t, c)
	for _, n := range s.Nodes {
		if n.Hostname == "manager-1" {
			require.Equal(t, "198.51.100.7", n.Address)
			require.Equal(t, "172.30.0.11", n.SwarmAddress)
		} else {
			require.Equal(t, n.SwarmAddress, n.Address)
		}
	}
}

func TestForeignEngineIsAGap(t *testing.T) {
	worker, foreign := startEngine(t, "manager-3")
	worker.setHook(func(w http.ResponseWriter, r *http.Request, path string) bool {
		if path == "/info" {
			fmt.Fprint(w, `{"Name":"elsewhere","Swarm":{"NodeID":"stranger","LocalNodeState":"active"}}`)
		}
		return path == "/info"
	})
	_, live := startEngine(t, "manager-1")
	c := dial(t, roster.Cluster{Endpoints: []string{foreign, live}})
	s := snapshot(t, c)
	require.Len(t, s.Gaps, 1)
	require.Equal(t, "containers/"+foreign, s.Gaps[0].What)
	for _, x := range s.Containers {
		require.Equal(t, live, x.Endpoint)
	}
}

func BenchmarkSnapshot(b *testing.B) {
	_, c := startSwarm(b)
	for b.Loop() {
		_ = snapshot(b, c)
	}
}
