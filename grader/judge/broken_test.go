package judge_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
)

// want is how one check should end.
type want struct {
	outcome check.Outcome
	message string // key
	points  string
}

func fail(message string) want            { return want{check.Fail, message, "0"} }
func partial(message, points string) want { return want{check.Partial, message, points} }
func open(message string) want            { return want{check.Ungraded, message, "0"} }

var blocked = want{check.Blocked, "judge.blocked", "0"}

// plus adds an answer to the honest ones.
func plus(extra ...answer) func([]answer) []answer {
	return func(own []answer) []answer { return append(slices.Clone(own), extra...) }
}

func named(host string, addresses ...string) answer {
	return answer{rule: "whoami", who: evidence.Identity{Hostname: host, Addresses: addresses}}
}

// configured is the handout's HAProxy with one thing changed.
func configured(old, new string) func(*world) {
	return func(w *world) { w.proxies = []evidence.Proxy{haproxyOf(strings.ReplaceAll(handout, old, new))} }
}

// sandbox is what an engine says whose overlay network is broken.
const sandbox = `network sandbox join failed: subnet sandbox join failed for "10.0.0.0/20": error creating vxlan interface: file exists`

// meshOf lets all requests through the nth node end in the same way.
func (w *world) meshOf(nth int, a answer) {
	honest, n := w.mesh, 0
	w.mesh = func(w *world) source {
		if n++; n != nth {
			return honest(w)
		}
		return source{[]answer{a}, random(w.rng, 1)}
	}
}

// retire stops the task of a slot in a snapshot.
func retire(s *evidence.Snapshot, slot int) {
	for i := range s.Tasks {
		if t := &s.Tasks[i]; t.ServiceID == "svc-s01" && t.Slot == slot {
			t.Desired, t.State = "shutdown", "shutdown"
		}
	}
}

// replace puts a new task in a slot, as after a crash.
func replace(s *evidence.Snapshot, slot int) {
	retire(s, slot)
	fresh := task("s01", slot, "10.0.0.99/24")
	fresh.ID, fresh.ContainerID = "task-new", hexID("new")
	s.Tasks = append(s.Tasks, fresh)
}

// proxyChecks are all that look at the HAProxy or at what comes through it.
func proxyChecks(how want) map[string]want {
	m := map[string]want{}
	for _, id := range []string{"haproxy-running", "haproxy-config", "haproxy-port", "haproxy-servers", "haproxy-balance", "haproxy-check", "answers", "spread"} {
		m[id] = how
	}
	return m
}

func with(m map[string]want, id string, w want) map[string]want {
	m[id] = w
	return m
}

func everything(how want) map[string]want {
	m := proxyChecks(how)
	for _, id := range []string{"service", "image", "student-id", "published", "replicas", "running", "nodes", "mesh", "mesh-spread", "haproxy"} {
		m[id] = how
	}
	return m
}

