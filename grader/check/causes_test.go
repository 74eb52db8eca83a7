package check_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// TestAddressesHeld: where servers are to follow the tasks, the line that keeps to those
// that are gone is what to mend.
func TestAddressesHeld(t *testing.T) {
	for name, c := range map[string]struct {
		line  string
		after string // an action that the service is watched under
		says  bool
	}{
		"for an hour":                    {"hold obsolete 1h", "fewer", true},
		"for some seconds":               {"hold obsolete 30s", "fewer", false},
		"not at all":                     {"hold valid 1h", "fewer", false},
		"an hour, with nothing scaled":   {"hold obsolete 1h", "", false},
		"an hour, by somebody else's":    {"parse-resolv-conf\nresolvers spare\n    hold obsolete 1h", "fewer", false},
		"an hour, said twice, then less": {"hold obsolete 1h\n    hold obsolete 5s", "fewer", false},
	} {
		t.Run(name, func(t *testing.T) {
			d := viaTasks()
			d.configure(strings.Replace(dynamic, "nameserver dns 127.0.0.11:53", "nameserver dns 127.0.0.11:53\n    "+c.line, 1))
			d.edit(" check", "")
			d.haproxy = append(d.shares(20), failed("http-503", 60))
			with := params(t, "answers", "via: haproxy, port: frontend, direct: true")
			v := d.verdicts(
				&rubric.Check{ID: "now", Kind: "answers", Points: 1000, Params: with},
				&rubric.Check{ID: "then", Kind: "answers", After: c.after, Points: 1000, Params: with},
			)[0]
			require.Equal(t, "check.answers_errors", v.Message.Key)
			hint := i18n.EN.Text(v.Hint)
			if !c.says {
				require.NotContains(t, hint, "hold obsolete")
				return
			}
			require.Contains(t, hint, "line 3 has HAProxy hold on to the addresses of tasks that are gone")
			require.Contains(t, hint, "\n| hold obsolete 10s")
			require.Contains(t, hint, "resolvers docker init-addr none check")
		})
	}
}

// TestOnlyChecked: who has HAProxy check its file is told the command without that; a
// file elsewhere stays named.
func TestOnlyChecked(t *testing.T) {
	for argv, want := range map[string]string{
		"haproxy -c -f /usr/local/etc/haproxy/haproxy.cfg": " haproxy",
		"haproxy -v":                 " haproxy",
		"haproxy -f /srv/h.cfg -c":   " haproxy haproxy -f /srv/h.cfg",
		"haproxy -c -f /a -f /b -vv": " haproxy haproxy -f /a -f /b",
	} {
		d := viaNodes()
		px := d.px()
		px.State, px.Log, px.Image, px.Command = "exited", "Configuration file is valid\n", "haproxy", append([]string{"docker-entrypoint.sh"}, strings.Fields(argv)...)
		v := d.verdicts(&rubric.Check{ID: "runs", Kind: "haproxy-running", Points: 1000, Params: params(t, "haproxy-running", "")})[0]
		require.Equal(t, "check.proxy_stopped_why", v.Message.Key)
		hint := strings.Split(i18n.EN.Text(v.Hint), "\n")
		require.Equal(t, "run the container again, without -c and -v behind the image's name:", hint[0])
		last := hint[len(hint)-1]
		require.Contains(t, last, "docker run -d --name haproxy-01 ")
		require.True(t, strings.HasSuffix(last, want), "%s: %s", argv, last)
		require.NotContains(t, strings.TrimSuffix(last, want), " haproxy haproxy")
	}
}
