package swarm

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// said has an engine answer the verbose view of the network n1.
func said(f *fakeEngine, status int, body string) {
	f.setHook(func(w http.ResponseWriter, r *http.Request, path string) bool {
		if path != "/networks/n1" {
			return false
		}
		if r.URL.Query().Get("verbose") != "true" {
			refuse(w, http.StatusBadRequest, "not verbose")
			return true
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
		return true
	})
}

func verbose(vip string, addresses ...string) string {
	tasks := make([]string, len(addresses))
	for i, a := range addresses {
		tasks[i] = fmt.Sprintf(`{"Name":"s01.%d.x","EndpointID":"e","EndpointIP":%q,"Info":{"Host IP":"172.30.0.11"}}`, i+1, a)
	}
	return fmt.Sprintf(`{"Name":"overlay-01","Id":"n1","Scope":"swarm","Driver":"overlay","Containers":{"lb-overlay-01":{"Name":"overlay-01-endpoint"}},
		"Services":{"":{"VIP":"<nil>","Tasks":[{"EndpointIP":"10.0.1.99"}]},"s01":{"VIP":%q,"Ports":[],"LocalLBIndex":256,"Tasks":[%s]}}}`, vip, strings.Join(tasks, ","))
}

func TestNames(t *testing.T) {
	engines, c := startSwarm(t)
	snap := snapshot(t, c)
	said(engines[0], 200, verbose("10.0.1.2", "10.0.1.12", "10.0.1.11", "10.0.1.11"))
	said(engines[1], 404, `{"message":"network n1 not found"}`)
	said(engines[2], 500, `{"message":"no luck"}`)
	views := c.Names(t.Context(), "s01", "n1", snap)
	require.Len(t, views, 3)
	for i := range views {
		require.NotEmpty(t, views[i].NodeID)
		views[i].NodeID = ""
	}
	require.Equal(t, evidence.NameView{Hostname: "manager-1", Known: true, VIP: "10.0.1.2", Tasks: []string{"10.0.1.11", "10.0.1.11", "10.0.1.12"}}, views[0])
	require.Equal(t, evidence.NameView{Hostname: "manager-2"}, views[1], "a node without a container on it knows no such network")
	require.Contains(t, views[2].Error, "no luck")
	require.False(t, views[2].Known)

	// A manager without a container there tells of the network alone.
	said(engines[1], 200, `{"Name":"overlay-01","Id":"n1","Scope":"swarm","Driver":"overlay","Containers":null}`)
	said(engines[2], 200, verbose("<nil>", "10.0.1.12", strings.Repeat("x", 5000)))
	views = c.Names(t.Context(), "s01", "n1", snap)
	require.False(t, views[1].Known)
	require.Empty(t, views[2].VIP)
	require.Len(t, views[2].Tasks[1], 64)

	// Who lists more than there can be is not believed in part.
	many := make([]string, maxAddresses+1)
	for i := range many {
		many[i] = "10.0.1.12"
	}
	said(engines[2], 200, verbose("10.0.1.2", many...))
	views = c.Names(t.Context(), "s01", "n1", snap)
	require.Contains(t, views[2].Error, "501")
	require.Empty(t, views[2].Tasks)

	// An engine that the snapshot did not reach is not tried for every student.
	lost := *snap
	lost.Endpoints = append([]evidence.Endpoint{}, snap.Endpoints...)
	lost.Endpoints[0].Reached, lost.Endpoints[0].Error = false, "no route"
	calls := 0
	for _, f := range engines {
		calls += f.total()
	}
	views = c.Names(t.Context(), "s01", "n1", &lost)
	for _, f := range engines {
		calls -= f.total()
	}
	require.Equal(t, -2, calls)
	require.Len(t, views, 3)

	// A node that two endpoints lead to is asked once.
	twice := *snap
	twice.Endpoints = append(append([]evidence.Endpoint{}, snap.Endpoints...), snap.Endpoints...)
	require.Len(t, c.Names(t.Context(), "s01", "n1", &twice), 3)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, v := range c.Names(ctx, "s01", "n1", snap) {
		require.NotEmpty(t, v.Error)
	}
}
