package check_test

import (
	"testing"

	"swarmgrade/grader/evidence"
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
		{"published it on the mesh where host mode is asked for", "modes: [host]", nil, fail("check.port_mode").says("mode", "ingress").asked("modes", []string{"host"})},
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
		"modes: [mesh]": {"modes check.param_mode"},
		"port: publish, modes: [ingress, vip, ingres]": {"port check.param_no_var", "modes check.param_mode", "modes check.param_mode"},
		"service: web, port: door, modes: [host]":      nil,
	})
}
