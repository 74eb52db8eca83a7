package judge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// asService lets the HAProxy of a world run as a swarm service, its
// configuration a swarm config if source says so.
func asService(w *world, source string) {
	px := &w.proxies[0]
	px.Kind, px.ID, px.ImageID, px.Hostname = "service", "svc-haproxy-01", "", "manager-2"
	px.Files[0].Source = source
}

// TestHintsCanBeTyped: the commands in hints are right for what the student
// has, with every flag as Docker's client takes it.
func TestHintsCanBeTyped(t *testing.T) {
	const update = "docker service update "
	sourced := configured("balance roundrobin", "balance source")
	ports := func(list ...evidence.Port) func(*world) {
		return func(w *world) {
			w.both(func(s *evidence.Snapshot) { s.Services[0].Ports = list })
		}
	}
	for _, c := range []struct {
		name   string
		change func(w *world)
		check  string
		want   string
	}{
		{"published elsewhere", ports(evidence.Port{Protocol: "tcp", Target: 80, Published: 8100, Mode: "ingress"}), "published",
			update + "--publish-rm 80 --publish-add 8001:80 s01"},
		{"other port in host mode", ports(evidence.Port{Protocol: "tcp", Target: 80, Published: 8100, Mode: "host"}), "published",
			update + "--publish-rm published=8100,target=80,mode=host --publish-add 8001:80 s01"},
		{"host mode", ports(evidence.Port{Protocol: "tcp", Target: 8080, Published: 8001, Mode: "host"}), "published",
			update + "--publish-rm published=8001,target=8080,mode=host --publish-add published=8001,target=8080 s01"},
		{"over UDP", ports(evidence.Port{Protocol: "udp", Target: 53, Published: 8001, Mode: "ingress"}), "published",
			update + "--publish-rm 53/udp --publish-add 8001:80 s01"},
		{"wrong target", func(w *world) {
			ports(evidence.Port{Protocol: "tcp", Target: 8080, Published: 8001, Mode: "ingress"})(w)
			w.mesh = func(*world) source { return source{[]answer{failure("refused")}, cyclic(w.rng, 1)} }
		}, "mesh", update + "--publish-rm 8080 --publish-add 8001:80 s01"},
		{"constraints", func(w *world) {
			w.both(func(s *evidence.Snapshot) {
				s.Services[0].Constraints = []string{"node.labels.x == it's", "node.role!=worker"}
				for i := range s.Tasks {
					s.Tasks[i].NodeID = "node-1"
				}
			})
		}, "nodes", update + `--constraint-rm 'node.labels.x == it'\''s' --constraint-rm 'node.role!=worker' s01`},
		{"container", sourced, "haproxy-balance", "\n$ docker restart haproxy-01"},
		{"service with a file", func(w *world) { sourced(w); asService(w, "archive") }, "haproxy-balance",
			update + "--force haproxy-01"},
		{"service with a swarm config", func(w *world) { sourced(w); asService(w, "config:hacfg") }, "haproxy-balance",
			"docker config create hacfg-new haproxy.cfg\n$ docker service update --config-rm hacfg --config-add " +
				"source=hacfg-new,target=/usr/local/etc/haproxy/haproxy.cfg haproxy-01"},
		{"service not published", func(w *world) { asService(w, "archive"); w.proxies[0].Publishes = nil }, "haproxy-port",
			update + "--publish-add 9001:9001 haproxy-01"},
		{"service misnamed", func(w *world) {
			asService(w, "archive")
			w.proxies[0].Name, w.proxies[0].Matched = "haproxy_01", "name-similar"
		}, "haproxy", "docker service rm haproxy_01\n$ docker service create --name haproxy-01"},
		{"service that stopped", func(w *world) { asService(w, "archive"); w.proxies[0].State = "failed" }, "haproxy-running",
			"docker service logs --tail 20 haproxy-01"},
		{"directory", func(w *world) {
			w.proxies[0].Mounts = []evidence.Mount{{Type: "bind", Source: "/home/li/ha", Target: "/usr/local/etc/haproxy"}}
			w.proxies[0].Files[0].Error, w.proxies[0].Files[0].Text = "directory", ""
		}, "haproxy-config", "/home/li/ha/haproxy.cfg"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(loadRubric(t), 3, 5)
			c.change(w)
			v := w.verdicts()["task2."+c.check]
			require.Contains(t, i18n.EN.Text(v.Hint), c.want, "%s: %s", v.Outcome, i18n.EN.Text(v.Message))
			require.Contains(t, i18n.ZH.Text(v.Hint), firstWords(c.want))
		})
	}
}

// TestToDNSRRHint: a service that publishes through the mesh gives that up in
// the same step, each port by the container's.
func TestToDNSRRHint(t *testing.T) {
	w := dnsrr(t, 3)
	w.both(func(s *evidence.Snapshot) {
		s.Services[0].EndpointMode = "vip"
		s.Services[0].Ports = []evidence.Port{
			{Protocol: "tcp", Target: 80, Published: 8001, Mode: "ingress"},
			{Protocol: "tcp", Target: 80, Published: 8101, Mode: "ingress"},
			{Protocol: "tcp", Target: 8080, Published: 8201, Mode: "ingress"},
			{Protocol: "tcp", Target: 81, Published: 8301, Mode: "host"},
		}
	})
	for _, lang := range i18n.Langs {
		require.Contains(t, lang.Text(w.task3()["dnsrr"].Hint),
			"docker service update --publish-rm 80 --publish-rm 8080 --endpoint-mode dnsrr s01")
	}
}

// firstWords are a command's first two, which no language changes.
func firstWords(command string) string {
	n := 0
	for i, r := range command {
		if r == ' ' {
			if n++; n == 2 {
				return command[:i]
			}
		}
	}
	return command
}
