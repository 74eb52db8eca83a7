package judge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
)

// What stands under a HAProxy's name, with a good configuration, and runs
// something else.
func TestStandIns(t *testing.T) {
	runs := func(image string, argv ...string) func(*world) {
		return func(w *world) { w.proxies[0].Image, w.proxies[0].Command = image, argv }
	}
	silent := func(w *world) {
		w.haproxy = func(*world) source { return source{who: []answer{failure("reset")}, next: func() int { return 0 }} }
	}
	host := func(w *world) { w.proxies[0].HostNetwork, w.proxies[0].Publishes = true, nil }
	version := func(w *world) { w.proxies[0].Version = "2.6.12" }
	page := func(w *world) { w.proxies[0].Page = &evidence.Page{} }
	both := func(w *world) {
		for _, s := range []*evidence.Snapshot{w.before, w.after} {
			s.Services[0].Ports = append(s.Services[0].Ports, evidence.Port{Protocol: "tcp", Target: 80, Published: 9001, Mode: "ingress"})
		}
	}
	all := func(changes ...func(*world)) func(*world) {
		return func(w *world) {
			for _, c := range changes {
				c(w)
			}
		}
	}
	haproxy := runs("haproxy:latest", "docker-entrypoint.sh", "haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg")
	for name, c := range map[string]struct {
		change                 func(*world)
		running, config, ports check.Outcome
		why                    string
	}{
		"an idle box":                         {all(runs("busybox", "sh"), silent), check.Fail, check.Fail, check.Blocked, "check.proxy_other"},
		"the lab's own image":                 {all(runs("whoami-for-swarm", "/whoami"), silent), check.Fail, check.Fail, check.Blocked, "check.proxy_other"},
		"HAProxy's image, asleep":             {all(runs("haproxy", "docker-entrypoint.sh", "sleep", "9999"), version, silent), check.Fail, check.Fail, check.Blocked, "check.proxy_other"},
		"another balancer, which answers":     {runs("nginx", "/docker-entrypoint.sh", "nginx", "-g", "daemon off;"), check.Ungraded, check.Ungraded, check.Ungraded, "check.proxy_other_open"},
		"a script in an image of HAProxy's":   {all(runs("mine/lb", "docker-entrypoint.sh", "/start.sh"), version), check.Pass, check.Pass, check.Pass, ""},
		"a script, with a statistics page":    {all(runs("mine/lb", "/start.sh"), page), check.Pass, check.Pass, check.Pass, ""},
		"an idle box, and the service's port": {all(runs("busybox", "sh"), host, both), check.Fail, check.Fail, check.Blocked, "check.proxy_other"},
		"asleep, and the service's port":      {all(runs("haproxy", "docker-entrypoint.sh", "sleep", "1"), version, host, both), check.Fail, check.Fail, check.Blocked, "check.proxy_other"},
		"an idle box, and who answers?":       {all(runs("busybox", "sh"), version, host), check.Ungraded, check.Ungraded, check.Ungraded, "check.proxy_other_open"},
		"HAProxy, and the service's port":     {all(haproxy, host, both), check.Pass, check.Pass, check.Fail, ""},
		"HAProxy on the host's network":       {all(haproxy, host), check.Pass, check.Pass, check.Pass, ""},
		"evidence of before commands":         {runs("busybox"), check.Pass, check.Pass, check.Pass, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(loadRubric(t), 3, 42)
			c.change(w)
			got := w.verdicts()
			require.Equal(t, c.running, got["task2.haproxy-running"].Outcome)
			require.Equal(t, c.config, got["task2.haproxy-config"].Outcome)
			require.Equal(t, c.ports, got["task2.haproxy-port"].Outcome)
			if c.why != "" {
				require.Equal(t, c.why, got["task2.haproxy-running"].Message.Key)
			}
			if c.ports == check.Fail {
				require.Equal(t, "check.bind_taken", got["task2.haproxy-port"].Message.Key)
			}
			if hint := typedOf(got["task2.haproxy-running"].Hint); c.running == check.Fail && len(w.before.Services[0].Ports) > 1 {
				require.Equal(t, "docker service update --publish-rm 80 s01\ndocker service update --publish-add published=8001,target=80 s01\n"+
					"mkdir -p /srv/haproxy-01\ndocker cp haproxy-01:/usr/local/etc/haproxy/haproxy.cfg /srv/haproxy-01/haproxy.cfg\n"+
					"docker rm -f haproxy-01\ndocker run -d --name haproxy-01 -v /srv/haproxy-01/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg -p 9001:9001 haproxy", hint)
			}
			requireReadable(t, got["task2.haproxy-running"])
			requireReadable(t, got["task2.haproxy-port"])
		})
	}
}
