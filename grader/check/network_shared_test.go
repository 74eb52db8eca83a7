package check_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// withRedis puts a store beside s01, on the student's overlay, which is not attachable
// and on which s01 is.
func withRedis(change func(d *deployment)) func(d *deployment) {
	return func(d *deployment) {
		d.net().Attachable = false
		d.snap.Services = append(d.snap.Services, evidence.Service{
			ID: "svc-redis-01", Name: "redis-01", Image: "redis:alpine", Mode: "replicated", Replicas: 1, Networks: []string{ownNet},
		})
		if change != nil {
			change(d)
		}
	}
}

func (d *deployment) store() *evidence.Service { return &d.snap.Services[len(d.snap.Services)-1] }

// another is an overlay of another name, with its number among the networks.
func another(d *deployment) string {
	d.snap.Networks = append(d.snap.Networks, evidence.Network{ID: "net-more", Name: "more", Driver: "overlay", Scope: "swarm"})
	return "net-more"
}

func TestNetworkShared(t *testing.T) {
	noStore := func(d *deployment) { d.snap.Services = d.snap.Services[:len(d.snap.Services)-1] }
	bothOn := func(d *deployment, id string) { d.svc().Networks, d.store().Networks = []string{id}, []string{id} }
	requireKind(t, "network-shared", viaTasks, perUnit, []kase{
		{"as asked", "", withRedis(nil), pass("check.meet_ok").saw("network", "dnsrr-01").says("services", []string{"s01", "redis-01"})},
		{"attachable", "", withRedis(func(d *deployment) { d.net().Attachable = true }), pass("check.meet_ok")},
		{"on another as well", "", withRedis(func(d *deployment) {
			id := another(d)
			d.svc().Networks, d.store().Networks = []string{id, ownNet}, []string{ownNet, id}
		}), pass("check.meet_ok")},
		{"no store yet", "", withRedis(noStore), pass("check.meet_alone")},
		{"no service yet", "", withRedis((*deployment).noService), pass("check.meet_alone")},
		{"under other variables", "service: web, with: group, network: lan", func(d *deployment) {
			withRedis(nil)(d)
			d.otherVars()
			d.vars["group"] = "redis-01"
		}, pass("check.meet_ok")},

		{"of another name", "", withRedis(func(d *deployment) { d.net().Name = "backbone" }), partial("check.meet_misnamed", "5").says("other", "backbone")},
		{"the right one is there and not used", "", withRedis(func(d *deployment) { bothOn(d, another(d)) }), partial("check.meet_misnamed", "5").says("other", "more")},
		{"the store is off it", "", withRedis(func(d *deployment) { d.store().Networks = nil }), fail("check.meet_off").says("off", []string{"redis-01"})},
		{"the service is off it", "", withRedis(func(d *deployment) { d.svc().Networks = nil }), fail("check.meet_off").says("off", []string{"s01"})},
		{"one on each of two", "", withRedis(func(d *deployment) { d.store().Networks = []string{another(d)} }), fail("check.meet_off")},
		{"no network at all", "", withRedis(func(d *deployment) {
			d.svc().Networks, d.store().Networks = nil, nil
			d.snap.Networks = d.snap.Networks[:1]
		}), fail("check.meet_none").saw("network", nil)},
		{"both on the mesh's own alone", "", withRedis(func(d *deployment) {
			d.snap.Networks = d.snap.Networks[:1]
			bothOn(d, "net-ingress")
		}), fail("check.meet_none")},
		{"a bridge of the name", "", withRedis(func(d *deployment) {
			d.net().Driver, d.net().Scope = "bridge", "local"
			d.svc().Networks, d.store().Networks = nil, nil
		}), fail("check.network_driver").says("driver", "bridge")},
		{"nothing made", "", func(d *deployment) {
			d.noService()
			d.snap.Networks = d.snap.Networks[:1]
		}, fail("check.network_none")},

		{"the list of networks was cut", "", withRedis(func(d *deployment) {
			d.snap.Networks = d.snap.Networks[:1]
			d.snap.Gaps = []evidence.Gap{{What: "networks", Code: "too-large", Detail: "4000"}}
		}), open("check.cut_list").says("what", "check.cut_networks")},
	})
	requireRefused(t, "network-shared", map[string][]string{
		"with: redis, network: net": {"with check.param_no_var", "network check.param_no_var"},
		"service: s":                {"service check.param_no_var"},
	})
}

// TestNetworkSharedHints: what is missing is made, and what is off is put on.
func TestNetworkSharedHints(t *testing.T) {
	for name, c := range map[string]struct {
		change func(d *deployment)
		typed  []string
	}{
		"off it": {func(d *deployment) { d.store().Networks = nil }, []string{"docker service update --network-add dnsrr-01 redis-01"}},
		"none": {func(d *deployment) {
			d.svc().Networks, d.store().Networks = nil, nil
			d.snap.Networks = d.snap.Networks[:1]
		}, []string{
			"docker network create -d overlay dnsrr-01", "docker service update --network-add dnsrr-01 s01",
			"docker service update --network-add dnsrr-01 redis-01",
		}},
		"a bridge": {func(d *deployment) {
			d.net().Driver = "bridge"
			d.svc().Networks, d.store().Networks = nil, nil
		}, []string{
			"docker network rm dnsrr-01", "docker network create -d overlay dnsrr-01", "docker service update --network-add dnsrr-01 s01",
			"docker service update --network-add dnsrr-01 redis-01",
		}},
	} {
		d := viaTasks()
		withRedis(c.change)(d)
		v := d.verdicts(&rubric.Check{ID: "it", Kind: "network-shared", Points: 1000, Params: params(t, "network-shared", "")})[0]
		var typed []string
		for _, line := range i18n.EN.Lines(v.Hint) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				typed = append(typed, command)
			}
		}
		require.True(t, slices.Equal(c.typed, typed), "%s: %q", name, typed)
	}
}
