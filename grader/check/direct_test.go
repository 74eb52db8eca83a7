package check_test

import (
	"testing"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

func TestDirect(t *testing.T) {
	// seen has every container show where its requests came from.
	seen := func(clients ...string) func(d *deployment) {
		return func(d *deployment) {
			d.haproxy = d.shares(each)
			for i := range d.haproxy {
				d.haproxy[i].Clients = clients
			}
		}
	}
	both := func(changes ...func(d *deployment)) func(d *deployment) {
		return func(d *deployment) {
			for _, c := range changes {
				c(d)
			}
		}
	}
	published := func(d *deployment) {
		d.svc().Ports = []evidence.Port{{Protocol: "tcp", Target: 80, Published: 8001, Mode: "host"}}
	}
	virtual := func(d *deployment) {
		d.svc().EndpointMode, d.svc().VIPs = "vip", []evidence.VIP{{NetworkID: ownNet, Address: "10.0.7.2/24"}}
	}
	beside := func(d *deployment) {
		d.snap.Containers = append(d.snap.Containers, evidence.Container{
			NodeID: "node-2", ID: hexID("relay"), Names: []string{"relay"}, State: "running", Networks: []evidence.ContainerNetwork{{NetworkID: ownNet, Address: "10.0.7.60"}},
		})
	}
	through := func(key, how string) want { return fail(key).saw("through", how) }
	requireKind(t, "direct", viaTasks, rubric.Credit{}, []kase{
		{"as the containers see it", "", seen(haproxyIP), pass("check.direct_ok").saw("clients", []string{haproxyIP}).asked("clients", []string{haproxyIP})},
		{"from a HAProxy with two addresses", "", both(seen(haproxyIP, "10.0.8.9"), func(d *deployment) {
			d.px().Networks = append(d.px().Networks, evidence.ContainerNetwork{Name: "more", Address: "10.0.8.9"})
		}), pass("check.direct_ok")},
		{"though a port is published too", "", both(published, seen(haproxyIP)), pass("check.direct_ok")},
		{"there being no other way", "", nil, pass("check.direct_only")},
		{"by the configuration, where pages don't tell", "", published, pass("check.direct_config")},
		{"by the configuration, at another port", "target: 8080", both(published, func(d *deployment) { d.edit(":80 check", ":8080 check") }), pass("check.direct_config")},
		{"under other variables", "service: web, network: lan, name: lb, port: gate", both((*deployment).otherVars, seen(haproxyIP)), pass("check.direct_ok")},

		{"made no service", "", (*deployment).noService, fail("check.service_none")},
		{"ran no HAProxy", "", (*deployment).noProxy, fail("check.proxy_none")},
		{"through the routing mesh", "", both(published, seen("10.0.0.4")), through("check.direct_mesh", "mesh")},
		{"through the virtual address", "", both(virtual, seen("10.0.7.8")), through("check.direct_vip", "vip")},
		{"through a port of the nodes", "", both(published, seen("172.18.0.1")), through("check.direct_port", "port")},
		{"through a container of their own", "", both(beside, seen("10.0.7.60")), through("check.direct_container", "container")},
		{"through something else", "", seen("192.0.2.7"), through("check.direct_other", "other")},
		{"at times through the mesh", "", both(published, seen(haproxyIP, "10.0.0.4")), through("check.direct_mesh", "mesh")},
		{"nodes in the configuration, where pages don't tell", "", both(published, servers("server n1 172.30.0.11:8001")), fail("check.servers_wrong").saw("why", "node")},
		{"the wrong port in it, where pages don't tell", "target: 8080", published, fail("check.servers_wrong").saw("why", "port")},
		{"nobody of theirs answers", "", func(d *deployment) { d.haproxy = []reply{failed("http-503", 60)} }, fail("check.direct_none")},
		{"a classmate answers", "", func(d *deployment) { d.haproxy = []reply{d.classmate(60)} }, fail("check.direct_none")},

		{"could not be reached by us", "", func(d *deployment) { d.gap("load/haproxy", "timeout") }, open("check.load_gap")},
		{"no load at all", "", func(d *deployment) { d.idle = true }, open("check.load_none")},
		{"could not be read", "", func(d *deployment) { d.noProxy(); d.gap("proxy/haproxy-01", "timeout") }, open("check.config_unread")},
	})
	requireRefused(t, "direct", map[string][]string{
		"target: 0": {"target check.param_port"}, "service: s": {"service check.param_no_var"},
	})
}
