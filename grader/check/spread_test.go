package check_test

import (
	"testing"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

// even is half the points from an evenness of 0.8 on.
var even = func() rubric.Credit {
	least := 0.8
	return rubric.Credit{Bands: []rubric.Band{{AtLeast: &least, Points: 500}}}
}()

func TestSpread(t *testing.T) {
	dealt := func(counts ...int) func(d *deployment) {
		return func(d *deployment) { d.haproxy = d.shares(counts...) }
	}
	mesh := func(counts ...int) func(d *deployment) {
		return onMesh(func(d *deployment) []reply { return d.shares(counts...) })
	}
	requireKind(t, "spread", viaNodes, even, []kase{
		{"in turn", "", nil, pass("check.spread_ok").saw("evenness", 1).saw("answers", 1500)},
		{"as chance has it", "", dealt(540, 480, 480), pass("check.spread_ok")},
		{"in turn, on every node", "via: mesh, port: published", nil, pass("check.spread_ok").saw("answers", 4500)},
		{"each node its own, and even together", "via: mesh, port: published", func(d *deployment) {
			d.mesh = func(node int) []reply {
				counts := []int{100, 100, 100}
				counts[node-1] = 400
				return d.shares(counts...)
			}
		}, pass("check.spread_ok")},
		{"a few failed", "", func(d *deployment) { d.haproxy = append(d.shares(each), failed("http-503", 100)) }, pass("check.spread_ok").saw("answers", 1500)},
		{"five replicas", "", func(d *deployment) {
			for slot := 4; slot <= 5; slot++ {
				d.snap.Tasks = append(d.snap.Tasks, task("s01", slot, []string{"10.0.0.14/24", "10.0.0.15/24"}[slot-4]))
			}
		}, pass("check.spread_ok").saw("answers", 2500)},
		{"under other variables", "service: web, via: haproxy, port: gate, or: [gate2]", (*deployment).otherVars, pass("check.spread_ok")},

		{"a run that was not finished", "", func(d *deployment) { d.brief = true }, pass("check.spread_ok")},
		{"weights 2:1:1, in a run that was not finished", "", func(d *deployment) { d.brief = true; dealt(750, 375, 375)(d) }, partial("check.spread_uneven", "5")},
		{"weights 2:1:1", "", dealt(750, 375, 375), partial("check.spread_uneven", "5").saw("evenness", 0.8889)},
		{"weights 2:1:1 on the mesh", "via: mesh, port: published", mesh(750, 375, 375), partial("check.spread_uneven", "5")},
		{"all to one", "", dealt(1500, 0, 0), fail("check.spread_uneven").saw("evenness", 0.3333)},
		{"left one out", "", dealt(750, 750, 0), fail("check.spread_uneven").saw("evenness", 0.6667)},
		{"one replica", "", func(d *deployment) { d.lose(1) }, fail("check.spread_single").says("k", 1)},
		{"hardly any request is answered", "", func(d *deployment) { d.haproxy = append(d.shares(5), failed("http-503", 1400)) }, partial("check.spread_few", "5").says("n", 15)},
		{"only a classmate answers", "", func(d *deployment) { d.haproxy = []reply{d.classmate(900)} }, fail("check.spread_uneven").saw("answers", 0)},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},

		{"could not be reached by us", "", func(d *deployment) { d.gap("load/haproxy", "unreachable") }, open("check.load_gap")},
		{"no load at all", "via: mesh, port: published", func(d *deployment) { d.idle = true }, open("check.load_none").says("what", "mesh")},
		{"interrupted", "via: mesh, port: published", stopped3("cancelled"), open("check.load_cut")},
		{"tasks came and went, and it was uneven", "", func(d *deployment) { restless(d); dealt(750, 375, 375)(d) }, open("check.unstable")},
		{"an engine that can't set up a container", "", func(d *deployment) {
			no := task("s01", 4, "10.0.0.14/24")
			no.State, no.Error = "rejected", vxlan
			d.snap.Tasks = append(d.snap.Tasks, no)
			dealt(750, 375, 375)(d)
		}, open("check.node_trouble")},
		{"its service was left out of the reading", "", func(d *deployment) {
			d.snap.Gaps = []evidence.Gap{{What: "services", Code: "too-large", Detail: "90000"}}
		}, open("check.cut_list").says("what", "check.cut_services")},
	})

	// HAProxy's own ring is less even than chance; see package stats.
	ring := func(algorithm string) func(d *deployment) {
		return func(d *deployment) {
			d.edit("balance roundrobin", "balance "+algorithm)
			dealt(2106, 1770, 2124)(d)
		}
	}
	requireKind(t, "spread", viaTasks, even, []kase{
		{"in turn, straight to the tasks", "direct: true", dealt(2000, 2000, 2000), pass("check.spread_ok")},
		{"balance random, straight to the tasks", "direct: true", ring("random"), pass("check.spread_ok_ring").says("algorithm", "random")},
		{"balance leastconn, straight to the tasks", "direct: true, or: [visited]", ring("leastconn"), pass("check.spread_ok_ring").says("algorithm", "leastconn")},
		{"no balance line, straight to the tasks", "direct: true", func(d *deployment) {
			ring("random")(d)
			d.edit("    balance random\n", "")
		}, pass("check.spread_ok_ring")},
		{"the same counts of roundrobin", "direct: true", ring("roundrobin"), partial("check.spread_uneven", "5")},
		{"the same counts through the mesh", "", ring("random"), partial("check.spread_uneven", "5")},
		{"balance random with weights", "direct: true", func(d *deployment) { ring("random")(d); dealt(3000, 1500, 1500)(d) }, partial("check.spread_uneven_ring", "5")},
		{"balance random, too few to tell", "direct: true", func(d *deployment) { ring("random")(d); dealt(120)(d) }, partial("check.spread_few", "5")},
	})
	requireRefused(t, "spread", map[string][]string{
		"via: net, port: p":       {"port check.param_no_var", "via check.param_via"},
		"or: [a]":                 {"or check.param_no_var"},
		"service: web, via: mesh": nil,
	})
}