// TestBrokenDeployments: each mistake costs its own points and says why; what
// the case does not name passes.
func TestBrokenDeployments(t *testing.T) {
	// What is left of the answers is judged for evenness, unless all is lost.
	spoiled := func(answers, spread want) map[string]want {
		return map[string]want{"answers": answers, "spread": spread}
	}
	few, uneven := partial("check.spread_few", "2.5"), fail("check.spread_uneven")
	for _, c := range []struct {
		name   string
		change func(w *world)
		want   map[string]want
	}{
		{"weights 2:1:1", func(w *world) { w.deal(cyclic, weighted(2, 1, 1)) },
			map[string]want{"spread": partial("check.spread_uneven", "2.5")}},
		{"weights 8:1:1", func(w *world) { w.deal(cyclic, weighted(8, 1, 1)) },
			map[string]want{"spread": fail("check.spread_uneven")}},
		{"the mesh is uneven", func(w *world) { w.deal(weighted(2, 1, 1), nested) },
			map[string]want{"mesh-spread": fail("check.spread_uneven")}},
		{"one container gets all", func(w *world) { w.deal(cyclic, only) },
			spoiled(partial("check.answers_silent", "1.33"), uneven)},
		{"one container is silent", func(w *world) { w.deal(cyclic, weighted(1, 1, 0)) },
			spoiled(partial("check.answers_silent", "2.66"), uneven)},
		{"a third of the requests fail", func(w *world) {
			w.through(weighted(2, 2, 2, 3), plus(failure("http-503")))
		}, spoiled(partial("check.answers_errors", ""), few)},
		{"every request is refused", func(w *world) {
			w.through(only, func([]answer) []answer { return []answer{failure("refused")} })
		}, spoiled(fail("check.answers_dead"), blocked)},
		{"one request of 200 fails", func(w *world) {
			w.through(weighted(66, 67, 66, 1), plus(failure("reset")))
		}, nil},
		{"a classmate's container answers", func(w *world) {
			w.through(random, plus(w.answers("s02")[0]))
		}, spoiled(partial("check.answers_foreign", ""), few)},
		{"only a classmate's containers answer", func(w *world) {
			w.through(random, func([]answer) []answer { return w.answers("s02") })
		}, spoiled(fail("check.answers_foreign"), blocked)},
		{"a page that names nobody", func(w *world) {
			w.through(random, plus(answer{sample: "<h1>It works {{.Task}}</h1>"}))
		}, spoiled(partial("check.answers_anonymous", ""), few)},
		{"an invented host name", func(w *world) { w.through(random, plus(named("my-own-container", "172.18.0.9"))) },
			spoiled(partial("check.answers_unknown", ""), few)},
		{"an invented host name with an own address", func(w *world) { w.through(random, plus(named("my-own-container", "10.0.0.11"))) },
			spoiled(partial("check.answers_unknown", ""), few)},
		{"an own host name with another task's address", func(w *world) {
			w.through(random, plus(named(hexID("s01.1")[:12], "10.0.0.12")))
		}, spoiled(partial("check.answers_forged", ""), few)},
		{"an own host name with a classmate's address", func(w *world) {
			w.through(random, plus(named(hexID("s01.1")[:12], "10.0.1.11")))
		}, spoiled(partial("check.answers_forged", ""), few)},
		{"one container claims to be all", func(w *world) {
			w.through(random, func(own []answer) []answer {
				for i := range own {
					own[i].who.Addresses = own[0].who.Addresses
				}
				return own
			})
		}, spoiled(partial("check.answers_forged", "0.44"), uneven)},

		{"no request was sent at HAProxy", func(w *world) {
			w.finish = func(c *evidence.Case) { c.Bundle.Traces = slices.DeleteFunc(c.Bundle.Traces, isHAProxy) }
		}, map[string]want{"answers": open("check.load_none"), "spread": open("check.load_none")}},
		{"the run was cancelled at HAProxy", func(w *world) {
			w.finish = func(c *evidence.Case) { c.Bundle.Trace("haproxy").Stopped = "cancelled" }
		}, map[string]want{"answers": open("check.load_cut"), "spread": open("check.load_cut")}},
		{"a node could not be reached", func(w *world) {
			w.gaps = []evidence.Gap{{What: "load/mesh/manager-2", Code: "unreachable", Detail: "no route"}}
		}, map[string]want{"mesh": open("check.load_gap"), "mesh-spread": open("check.load_gap")}},
		{"the grader's own machine was short of ports", func(w *world) {
			w.gaps = []evidence.Gap{{What: "load/haproxy", Code: "local", Detail: "cannot assign requested address"}}
		}, map[string]want{"answers": open("check.load_gap_local"), "spread": open("check.load_gap_local")}},
		{"HAProxy's host could not be reached", func(w *world) {
			w.gaps = []evidence.Gap{{What: "load/haproxy", Code: "unreachable"}}
		}, map[string]want{"answers": open("check.load_gap"), "spread": open("check.load_gap")}},
		{"no snapshot", func(w *world) { w.finish = func(c *evidence.Case) { c.Before = nil } }, everything(open("judge.no_snapshot"))},
		{"no second snapshot", func(w *world) { w.after = nil }, nil},
		{"containers of a node could not be listed", func(w *world) {
			w.proxies = nil
			w.before.Gaps = []evidence.Gap{{What: "containers/tcp://172.30.0.12:2375", Code: "timeout"}}
		}, with(proxyChecks(open("check.proxy_unread")), "haproxy", open("check.proxy_unread"))},
		{"the list of tasks was cut", func(w *world) {
			w.after.Gaps = []evidence.Gap{{What: "tasks", Code: "too-large", Detail: "60000"}}
		}, everything(open("check.cut_list"))},
		{"the list of services was cut", func(w *world) {
			w.before.Gaps = []evidence.Gap{{What: "services", Code: "too-large", Detail: "60000"}}
		}, everything(open("check.cut_list"))},
		{"the list of networks was cut", func(w *world) {
			w.before.Gaps = []evidence.Gap{{What: "networks", Code: "too-large", Detail: "60000"}}
		}, everything(open("check.cut_list"))},
		{"the list of nodes was cut", func(w *world) {
			w.before.Gaps = []evidence.Gap{{What: "nodes", Code: "too-large", Detail: "60000"}}
		}, everything(open("check.cut_list"))},
		{"a classmate's tasks were not all read", func(w *world) {
			w.before.Gaps = []evidence.Gap{{What: "tasks/svc-s02", Code: "too-large", Detail: "9000"}}
			w.after.Gaps = []evidence.Gap{{What: "tasks/svc-s02", Code: "abridged", Detail: "9000"}}
		}, nil},
		{"the own tasks that run were not all read", func(w *world) {
			w.before.Gaps = []evidence.Gap{{What: "tasks/svc-s01", Code: "too-large", Detail: "9000"}}
		}, everything(open("check.cut_own"))},
		{"of the own tasks those were left out that don't run", func(w *world) {
			w.before.Gaps = []evidence.Gap{{What: "tasks/svc-s01", Code: "abridged", Detail: "9000"}}
		}, nil},
		{"swarm configs could not be read", func(w *world) {
			w.before.Gaps = []evidence.Gap{{What: "configs", Code: "too-large"}}
		}, nil},
		{"a path in the overlay network is lost", func(w *world) {
			honest, n := w.mesh, 0
			w.mesh = func(w *world) source {
				if n++; n != 2 {
					return honest(w)
				}
				return source{plus(failure("timeout"))(w.answers("s01")), random(w.rng, 4)}
			}
		}, map[string]want{"mesh": open("check.lost_path"), "mesh-spread": open("check.lost_path")}},
		{"a node refuses a port that the mesh has", func(w *world) { w.meshOf(2, failure("refused")) },
			map[string]want{"mesh": open("check.node_deaf"), "mesh-spread": open("check.node_deaf")}},
		{"every node refuses", func(w *world) {
			w.mesh = func(w *world) source { return source{[]answer{failure("refused")}, random(w.rng, 1)} }
		}, map[string]want{"mesh": fail("check.answers_dead"), "mesh-spread": blocked}},
		{"a node refuses, and the port was never in the mesh", func(w *world) {
			w.before.Services[0].Ports[0].Mode, w.after.Services[0].Ports[0].Mode = "host", "host"
			w.meshOf(2, failure("refused"))
		}, map[string]want{"published": fail("check.port_mode"), "mesh": blocked, "mesh-spread": blocked}},
		{"an engine can't set up tasks", func(w *world) {
			for _, s := range []*evidence.Snapshot{w.before, w.after} {
				for _, i := range []int{2, 5} { // of both students
					s.Tasks[i].State, s.Tasks[i].Error = "failed", sandbox
				}
			}
			w.deal(among(2), among(2))
		}, map[string]want{
			"running": open("check.node_trouble"), "nodes": open("check.node_trouble"), "mesh": open("check.node_trouble"),
			"mesh-spread": open("check.node_trouble"),
		}},
		{"an engine can't set up the tasks of one service only", func(w *world) {
			for _, s := range []*evidence.Snapshot{w.before, w.after} {
				s.Tasks[2].State, s.Tasks[2].Error = "failed", sandbox
			}
			w.deal(among(2), among(2))
		}, map[string]want{"running": partial("check.running_trouble", "2")}},

		{"no HAProxy", func(w *world) { w.proxies = nil }, with(proxyChecks(blocked), "haproxy", fail("check.proxy_none"))},
		{"HAProxy under another name", func(w *world) {
			w.proxies[0].Name, w.proxies[0].Matched = "haproxy01", "name-similar"
		}, map[string]want{"haproxy": partial("check.proxy_misnamed", "1")}},
		{"HAProxy stopped", func(w *world) {
			w.proxies[0].State, w.proxies[0].ExitCode = "exited", 1
			w.proxies[0].Log = "[ALERT]    (1) : config : parsing [haproxy.cfg:3] : unknown keyword\n"
		}, map[string]want{"haproxy-running": fail("check.proxy_stopped_log"), "answers": blocked, "spread": blocked}},
		{"the configuration could not be read", func(w *world) { w.proxies[0].Files[0].Error = "unreadable" },
			map[string]want{
				"haproxy-config": open("check.config_unread"), "haproxy-port": open("check.config_unread"),
				"haproxy-servers": open("check.config_unread"), "haproxy-balance": open("check.config_unread"),
				"haproxy-check": open("check.config_unread"), "answers": open("check.config_unread"), "spread": open("check.config_unread"),
			}},
		{"stopped, and the configuration could not be read", func(w *world) {
			w.proxies[0].State, w.proxies[0].Files[0].Error = "exited", "unreadable"
		}, map[string]want{
			"haproxy-running": fail("check.proxy_stopped"),
			"haproxy-config":  open("check.config_unread"), "haproxy-port": open("check.config_unread"),
			"haproxy-servers": open("check.config_unread"), "haproxy-balance": open("check.config_unread"),
			"haproxy-check": open("check.config_unread"), "answers": blocked, "spread": blocked,
		}},
		{"HAProxy refuses what the file names", func(w *world) {
			w.proxies[0].State, w.proxies[0].ExitCode = "exited", 1
			w.proxies[0].Log = "[ALERT]    (1) : config : parsing [haproxy.cfg:3] : error opening file\n" +
				"[ALERT]    (1) : config : Fatal errors found in configuration.\n"
		}, with(with(proxyChecks(blocked), "haproxy-running", fail("check.proxy_stopped_log")), "haproxy-config", fail("check.config_refused"))},
		{"HAProxy paused", func(w *world) { w.proxies[0].State = "paused" },
			map[string]want{"haproxy-running": fail("check.proxy_paused"), "answers": blocked, "spread": blocked}},
		{"HAProxy published on loopback only", func(w *world) {
			for i := range w.proxies[0].Publishes {
				w.proxies[0].Publishes[i].IP = "127.0.0.1"
			}
		}, map[string]want{"haproxy-port": fail("check.bind_published_local"), "answers": blocked, "spread": blocked}},
		{"bound for IPv6 only", configured("bind *:9001", "bind [::]:9001 v6only"),
			map[string]want{"haproxy-port": fail("check.bind_elsewhere"), "answers": blocked, "spread": blocked}},
		{"a node by a name from --add-host", func(w *world) {
			configured("172.30.0.13", "web3")(w)
			w.proxies[0].ExtraHosts = []string{"web3:172.30.0.13"}
		}, nil},
		{"tcp mode", configured("mode http", "mode tcp"), map[string]want{"haproxy-config": partial("check.config_mode", "1")}},
		{"balance source", configured("balance roundrobin", "balance source"),
			map[string]want{"haproxy-balance": fail("check.balance_other")}},
		{"no balance line", configured("    balance roundrobin\n", ""), nil},
		{"a server without check", configured("11:8001 check", "11:8001"), map[string]want{"haproxy-check": fail("check.health_missing")}},
		{"a server at a classmate's port", configured("12:8001", "12:8002"),
			map[string]want{"haproxy-servers": partial("check.servers_wrong", "2")}},
		{"a server is missing", configured("    server node3 172.30.0.13:8001 check\n", ""),
			map[string]want{"haproxy-servers": partial("check.servers_few", "2")}},
		{"a server is no node", configured("172.30.0.13", "192.168.1.1"),
			map[string]want{"haproxy-servers": partial("check.servers_wrong", "2")}},

		{"no service", func(w *world) { w.before.Services[0].Name = "web" },
			map[string]want{
				"service": fail("check.service_misnamed"), "image": blocked, "student-id": blocked, "published": blocked,
				"replicas": blocked, "running": blocked, "nodes": blocked, "mesh": blocked, "mesh-spread": blocked,
				"answers": fail("check.service_none"), "spread": blocked,
			}},
		{"another image", func(w *world) { w.before.Services[0].Image = "nginx:latest" },
			map[string]want{"image": fail("check.image_other")}},
		{"somebody else's student ID", func(w *world) { w.before.Services[0].Env = []string{"STUDENT_ID=2024002"} },
			map[string]want{"student-id": fail("check.env_other")}},
		{"an empty student ID", func(w *world) { w.before.Services[0].Env = []string{"STUDENT_ID="} },
			map[string]want{"student-id": fail("check.env_empty")}},
		{"a node does not have the image", func(w *world) {
			for _, s := range []*evidence.Snapshot{w.before, w.after} {
				s.Tasks[2].State, s.Tasks[2].Error = "rejected", "No such image: whoami-for-swarm:latest"
			}
			w.deal(among(2), among(2))
		}, map[string]want{"running": partial("check.running_trouble", "2"), "nodes": partial("check.nodes_refused", "1.33")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(loadRubric(t), 3, 42)
			c.change(w)
			got := w.verdicts()
			require.Len(t, got, 18)
			for id, v := range got {
				requireReadable(t, v)
				short := strings.TrimPrefix(id, "task2.")
				expect, special := c.want[short]
				if !special {
					require.Equal(t, check.Pass, v.Outcome, "%s: %s", id, v.Message.Key)
					require.Equal(t, v.Max, v.Points, id)
					continue
				}
				require.Equal(t, expect.outcome, v.Outcome, "%s: %s", id, v.Message.Key)
				require.Equal(t, expect.message, v.Message.Key, id)
				require.False(t, v.Hint.Empty(), "%s: what does not pass has a hint", id)
				if expect.points != "" {
					require.Equal(t, expect.points, v.Points.String(), id)
				}
			}
		})
	}
}

