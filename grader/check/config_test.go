package check_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

func TestHAProxyConfig(t *testing.T) {
	const file = "/usr/local/etc/haproxy/haproxy.cfg"
	edit := func(pairs ...string) func(d *deployment) {
		return func(d *deployment) {
			for i := 0; i < len(pairs); i += 2 {
				d.edit(pairs[i], pairs[i+1])
			}
		}
	}
	unread := func(f evidence.File) func(d *deployment) {
		return func(d *deployment) { d.px().Files = []evidence.File{f} }
	}
	down := func(change func(d *deployment)) func(d *deployment) {
		return func(d *deployment) {
			change(d)
			stopped("exited", 1, "", "")(d)
		}
	}
	later := func(d *deployment) { d.px().Files[0].Modified = "2024-11-20T09:00:00Z" }
	nothing := func(*deployment) {}
	requireKind(t, "haproxy-config", viaNodes, perUnit, []kase{
		{"valid, in http mode", "", nil, pass("check.config_ok").saw("file", file).saw("mode", "http")},
		{"valid, though it does not run", "", down(nothing), pass("check.config_ok")},
		{"in tcp mode, where that is asked for", "mode: tcp", edit("mode http", "mode tcp"), pass("check.config_ok").saw("mode", "tcp")},
		{"with no mode, where tcp is asked for", "mode: tcp", edit("    mode http\n", ""), pass("check.config_ok")},
		{"words that we don't know and HAProxy took", "", edit("balance roundrobin", "balance roundrobin\n    brand-new on"), pass("check.config_ok")},
		{"at the other port", "name: lb, port: gate, or: [gate2]", func(d *deployment) {
			d.otherVars()
			d.px().Publishes[0].Public = 10001
		}, pass("check.config_ok")},
		{"edited after the start", "", later, pass("check.config_ok_edited").saw("edited_after_start", true)},

		{"ran none", "", (*deployment).noProxy, fail("check.proxy_none")},
		{"tcp mode", "", edit("mode http", "mode tcp"), partial("check.config_mode", "5").saw("mode", "tcp").asked("mode", "http")},
		{"forgot the mode", "", edit("    mode http\n", ""), partial("check.config_mode", "5").says("mode", "tcp")},
		{"http mode, where tcp is asked for", "mode: tcp", nil, partial("check.config_mode", "5").says("want", "tcp")},
		{"misspelt default_backend", "", down(edit("default_backend servers", "default_backend servrs")), fail("check.config_alert").saw("line", 5).saw("source", "default_backend servrs")},
		{"misspelt it in a file that was never loaded", "", func(d *deployment) {
			edit("default_backend servers", "default_backend servrs")(d)
			later(d)
		}, fail("check.config_alert").saw("edited_after_start", true)},
		{"left a placeholder in", "", down(edit("172.30.0.11:8001", "<node-ip>:8001")), fail("check.config_alert").saw("line", 8)},
		{"forgot the end of the last line", "", down(edit("172.30.0.13:8001 check\n", "172.30.0.13:8001 check")), fail("check.config_alert")},
		{"names a file that is not in the container", "", stopped("exited", 1, "", fatal), fail("check.config_refused").saw("alert", alert)},
		{"mounted nothing", "", unread(evidence.File{Path: file, Source: "archive", Error: "missing"}), fail("check.config_missing").saw("error", "missing")},
		{"mounted a file that was not there", "", unread(evidence.File{Path: file, Source: "archive", Error: "directory"}), fail("check.config_directory").saw("error", "directory")},
		{"no frontend", "", edit("    bind *:9001\n", ""), fail("check.config_no_frontend")},
		{"an idle box with a good file", "", func(d *deployment) { runs("busybox", "sh")(d); d.haproxy = []reply{failed("refused", 60)} }, fail("check.proxy_other")},
		{"a program that answers in the containers' names", "", func(d *deployment) { runs("mine/haproxy-01")(d); unheard(d) }, fail("check.proxy_impostor")},

		{"a file that could not be read", "", unread(evidence.File{Path: file, Error: "unreadable"}), open("check.config_unread").says("code", "unreadable")},
		{"a file too large to be kept", "", unread(evidence.File{Path: file, Text: handout, Truncated: true}), open("check.config_unread").says("code", "too-large")},
		{"no file in the evidence", "", func(d *deployment) { d.px().Files = nil }, open("check.config_unread")},
		{"not seen, and could not be read", "", func(d *deployment) { d.noProxy(); d.gap("proxy/haproxy-01", "timeout") }, open("check.config_unread").says("code", "timeout")},
	})
	requireRefused(t, "haproxy-config", map[string][]string{
		"mode: udp":               {"mode check.param_proxy_mode"},
		`name: x, mode: "HTTP"`:   {"name check.param_no_var", "mode check.param_proxy_mode"},
		"or: [nowhere]":           {"or check.param_no_var"},
		"name: lb, mode: tcp":     nil,
		"network: dns, port: nn2": {"port check.param_no_var", "network check.param_no_var"},
	})
}

// TestWholeConfig: the file that a hint gives is one that the task accepts.
func TestWholeConfig(t *testing.T) {
	d := viaNodes()
	d.px().Files[0] = evidence.File{Path: "/usr/local/etc/haproxy/haproxy.cfg", Source: "archive", Error: "missing"}
	var checks []*rubric.Check
	for kind, with := range map[string]string{
		"haproxy-config": "mode: tcp", "haproxy-balance": "algorithms: [source, leastconn]", "haproxy-found": "", "service-port": "",
	} {
		checks = append(checks, &rubric.Check{ID: kind, Kind: kind, Points: 1000, Params: params(t, kind, with)})
	}
	for _, v := range d.verdicts(checks...) {
		if v.Check != "haproxy-config" {
			continue
		}
		require.Equal(t, check.Fail, v.Outcome)
		lines := i18n.EN.Lines(v.Hint)
		require.Contains(t, lines, "| backend servers")
		require.Contains(t, lines, "|     mode tcp")
		require.Contains(t, lines, "|     balance source")
		return
	}
	require.Fail(t, "no verdict")
}
