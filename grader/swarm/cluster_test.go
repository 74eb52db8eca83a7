package swarm

import (
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/roster"
)

// noLeader answers like a manager that has lost its leader.
func noLeader(w http.ResponseWriter, _ *http.Request, path string) bool {
	if path == "/_ping" || path == "/info" || path == "/containers/json" {
		return false
	}
	refuse(w, http.StatusInternalServerError, "rpc error: code = Unknown desc = The swarm does not have a leader. "+
		"It's possible that too few managers are online. Make sure more than half of the managers are online.")
	return true
}

// hang answers after the client has given up.
func hang(w http.ResponseWriter, r *http.Request, path string) bool {
	if path != "/nodes" {
		return false
	}
	<-r.Context().Done()
	return true
}

func cut(w http.ResponseWriter, r *http.Request, path string) bool {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
	return true
}

func demoted(w http.ResponseWriter, r *http.Request, path string) bool {
	if path != "/services" {
		return false
	}
	refuse(w, http.StatusServiceUnavailable, `This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state.`)
	return true
}

func TestNextManagerTakesOver(t *testing.T) {
	for name, hook := range map[string]func(http.ResponseWriter, *http.Request, string) bool{
		"no leader": noLeader, "hangs": hang, "connection cut": cut, "demoted": demoted,
	} {
		t.Run(name, func(t *testing.T) {
			engines, c := startSwarm(t)
			for _, e := range c.endpoints {
				e.callTimeout = 200 * time.Millisecond
			}
			require.Equal(t, c.endpoints[0].at.text, c.Manager())
			engines[0].setHook(hook)
			s := snapshot(t, c)
			require.NotEmpty(t, s.Services)
			require.Equal(t, c.endpoints[1].at.text, c.Manager())
			// It stays with the one that served until that one fails.
			engines[0].setHook(nil)
			snapshot(t, c)
			require.Equal(t, c.endpoints[1].at.text, c.Manager())
			engines[1].setHook(hook)
			engines[2].setHook(hook)
			snapshot(t, c)
			require.Equal(t, c.endpoints[0].at.text, c.Manager())
		})
	}
}

func TestNoLeaderAnywhere(t *testing.T) {
	engines, c := startSwarm(t)
	for _, f := range engines {
		f.setHook(noLeader)
	}
	_, err := c.Snapshot(t.Context(), func() int64 { return 0 })
	e := failure(t, err, "no-leader", "none_left")
	require.Len(t, e.Others, 3)
	require.Equal(t, "unreachable", e.GapCode())
}

func TestDialFailures(t *testing.T) {
	engine := func(t *testing.T, info, version string) string {
		f, address := startEngine(t, "manager-1")
		f.setHook(func(w http.ResponseWriter, r *http.Request, path string) bool {
			w.Header().Set("Api-Version", version)
			if path == "/info" {
				fmt.Fprint(w, info)
			}
			return path == "/info"
		})
		return address
	}
	t.Run("worker", func(t *testing.T) {
		a := engine(t, `{"Swarm":{"NodeID":"n","LocalNodeState":"active"}}`, "1.41")
		_, err := Dial(t.Context(), roster.Cluster{Endpoints: []string{a}})
		require.Equal(t, a, failure(t, err, "no-manager", "not_manager").Endpoint)
	})
	t.Run("no swarm", func(t *testing.T) {
		_, err := Dial(t.Context(), roster.Cluster{Endpoints: []string{engine(t, `{"Swarm":{"LocalNodeState":"inactive"}}`, "1.41")}})
		failure(t, err, "no-manager", "no_swarm")
	})
	t.Run("too old", func(t *testing.T) {
		_, err := Dial(t.Context(), roster.Cluster{Endpoints: []string{engine(t, `{}`, "1.40")}})
		failure(t, err, "config", "too_old")
	})
	t.Run("two swarms", func(t *testing.T) {
		one := `{"Swarm":{"NodeID":"a","ControlAvailable":true,"Cluster":{"ID":"one"}}}`
		two := `{"Swarm":{"NodeID":"b","ControlAvailable":true,"Cluster":{"ID":"two"}}}`
		_, err := Dial(t.Context(), roster.Cluster{Endpoints: []string{engine(t, one, "1.41"), engine(t, two, "1.51")}})
		failure(t, err, "config", "other_swarm")
	})
	t.Run("not Docker", func(t *testing.T) {
		_, err := Dial(t.Context(), roster.Cluster{Endpoints: []string{engine(t, `<html>`, "1.41")}})
		failure(t, err, "internal", "api_error")
	})
	t.Run("refused", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		require.NoError(t, l.Close())
		_, err = Dial(t.Context(), roster.Cluster{Endpoints: []string{"tcp://" + l.Addr().String()}})
		failure(t, err, "unreachable", "refused")
	})
	t.Run("socket missing", func(t *testing.T) {
		_, err := Dial(t.Context(), roster.Cluster{Endpoints: []string{"unix://" + t.TempDir() + "/docker.sock"}})
		failure(t, err, "unreachable", "no_socket")
	})
	t.Run("all of several", func(t *testing.T) {
		dir := t.TempDir()
		_, err := Dial(t.Context(), roster.Cluster{Endpoints: []string{"unix://" + dir + "/a.sock", "unix://" + dir + "/b.sock"}})
		e := failure(t, err, "unreachable", "none_left")
		require.Len(t, e.Others, 2)
		require.Contains(t, e.Error(), "a.sock")
		require.Contains(t, e.Error(), "b.sock")
	})
	t.Run("cancelled", func(t *testing.T) {
		_, a := startEngine(t, "manager-1")
		ctx, cancel := contextCancelled(t)
		defer cancel()
		_, err := Dial(ctx, roster.Cluster{Endpoints: []string{a}})
		failure(t, err, "cancelled", "cancelled")
	})
}

func TestStalledEngineIsNamed(t *testing.T) {
	f, address := startEngine(t, "manager-1")
	f.setHook(func(w http.ResponseWriter, r *http.Request, path string) bool {
		if path == "/info" {
			<-r.Context().Done()
		}
		return path == "/info"
	})
	c, err := open(roster.Cluster{Endpoints: []string{address}})
	require.NoError(t, err)
	defer c.Close()
	c.endpoints[0].probeTimeout = 50 * time.Millisecond
	failure(t, c.muster(t.Context()), "timeout", "stalled")
}

func TestLostEndpointComesBack(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	_, live := startEngine(t, "manager-1")
	c := dial(t, roster.Cluster{Endpoints: []string{live, "tcp://" + address}})
	require.Len(t, snapshot(t, c).Gaps, 1)

	l, err = net.Listen("tcp", address)
	require.NoError(t, err)
	srv := &http.Server{Handler: &fakeEngine{node: "manager-2", calls: map[string]int{}}}
	done := make(chan struct{})
	go func() { defer close(done); srv.Serve(l) }()
	defer func() { srv.Close(); <-done }()
	require.Empty(t, snapshot(t, c).Gaps)
}
