package swarm

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/roster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeEngine answers as the recorded engine of one node did. The recordings in
// testdata/engine are of three real engines 20.10 in one swarm, with their
// secrets taken out.
type fakeEngine struct {
	node string

	mu    sync.Mutex
	calls map[string]int
	// hook, if set, may answer instead; path has no version.
	hook func(w http.ResponseWriter, r *http.Request, path string) bool
}

func (f *fakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if rest, ok := strings.CutPrefix(path, "/v"); ok {
		_, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	f.mu.Lock()
	f.calls[path]++
	hook := f.hook
	f.mu.Unlock()
	w.Header().Set("Api-Version", "1.41")
	if hook != nil && hook(w, r, path) {
		return
	}
	switch parts := strings.Split(strings.Trim(path, "/"), "/"); {
	case path == "/_ping":
	case path == "/info":
		f.file(w, f.node+"/info.json")
	case path == "/containers/json":
		f.file(w, f.node+"/containers.json")
	case len(parts) == 1:
		f.file(w, "cluster/"+parts[0]+".json")
	case len(parts) == 3 && parts[0] == "containers" && len(parts[1]) >= 12:
		f.container(w, filepath.Join(f.node, parts[1][:12]), parts[2], r.URL.Query().Get("path"))
	default:
		refuse(w, http.StatusNotFound, "page not found")
	}
}

func (f *fakeEngine) container(w http.ResponseWriter, dir, what, path string) {
	if _, err := os.Stat(recorded(dir)); err != nil {
		refuse(w, http.StatusNotFound, "No such container: "+filepath.Base(dir))
		return
	}
	switch what {
	case "archive":
		name := dir + "/archive" + strings.ReplaceAll(path, "/", "_")
		stat, err := os.ReadFile(recorded(name + ".stat"))
		if err != nil {
			refuse(w, http.StatusNotFound, "Could not find the file "+path+" in container "+filepath.Base(dir))
			return
		}
		w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString(stat))
		f.file(w, name+".tar")
	case "logs":
		f.file(w, dir+"/logs.bin")
	default:
		f.file(w, dir+"/"+what+".json")
	}
}

func (f *fakeEngine) file(w http.ResponseWriter, name string) {
	b, err := os.ReadFile(recorded(name))
	if err != nil {
		refuse(w, http.StatusNotFound, err.Error())
		return
	}
	w.Write(b)
}

func (f *fakeEngine) setHook(h func(w http.ResponseWriter, r *http.Request, path string) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = h
}

// total counts the calls, all but those that settle the version.
func (f *fakeEngine) total() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for path, k := range f.calls {
		if path != "/_ping" && path != "/info" {
			n += k
		}
	}
	return n
}

func recorded(name string) string { return filepath.Join("testdata", "engine", name) }

func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, "{%q:%q}", "message", message)
}

// startEngine serves a recorded node on loopback and gives its address.
func startEngine(t testing.TB, node string) (*fakeEngine, string) {
	f := &fakeEngine{node: node, calls: map[string]int{}}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return f, "tcp://" + srv.Listener.Addr().String()
}

// startSwarm serves all three recorded nodes and dials them.
func startSwarm(t testing.TB) ([]*fakeEngine, *Cluster) {
	var engines []*fakeEngine
	var conf roster.Cluster
	for _, node := range []string{"manager-1", "manager-2", "manager-3"} {
		f, address := startEngine(t, node)
		engines = append(engines, f)
		conf.Endpoints = append(conf.Endpoints, address)
	}
	return engines, dial(t, conf)
}

func dial(t testing.TB, conf roster.Cluster) *Cluster {
	c, err := Dial(t.Context(), conf)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// snapshot takes one at the run's millisecond 7.
func snapshot(t testing.TB, c *Cluster) *evidence.Snapshot {
	s, err := c.Snapshot(context.Background(), func() int64 { return 7 })
	require.NoError(t, err)
	return s
}

// failure asserts the code of an *Error and that it can be said.
func failure(t testing.TB, err error, code, problem string) *Error {
	t.Helper()
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code, "%v", err)
	require.Equal(t, "swarm."+problem, e.Msg.Key, "%v", err)
	return e
}
