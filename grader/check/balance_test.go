package check_test

import (
	"testing"

	"swarmgrade/grader/rubric"
)

func TestHAProxyBalance(t *testing.T) {
	balance := func(line string) func(d *deployment) {
		return func(d *deployment) { d.edit("    balance roundrobin\n", line) }
	}
	const any = "algorithms: [roundrobin, static-rr, leastconn, random]"
	edit := func(old, by string) func(d *deployment) { return func(d *deployment) { d.edit(old, by) } }
	const last = "172.30.0.13:8001 check"
	requireKind(t, "haproxy-balance", viaNodes, rubric.Credit{}, []kase{
		{"roundrobin", "", nil, pass("check.balance_ok").saw("algorithm", "roundrobin").asked("algorithms", []string{"roundrobin"})},
		{"leastconn, among others", any, balance("    balance leastconn\n"), pass("check.balance_ok").saw("algorithm", "leastconn")},
		{"source, where that is asked for", "algorithms: [source]", balance("    balance source\n"), pass("check.balance_ok").saw("algorithm", "source")},
		{"hdr, where that is asked for", "algorithms: [hdr]", balance("    balance hdr(X-User)\n"), pass("check.balance_ok").saw("algorithm", "hdr")},
		{"random with draws", "algorithms: [random]", balance("    balance random(2)\n"), pass("check.balance_ok")},
		{"by default, which takes turns", any, balance(""), pass("check.balance_default").saw("algorithm", "default")},
		{"by default, where one of its kind is asked for", "algorithms: [random, source]", balance(""), pass("check.balance_default")},
		{"from defaults", "", func(d *deployment) {
			balance("")(d)
			d.edit("mode http", "mode http\n    balance roundrobin")
		}, pass("check.balance_ok")},
		{"weights that are all alike", "", edit("check", "check weight 5"), pass("check.balance_ok")},
		{"a backup of another weight", "", edit(last, last+" weight 7 backup"), pass("check.balance_ok")},
		{"shared connections, straight to containers", "direct: true", balance("    balance roundrobin\n    http-reuse always\n"), pass("check.balance_ok")},
		{"under other variables", "name: lb, port: gate, or: [gate2]", (*deployment).otherVars, pass("check.balance_ok")},

		{"ran none", "", (*deployment).noProxy, fail("check.proxy_none")},
		{"source", any, balance("    balance source\n"), fail("check.balance_other").saw("algorithm", "source").saw("line", 7)},
		{"first", any, balance("    balance first\n"), fail("check.balance_other").says("algorithm", "first")},
		{"roundrobin, where leastconn is asked for", "algorithms: [leastconn]", nil, fail("check.balance_unlike").says("want", []string{"leastconn"})},
		{"by default, where leastconn is asked for", "algorithms: [leastconn]", balance(""), fail("check.balance_absent").saw("algorithm", "default").says("want", []string{"leastconn"})},
		{"by default, where source is asked for", "algorithms: [source, uri]", balance(""), fail("check.balance_absent").asked("algorithms", []string{"source", "uri"})},
		{"by first, where source is asked for", "algorithms: [source]", balance("    balance first\n"), fail("check.balance_unlike").says("algorithm", "first")},
		{"one of two backends by source", "", func(d *deployment) {
			d.edit("default_backend servers", "use_backend servers if { rand(2) 0 }\n    use_backend two if { rand(2) 1 }")
			d.configure(d.px().Files[0].Text + "backend two\n    balance source\n    server x 172.30.0.11:8001\n")
		}, fail("check.balance_other")},
		{"weights", "", edit(last, last+" weight 2"), fail("check.balance_weights").saw("bias", "weights").saw("line", 10)},
		{"weights, straight to containers", "direct: true", edit(last, last+" weight 2"), fail("check.balance_weights")},
		{"a cookie that nobody asked for", "", balance("    balance roundrobin\n    cookie SRV insert\n"), fail("check.balance_cookie").saw("line", 8)},
		{"a stick table", "", balance("    balance roundrobin\n    stick-table type ip size 1m\n    stick on src\n"), fail("check.balance_sticky").saw("bias", "sticky")},
		{"shared connections", "", balance("    balance roundrobin\n    http-reuse always\n"), fail("check.balance_reuse").saw("bias", "reuse")},
		{"leads to no backend", "", edit("    default_backend servers\n", ""), fail("check.bind_no_backend").saw("algorithm", nil)},

		{"could not be read", "", func(d *deployment) { d.noProxy(); d.gap("proxy/haproxy-01", "timeout") }, open("check.config_unread")},
	})
	requireRefused(t, "haproxy-balance", map[string][]string{
		"algorithms: []":                        {"algorithms check.param_empty"},
		"algorithms: [fastest, source, evenly]": {"algorithms check.param_algorithm", "algorithms check.param_algorithm"},
		"name: balancer":                        {"name check.param_no_var"},
		"algorithms: [uri, sticky]":             nil,
	})
}

