package sight_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/sight"
)

// A class of two: s01 with three tasks, two of which have one address, and s02
// with host names of its own. HAProxy is a container at 10.0.1.9 on n2, or a
// service.
func claimed(after bool) (snap *evidence.Snapshot) {
	task := func(id, service string, slot int, container, address string) evidence.Task {
		return evidence.Task{
			ID: id, ServiceID: service, NodeID: "n1", Slot: slot, Desired: "running", State: "running",
			ContainerID: container + strings.Repeat("0", 52), Addresses: []evidence.TaskAddress{{Address: address + "/24"}},
		}
	}
	snap = &evidence.Snapshot{
		Nodes:    []evidence.Node{{ID: "n1", Hostname: "manager-1", State: "ready"}},
		Networks: []evidence.Network{{ID: "o", Scope: "swarm"}},
		Services: []evidence.Service{{ID: "s1", Name: "s01"}, {ID: "s2", Name: "s02", Hostname: "app-{{.Task.Slot}}"}, {ID: "h1", Name: "haproxy-02"}},
		Tasks: []evidence.Task{
			task("a", "s1", 1, "7be04d19c2f6", "10.0.1.5"),
			task("b", "s1", 2, "d81c60fa39e5", "10.0.1.8"),
			task("c", "s1", 3, "c10000000001", "10.0.1.8"),
			task("d", "s2", 1, "e20000000001", "10.0.1.20"),
			task("h", "h1", 1, "f30000000001", "10.0.1.30"),
		},
		Containers: []evidence.Container{{
			ID: "99aa99aa99aa", NodeID: "n1", Names: []string{"haproxy-01"}, Image: "haproxy", State: "running",
			Networks: []evidence.ContainerNetwork{{NetworkID: "o", Address: "10.0.1.9"}},
		}},
	}
	if after {
		snap.Tasks = append(snap.Tasks, task("new", "s1", 4, "5a5a5a5a5a5a", "10.0.1.40"))
	}
	return snap
}

func claimView(service string, px evidence.Proxy) *sight.View {
	before, after := claimed(false), claimed(true)
	return sight.NewView(evidence.Case{Bundle: &evidence.Bundle{Proxies: []evidence.Proxy{px}}, Before: before, After: after},
		sight.NewIndex(before), sight.NewIndex(after), map[string]string{"service": service, "id": "2024001", "haproxy": px.Name})
}

var balancer = evidence.Proxy{
	Name: "haproxy-01", ID: "99aa99aa99aa", Kind: "container", Matched: "name", NodeID: "n1", State: "running", Image: "haproxy",
	Networks: []evidence.ContainerNetwork{{NetworkID: "o", Address: "10.0.1.9"}},
	Files: []evidence.File{{Path: "haproxy.cfg", Text: "frontend f\n bind *:9001\n default_backend b\nbackend b\n" +
		" http-response set-header X-Backend %s\n server web1 10.0.1.5:80\n"}},
}

