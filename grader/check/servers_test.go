package check_test

import (
	"strings"
	"testing"

	"swarmgrade/grader/evidence"
)

// servers gives the first backend these lines in place of its servers.
func servers(lines ...string) func(d *deployment) {
	return func(d *deployment) {
		text := d.px().Files[0].Text
		head, _, _ := strings.Cut(text, "    server ")
		if len(lines) > 0 {
			head += "    " + strings.Join(lines, "\n    ") + "\n"
		}
		d.configure(head)
	}
}

func TestHAProxyServers(t *testing.T) {
	const n1, n2, n3 = "server n1 172.30.0.11:8001 check", "server n2 172.30.0.12:8001 check", "server n3 172.30.0.13:8001 check"
	all := []string{"manager-1", "manager-2", "manager-3"}
	const three = "target: published, at_least: 3"
	host := func(change func(d *deployment)) func(d *deployment) {
		return func(d *deployment) { change(d); d.px().HostNetwork = true }
	}
	requireKind(t, "haproxy-servers", viaNodes, perUnit, []kase{
		{"three nodes", three, nil, pass("check.servers_ok").saw("nodes", all).asked("port", "8001")},
		{"by host name", three, servers("server a manager-1:8001", "server b manager-2:8001", "server c MANAGER-3:8001"), pass("check.servers_ok").saw("nodes", all)},
		{"by names of --add-host", three, func(d *deployment) {
			servers("server a one:8001", n2, n3)(d)
			d.px().ExtraHosts = []string{"one:172.30.0.11"}
		}, pass("check.servers_ok")},
		{"two of two", "target: published, at_least: 2", servers(n1, n2), pass("check.servers_ok").asked("nodes_at_least", 2)},
		{"as many as the swarm has", "target: published, at_least: 9", nil, pass("check.servers_ok").asked("nodes_at_least", 3)},
		{"two, the third node being down", three, func(d *deployment) { servers(n1, n2)(d); d.snap.Nodes[2].State = "down" }, pass("check.servers_ok").asked("nodes_at_least", 2)},
		{"under other variables", "name: lb, port: gate, target: door, at_least: 3", (*deployment).otherVars, pass("check.servers_ok")},
		{"the port of another variable", "target: nn, at_least: 1", func(d *deployment) {
			d.vars["nn"] = "8111"
			servers("server a 172.30.0.11:8111")(d)
		}, pass("check.servers_ok").asked("port", "8111")},
		{"its own node by the host's loopback", three, host(servers("server a 127.0.0.1:8001", n2, n3)), pass("check.servers_ok").saw("nodes", all)},
		{"one more as a backup", three, servers(n1, n2, n3, "server spare 192.0.2.1:80 backup"), pass("check.servers_ok")},

		{"ran none", three, (*deployment).noProxy, fail("check.proxy_none")},
		{"listed one node", three, servers(n1), partial("check.servers_few", "3.33").says("have", 1)},
		{"listed one of two", "target: published, at_least: 2", servers(n3), partial("check.servers_few", "5")},
		{"listed none", three, servers(), fail("check.servers_none")},
		{"a classmate's port in one line", three, servers(n1, n2, "server n3 172.30.0.13:8002 check"), partial("check.servers_wrong", "6.66").says("why", "check.server_foreign")},
		{"the containers' port", three, servers("server n1 172.30.0.11:80", "server n2 172.30.0.12:80", "server n3 172.30.0.13:80"), fail("check.servers_wrong").says("why", "check.server_port").saw("wrong", 3)},
		{"HAProxy's own address for a node", three, servers("server n1 127.0.0.1:8001", n2, n3), partial("check.servers_wrong", "6.66").says("why", "check.server_local")},
		{"the handout's example address", three, servers(n1, n2, n3, "server n4 192.168.1.10:8001"), partial("check.servers_wrong", "7.5").says("why", "check.server_stranger")},
		{"a container's own address", three, servers("server c 10.0.0.11:80", n2, n3), partial("check.servers_wrong", "6.66").says("why", "check.server_direct")},
		{"one node as a backup", three, servers(n1, n2, n3+" backup"), partial("check.servers_wrong", "6.66").says("why", "check.server_backup")},
		{"all as backups that all stand in", three, servers(n1+" backup", n2+" backup", n3+" backup", "option allbackups"), pass("check.servers_ok").saw("nodes", all)},
		{"all as backups, of which the first stands in", three, servers(n1+" backup", n2+" backup", n3+" backup"), fail("check.servers_wrong").says("why", "check.server_backup")},
		{"two as backups that stand in for the third", three, servers(n1, n2+" backup", n3+" backup", "option allbackups"), partial("check.servers_wrong", "3.33").says("why", "check.server_backup")},
		{"one node disabled", three, servers(n1, n2, n3+" disabled"), partial("check.servers_wrong", "6.66").says("why", "check.server_disabled")},
		{"one node twice", three, servers(n1, n2, "server n3 172.30.0.12:8001 check"), partial("check.servers_again", "6.66").says("have", 2)},
		{"a template of one node", three, servers("server-template n 3 172.30.0.11:8001 check"), partial("check.servers_several", "3.33").says("have", 1)},

		{"could not be read", three, func(d *deployment) { d.noProxy(); d.gap("proxy/haproxy-01", "timeout") }, open("check.config_unread")},
		{"the list of nodes was cut", three, func(d *deployment) {
			d.snap.Gaps = []evidence.Gap{{What: "nodes", Code: "too-large", Detail: "5000"}}
		}, open("check.cut_list").says("what", "check.cut_nodes")},
	})
	requireRefused(t, "haproxy-servers", map[string][]string{
		"target: published, at_least: 0": {"at_least check.param_count"},
		"target: 8001, at_least: 1001":   {"target check.param_no_var", "at_least check.param_count"},
		"target: door, at_least: 1":      nil,
	})
}