func TestHAProxyHealth(t *testing.T) {
	edit := func(old, by string) func(d *deployment) { return func(d *deployment) { d.edit(old, by) } }
	requireKind(t, "haproxy-health", viaNodes, perUnit, []kase{
		{"each", "", nil, pass("check.health_ok").saw("servers", 3)},
		{"by default-server", "", func(d *deployment) {
			d.edit(" check", "")
			d.edit("balance roundrobin", "balance roundrobin\n    default-server check inter 1s")
		}, pass("check.health_ok")},
		{"by another's checks", "", edit("172.30.0.13:8001 check", "172.30.0.13:8001 track servers/node1"), pass("check.health_ok")},
		{"a template", "", servers("server-template web 3 tasks.s01:80 check resolvers docker"), pass("check.health_ok").saw("servers", 1)},
		{"all but one that is disabled", "", func(d *deployment) {
			d.configure(d.px().Files[0].Text + "    server old 172.30.0.14:8001 disabled\n")
		}, pass("check.health_ok").saw("servers", 3)},
		{"under other variables", "name: lb, port: gate", (*deployment).otherVars, pass("check.health_ok")},

		{"ran none", "", (*deployment).noProxy, fail("check.proxy_none")},
		{"forgot one", "", edit("172.30.0.13:8001 check", "172.30.0.13:8001"), partial("check.health_missing", "6.66").saw("unchecked", []string{"node3"})},
		{"forgot all", "", edit(" check", ""), fail("check.health_missing").says("n", 3)},
		{"said how, and not that", "", func(d *deployment) {
			d.edit(" check", "")
			d.edit("balance roundrobin", "balance roundrobin\n    option httpchk GET /")
		}, fail("check.health_missing")},
		{"turned one off", "", func(d *deployment) {
			d.edit("balance roundrobin", "balance roundrobin\n    default-server check")
			d.edit("172.30.0.13:8001 check", "172.30.0.13:8001 no-check")
		}, partial("check.health_missing", "6.66")},
		{"a template without", "", servers("server-template web 3 tasks.s01:80 resolvers docker"), fail("check.health_missing").saw("unchecked", []string{"web"})},
		{"forgot a backup's", "", func(d *deployment) {
			d.configure(d.px().Files[0].Text + "    server old 172.30.0.14:8001 backup\n")
		}, partial("check.health_missing", "7.5").saw("unchecked", []string{"old"})},
		{"no server", "", servers(), fail("check.servers_none")},
		{"none but disabled ones", "", servers("server n1 172.30.0.11:8001 check disabled"), fail("check.servers_none")},

		{"could not be read", "", func(d *deployment) { d.noProxy(); d.gap("proxy/haproxy-01", "timeout") }, open("check.config_unread")},
	})
	requireRefused(t, "haproxy-health", map[string][]string{"port: bind, network: n": {"port check.param_no_var", "network check.param_no_var"}})
}
