package check_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// TestServersNotUnderstood: where the addresses are right and nobody answers, the words of
// the server lines that explain it are taken out, and no others.
func TestServersNotUnderstood(t *testing.T) {
	for name, c := range map[string]struct {
		with, class string
		word, line  string // "" where the words explain nothing
	}{
		"checks of another port":          {"check port 8085 inter 2s", "http-503", `"port" in line`, "| server node1 172.30.0.11:8001 check inter 2s"},
		"checks of the same port":         {"check port 8001", "http-503", "", ""},
		"checks of another address":       {"check addr 10.9.9.9", "http-503", `"addr" in line`, "| server node1 172.30.0.11:8001 check"},
		"TLS":                             {"check ssl verify none", "http-503", `"ssl" in line`, "| server node1 172.30.0.11:8001 check verify none"},
		"the PROXY line":                  {"send-proxy check", "http-400", `"send-proxy" in line`, "| server node1 172.30.0.11:8001 check"},
		"two at once":                     {"check ssl send-proxy-v2", "http-502", `"ssl" in line`, "| server node1 172.30.0.11:8001 check"},
		"TLS, the class of another cause": {"check ssl", "redirect", "", ""},
		"nothing of the kind":             {"check inter 1s fall 2", "http-503", "", ""},
		"a name like a word":              {"check cookie ssl", "http-503", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := viaNodes()
			d.edit(" check", " "+c.with)
			d.haproxy = always(failed(c.class, 60))(d)
			v := d.verdicts(&rubric.Check{ID: "a", Kind: "answers", Points: 1000, Params: params(t, "answers", "via: haproxy, port: frontend")})[0]
			require.Equal(t, "check.answers_dead", v.Message.Key)
			for _, lang := range i18n.Langs {
				hint := lang.Text(v.Hint)
				if c.word == "" {
					require.NotContains(t, hint, "| server node1")
					continue
				}
				require.Contains(t, hint, c.line)
			}
			if c.word != "" {
				require.Contains(t, i18n.EN.Text(v.Hint), c.word)
			}
		})
	}
	t.Run("by default-server", func(t *testing.T) {
		d := viaNodes()
		d.edit("balance roundrobin", "balance roundrobin\n    default-server check port 8085 inter 3s")
		d.haproxy = always(failed("http-503", 60))(d)
		v := d.verdicts(&rubric.Check{ID: "a", Kind: "answers", Points: 1000, Params: params(t, "answers", "via: haproxy, port: frontend")})[0]
		require.Contains(t, i18n.EN.Text(v.Hint), "| default-server check inter 3s")
	})
}

// TestStrangeNameServers: names are asked of Docker's DNS server, or found by nobody.
func TestStrangeNameServers(t *testing.T) {
	for name, c := range map[string]struct {
		servers, hint string
	}{
		"a public one":            {"nameserver dns 8.8.8.8:53", "| nameserver dns 127.0.0.11:53"},
		"two public ones":         {"nameserver a 8.8.8.8:53\n    nameserver b 1.1.1.1:53", "| nameserver dns 127.0.0.11:53"},
		"Docker's among others":   {"nameserver a 8.8.8.8:53\n    nameserver dns 127.0.0.11:53", ""},
		"Docker's, with its kind": {"nameserver dns udp@127.0.0.11:53", ""},
		"the container's own":     {"parse-resolv-conf\n    nameserver a 8.8.8.8:53", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := viaTasks()
			d.configure(dynamic)
			d.edit("nameserver dns 127.0.0.11:53", c.servers)
			d.haproxy = always(failed("http-503", 60))(d)
			v := d.verdicts(&rubric.Check{ID: "a", Kind: "answers", Points: 1000, Params: params(t, "answers", "via: haproxy, port: frontend, direct: true")})[0]
			require.Equal(t, "check.answers_dead", v.Message.Key)
			hint := i18n.EN.Text(v.Hint)
			if c.hint == "" {
				require.NotContains(t, hint, "ask a DNS server")
				return
			}
			require.Contains(t, hint, "line 2 has HAProxy ask a DNS server")
			require.Contains(t, hint, c.hint)
		})
	}
}