func TestWhatProvesWho(t *testing.T) {
	type r = evidence.Responder
	name := func(host string, addrs ...string) evidence.Identity {
		return evidence.Identity{Hostname: host, Addresses: addrs}
	}
	for _, c := range []struct {
		name, service string
		answer        r
		standing      sight.Standing
		task          string
	}{
		{"an ID", "s01", r{Identity: name("7be04d19c2f6")}, sight.Own, "a"},
		{"in capitals", "s01", r{Identity: name("7BE04D19C2F6")}, sight.Own, "a"},
		{"one that is mentioned", "s01", r{Mentions: []string{"7be04d19c2f6"}}, sight.Own, "a"},
		{"beside a claim of nobody", "s01", r{Identity: name("nginx"), Mentions: []string{"7be04d19c2f6"}}, sight.Own, "a"},
		{"that came up since", "s01", r{Mentions: []string{"10.0.1.40", "5a5a5a5a5a5a"}}, sight.Own, "new"},
		{"a neighbour's", "s01", r{Mentions: []string{"e20000000001"}}, sight.Foreign, "d"},
		{"two of the own", "s01", r{Mentions: []string{"7be04d19c2f6", "d81c60fa39e5"}}, sight.Anonymous, ""},
		{"an own one and a neighbour's", "s01", r{Mentions: []string{"7be04d19c2f6", "e20000000001"}}, sight.Forged, ""},
		{"nobody's", "s01", r{Identity: name("c0ffee000001")}, sight.Unknown, ""},
		{"nobody's, not claimed", "s01", r{Mentions: []string{"c0ffee000001"}}, sight.Anonymous, ""},
		{"two host lines", "s01", r{Identity: name("7be04d19c2f6"), Torn: true}, sight.Forged, ""},
		{"an address", "s01", r{Identity: name("", "10.0.1.5")}, sight.Own, "a"},
		{"an address that is mentioned", "s01", r{Mentions: []string{"10.0.1.5"}}, sight.Own, "a"},
		{"an address of two tasks", "s01", r{Identity: name("", "10.0.1.8")}, sight.Anonymous, ""},
		{"an ID and an address of two tasks", "s01", r{Identity: name("d81c60fa39e5", "10.0.1.8")}, sight.Own, "b"},
		{"an ID and a neighbour's address", "s01", r{Identity: name("7be04d19c2f6", "10.0.1.20")}, sight.Forged, "a"},
		{"an ID and HAProxy's address", "s01", r{Identity: name("7be04d19c2f6", "10.0.1.9")}, sight.Own, "a"},
		{"HAProxy's address", "s01", r{Mentions: []string{"10.0.1.9"}}, sight.Anonymous, ""},
		{"a node", "s01", r{Identity: name("manager-1")}, sight.Anonymous, ""},
		{"a node and an address", "s01", r{Identity: name("manager-1"), Mentions: []string{"10.0.1.5"}}, sight.Own, "a"},
		{"HAProxy's name for a server", "s01", r{Identity: name("web1"), Header: "x-served-by"}, sight.Anonymous, ""},
		{"that name, and an address in the body", "s01", r{Identity: name("web1"), Header: "x-served-by", Mentions: []string{"10.0.1.5"}}, sight.Own, "a"},
		{"what HAProxy writes", "s01", r{Identity: name("web-7"), Header: "x-backend"}, sight.Anonymous, ""},
		{"HAProxy's own ID", "s01", r{Identity: name("99aa99aa99aa"), Header: "x-served-by"}, sight.Anonymous, ""},
		{"a name in a header that HAProxy does not write", "s01", r{Identity: name("web-7"), Header: "x-served-by"}, sight.Unknown, ""},
		{"a host name of the service", "s02", r{Mentions: []string{"app-1"}}, sight.Own, "d"},
		{"claimed", "s02", r{Identity: name("app-1")}, sight.Own, "d"},
		{"one that the service does not have", "s02", r{Identity: name("app-9")}, sight.Unknown, ""},
		{"another service's host name", "s01", r{Mentions: []string{"app-1"}}, sight.Anonymous, ""},
		{"nothing", "s01", r{}, sight.Anonymous, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := claimView(c.service, balancer)
			a := v.Author(c.answer, v.Service("service"))
			require.Equal(t, c.standing, a.Standing)
			got := ""
			if a.Task != nil {
				got = a.Task.ID
			}
			require.Equal(t, c.task, got)
		})
	}
}

// A HAProxy that is a service is a task too: what shows it shows the client.
func TestHAProxyAsServiceProvesNothing(t *testing.T) {
	px := balancer
	px.Name, px.ID, px.Kind, px.Networks = "haproxy-02", "h1", "service", nil
	v := claimView("s01", px)
	svc := v.Service("service")
	for _, r := range []evidence.Responder{
		{Mentions: []string{"10.0.1.30"}},
		{Mentions: []string{"f30000000001"}},
		{Identity: evidence.Identity{Hostname: "f30000000001"}, Header: "x-served-by"},
	} {
		require.Equal(t, sight.Anonymous, v.Author(r, svc).Standing, "%+v", r)
	}
	own := v.Author(evidence.Responder{Identity: evidence.Identity{Hostname: "7be04d19c2f6", Addresses: []string{"10.0.1.30"}}}, svc)
	require.Equal(t, sight.Own, own.Standing)
}

// Answers that told nothing are looked at again with what the second snapshot
// knows; without one, or without their text, they stay as they are.
func TestUnnamedAnswersAreLookedAtAgain(t *testing.T) {
	v := claimView("s01", balancer)
	tr := &evidence.Trace{
		Sent:       10,
		Responders: []evidence.Responder{{Count: 10, Sample: "hi", Browser: 4}},
		Unnamed: []evidence.Unnamed{
			{SHA256: "01", Count: 3, Body: "served:5a5a5a5a5a5a", Browser: 1},
			{SHA256: "02", Count: 2, Body: "nothing"},
			{SHA256: "03", Count: 4},
		},
	}
	claims, _ := v.Claims(v.Service("service"), tr)
	require.Len(t, claims, 2)
	require.Equal(t, sight.Anonymous, claims[0].Author.Standing)
	require.Equal(t, 7, claims[0].Responder.Count)
	require.Equal(t, sight.Own, claims[1].Author.Standing)
	require.Equal(t, 3, claims[1].Responder.Count)
	require.Equal(t, "new", claims[1].Author.Task.ID)
	require.Equal(t, 10, tr.Responders[0].Count, "evidence is never edited")
}
