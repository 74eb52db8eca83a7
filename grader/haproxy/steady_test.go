package haproxy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// TestWhatMakesNoDifferenceBetweenRequests: lines in the frontend and the backend of a
// configuration, by whether a later request may be treated otherwise than an earlier one.
func TestWhatMakesNoDifferenceBetweenRequests(t *testing.T) {
	steady := func(fe, be string) bool {
		c := Parse([]evidence.EnvVar{}, evidence.File{Path: "h.cfg", Text: whole(map[string][]string{
			"fe": strings.Split(fe, "\n"), "be": strings.Split(be, "\n"), "se": {"backend counts\n    stick-table type ip size 1k store conn_cnt,gpc0"},
		}, "*:9001", "10.0.0.1:80 check", "10.0.0.2:80 check")})
		r := c.RouteFor(9001)
		require.Len(t, r.Always, 1)
		return r.Binds[0].Proxy.Steady() && r.Always[0].Steady()
	}
	for _, be := range []string{
		"", "balance roundrobin", "balance static-rr", "balance leastconn", "balance random(2)", "balance source\nhash-type consistent",
		"option httpchk GET /\nhttp-check expect status 200\ndefault-server inter 500ms fall 3 rise 2", "option redispatch\nretries 3", "fullconn 10",
		"cookie SRV insert indirect", "server-template s 3 tasks.web:80 check resolvers docker init-addr none",
		"http-response set-header X-Served-By %s", "http-send-name-header X-Server", "option forwardfor\nhttp-request set-header X-Real-IP %[src]",
	} {
		require.True(t, steady("", be), be)
	}
	for _, fe := range []string{
		"acl secret path_beg /admin\nhttp-request deny if secret", "http-request deny if { path_beg /admin }", "acl ok path_beg /\nhttp-request deny unless ok",
		"http-request deny if { hdr(host) -i example.com }", "http-request redirect scheme https if { ssl_fc }", "stats enable\nstats uri /stats\nstats admin if TRUE",
		"maxconn 100", "option forwardfor", "tcp-request inspect-delay 5s\ntcp-request content accept if HTTP", "http-request set-var(txn.p) path",
	} {
		require.True(t, steady(fe, ""), fe)
	}
	for _, fe := range []string{
		"http-request deny if { src_updt_conn_cnt(counts) gt 100 }", "tcp-request connection reject if { src_updt_conn_cnt(counts) gt 100 }",
		"http-request deny if { src_inc_gpc0(counts) gt 100 }", "http-request deny if { fe_req_rate gt 80 }", "tcp-request connection reject if { fe_sess_rate ge 80 }",
		"acl busy be_sess_rate(b) gt 80\nhttp-request deny if busy", "http-request set-var(proc.n) var(proc.n),add(1)",
		"http-request set-var(txn.n) int(1)\nhttp-request deny if { var(txn.n) -m int gt 100 }", "http-request deny if { date,mod(60) gt 30 }",
		"http-request deny if { rand(100) lt 3 }", "http-request set-path /x if { date,mod(60) gt 30 }", "http-request set-path /%[rand(3)]",
		"http-request track-sc0 src table counts", "rate-limit sessions 50", "http-request deny unless { nbsrv(b) gt 1 }", "tcp-request session set-var(sess.n) int(1)",
		"http-request lua.other", "http-request word-of-another-year",
	} {
		require.False(t, steady(fe, ""), fe)
	}
	for _, be := range []string{
		"balance hash var(proc.n)", "balance hdr(X-N)", "balance uri", "use-server s1 if { rand(2) eq 0 }", "stick-table type ip size 1k\nstick on src",
		"http-request cache-use c", "http-request set-dst int(1)", "default-server agent-check agent-port 9", "default-server observe layer7 error-limit 1 on-error mark-down",
		"server s3 10.0.0.3:80 slowstart 60s", "http-request deny if { srv_sess_rate(b/s1) gt 30 }", "force-persist if { rand(2) eq 0 }",
		"load-server-state-from-file global",
	} {
		require.False(t, steady("", be), be)
	}
}
