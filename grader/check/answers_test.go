package check_test

import (
	"slices"
	"testing"

	"swarmgrade/grader/evidence"
)

// classmate is an answer of s02's first task.
func (d *deployment) classmate(n int) reply { return page(tasksOf(d.snap, "svc-s02")[0], n) }

// onMesh has nodes answer: every node, or only some of them, and the others as
// they should.
func onMesh(answer func(d *deployment) []reply, nodes ...int) func(d *deployment) {
	return func(d *deployment) {
		d.mesh = func(node int) []reply {
			if len(nodes) == 0 || slices.Contains(nodes, node) {
				return answer(d)
			}
			return d.shares(each)
		}
	}
}

func always(replies ...reply) func(d *deployment) []reply {
	return func(*deployment) []reply { return replies }
}

// restless replaces a task of the service while the load goes on.
func restless(d *deployment) {
	d.meanwhile(func(s *evidence.Snapshot) {
		t := tasksOf(s, "svc-s01")[2]
		t.ID, t.ContainerID = "task-fresh", hexID("fresh")
	})
}

// stopped3 says why the load on the third node ended before its time.
func stopped3(why string) func(d *deployment) {
	return func(d *deployment) {
		d.observed()
		d.bundle.Traces[3].Stopped = why
	}
}

func TestAnswersOnTheMesh(t *testing.T) {
	lossy := func(n int, class string) func(d *deployment) []reply {
		return func(d *deployment) []reply { return append(d.shares(300), failed(class, n)) }
	}
	silent := func(d *deployment) []reply { return d.shares(each, each, 0) }
	torn := reply{n: 60, Responder: evidence.Responder{Torn: true}}
	requireKind(t, "answers", viaNodes, perUnit, []kase{
		{"all containers, on every node", "", nil, pass("check.answers_ok").says("sent", 4500).says("containers", 3)},
		{"one request in a hundred failed", "", onMesh(lossy(9, "reset")), pass("check.answers_ok").asked("max_error_share", 0.01)},
		{"a tenth failed, where that may be", "max_errors: 0.1", onMesh(lossy(100, "timeout")), pass("check.answers_ok")},
		{"under other variables", "service: web, port: door, max_errors: 0", (*deployment).otherVars, pass("check.answers_ok")},
		{"a run that was not finished", "", func(d *deployment) { d.brief = true }, pass("check.answers_ok")},
		{"one replica", "", func(d *deployment) { d.lose(1) }, pass("check.answers_ok").says("containers", 1)},
		{"a task came up meanwhile, and answers", "", func(d *deployment) {
			fresh := task("s01", 4, "10.0.0.40/24")
			d.meanwhile(func(s *evidence.Snapshot) { s.Tasks = append(s.Tasks, fresh) })
			onMesh(func(d *deployment) []reply { return append(d.shares(300), page(&fresh, 300)) })(d)
		}, pass("check.answers_ok").says("containers", 3)},

		{"the container listens on another port", "", onMesh(always(failed("refused", 60))), fail("check.answers_dead").says("error", "check.error_refused")},
		{"the page answers with an error", "", onMesh(always(failed("http-500", 60))), fail("check.answers_dead").says("error", "check.error_http")},
		{"a page that breaks off often", "", onMesh(lossy(100, "eof")), fail("check.answers_errors").says("percent", "10%").says("allowed", "1%").says("error", "check.error_eof")},
		{"a page that breaks off often, on one node", "", onMesh(lossy(100, "eof"), 2), partial("check.answers_errors", "6.66")},
		{"a classmate's service answers", "", onMesh(func(d *deployment) []reply { return []reply{d.classmate(60)} }), fail("check.answers_foreign").says("other", "s02")},
		{"a classmate's service answers at times", "", onMesh(func(d *deployment) []reply { return append(d.shares(100), d.classmate(1)) }, 1), partial("check.answers_foreign", "6.66").says("n", 1)},
		{"a page that makes names up", "", onMesh(always(claims("c0ffee000001", 60))), fail("check.answers_unknown").says("claimed", "c0ffee000001")},
		{"a page that names two hosts", "", onMesh(always(torn)), fail("check.answers_forged").says("why", "check.doubt_torn")},
		{"a page that names nobody", "", onMesh(always(reply{n: 60})), fail("check.answers_anonymous").says("n", 60)},
		{"a container that never answers", "", onMesh(silent), fail("check.answers_silent").says("silent", 1)},
		{"a container that never answers one node", "", onMesh(silent, 3), partial("check.answers_silent", "6.66")},
		{"a container of their own holds the port", "", func(d *deployment) {
			d.snap.Containers = append(d.snap.Containers, evidence.Container{
				NodeID: "node-2", ID: hexID("test"), Names: []string{"test"}, State: "running", Ports: []evidence.ContainerPort{{Public: 8001, Private: 80, Protocol: "tcp"}},
			})
			onMesh(always(claims(hexID("test")[:12], 60)), 2)(d)
		}, partial("check.answers_held", "6.66").says("name", "test").says("node", "manager-2")},
		{"scaled down to nothing, while the last ones answered", "", func(d *deployment) {
			replies := d.shares(each)
			every(func(t *evidence.Task) { t.Desired, t.State = "shutdown", "shutdown" })(d)
			onMesh(always(replies...))(d)
		}, fail("check.answers_no_tasks")},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},

		{"a node that could not be reached", "", func(d *deployment) { d.gap("load/mesh/manager-2", "unreachable") }, open("check.load_gap").says("code", "unreachable").saw("missing", "load/mesh/manager-2")},
		{"our machine out of ports", "", func(d *deployment) { d.gap("load/mesh/manager-1", "local") }, open("check.load_gap_local")},
		{"a gap in another load", "", func(d *deployment) { d.gap("load/haproxy", "timeout") }, pass("check.answers_ok")},
		{"no load at all", "", func(d *deployment) { d.idle = true }, open("check.load_none")},
		{"published nothing, so that nothing was sent", "", func(d *deployment) { d.idle, d.svc().Ports = true, nil }, fail("check.port_none")},
		{"published on the host only, so that nothing was sent", "", func(d *deployment) { d.idle, d.svc().Ports[0].Mode = true, "host" }, fail("check.port_mode")},
		{"nothing runs, so that nothing was sent", "", func(d *deployment) {
			d.idle = true
			for _, t := range tasksOf(d.snap, "svc-s01") {
				t.State, t.Desired = "failed", "shutdown"
			}
		}, fail("check.running_few")},
		{"a load that was interrupted", "", stopped3("cancelled"), open("check.load_cut")},
		{"a load whose time was up", "", stopped3("duration"), open("check.load_cut")},
		{"a page that took us too long to read", "", stopped3("costly"), open("check.load_costly").says("sent", 1500)},
		{"a load that ended since nothing answered", "", func(d *deployment) {
			onMesh(always(failed("reset", 20)))(d)
			stopped3("settled")(d)
		}, fail("check.answers_dead")},
		{"tasks came and went", "", func(d *deployment) { restless(d); onMesh(lossy(100, "reset"))(d) }, open("check.unstable").says("before", 3)},
		{"one node refuses the port that others answer", "", onMesh(always(failed("refused", 60)), 2), open("check.node_deaf").says("node", "manager-2")},
		{"a node that loses connections to some containers", "", onMesh(func(d *deployment) []reply { return append(d.shares(each, each, 0), failed("timeout", 500)) }, 3),
			open("check.lost_path").says("node", "manager-3")},
	})
	requireRefused(t, "answers", map[string][]string{
		"via: dns":            {"via check.param_via"},
		"max_errors: 1":       {"max_errors check.param_share"},
		"max_errors: -0.1":    {"max_errors check.param_share"},
		"port: p, or: [q]":    {"port check.param_no_var", "or check.param_no_var"},
		"service: s, via: ip": {"service check.param_no_var", "via check.param_via"},
		"max_errors: 0":       nil,
	})
}

