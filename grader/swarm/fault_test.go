package swarm

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

func noClock() int64 { return 0 }

func TestPollReadsWhatASnapshotReads(t *testing.T) {
	engines, c := startSwarm(t)
	s := snapshot(t, c)
	before := engines[0].total() + engines[1].total() + engines[2].total()
	nodes, tasks, err := c.Poll(t.Context(), noClock)
	require.NoError(t, err)
	require.Equal(t, s.Nodes, nodes)
	require.Equal(t, s.Tasks, tasks)
	require.Equal(t, before+2, engines[0].total()+engines[1].total()+engines[2].total(), "two requests")
}

func TestPollTellsAnElectionFromAnEngineThatIsGone(t *testing.T) {
	engines, c := startSwarm(t)
	for _, f := range engines {
		f.setHook(noLeader)
	}
	_, _, err := c.Poll(t.Context(), noClock)
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "no-leader", e.Code)
	for _, f := range engines {
		f.setHook(cut)
	}
	_, _, err = c.Poll(t.Context(), noClock)
	require.ErrorAs(t, err, &e)
	require.Equal(t, "unreachable", e.Code)
}

func TestTheTargetsEndpointIsAvoided(t *testing.T) {
	engines, c := startSwarm(t)
	s := snapshot(t, c)
	target := s.Endpoints[slices.IndexFunc(s.Endpoints, func(e evidence.Endpoint) bool { return e.Address == c.endpoints[0].at.text })]
	c.Avoid(target.NodeID)
	before := engines[0].total()
	for range 3 {
		_, _, err := c.Poll(t.Context(), noClock)
		require.NoError(t, err)
	}
	require.Equal(t, before, engines[0].total())
	require.NotEqual(t, target.Address, c.Manager())
	// Asked to avoid it, the only one is used all the same.
	c.endpoints = c.endpoints[:1]
	c.manager = 0
	_, _, err := c.Poll(t.Context(), noClock)
	require.NoError(t, err)
}

func TestAHangingManagerCostsAPollLittle(t *testing.T) {
	engines, c := startSwarm(t)
	for _, e := range c.endpoints {
		e.callTimeout = 100 * time.Millisecond // shorter than a poll's own
	}
	engines[0].setHook(hang)
	_, _, err := c.Poll(t.Context(), noClock)
	require.NoError(t, err)
}

// writable answers as an engine to what changes something, and keeps it.
type writable struct {
	mu      sync.Mutex
	calls   []string
	configs map[string]json.RawMessage // by name
	stale   int                        // updates to refuse
	spec    map[string]any             // of the node
}

func (e *writable) hook(w http.ResponseWriter, r *http.Request, path string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		e.calls = append(e.calls, r.Method+" "+path)
	}
	name := path[min(len(path), len("/configs/")):]
	switch {
	case path == "/configs/create":
		var spec struct{ Name string }
		raw, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(raw, &spec)
		if e.configs[spec.Name] != nil {
			refuse(w, http.StatusConflict, "rpc error: code = AlreadyExists desc = config "+spec.Name+" already exists")
			return true
		}
		e.configs[spec.Name] = raw
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"ID": "c1"}`)
	case len(path) > len("/configs/") && path[:9] == "/configs/":
		switch spec := e.configs[name]; {
		case spec == nil:
			refuse(w, http.StatusNotFound, "config "+name+" not found")
		case r.Method == http.MethodDelete:
			delete(e.configs, name)
			w.WriteHeader(http.StatusNoContent)
		default:
			_, _ = io.WriteString(w, `{"ID": "c1", "Spec": `+string(spec)+`}`)
		}
	case path == "/nodes/n1" && r.Method == http.MethodGet:
		spec, _ := json.Marshal(e.spec)
		_, _ = io.WriteString(w, `{"ID": "n1", "Version": {"Index": 7}, "Spec": `+string(spec)+`}`)
	case path == "/nodes/n1/update":
		if e.stale > 0 {
			e.stale--
			refuse(w, http.StatusInternalServerError, "rpc error: code = Unknown desc = update out of sequence")
			return true
		}
		raw, _ := io.ReadAll(r.Body)
		e.spec = nil
		_ = json.Unmarshal(raw, &e.spec)
	case r.Method == http.MethodPost:
		w.WriteHeader(http.StatusNoContent)
	default:
		return false
	}
	return true
}

func startWritable(t *testing.T) (*writable, *Cluster) {
	e := &writable{configs: map[string]json.RawMessage{}, spec: map[string]any{
		"Role": "manager", "Availability": "active", "Name": "", "Labels": map[string]any{"rack": "1"},
	}}
	engines, c := startSwarm(t)
	for _, f := range engines {
		f.setHook(e.hook)
	}
	return e, c
}

func TestALockExistsOnce(t *testing.T) {
	e, c := startWritable(t)
	_, found, err := c.ReadLock(t.Context(), "lock")
	require.NoError(t, err)
	require.False(t, found)
	for _, want := range []bool{true, false} {
		created, err := c.CreateLock(t.Context(), "lock", []byte("mine"))
		require.NoError(t, err)
		require.Equal(t, want, created)
	}
	data, found, err := c.ReadLock(t.Context(), "lock")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "mine", string(data))
	require.Contains(t, string(e.configs["lock"]), `"swarmgrade"`)
	for range 2 {
		require.NoError(t, c.RemoveLock(t.Context(), "lock"))
	}
	require.Empty(t, e.configs)
}

func TestAvailabilityIsAllThatChanges(t *testing.T) {
	e, c := startWritable(t)
	e.stale = 1
	require.NoError(t, c.SetAvailability(t.Context(), "n1", "drain"))
	require.Equal(t, "drain", e.spec["Availability"])
	require.Equal(t, "manager", e.spec["Role"])
	require.Equal(t, map[string]any{"rack": "1"}, e.spec["Labels"])
	n := len(e.calls)
	require.NoError(t, c.SetAvailability(t.Context(), "n1", "drain"))
	require.Len(t, e.calls, n, "it is so already")
}

func TestContainersOfOneNode(t *testing.T) {
	e, c := startWritable(t)
	s := snapshot(t, c)
	node := s.Endpoints[1].NodeID
	list, seen, err := c.Containers(t.Context(), node)
	require.NoError(t, err)
	require.True(t, seen)
	want := slices.DeleteFunc(slices.Clone(s.Containers), func(k evidence.Container) bool { return k.NodeID != node })
	require.NotEmpty(t, want)
	require.ElementsMatch(t, want, list)
	require.NoError(t, c.StartContainer(t.Context(), node, "abc"))
	require.NoError(t, c.KillContainer(t.Context(), node, "abc"))
	require.Equal(t, []string{"POST /containers/abc/start", "POST /containers/abc/kill"}, e.calls)

	_, seen, err = c.Containers(t.Context(), "elsewhere")
	require.NoError(t, err)
	require.False(t, seen)
	failure(t, c.StartContainer(t.Context(), "elsewhere", "abc"), "config", "no_node_endpoint")
}