// TestTasksThatChangeUnderLoad: counts taken while tasks came and went say
// nothing of the balancing, so they cost nothing.
func TestTasksThatChangeUnderLoad(t *testing.T) {
	for _, c := range []struct {
		name   string
		deal   balancer
		slot   int // replaced while requests were sent
		answer want
	}{
		{"one fell silent", weighted(1, 0, 1), 1, open("check.unstable")},
		{"the others are even", nested, 3, want{check.Pass, "check.answers_ok", "4"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(loadRubric(t), 3, 42)
			w.deal(cyclic, c.deal)
			replace(w.after, c.slot)
			got := w.verdicts()
			for id, expect := range map[string]want{
				"task2.answers": c.answer, "task2.spread": open("check.unstable"), "task2.mesh-spread": open("check.unstable"),
			} {
				require.Equal(t, expect.message, got[id].Message.Key, id)
				require.Equal(t, expect.outcome, got[id].Outcome, id)
				requireReadable(t, got[id])
			}
		})
	}
}

// TestStaleTask: a task that the managers have given up may still answer for a
// while; it is counted apart and is none of the student's containers.
func TestStaleTask(t *testing.T) {
	w := newWorld(loadRubric(t), 3, 42)
	old := task("s01", 1, "10.0.0.77/24")
	old.ID, old.ContainerID, old.Desired = "task-old", hexID("old"), "shutdown"
	w.before.Tasks, w.after.Tasks = append(w.before.Tasks, old), append(w.after.Tasks, old)
	w.through(cyclic, plus(answerOf(old, student.ID)))
	v := w.verdicts()["task2.answers"]
	require.Positive(t, v.Observed["stale"])
	require.NotContains(t, v.Observed["containers"], hexID("old")[:12])
	require.Len(t, v.Observed["containers"], 3)
}

func isHAProxy(t evidence.Trace) bool { return t.Target.Kind == "haproxy" }
