package check_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

func TestServicePort(t *testing.T) {
	ports := func(list ...evidence.Port) func(d *deployment) { return func(d *deployment) { d.svc().Ports = list } }
	port := func(published, target int, protocol, mode string) evidence.Port {
		return evidence.Port{Protocol: protocol, Target: target, Published: published, Mode: mode}
	}
	host := ports(port(8001, 80, "tcp", "host"))
	dnsrr := func(list ...evidence.Port) func(d *deployment) {
		return func(d *deployment) { d.svc().EndpointMode, d.svc().Ports = "dnsrr", list }
	}
	requireKind(t, "service-port", viaNodes, rubric.Credit{}, []kase{
		{"as asked", "", nil, pass("check.port_ok").saw("published", []string{"8001:80/tcp"}).says("target", 80)},
		{"to another port inside, which requests tell", "", ports(port(8001, 8080, "tcp", "ingress")), pass("check.port_ok").says("target", 8080)},
		{"beside others", "", ports(port(8443, 443, "tcp", "ingress"), port(8001, 80, "udp", "ingress"), port(8001, 80, "tcp", "ingress")), pass("check.port_ok")},
		{"under other variables", "service: web, port: door", (*deployment).otherVars, pass("check.port_ok").asked("published", "8001")},
		{"in host mode, where that is asked for", "modes: [host]", host, pass("check.port_ok")},
		{"in host mode, where any is good", "modes: [ingress, host]", host, pass("check.port_ok")},
		{"in host mode and dnsrr", "modes: [host]", dnsrr(port(8001, 80, "tcp", "host")), pass("check.port_ok")},
		{"at another variable's port", "port: frontend", ports(port(9001, 80, "tcp", "ingress")), pass("check.port_ok").says("port", "9001")},

		{"published none", "", ports(), fail("check.port_none").saw("published", []string{})},
		{"exposed it without publishing", "", ports(port(0, 80, "tcp", "ingress")), fail("check.port_none")},
		{"published another", "", ports(port(8010, 80, "tcp", "ingress")), fail("check.port_other").saw("published", []string{"8010:80/tcp"})},
		{"turned the two numbers round", "", ports(port(80, 8001, "tcp", "ingress")), fail("check.port_other").saw("published", []string{"80:8001/tcp"})},
		{"published it over UDP", "", ports(port(8001, 80, "udp", "ingress")), fail("check.port_other").saw("published", []string{"8001:80/udp"})},
		{"published it in host mode", "", host, fail("check.port_mode").says("mode", "host")},
		{"published it on the mesh where host mode is asked for", "modes: [host]", nil, fail("check.port_mode_host").says("mode", "ingress").asked("modes", []string{"host"})},
		{"published none in dnsrr, where host mode is asked for", "modes: [host]", dnsrr(), fail("check.port_none")},
		{"published another in dnsrr, where host mode is asked for", "modes: [host]", dnsrr(port(8010, 80, "tcp", "host")), fail("check.port_other")},
		{"left the service in dnsrr mode", "", dnsrr(), fail("check.port_dnsrr").saw("endpoint_mode", "dnsrr")},
		{"host mode in dnsrr, where the mesh is asked for", "", dnsrr(port(8001, 80, "tcp", "host")), fail("check.port_dnsrr")},
		{"came too late: a classmate has the port", "", func(d *deployment) {
			d.svc().Ports = nil
			d.snap.Services[1].Ports[0].Published = 8001
		}, fail("check.port_taken").saw("owner", "s02")},
		{"has the port with a service of their own", "", func(d *deployment) {
			d.svc().Ports = nil
			d.snap.Services[1].Ports[0].Published, d.snap.Services[1].Env = 8001, nil
		}, fail("check.port_taken").says("owner", "s02")},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},
	})
	requireRefused(t, "service-port", map[string][]string{
		"modes: []":     {"modes check.param_empty"},
		"modes: [mesh]": {"modes check.param_mode"},
		"port: publish, modes: [ingress, vip, ingres]": {"port check.param_no_var", "modes check.param_mode", "modes check.param_mode"},
		"service: web, port: door, modes: [host]":      nil,
	})
}

// TestHostPortHints: what is to be typed leads to what is asked for.
func TestHostPortHints(t *testing.T) {
	const add = " --publish-add published=8001,target=80,mode=host s01"
	port := func(published int, mode string) []evidence.Port {
		return []evidence.Port{{Protocol: "tcp", Target: 80, Published: published, Mode: mode}}
	}
	for want, ports := range map[string][]evidence.Port{
		"$ docker service update" + add:                                                 nil,
		"$ docker service update --publish-rm 80" + add:                                 port(8001, "ingress"),
		"$ docker service update --publish-rm published=8010,target=80,mode=host" + add: port(8010, "host"),
	} {
		d := viaNodes()
		d.svc().Ports = ports
		v := d.verdicts(&rubric.Check{ID: "it", Kind: "service-port", Points: 1000, Params: params(t, "service-port", "modes: [host]")})[0]
		require.Equal(t, []string{want}, i18n.EN.Lines(v.Hint))
	}
}
