package check_test

import (
	"testing"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

func TestHAProxyPort(t *testing.T) {
	publishes := func(list ...evidence.ContainerPort) func(d *deployment) {
		return func(d *deployment) { d.px().Publishes, d.snap.Containers[0].Ports = list, list }
	}
	port := func(public, private int) evidence.ContainerPort {
		return evidence.ContainerPort{IP: "0.0.0.0", Public: public, Private: private, Protocol: "tcp"}
	}
	edit := func(old, by string) func(d *deployment) { return func(d *deployment) { d.edit(old, by) } }
	host := func(d *deployment) { publishes()(d); d.px().HostNetwork = true }
	both := func(changes ...func(d *deployment)) func(d *deployment) {
		return func(d *deployment) {
			for _, c := range changes {
				c(d)
			}
		}
	}
	requireKind(t, "haproxy-port", viaNodes, rubric.Credit{}, []kase{
		{"as asked", "", nil, pass("check.bind_ok").saw("published", []string{"9001->9001"}).asked("port", "9001")},
		{"at another port inside", "", both(publishes(port(9001, 80)), edit("*:9001", "*:80")), pass("check.bind_ok")},
		{"at the port that may stand in its place", "or: [visited]", publishes(port(10001, 9001)), pass("check.bind_ok").asked("port", "10001")},
		{"at both", "name: lb, port: gate, or: [gate2]", both((*deployment).otherVars, publishes(port(9001, 9001), port(10001, 9001))), pass("check.bind_ok").asked("port", "9001")},
		{"on the host's network", "", host, pass("check.bind_ok").saw("host_network", true)},
		{"as a service", "", isService, pass("check.bind_ok")},
		{"on IPv6 and IPv4", "", edit("*:9001", ":::9001 v4v6"), pass("check.bind_ok")},
		{"by a condition only", "", edit("default_backend servers", "use_backend servers if { path_beg / }"), pass("check.bind_ok")},

		{"ran none", "", (*deployment).noProxy, fail("check.proxy_none")},
		{"published nothing", "", publishes(), fail("check.bind_none_published").saw("published", []string{})},
		{"published another port", "", publishes(port(9010, 9001)), fail("check.bind_not_published").saw("published", []string{"9010->9001"})},
		{"published the port of the other task", "", publishes(port(10001, 9001)), fail("check.bind_not_published").says("port", "9001")},
		{"published over UDP", "", publishes(evidence.ContainerPort{Public: 9001, Private: 9001, Protocol: "udp"}), fail("check.bind_not_published").says("published", []string{"9001->9001/udp"})},
		{"published on this machine only", "", publishes(evidence.ContainerPort{IP: "127.0.0.1", Public: 9001, Private: 9001, Protocol: "tcp"}), fail("check.bind_published_local")},
		{"a classmate has the port", "", both(publishes(), heldBy), fail("check.bind_port_held").says("holder", "check.held_by_service")},
		{"another container has the port", "", both(publishes(), func(d *deployment) {
			d.snap.Containers = append(d.snap.Containers, evidence.Container{
				NodeID: "node-1", ID: hexID("other"), Names: []string{"other"}, State: "running", Ports: []evidence.ContainerPort{port(9001, 80)},
			})
		}), fail("check.bind_port_held").says("holder", "check.held_by_container")},
		{"published their own service there as well", "", both(host, func(d *deployment) {
			d.svc().Ports = append(d.svc().Ports, evidence.Port{Protocol: "tcp", Target: 80, Published: 9001, Mode: "ingress"})
		}), fail("check.bind_taken").saw("service", "s01")},
		{"listens on another port", "", edit("*:9001", "*:80"), fail("check.bind_elsewhere").says("private", 9001).saw("binds", []string{"*:80"})},
		{"listens to itself only", "", edit("*:9001", "127.0.0.1:9001"), fail("check.bind_elsewhere")},
		{"listens on IPv6 only", "", edit("*:9001", ":::9001 v6only"), fail("check.bind_elsewhere")},
		{"leads to no backend, which other checks say", "", edit("    default_backend servers\n", ""), pass("check.bind_ok")},

		{"none seen, and could not be read", "", func(d *deployment) { d.noProxy(); d.gap("proxy/haproxy-01", "timeout") }, open("check.config_unread")},
	})
	requireRefused(t, "haproxy-port", map[string][]string{
		"port: bind": {"port check.param_no_var"}, "or: [visited, nowhere, gone]": {"or check.param_no_var", "or check.param_no_var"},
	})
}
