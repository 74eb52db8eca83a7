package swarm

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/roster"
)

func contextCancelled(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx, cancel
}

func TestParseAddress(t *testing.T) {
	for _, c := range []struct {
		in     string
		secure bool
		want   location
		bad    string
	}{
		{in: "unix:///var/run/docker.sock", want: location{scheme: "unix", socket: "/var/run/docker.sock"}},
		{in: "tcp://172.30.0.11:2375", want: location{scheme: "tcp", host: "172.30.0.11", port: "2375"}},
		{in: "tcp://node", want: location{scheme: "tcp", host: "node", port: "2375"}},
		{in: "tcp://node/", secure: true, want: location{scheme: "tcp", host: "node", port: "2376"}},
		{in: "tcp://[fd00::1]:2376", want: location{scheme: "tcp", host: "fd00::1", port: "2376"}},
		{in: "ssh://root@node", want: location{scheme: "ssh", user: "root", host: "node", port: "22", socket: defaultSocket}},
		{in: "ssh://node:2222/run/user/1000/docker.sock", want: location{scheme: "ssh", host: "node", port: "2222", socket: "/run/user/1000/docker.sock"}},
		{in: "tcp://node:2375/path", bad: "bad_address"},
		{in: "tcp://:2375", bad: "bad_address"},
		{in: "unix://", bad: "bad_address"},
		{in: "ssh://root:secret@node", bad: "bad_address"},
		{in: "ssh://[::1", bad: "bad_address"},
		{in: "172.30.0.11:2375", bad: "bad_address"},
		{in: "npipe:////./pipe/docker_engine", bad: "bad_scheme"},
		{in: "http://node:2375", bad: "bad_scheme"},
		{in: "", bad: "bad_scheme"},
	} {
		got, err := parseAddress(c.in, c.secure)
		if c.bad != "" {
			failure(t, err, "config", c.bad)
			continue
		}
		require.NoError(t, err, c.in)
		c.want.text = c.in
		require.Equal(t, c.want, got)
	}
}

func TestFirstUsable(t *testing.T) {
	for _, c := range []struct {
		in   []string
		want string
	}{
		{[]string{"172.30.0.11", "10.0.0.1"}, "172.30.0.11"},
		{[]string{"0.0.0.0", "10.0.0.1"}, "10.0.0.1"},
		{[]string{"", "::", "node.example"}, "node.example"},
		{[]string{"127.0.1.11"}, "127.0.1.11"}, // the embedded cluster's
		{[]string{"0.0.0.0", ""}, ""},
	} {
		require.Equal(t, c.want, firstUsable(c.in...))
	}
}

func TestSources(t *testing.T) {
	_, err := sources(roster.Cluster{Sim: "class"})
	failure(t, err, "config", "sim_not_up")
	list, err := sources(roster.Cluster{Endpoints: []string{"tcp://a", "tcp://b", "tcp://a"}, TLS: &roster.TLS{CA: "ca.pem"}})
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, "ca.pem", list[1].tls.ca)
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"unix:///var/run/docker.sock", "tcp://[::1]:2375", "ssh://u@h:22/s", "tcp://%zz", "://"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := parseAddress(s, false)
		if err == nil {
			require.True(t, l.socket != "" || l.host != "", s)
		}
	})
}
