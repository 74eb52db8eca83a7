package check_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// net is the student's overlay network.
func (d *deployment) net() *evidence.Network { return &d.snap.Networks[1] }

func TestServiceNetwork(t *testing.T) {
	alone := func(change func(d *deployment)) func(d *deployment) {
		return func(d *deployment) { d.svc().Networks = nil; change(d) }
	}
	none := func(d *deployment) { d.snap.Networks = d.snap.Networks[:1] }
	name := func(name string) func(d *deployment) { return func(d *deployment) { d.net().Name = name } }
	closed := func(d *deployment) { d.net().Attachable = false }
	bridge := func(d *deployment) {
		n := d.net()
		n.Driver, n.Scope, n.Attachable, d.svc().Networks = "bridge", "local", false, nil
	}
	requireKind(t, "service-network", viaTasks, perUnit, []kase{
		{"as asked", "", nil, pass("check.network_ok_service").saw("network", "dnsrr-01").saw("service_on_it", true).asked("driver", "overlay")},
		{"made before the service", "", (*deployment).noService, pass("check.network_ok").saw("service_on_it", false)},
		{"on one more", "", func(d *deployment) {
			d.snap.Networks = append(d.snap.Networks, evidence.Network{ID: "net-more", Name: "more", Driver: "overlay", Scope: "swarm"})
			d.svc().Networks = append(d.svc().Networks, "net-more")
		}, pass("check.network_ok_service")},
		{"under other variables", "service: web, network: lan, name: lb, port: gate, or: [gate2]", (*deployment).otherVars, pass("check.network_ok_service")},
		{"of another variable", "network: nn", func(d *deployment) { d.vars["nn"] = "backbone"; d.net().Name = "backbone" }, pass("check.network_ok_service").asked("network", "backbone")},

		{"made none", "", alone(none), fail("check.network_none_service").saw("network", nil)},
		{"made neither network nor service", "", func(d *deployment) { d.noService(); none(d) }, fail("check.network_none")},
		{"misspelt it, and put nothing on it", "", alone(name("DNSRR_1")), fail("check.network_near").saw("network", "DNSRR_1")},
		{"misspelt it, with no service yet", "", func(d *deployment) { d.noService(); name("dnsrr1")(d) }, fail("check.network_near")},
		{"used one of another name", "", name("backbone"), partial("check.network_misnamed", "5").says("other", "backbone")},
		{"made a bridge", "", bridge, fail("check.network_driver").saw("driver", "bridge")},
		{"left the service off it", "", alone(func(*deployment) {}), fail("check.network_unused").saw("service_on_it", false)},
		{"forgot --attachable", "", closed, fail("check.network_closed").saw("attachable", false)},
		{"forgot --attachable, with HAProxy as a service on it", "", func(d *deployment) { closed(d); isService(d) }, partial("check.network_closed", "5")},
		{"forgot --attachable, with another name", "", func(d *deployment) { closed(d); name("backbone")(d); isService(d) }, fail("check.network_closed")},

		{"the list of networks was cut", "", func(d *deployment) {
			none(d)
			d.snap.Gaps = []evidence.Gap{{What: "networks", Code: "too-large", Detail: "4000"}}
		}, open("check.cut_list").says("what", "check.cut_networks")},
	})
	// Labs without a HAProxy say so, and are told nothing of one.
	lone := func(change func(d *deployment)) func(d *deployment) {
		return func(d *deployment) {
			d.noProxy()
			delete(d.vars, "haproxy")
			delete(d.vars, "frontend")
			if change != nil {
				change(d)
			}
		}
	}
	requireKind(t, "service-network", viaTasks, perUnit, []kase{
		{"as asked, alone", "alone: true", lone(nil), pass("check.network_ok_service")},
		{"used one of another name, alone", "alone: true", lone(name("backbone")), partial("check.network_misnamed", "5")},
		{"made a bridge, alone", "alone: true", lone(bridge), fail("check.network_driver")},
		{"forgot --attachable, alone", "alone: true", lone(closed), fail("check.network_closed_plain")},
	})
	for _, change := range []func(d *deployment){name("backbone"), bridge, closed} {
		d := viaTasks()
		lone(change)(d)
		v := d.verdicts(&rubric.Check{ID: "it", Kind: "service-network", Points: 1000, Params: params(t, "service-network", "alone: true")})[0]
		require.NotContains(t, i18n.EN.Text(v.Message)+i18n.EN.Text(v.Hint), "haproxy")
		require.NotContains(t, i18n.EN.Text(v.Message)+i18n.EN.Text(v.Hint), "HAProxy")
	}
	requireRefused(t, "service-network", map[string][]string{
		"alone: true, name: n, port: p, or: [x]": nil,
		"alone: true, network: net":              {"network check.param_no_var"},
		"network: net":                           {"network check.param_no_var"},
		"service: s, name: n":                    {"name check.param_no_var", "service check.param_no_var"},
		"or: [x]":                                {"or check.param_no_var"},
	})
}

