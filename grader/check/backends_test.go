package check_test

import (
	"strings"
	"testing"

	"swarmgrade/grader/evidence"
)

const (
	web1 = "server web1 10.0.7.11:80 check"
	web2 = "server web2 10.0.7.12:80 check"
	web3 = "server web3 10.0.7.13:80 check"
)

func TestHAProxyBackends(t *testing.T) {
	// only has so many of the tasks answer through HAProxy.
	only := func(lines func(d *deployment), counts ...int) func(d *deployment) {
		return func(d *deployment) { lines(d); d.haproxy = d.shares(counts...) }
	}
	third := func(line string) func(d *deployment) { return servers(web1, web2, line) }
	wrong := func(why string) want { return partial("check.servers_wrong", "5").saw("why", why).saw("wrong", 1) }
	named := servers("server web1 s01:80 check", "server web2 s01:80 check", "server web3 s01:80 check")
	template := func(slots string) func(d *deployment) {
		return servers("server-template web " + slots + " tasks.s01:80 check resolvers docker init-addr none")
	}
	// computed leads to a backend by a computed name; a second one has other servers.
	computed := func(line, or string, second ...string) func(d *deployment) {
		return func(d *deployment) {
			d.edit("    default_backend tasks\n", "    "+line+"\n    "+or+"\n")
			if len(second) > 0 {
				d.configure(d.px().Files[0].Text + "backend tasks2\n    " + strings.Join(second, "\n    ") + "\n")
			}
		}
	}
	requireKind(t, "haproxy-backends", viaTasks, perUnit, []kase{
		{"every task by its address", "", nil, pass("check.backends_ok").saw("tasks_covered", 3).saw("follows", "static").asked("port", 80)},
		{"by --add-host", "", func(d *deployment) {
			third("server web3 three:80")(d)
			d.px().ExtraHosts = []string{"three:10.0.7.13"}
		}, pass("check.backends_ok")},
		{"by the containers' names", "", third("server web3 s01.3.task-s01.3:80"), pass("check.backends_ok")},
		{"by a template that follows the name", "", template("3"), pass("check.backends_follow").saw("follows", "resolvers")},
		{"by a template with slots to spare", "", template("10"), pass("check.backends_follow")},
		{"by a template, as is asked for", "follow: true", template("10"), pass("check.backends_follow")},
		{"by addresses, though they are to be followed", "follow: true", nil, partial("check.backends_fixed", "5").saw("follows", "static")},
		{"looked up once, though they are to be followed", "follow: true", named, partial("check.backends_asked_once", "5")},
		{"by the service's own name, looked up once", "", named, pass("check.backends_ok").saw("follows", "at-start")},
		{"by an alias of the service", "", func(d *deployment) {
			d.svc().Aliases = []string{"shop"}
			servers("server-template web 3 shop:80 check resolvers docker")(d)
		}, pass("check.backends_follow")},
		{"with a backup to spare", "", servers(web1, web2, web3, "server old 10.0.7.99:80 backup", "server off 192.0.2.1:1 disabled"), pass("check.backends_ok")},
		{"addresses that swarm made wrong", "", failover, pass("check.backends_moved").saw("moved", 1).says("node", "manager-3")},
		{"another port of the containers'", "target: 8080", func(d *deployment) { d.edit(":80 check", ":8080 check") }, pass("check.backends_ok").asked("port", 8080)},
		{"under other variables", "service: web, network: lan, name: lb, port: gate, or: [gate2]", (*deployment).otherVars, pass("check.backends_ok")},

		{"made no service", "", (*deployment).noService, fail("check.service_none")},
		{"ran no HAProxy", "", (*deployment).noProxy, fail("check.proxy_none")},
		{"listed two of three", "", servers(web1, web2), partial("check.backends_few", "6.66").says("addresses", []string{"10.0.7.13"})},
		{"listed two of three, in a run that was not finished", "", func(d *deployment) { d.brief = true; servers(web1, web2)(d) }, partial("check.backends_few", "6.66")},
		{"listed none", "", servers(), fail("check.servers_none")},
		{"listed one twice", "", third("server web3 10.0.7.12:80"), partial("check.backends_again", "6.66").says("missing", 1)},
		{"a template of one address", "", servers("server-template web 3 10.0.7.11:80"), partial("check.backends_several", "3.33").says("missing", 2)},
		{"a template with too few slots", "", only(template("2"), each, each, 0), partial("check.backends_slots", "6.66").says("slots", 2)},
		{"looked the name up once, and got one address twice", "", only(named, each, each, 0), partial("check.backends_once", "6.66").says("missing", 1)},
		{"one server by name, looked up once", "", only(servers("server web s01:80"), each, 0, 0), partial("check.backends_once", "3.33")},
		{"a node's address", "", third("server web3 172.30.0.13:80"), wrong("node")},
		{"the published port of the other task", "", third("server web3 10.0.7.13:8001"), wrong("port")},
		{"the usual port, where another is asked for", "target: 8080", nil, fail("check.servers_wrong").saw("wrong", 3).saw("why", "port")},
		{"no port", "", third("server web3 10.0.7.13"), wrong("port")},
		{"a classmate's task", "", func(d *deployment) {
			tasksOf(d.snap, "svc-s02")[0].Addresses[0] = evidence.TaskAddress{NetworkID: ownNet, Address: "10.0.7.50/24"}
			third("server web3 10.0.7.50:80")(d)
		}, wrong("foreign")},
		{"a classmate's service by name", "", third("server web3 tasks.s02:80"), wrong("foreign")},
		{"an address that nobody has", "", third("server web3 10.0.7.77:80"), wrong("nobody")},
		{"the handout's example address", "", third("server web3 10.0.1.5:80"), wrong("outside")},
		{"HAProxy's own address", "", third("server web3 10.0.7.9:80"), wrong("self")},
		{"itself", "", third("server web3 localhost:80"), wrong("local")},
		{"a name that nobody has", "", third("server web3 web:80"), wrong("name")},
		{"a container that is no task", "", func(d *deployment) {
			d.snap.Containers = append(d.snap.Containers, evidence.Container{
				NodeID: "node-1", ID: hexID("c"), Names: []string{"whoami"}, State: "running", Networks: []evidence.ContainerNetwork{{NetworkID: ownNet, Address: "10.0.7.60"}},
			})
			third("server web3 10.0.7.60:80")(d)
		}, wrong("container")},
		{"an address from before their own update", "", func(d *deployment) {
			failover(d)
			d.snap.Nodes[2].State = "ready"
			d.svc().UpdateState, d.svc().Updated = "completed", "2024-11-20T09:31:00Z"
			d.snap.Tasks[2].State = "shutdown"
		}, wrong("stale")},
		{"the service's name in VIP mode", "", func(d *deployment) {
			d.svc().EndpointMode, d.svc().VIPs = "vip", []evidence.VIP{{NetworkID: ownNet, Address: "10.0.7.2/24"}}
			servers("server web s01:80")(d)
		}, fail("check.servers_wrong").saw("why", "vip")},
		{"the virtual address", "", func(d *deployment) {
			d.svc().EndpointMode, d.svc().VIPs = "vip", []evidence.VIP{{NetworkID: ownNet, Address: "10.0.7.2/24"}}
			third("server web3 10.0.7.2:80")(d)
		}, wrong("vip")},

		{"by a computed name that only one backend has", "", computed("use_backend ta%[path,field(9,/)]", ""), pass("check.backends_ok")},
		{"by one that none has, so that the default serves", "", computed("use_backend no-%[src]", "default_backend tasks"), pass("check.backends_ok")},
		{"by a computed name of backends that are both right", "", computed("use_backend %[req.hdr(host)]", "", web1, web2, web3), pass("check.backends_ok")},
		{"by one of a backend that is right and one that is not", "", computed("use_backend %[req.hdr(host)]", "", web1), open("check.backend_computed").says("line", 5).says("backends", []string{"tasks", "tasks2"})},
		{"or the default", "", computed("use_backend %[src]2", "default_backend tasks", web1), open("check.backend_computed")},
		{"by one of two that are both too few", "", func(d *deployment) {
			computed("use_backend %[src]", "", web1)(d)
			d.edit("    "+web3+"\n", "")
		}, partial("check.backends_few", "6.66")},
		{"computed, but for no request of the load", "", computed("use_backend %[src] if METH_POST", "default_backend tasks", web1), pass("check.backends_ok")},
		{"computed, and no backend has such a name", "", computed("use_backend no-%[src]", ""), fail("check.servers_none")},
		{"tasks came and went", "", func(d *deployment) { servers(web1, web2)(d); restless(d) }, open("check.unstable")},
		{"could not be read", "", func(d *deployment) { d.noProxy(); d.gap("proxy/haproxy-01", "timeout") }, open("check.config_unread")},
	})
	requireRefused(t, "haproxy-backends", map[string][]string{
		"target: 0":                    {"target check.param_port"},
		"target: 65536, network: net":  {"network check.param_no_var", "target check.param_port"},
		"service: web, target: 65535":  nil,
		"service: s, or: [x], name: n": {"name check.param_no_var", "or check.param_no_var", "service check.param_no_var"},
	})
}
