package judge_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// typedOf are the commands of a hint.
func typedOf(hint i18n.Msg) string {
	var out []string
	for _, l := range i18n.EN.Lines(hint) {
		if command, ok := strings.CutPrefix(l, i18n.CommandMark); ok {
			out = append(out, command)
		}
	}
	return strings.Join(out, "\n")
}

// refused is a HAProxy whose port another has.
func refused(w *world) {
	px := &w.proxies[0]
	px.State, px.ExitCode = "created", 128
	px.Error = "failed to bind port 0.0.0.0:9001/tcp: listen tcp4 0.0.0.0:9001: bind: address already in use"
}

func ingress(published, target int) evidence.Port {
	return evidence.Port{Protocol: "tcp", Target: target, Published: published, Mode: "ingress"}
}

// TestPortIsHeld: who has HAProxy's port is named, and gives it up without losing
// what should stay. "docker service update" takes back all ports of a target, and
// adds none in the same command that was there before.
func TestPortIsHeld(t *testing.T) {
	publishes := func(service int, ports ...evidence.Port) func(*world) {
		return func(w *world) {
			refused(w)
			w.both(func(s *evidence.Snapshot) { s.Services[service].Ports = ports })
		}
	}
	const start = "docker start haproxy-01"
	for name, tt := range map[string]struct {
		change func(*world)
		typed  string
		said   string
	}{
		"own service": {publishes(0, ingress(8001, 80), ingress(9001, 80)),
			"docker service update --publish-rm 80 s01\ndocker service update --publish-add published=8001,target=80 s01\n" + start,
			"already taken by service s01"},
		"own service, from another port": {publishes(0, ingress(8001, 80), ingress(9001, 8080)),
			"docker service update --publish-rm 8080 s01\ndocker service update --publish-add published=8001,target=8080 s01\n" + start, "service s01"},
		"own service, in host mode": {publishes(0, ingress(8001, 80), evidence.Port{Protocol: "tcp", Target: 80, Published: 9001, Mode: "host"}),
			"docker service update --publish-rm published=9001,target=80,mode=host s01\n" + start, "service s01"},
		"another student's": {publishes(1, ingress(8002, 80), ingress(9001, 80)), "", "service s02"},
		"a service of nobody's": {func(w *world) {
			publishes(1, ingress(9001, 8404), ingress(9901, 8404))(w)
			w.both(func(s *evidence.Snapshot) { s.Services[1].Env, s.Services[1].Name = nil, "old" })
		}, "docker service update --publish-rm 8404 old\ndocker service update --publish-add published=9901,target=8404 old\n" + start, "service old"},
		"a container": {func(w *world) {
			refused(w)
			w.both(func(s *evidence.Snapshot) {
				c := s.Containers[0]
				c.ID, c.Names = hexID("web"), []string{"web"}
				s.Containers = append(s.Containers, c)
				s.Containers[0].Ports = nil
			})
		}, "docker rm -f web\n" + start, "container web"},
		"a program": {refused, "ss -ltnp\n" + start, "another container or program"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(loadRubric(t), 3, 5)
			tt.change(w)
			v := w.verdicts()["task2.haproxy-running"]
			require.Equal(t, "check.proxy_stopped_why", v.Message.Key)
			require.Contains(t, i18n.EN.Text(v.Message), tt.said)
			require.Equal(t, tt.typed, typedOf(v.Hint), i18n.EN.Text(v.Hint))
		})
	}
}

// A HAProxy that asks for the service's own port, too, is run without it.
func TestHAProxyAsksForTheServicesPort(t *testing.T) {
	w := newWorld(loadRubric(t), 3, 5)
	refused(w)
	w.proxies[0].Publishes = []evidence.ContainerPort{{Private: 9001, Public: 8001, Protocol: "tcp"}}
	for _, check := range []string{"haproxy-running", "haproxy-port"} {
		typed := typedOf(w.verdicts()["task2."+check].Hint)
		require.Contains(t, typed, "docker rm -f haproxy-01\ndocker run -d --name haproxy-01 ")
		require.Contains(t, typed, " -p 9001:9001 ")
		require.NotContains(t, typed, "8001:")
	}
}

func TestHAProxyServicePublishesNothing(t *testing.T) {
	w := newWorld(loadRubric(t), 3, 5)
	asService(w, "archive")
	w.proxies[0].Publishes = nil
	v := w.verdicts()["task2.haproxy-port"]
	require.Equal(t, "haproxy-01 does not publish port 9001, or any other", i18n.EN.Text(v.Message))

	w.both(func(s *evidence.Snapshot) {
		s.Services[0].Ports = []evidence.Port{ingress(9001, 80), ingress(8001, 80)}
	})
	v = w.verdicts()["task2.haproxy-port"]
	require.Equal(t, "haproxy-01 does not publish port 9001, which service s01 has", i18n.EN.Text(v.Message))
	require.Equal(t, "docker service update --publish-rm 80 s01\ndocker service update --publish-add published=8001,target=80 s01\n"+
		"docker service update --publish-add 9001:9001 haproxy-01", typedOf(v.Hint))

	w.proxies = nil
	typed := typedOf(w.verdicts()["task2.haproxy"].Hint)
	require.True(t, strings.HasPrefix(typed, "docker service update --publish-rm 80 s01\n"), typed)
	require.Contains(t, typed, "docker run -d --name haproxy-01 ")
}