func TestAnswersThroughHAProxy(t *testing.T) {
	answered := func(replies func(d *deployment) []reply) func(d *deployment) {
		return func(d *deployment) { d.haproxy = replies(d) }
	}
	const via = "via: haproxy, port: frontend"
	credit := linear(0, 1)
	half := func(d *deployment) []reply { return append(d.shares(250), failed("http-503", 750)) }
	made := "default_backend servers\n    http-request return status 200 content-type text/plain string \"Hostname\""
	requireKind(t, "answers", viaNodes, credit, []kase{
		{"all containers", via, nil, pass("check.answers_ok").says("sent", 1500).saw("failed", 0)},
		{"half failed, where that may be", via + ", max_errors: 0.6", answered(half), pass("check.answers_ok")},
		{"under other variables", "service: web, via: haproxy, port: gate, or: [gate2], max_errors: 0.05", (*deployment).otherVars, pass("check.answers_ok")},

		{"half of the servers down", via, answered(half), partial("check.answers_errors", "5").says("percent", "50%").saw("errors", map[string]int{"http-503": 750})},
		{"no server up", via, answered(always(failed("http-503", 60))), fail("check.answers_dead").says("error", "check.error_http_503")},
		{"nothing listens", via, answered(always(failed("refused", 60))), fail("check.answers_dead")},
		{"a redirect to elsewhere", via, answered(always(failed("redirect", 60))), fail("check.answers_dead").says("error", "check.error_redirect")},
		{"a classmate's port in one line of two", via, answered(func(d *deployment) []reply { return append(d.shares(100), d.classmate(300)) }), partial("check.answers_foreign", "5").saw("foreign", map[string]int{"s02": 300})},
		{"a container that is never reached", via, answered(func(d *deployment) []reply { return d.shares(each, each, 0) }), partial("check.answers_silent", "6.66").says("silent", 1)},
		{"answers by HAProxy itself, in a container's name", via, func(d *deployment) { d.edit("default_backend servers", made) }, fail("check.answers_forged").says("why", "check.doubt_made")},
		{"a cache gives one answer again", via, answered(func(d *deployment) []reply {
			list := d.shares(100)
			for i := range list {
				list[i].Replayed = 99
			}
			return list
		}), partial("check.answers_forged", "0.1").saw("forged", 297)},
		{"a page in a classmate's name", via, answered(func(d *deployment) []reply {
			list := d.shares(100)
			list[0].StudentID = "2024002"
			return list
		}), partial("check.answers_forged", "4.44").says("why", "check.doubt_student")},
		{"a server that nobody knows, where nothing was counted", via, servers("server x 172.30.0.99:80"), pass("check.answers_ok")},
		{"a server that nobody knows, where the containers got no packets", via, func(d *deployment) {
			servers("server x 172.30.0.99:80")(d)
			unheard(d)
		}, fail("check.answers_forged").says("why", "check.doubt_counted")},
		{"made no service", via, (*deployment).noService, fail("check.service_none")},

		{"could not be reached by us", via, func(d *deployment) { d.gap("load/haproxy", "timeout") }, open("check.load_gap").says("what", "haproxy")},
		{"no load at all", via, func(d *deployment) { d.idle = true }, open("check.load_none")},
		{"made no HAProxy, so that nothing was sent", via, func(d *deployment) { d.idle, d.bundle.Proxies = true, nil }, fail("check.proxy_none")},
		{"tasks came and went", via, func(d *deployment) { restless(d); answered(half)(d) }, open("check.unstable")},
		{"a node loses connections, and HAProxy says 503 of it", via, func(d *deployment) {
			onMesh(func(d *deployment) []reply { return append(d.shares(each, each, 0), failed("timeout", 500)) }, 3)(d)
			answered(half)(d)
		}, open("check.lost_path").says("node", "manager-3")},
	})

	// An address that was right until swarm replaced the task; see moved.
	moved := func(d *deployment) {
		failover(d)
		d.haproxy = append(d.shares(each, each, 0, 0), failed("http-503", 500))
	}
	requireKind(t, "answers", viaTasks, credit, []kase{
		{"straight to the tasks", via + ", direct: true, or: [visited]", nil, pass("check.answers_ok")},
		{"an address that swarm made wrong", via + ", direct: true", moved, open("check.answers_moved").says("server", "10.0.7.13:80")},
		{"a classmate's address", via + ", direct: true", func(d *deployment) { moved(d); d.haproxy = append(d.haproxy, d.classmate(500)) }, partial("check.answers_foreign", "3.33")},
	})
}

// failover has swarm replace the third task, whose node went down.
func failover(d *deployment) {
	old := d.own()[2]
	old.Desired, old.State = "shutdown", "running"
	d.snap.Nodes[2].State = "down"
	fresh := task("s01", 3, "10.0.7.33/24")
	fresh.ID, fresh.NodeID, fresh.ContainerID, fresh.Created = "task-moved", "node-1", hexID("moved"), "2024-11-20T09:30:00Z"
	fresh.Addresses[0].NetworkID = ownNet
	d.snap.Tasks = append(d.snap.Tasks, fresh)
}
