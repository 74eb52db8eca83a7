package check_test

import (
	"testing"

	"swarmgrade/grader/evidence"
)

func TestLaterSpread(t *testing.T) {
	// after drives the mesh again once the fault was undone.
	after := func(answer func(d *deployment) []reply) func(d *deployment) {
		return func(d *deployment) {
			d.struck(3, nil)
			d.scene.Traces = d.meshLoad(func(int) []reply { return answer(d) })
		}
	}
	dealt := func(counts ...int) func(d *deployment) []reply {
		return func(d *deployment) []reply { return d.shares(counts...) }
	}
	lossy := func(d *deployment) []reply { return append(d.shares(300), failed("reset", 100)) }
	requireKind(t, "later-spread", viaNodes, even, append(windowOpen(), []kase{
		{"all answer, evenly", "", struck(3, nil), pass("check.spread_ok").saw("answers", 4500)},
		{"a tenth lost, where that may be", "max_errors: 0.2", after(lossy), pass("check.spread_ok")},
		{"whatever was before the fault", "", func(d *deployment) {
			d.struck(3, nil)
			onMesh(always(failed("refused", 60)))(d)
		}, pass("check.spread_ok")},
		{"under other variables", "service: web, port: door, max_errors: 0", func(d *deployment) { d.otherVars(); d.struck(3, nil) }, pass("check.spread_ok")},

		{"weights", "", after(dealt(750, 375, 375)), partial("check.spread_uneven", "5").saw("evenness", 0.8889)},
		{"a container that does not answer any more", "", after(dealt(each, each, 0)), fail("check.answers_silent")},
		{"a tenth lost", "", after(lossy), fail("check.answers_errors")},
		{"nothing answers any more", "", after(always(failed("refused", 60))), fail("check.answers_dead")},
		{"one task left", "", func(d *deployment) {
			d.struck(3, nil)
			d.scene.From = clone(d.snap)
			for _, t := range tasksOf(d.scene.From, "svc-s01")[1:] {
				t.Desired = "shutdown"
			}
			d.scene.To = d.scene.From
			d.scene.Traces = d.meshLoad(func(int) []reply { return d.shares(each)[:1] })
		}, fail("check.spread_single")},
		{"made no service", "", func(d *deployment) { d.struck(3, nil); d.noService(); d.scene.Traces = nil }, fail("check.service_none")},

		{"nothing measured afterwards", "", func(d *deployment) { d.struck(3, nil); d.scene.From, d.scene.To = nil, nil }, open("check.later_none").saw("missing", "later")},
		{"no load afterwards", "", func(d *deployment) { d.struck(3, nil); d.scene.Traces = nil }, open("check.load_none")},
		{"a node out of reach afterwards", "", func(d *deployment) { d.struck(3, nil); d.gap("load/mesh/manager-2", "timeout") }, open("check.load_gap").says("what", "mesh/manager-2")},
		{"a node out of reach before", "", func(d *deployment) { d.gap("load/mesh/manager-2", "timeout"); d.struck(3, nil) }, pass("check.spread_ok")},
		{"tasks came and went afterwards", "", func(d *deployment) {
			after(lossy)(d)
			d.scene.To = clone(d.snap)
			t := tasksOf(d.scene.To, "svc-s01")[2]
			t.ID, t.ContainerID = "task-fresh", hexID("fresh")
		}, open("check.unstable")},
		{"a node that can't set up its containers", "", func(d *deployment) {
			after(lossy)(d)
			no := task("s01", 4, "10.0.0.14/24")
			no.State, no.Error = "rejected", vxlan
			d.scene.From = clone(d.snap)
			d.scene.From.Tasks = append(d.scene.From.Tasks, no)
		}, open("check.node_trouble")},
		{"too many tasks to be read afterwards", "", func(d *deployment) {
			d.struck(3, nil)
			d.scene.From = clone(d.snap)
			d.scene.From.Gaps = []evidence.Gap{{What: "tasks", Code: "too-large", Detail: "90000"}}
		}, open("check.cut_list")},
	}...))
	requireRefused(t, "later-spread", map[string][]string{
		"max_errors: 1":       {"max_errors check.param_share"},
		"service: s, port: p": {"service check.param_no_var", "port check.param_no_var"},
	})
}
