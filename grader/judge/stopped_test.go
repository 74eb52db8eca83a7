package judge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
)

// Why a HAProxy does not run, from its log as 2.6 and 3.2 write it after two
// starts, the last of which counts.
func TestTheLogsCauseIsQuoted(t *testing.T) {
	const old = "[NOTICE]   (1) : haproxy version is 2.6.12-1\n[NOTICE]   (1) : path to executable is /usr/local/sbin/haproxy\n"
	for name, log := range map[string]string{
		"2.6": old + "[ALERT]    (1) : config : an old one\n" + old +
			"[ALERT]    (1) : [/usr/local/etc/haproxy/haproxy.cfg:12] : 'server servers/node3' : could not resolve address 'nowhere'.\n" +
			"[ALERT]    (1) : Failed to initialize server(s) addr.\n",
		"3.2": "[NOTICE]   (1) : Initializing new worker (8)\n[ALERT]    (8) : config : an old one\n[NOTICE]   (1) : haproxy version is 3.2.26-1\n" +
			"[NOTICE]   (1) : Initializing new worker (8)\n[NOTICE]   (8) : haproxy version is 3.2.26-1\n[WARNING]  (8) : missing timeouts for frontend 'http-in'.\n" +
			"[ALERT]    (8) : [/usr/local/etc/haproxy/haproxy.cfg:12] : 'server servers/node3' : could not resolve address 'nowhere'.\n" +
			"[ALERT]    (8) : Failed to initialize server(s) addr.\n[NOTICE]   (1) : haproxy version is 3.2.26-1\n" +
			"[NOTICE]   (1) : path to executable is /usr/local/sbin/haproxy\n[WARNING]  (1) : Failed to load worker (8) exited with code 1 (Exit)\n",
	} {
		w := newWorld(loadRubric(t), 3, 5)
		w.proxies[0].State, w.proxies[0].ExitCode, w.proxies[0].Log = "exited", 1, log
		v := w.verdicts()["task2.haproxy-running"]
		require.Equal(t, check.Fail, v.Outcome, name)
		require.Contains(t, i18n.EN.Text(v.Message), "could not resolve address 'nowhere'", name)
		require.NotContains(t, i18n.EN.Text(v.Message), "an old one", name)
		require.NotContains(t, i18n.EN.Text(v.Hint), "its log says why", name)
	}
}

// What the embedded balancer can't do is no loss; what HAProxy or another
// program writes with the same words is.
func TestNotSimulatedIsTheBalancersOwnWord(t *testing.T) {
	for log, want := range map[string]check.Outcome{
		"[ALERT]    (1) : /usr/local/etc/haproxy/haproxy.cfg:9: the embedded balancer does not simulate slowstart\n":                                check.Ungraded,
		"[ALERT]    (1) : config : parsing [/x.cfg:9] : unknown keyword 'x.cfg:9: the embedded balancer does not simulate y' in 'global' section\n": check.Fail,
		"[ALERT]    (1) : [/x.cfg:9] : 'server a/b' : could not resolve address 'x:1: the embedded balancer does not simulate z'.\n":                check.Fail,
	} {
		w := newWorld(loadRubric(t), 3, 5)
		w.proxies[0].State, w.proxies[0].ExitCode, w.proxies[0].Log = "exited", 1, "[NOTICE]   (1) : haproxy version is 2.6.12-1\n"+log
		v := w.verdicts()["task2.haproxy-running"]
		require.Equal(t, want, v.Outcome, log)
		requireReadable(t, v)
	}
}