func TestHAProxyNetwork(t *testing.T) {
	on := func(list ...evidence.ContainerNetwork) func(d *deployment) {
		return func(d *deployment) { d.px().Networks = list }
	}
	bridge := evidence.ContainerNetwork{Name: "bridge", NetworkID: "local", Address: "172.17.0.2"}
	requireKind(t, "haproxy-network", viaTasks, rubric.Credit{}, []kase{
		{"as asked", "", nil, pass("check.joined_ok").saw("networks", []string{"dnsrr-01"})},
		{"beside the bridge", "", on(bridge, evidence.ContainerNetwork{Name: "dnsrr-01", NetworkID: ownNet}), pass("check.joined_ok")},
		{"never started, so that the engine knows the name only", "", on(evidence.ContainerNetwork{Name: "dnsrr-01"}), pass("check.joined_ok")},
		{"the service's network of another name", "", func(d *deployment) { d.net().Name = "backbone" }, pass("check.joined_ok").says("network", "backbone")},
		{"another network that both are on", "", func(d *deployment) {
			d.snap.Networks = append(d.snap.Networks, evidence.Network{ID: "net-more", Name: "more", Driver: "overlay", Scope: "swarm", Attachable: true})
			d.svc().Networks = append(d.svc().Networks, "net-more")
			on(evidence.ContainerNetwork{Name: "more", NetworkID: "net-more"})(d)
		}, pass("check.joined_ok").says("network", "more")},
		{"under other variables", "service: web, network: lan, name: lb, port: gate", (*deployment).otherVars, pass("check.joined_ok")},

		{"ran none", "", (*deployment).noProxy, fail("check.proxy_none")},
		{"left it on the bridge", "", on(bridge), fail("check.joined_not").saw("networks", []string{"bridge"}).asked("network", "dnsrr-01")},
		{"a network of the same name on its node only", "", on(evidence.ContainerNetwork{Name: "dnsrr-01", NetworkID: "local"}), fail("check.joined_not")},
		{"on no network", "", on(), fail("check.joined_none")},
		{"on the host's", "", func(d *deployment) {
			on(evidence.ContainerNetwork{Name: "host", NetworkID: "h"})(d)
			d.px().HostNetwork = true
		}, fail("check.joined_host")},
		{"a service that is not on it", "", func(d *deployment) { isService(d); on()(d) }, fail("check.joined_none")},
		{"there is no such network", "network: nn", on(bridge), fail("check.joined_not").asked("network", "dnsrr-01")},

		{"could not be read", "", func(d *deployment) { d.noProxy(); d.gap("proxy/haproxy-01", "timeout") }, open("check.config_unread")},
	})
	requireRefused(t, "haproxy-network", map[string][]string{
		"network: net, port: p": {"port check.param_no_var", "network check.param_no_var"},
	})
}
