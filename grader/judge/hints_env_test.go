package judge_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// A container that is run anew has the variables that its configuration names,
// short of what its image sets, and its mounts as they were.
func TestRunAgainKeepsEnvironment(t *testing.T) {
	w := newWorld(loadRubric(t), 3, 5)
	configured("node1 172.30.0.11:8001 check", `node1 "${NODE1}:$PORT" "$CHECKED"`+"\n    # \"${NOTHING}\"\n    http-request set-header x \"${HAPROXY_VERSION}${HOSTNAME}${UNSET}${DB_PASSWORD}\"")(w)
	px := &w.proxies[0]
	px.Publishes[0].Public = 9201
	px.Env = []evidence.EnvVar{
		{Name: "NODE1", Value: "172.30.0.11"}, {Name: "PORT", Value: "8001"}, {Name: "CHECKED", Value: "check inter 2s"},
		{Name: "HAPROXY_VERSION", Value: "3.0.5"}, {Name: "HOSTNAME", Value: "abc"}, {Name: "UNSET", Unset: true},
		{Name: "LD_PRELOAD", Value: "/x.so"},
	}
	px.Mounts = []evidence.Mount{
		{Type: "bind", Source: "/srv/ha", Target: "/usr/local/etc/haproxy", ReadOnly: true}, {Type: "bind", Source: "/srv/log", Target: "/log"},
	}
	hint := w.verdicts()["task2.haproxy-port"].Hint
	require.Equal(t, "docker rm -f haproxy-01\n"+
		"docker run -d --name haproxy-01 -v /srv/ha:/usr/local/etc/haproxy:ro -v /srv/log:/log -e NODE1=172.30.0.11 -e PORT=8001 "+
		"-e 'CHECKED=check inter 2s' -e DB_PASSWORD -p 9201:9001 -p 9001:9001 haproxy:latest", typedOf(hint))
	require.Contains(t, i18n.EN.Text(hint), "the value of DB_PASSWORD was not kept")
	require.Contains(t, i18n.ZH.Text(hint), "DB_PASSWORD 的值没有保存")
	require.False(t, strings.Contains(i18n.EN.Text(hint), evidence.Hidden))
}

// What a hint writes anew names no variables.
func TestNewConfigurationNeedsNoEnvironment(t *testing.T) {
	w := newWorld(loadRubric(t), 3, 5)
	configured("    server node1 172.30.0.11:8001", "    bogus\n    server node1 \"${DB_PASSWORD}:8001\"")(w)
	w.proxies[0].Image = "nginx"
	w.proxies[0].Command = []string{"nginx"}
	hint := w.verdicts()["task2.haproxy-running"].Hint
	require.NotContains(t, typedOf(hint), "DB_PASSWORD")
}
