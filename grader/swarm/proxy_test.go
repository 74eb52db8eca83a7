package swarm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// find gives the first candidate of a name in the recorded swarm.
func find(t *testing.T, s *evidence.Snapshot, name string) haproxy.Ref {
	refs := haproxy.Find(s, name, nil)
	require.NotEmpty(t, refs, name)
	return refs[0]
}

func TestProxyOfRecordedSwarm(t *testing.T) {
	type file struct{ path, source, err, has string }
	for _, c := range []struct {
		name, matched, kind, state, log string
		restart                         string
		public                          int
		files                           []file
	}{
		{"haproxy-01", "name", "container", "running", "", "always", 9001,
			[]file{{imageConfig, "archive", "", "server m3"}}},
		// In the engine's archive there is an empty file in the place of a
		// swarm config.
		{"haproxy-03", "name", "service", "running", "", "always", 9003,
			[]file{{imageConfig, "config:hacfg3", "", "bind *:9003"}}},
		{"haproxy-04", "name-similar", "container", "exited", "Cannot open configuration file", "no", 9004,
			[]file{{"/c/a.cfg", "archive", "", "server m3"}, {"/c/b.cfg", "archive", "", "bind :9099"}, {"/c/c.cfg", "archive", "missing", ""}}},
		{"haproxy-05", "name", "container", "exited", "unknown keyword 'garbage'", "no", 9005,
			[]file{{imageConfig, "archive", "", "garbage here"}}},
		{"haproxy-06", "name-similar", "container", "exited", "Usage : haproxy", "no", 9006,
			[]file{{imageConfig, "archive", "directory", ""}}},
		{"haproxy-07", "name", "container", "exited", "already specified", "no", 0,
			[]file{{"/etc/haproxy/h1.cfg", "archive", "", ":9001"}, {"/etc/haproxy/h3.cfg", "archive", "", ":9003"}}},
		{"haproxy-08", "name", "container", "created", "", "no", 0,
			[]file{{imageConfig, "archive", "missing", ""}}},
		// A link to real.cfg.
		{"haproxy-09", "name", "container", "running", "", "no", 0,
			[]file{{imageConfig, "archive", "", "server m3"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			engines, cluster := startSwarm(t)
			s := snapshot(t, cluster)
			before := 0
			for _, f := range engines {
				before += f.total()
			}
			px, err := cluster.Proxy(t.Context(), find(t, s, c.name), s)
			require.NoError(t, err)
			require.Equal(t, c.matched, px.Matched)
			require.Equal(t, c.kind, px.Kind)
			require.Equal(t, c.state, px.State)
			require.Equal(t, c.restart, px.Restart)
			require.NotEmpty(t, px.Hostname)
			require.Contains(t, px.Command, "/usr/local/sbin/haproxy")
			require.Equal(t, c.public != 0, slices.ContainsFunc(px.Publishes, func(p evidence.ContainerPort) bool { return p.Public == c.public }))
			require.Contains(t, px.Log, c.log)
			require.Equal(t, c.log == "", px.Log == "")
			require.Len(t, px.Files, len(c.files))
			for i, want := range c.files {
				got := px.Files[i]
				require.Equal(t, want, file{got.Path, got.Source, got.Error, want.has})
				require.Contains(t, got.Text, want.has)
				require.Equal(t, got.Error == "", got.SHA256 != "" && !got.Truncated && got.Size == int64(len(got.Text)))
				require.Equal(t, got.Error == "" && got.Source == "archive", got.Modified != "")
			}
			calls := -before
			for _, f := range engines {
				calls += f.total()
			}
			require.LessOrEqual(t, calls, 3+2*len(px.Files), "calls")
		})
	}
}

func TestProxyGoneOrUnseen(t *testing.T) {
	engines, c := startSwarm(t)
	s := snapshot(t, c)
	ref := find(t, s, "haproxy-01")

	px, err := c.Proxy(t.Context(), haproxy.Ref{Kind: "container", Endpoint: ref.Endpoint, ID: strings.Repeat("0", 64)}, s)
	require.NoError(t, err)
	require.Equal(t, "removed", px.State)
	px, err = c.Proxy(t.Context(), haproxy.Ref{Kind: "service", ID: "gone"}, s)
	require.NoError(t, err)
	require.Equal(t, "removed", px.State)

	_, err = c.Proxy(t.Context(), haproxy.Ref{Kind: "container", Endpoint: "tcp://nobody", ID: "x"}, s)
	failure(t, err, "internal", "no_endpoint")
	for _, f := range engines {
		f.setHook(cut)
	}
	_, err = c.Proxy(t.Context(), ref, s)
	require.Equal(t, "unreachable", failure(t, err, "unreachable", "broken_off").GapCode())
}

// TestProxyRemovedWhileRead takes care that a container that vanishes between
// two calls is trouble of ours and not a missing file of the student's.
func TestProxyRemovedWhileRead(t *testing.T) {
	engines, c := startSwarm(t)
	s := snapshot(t, c)
	for _, f := range engines {
		f.setHook(func(w http.ResponseWriter, r *http.Request, path string) bool {
			if !strings.HasSuffix(path, "/archive") {
				return false
			}
			refuse(w, http.StatusNotFound, "No such container: x")
			return true
		})
	}
	_, err := c.Proxy(t.Context(), find(t, s, "haproxy-01"), s)
	failure(t, err, "internal", "api_error")
}

func TestServiceWithoutItsEndpoint(t *testing.T) {
	_, c := startSwarm(t)
	s := snapshot(t, c)
	for i := range s.Endpoints {
		s.Endpoints[i].Reached = false
	}
	ref := find(t, s, "haproxy-03")
	px, err := c.Proxy(t.Context(), ref, s)
	require.NoError(t, err)
	require.Equal(t, "config:hacfg3", px.Files[0].Source)
	require.Contains(t, px.Files[0].Text, "9003")
	// And with the configs unread too, nothing is made up.
	s.Configs = nil
	px, err = c.Proxy(t.Context(), ref, s)
	require.NoError(t, err)
	require.Len(t, px.Files, 1)
	require.Equal(t, "unreadable", px.Files[0].Error)
}

// TestConfigNeverComesFromTheArchive holds that the empty stand-in of a swarm
// config is not taken for an empty configuration.
func TestConfigNeverComesFromTheArchive(t *testing.T) {
	_, c := startSwarm(t)
	s := snapshot(t, c)
	s.Configs = nil
	px, err := c.Proxy(t.Context(), find(t, s, "haproxy-03"), s)
	require.NoError(t, err)
	require.Len(t, px.Files, 1)
	require.Equal(t, "unreadable", px.Files[0].Error)
}

func TestServiceStates(t *testing.T) {
	task := func(id, state, desired, created string) evidence.Task {
		return evidence.Task{ID: id, ServiceID: "svc", State: state, Desired: desired, Created: created, Error: "of " + id, NodeID: "n"}
	}
	waits := func(id, state, created string) evidence.Task {
		return evidence.Task{ID: id, ServiceID: "svc", State: state, Desired: "ready", Created: created, NodeID: "n"}
	}
	for _, c := range []struct {
		tasks    []evidence.Task
		state    string
		restarts int
		err      string
	}{
		{nil, "created", 0, ""},
		{[]evidence.Task{task("a", "failed", "shutdown", "1"), task("b", "running", "running", "2")}, "running", 1, "of b"},
		{[]evidence.Task{task("b", "running", "running", "1"), task("c", "pending", "running", "2")}, "running", 0, "of b"},
		{[]evidence.Task{task("a", "failed", "shutdown", "1"), task("b", "rejected", "shutdown", "2")}, "rejected", 2, "of b"},
		{[]evidence.Task{task("a", "running", "shutdown", "1")}, "shutdown", 0, "of a"},
		// The next one waits for the restart policy's delay: the last that ran tells.
		{[]evidence.Task{task("a", "failed", "shutdown", "1"), task("b", "failed", "shutdown", "2"), waits("c", "ready", "3")}, "failed", 2, "of b"},
		{[]evidence.Task{task("a", "rejected", "shutdown", "1"), waits("b", "new", "2"), waits("c", "preparing", "3")}, "rejected", 1, "of a"},
		{[]evidence.Task{task("a", "failed", "shutdown", "1"), task("b", "pending", "running", "2")}, "pending", 1, "of b"}, // no node takes it
		{[]evidence.Task{task("a", "failed", "shutdown", "0"), waits("b", "ready", "1")}, "ready", 1, ""},                   // before the service was updated
		{[]evidence.Task{task("a", "shutdown", "shutdown", "1"), waits("b", "ready", "2")}, "ready", 0, ""},
	} {
		s := &evidence.Snapshot{Services: []evidence.Service{{ID: "svc", Updated: "1"}}, Tasks: c.tasks}
		px, err := new(Cluster).Proxy(t.Context(), haproxy.Ref{Kind: "service", ID: "svc"}, s)
		require.NoError(t, err)
		require.Equal(t, c.state, px.State)
		require.Equal(t, c.restarts, px.RestartCount)
		require.Equal(t, c.err, px.Error)
	}
}

// TestServiceWhoseContainerIsOver: the managers show a task as running a moment
// longer than its container does.
func TestServiceWhoseContainerIsOver(t *testing.T) {
	engines, c := startSwarm(t)
	s := snapshot(t, c)
	ref := find(t, s, "haproxy-03")
	for _, f := range engines {
		f.setHook(func(w http.ResponseWriter, r *http.Request, path string) bool {
			if !strings.HasSuffix(path, "/json") || path == "/containers/json" {
				return false
			}
			fmt.Fprint(w, `{"State":{"Status":"exited","ExitCode":1}}`)
			return true
		})
	}
	px, err := c.Proxy(t.Context(), ref, s)
	require.NoError(t, err)
	require.Equal(t, "failed", px.State)
	require.Equal(t, 1, px.ExitCode)
}

// TestInspectionWithoutParts feeds an engine's answer with everything left out.
func TestInspectionWithoutParts(t *testing.T) {
	for _, body := range []string{`{}`, `{"State":null,"Config":null}`, `null`,
		`{"NetworkSettings":{"Networks":{"a":null}},"HostConfig":{"PortBindings":{"x/y":null,"":[{"HostPort":"99999999"}]}}}`} {
		engines, c := startSwarm(t)
		s := snapshot(t, c)
		for _, f := range engines {
			f.setHook(func(w http.ResponseWriter, r *http.Request, path string) bool {
				if strings.HasSuffix(path, "/json") && path != "/containers/json" {
					fmt.Fprint(w, body)
					return true
				}
				return false
			})
		}
		_, err := c.Proxy(t.Context(), find(t, s, "haproxy-01"), s)
		if err != nil {
			require.ErrorAs(t, err, new(*Error), body)
		}
	}
}

func TestConfigArgs(t *testing.T) {
	for _, c := range []struct {
		argv    string
		workdir string
		want    []string
	}{
		{"docker-entrypoint.sh haproxy -f /usr/local/etc/haproxy/haproxy.cfg", "", []string{imageConfig}},
		{"haproxy -W -db -f a.cfg -f /b.cfg", "/srv", []string{"/srv/a.cfg", "/b.cfg"}},
		{"haproxy -C /etc/haproxy -f x.cfg", "/srv", []string{"/etc/haproxy/x.cfg"}},
		{"haproxy -f x.cfg -C conf", "/srv", []string{"/srv/conf/x.cfg"}},
		{"haproxy -- a b", "", []string{"/a", "/b"}},
		{"haproxy -f", "", nil},
		{"/start.sh", "", nil},
		{"haproxy -f ../../../etc/shadow", "/a", []string{"/etc/shadow"}}, // still inside the container
	} {
		require.Equal(t, c.want, configArgs(strings.Fields(c.argv), c.workdir), c.argv)
	}
	require.Equal(t, []string{"/a b/h.cfg", "/x.cfg"}[1:], configArgs([]string{"sh", "-c", "exec haproxy -f '/x.cfg'; true"}, ""))
	require.Len(t, configArgs(strings.Fields("haproxy"+strings.Repeat(" -f x", 99)), ""), maxFiles)
}

func TestRecordingsAreCovered(t *testing.T) {
	entries, err := os.ReadDir(recorded("cluster"))
	require.NoError(t, err)
	for _, e := range entries {
		raw, err := os.ReadFile(recorded("cluster/" + e.Name()))
		require.NoError(t, err)
		require.True(t, json.Valid(raw), e.Name())
		require.NotContains(t, string(raw), "SWMTKN", "a join token in %s", e.Name())
	}
}

// TestEnvironmentOfAProxy: what the configuration names is kept, what is a
// secret by its name is not known, and nothing else is looked at.
func TestEnvironmentOfAProxy(t *testing.T) {
	files := []evidence.File{{Text: "frontend f\n bind \"*:$PORT\"\n stats auth \"a:$STATS_PASSWORD\"\n log \"$HOSTNAME\" \"$GONE\" \"$NODE\" local0\n"}}
	var in inspection
	in.Config = &container.Config{Hostname: "c1", Env: []string{"PORT=9001", "STATS_PASSWORD=x", "AWS=key", "HAPROXY_VERSION=2.6.12", "NODE=n"}}
	in.ContainerJSONBase = &container.ContainerJSONBase{HostConfig: &container.HostConfig{}}
	require.Equal(t, []evidence.EnvVar{{Name: "PORT", Value: "9001"}, {Name: "HOSTNAME", Value: "c1"}, {Name: "GONE", Unset: true}, {Name: "NODE", Value: "n"}}, in.named(files))
	require.Equal(t, "2.6.12", in.version(""))
	var px evidence.Proxy
	in.Config.Healthcheck = &container.HealthConfig{Test: []string{"CMD", "true"}, Retries: 2}
	in.State, in.NetworkSettings = &container.State{}, &container.NetworkSettings{}
	in.fill(&px)
	require.Equal(t, &evidence.HealthCheck{Test: []string{"CMD", "true"}, Retries: 2}, px.Health)
	require.Equal(t, []evidence.EnvVar{{Name: "PORT", Value: "1"}}, knownEnv([]string{"PORT=1", "NODE={{.Node.Hostname}}", "STATS_PASSWORD=" + evidence.Hidden}, files))
}

// TestLogOfServiceThatFailsOverAndOver: the container of the snapshot's task is gone
// by the time it is asked, and the one of a later task, which failed likewise, tells
// why.
func TestLogOfServiceThatFailsOverAndOver(t *testing.T) {
	for _, c := range []struct{ name, tasks, log string }{
		{"a later one", `[{"ID":"old","ServiceID":"%[1]s","NodeID":"%[2]s","CreatedAt":"2999-01-01T00:00:00Z","Status":{"State":"failed","ContainerStatus":{"ContainerID":"earlier"}}},
			{"ID":"new","ServiceID":"%[1]s","NodeID":"%[2]s","CreatedAt":"2999-01-02T00:00:00Z","Status":{"State":"failed","ContainerStatus":{"ContainerID":"later"}}},
			{"ID":"next","ServiceID":"%[1]s","NodeID":"%[2]s","CreatedAt":"2999-01-03T00:00:00Z","Status":{"State":"ready"}}]`, "later does not simulate"},
		{"of the service as it was", `[{"ID":"old","ServiceID":"%[1]s","NodeID":"%[2]s","CreatedAt":"1999-01-01T00:00:00Z","Status":{"State":"failed","ContainerStatus":{"ContainerID":"later"}}}]`, ""},
		{"none", `[]`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			engines, cluster := startSwarm(t)
			s := snapshot(t, cluster)
			ref := find(t, s, "haproxy-03")
			node := ""
			for i := range s.Tasks {
				if s.Tasks[i].ServiceID == ref.ID {
					s.Tasks[i].State, s.Tasks[i].ContainerID, node = "failed", "gone", s.Tasks[i].NodeID
				}
			}
			require.NotEmpty(t, node)
			for _, f := range engines {
				f.setHook(func(w http.ResponseWriter, r *http.Request, path string) bool {
					switch path {
					case "/containers/gone/json":
						refuse(w, http.StatusNotFound, "No such container: gone")
					case "/containers/later/json":
						fmt.Fprint(w, `{"Id":"later","State":{"Status":"exited","ExitCode":1},"Config":{"Tty":true}}`)
					case "/containers/later/logs":
						fmt.Fprintln(w, "later does not simulate")
					case "/tasks":
						fmt.Fprintf(w, c.tasks, ref.ID, node)
					default:
						return false
					}
					return true
				})
			}
			px, err := cluster.Proxy(t.Context(), ref, s)
			require.NoError(t, err)
			require.Equal(t, "failed", px.State)
			require.Equal(t, c.log, strings.TrimSpace(px.Log))
		})
	}
}
