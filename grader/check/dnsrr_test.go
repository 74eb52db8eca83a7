package check_test

import (
	"testing"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

func TestServiceDNSRR(t *testing.T) {
	mode := func(mode string, vips ...string) func(d *deployment) {
		return func(d *deployment) {
			d.svc().EndpointMode = mode
			for _, ip := range vips {
				d.svc().VIPs = append(d.svc().VIPs, evidence.VIP{NetworkID: ownNet, Address: ip + "/24"})
			}
		}
	}
	requireKind(t, "service-dnsrr", viaTasks, rubric.Credit{}, []kase{
		{"as asked", "", nil, pass("check.dnsrr_ok").saw("endpoint_mode", "dnsrr").saw("vips", []string{})},
		{"with a port of its node", "", func(d *deployment) {
			d.svc().Ports = []evidence.Port{{Protocol: "tcp", Target: 80, Published: 8001, Mode: "host"}}
		}, pass("check.dnsrr_ok")},
		{"under other variables", "service: web", (*deployment).otherVars, pass("check.dnsrr_ok")},

		{"left it in VIP mode", "", mode("vip", "10.0.7.2"), fail("check.dnsrr_vip").saw("vips", []string{"10.0.7.2"})},
		{"left it in VIP mode, on no network yet", "", mode("vip"), fail("check.dnsrr_mode")},
		{"updated it, and the engine kept an address", "", mode("dnsrr", "10.0.7.2"), fail("check.dnsrr_left").says("vips", []string{"10.0.7.2"})},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},
		{"the list of services was cut", "", func(d *deployment) {
			d.noService()
			d.snap.Gaps = []evidence.Gap{{What: "services", Code: "too-large", Detail: "90000"}}
		}, open("check.cut_list")},
	})
	requireKind(t, "service-dnsrr", viaNodes, rubric.Credit{}, []kase{
		{"left the second task's service up", "", nil, fail("check.dnsrr_vip").saw("endpoint_mode", "vip")},
	})
	requireRefused(t, "service-dnsrr", map[string][]string{"service: s": {"service check.param_no_var"}, "service: web": nil})
}
