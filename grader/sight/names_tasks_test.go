package sight_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// Whose HAProxy goes on asking old addresses once a service's tasks have been replaced.
func TestWhoseHAProxyNamesTasks(t *testing.T) {
	const resolvers = "resolvers docker\n nameserver dns 127.0.0.11:53\n"
	for name, c := range map[string]struct {
		cfg  string
		mode string
		want bool
	}{
		"addresses of tasks":            {"backend b\n server one 10.0.1.5:80\n server two 10.0.1.8:80\n", "dnsrr", true},
		"one of them, disabled":         {"backend b\n server n1 manager-1:8001\nbackend old\n server one 10.0.1.5:80 disabled\n", "vip", true},
		"the tasks' name, asked once":   {"backend b\n server-template web 3 tasks.s01:80\n", "vip", true},
		"the tasks' name, followed":     {resolvers + "backend b\n server-template web 3 tasks.s01:80 resolvers docker\n", "vip", false},
		"the service's name over dnsrr": {"backend b\n server web s01:80\n", "dnsrr", true},
		"the same, followed":            {resolvers + "backend b\n server-template web 3 s01:80 resolvers docker\n", "dnsrr", false},
		"nodes":                         {"backend b\n server n1 manager-1:8001\n", "vip", false},
		"a virtual address":             {"backend b\n server web s01:80\n", "vip", false},
		"nothing read, dnsrr":           {"", "dnsrr", true},
		"nothing read":                  {"", "vip", false},
	} {
		px := balancer
		px.Files = nil
		if c.cfg != "" {
			px.Files = []evidence.File{{Path: "haproxy.cfg", Text: c.cfg}}
		}
		v := claimView("s01", px)
		svc := *v.Subject()
		svc.EndpointMode = c.mode
		require.Equal(t, c.want, v.NamesTasks(&svc), name)
	}
}
