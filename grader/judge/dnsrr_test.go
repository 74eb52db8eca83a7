package judge_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
)

// Addresses in the student's overlay network: the tasks', HAProxy's, a node's
// load balancer, and one that nobody has.
const (
	overlayID  = "net-dnsrr-01"
	haproxyIP  = "10.0.7.9"
	lbIP       = "10.0.7.8"
	nobodyIP   = "10.0.7.77"
	ingressLB  = "10.0.0.2"
	beforeThat = "2024-11-20T07:00:00Z"
	startedAt  = "2024-11-20T07:30:00Z"
)

func overlayIP(slot int) string { return fmt.Sprintf("10.0.7.%d", 1+slot) }

// static is the handout's configuration of task 3 with these server lines.
func static(lines ...string) string {
	return "defaults\n    mode http\nfrontend http-in\n    bind *:9001\n    default_backend dns-servers\n" +
		"backend dns-servers\n    balance roundrobin\n    " + strings.Join(lines, "\n    ") + "\n"
}

func server(slot int) string {
	return fmt.Sprintf("server container%d %s:80 check", slot, overlayIP(slot))
}

const template = "server-template container 3 tasks.s01:80 check resolvers docker init-addr libc,none"

// dnsrr is a correct deployment of task 3 with so many replicas.
func dnsrr(t *testing.T, replicas int) *world {
	t.Helper()
	lines := make([]string, replicas)
	for i := range lines {
		lines[i] = server(i + 1)
	}
	w := newWorld(loadRubric(t), replicas, 3)
	for _, s := range []*evidence.Snapshot{w.before, w.after} {
		s.Networks = append(s.Networks, evidence.Network{
			ID: overlayID, Name: "dnsrr-01", Driver: "overlay", Scope: "swarm", Attachable: true, Subnets: []string{"10.0.7.0/24"},
		})
		s.Networks[0].Subnets = []string{"10.0.0.0/24"}
		svc := &s.Services[0]
		svc.EndpointMode, svc.Ports, svc.Networks, svc.Env = "dnsrr", nil, []string{overlayID}, nil
		svc.Created, svc.Updated = beforeThat, beforeThat
		for i := range s.Tasks {
			if task := &s.Tasks[i]; task.ServiceID == "svc-s01" {
				task.Addresses = []evidence.TaskAddress{{NetworkID: overlayID, Address: overlayIP(task.Slot) + "/24"}}
				task.Created = startedAt
			}
		}
		s.Containers[0].Networks = []evidence.ContainerNetwork{{Name: "dnsrr-01", NetworkID: overlayID, Address: haproxyIP}}
	}
	w.configure(static(lines...))
	w.deal(cyclic, cyclic)
	w.finish = seenBy(haproxyIP)
	return w
}

// configure gives HAProxy another configuration.
func (w *world) configure(text string) {
	px := haproxyOf(text)
	px.Networks = []evidence.ContainerNetwork{{Name: "dnsrr-01", NetworkID: overlayID, Address: haproxyIP}}
	w.proxies = []evidence.Proxy{px}
}

// seenBy lets every container see its requests come from these addresses.
func seenBy(clients ...string) func(*evidence.Case) {
	return func(c *evidence.Case) {
		for i := range c.Bundle.Traces {
			for k := range c.Bundle.Traces[i].Responders {
				c.Bundle.Traces[i].Responders[k].Clients = clients
			}
		}
	}
}

// both changes the snapshots before and after the load.
func (w *world) both(change func(s *evidence.Snapshot)) {
	change(w.before)
	change(w.after)
}

// task3 judges task 3 of the world, by check.
func (w *world) task3() map[string]judge.Verdict {
	c := w.observed(w.targets("3"))
	out := map[string]judge.Verdict{}
	for _, v := range judge.New(w.rub).Verdicts([]string{"3"}, c, "") {
		out[strings.TrimPrefix(v.Check, "task3.")] = v
	}
	return out
}

// requireTask3 compares all checks; those not named must pass.
func requireTask3(t *testing.T, w *world, wants map[string]want) {
	t.Helper()
	got := w.task3()
	for id := range wants {
		require.Contains(t, got, id)
	}
	for id, v := range got {
		requireReadable(t, v)
		expect, named := wants[id]
		if !named {
			expect = want{outcome: check.Pass}
		}
		require.Equal(t, expect.outcome, v.Outcome, "%s: %s", id, i18n.EN.Text(v.Message))
		if expect.message != "" {
			require.Equal(t, expect.message, v.Message.Key, "%s: %s", id, i18n.EN.Text(v.Message))
		}
		if expect.points != "" {
			require.Equal(t, expect.points, v.Points.String(), id)
		}
		if v.Outcome == check.Fail || v.Outcome == check.Partial {
			require.False(t, v.Hint.Empty(), "%s has no hint", id)
		}
	}
}

// replaceTask puts a new task with another address in slot 3, made at a time.
func replaceTask(s *evidence.Snapshot, made string) {
	for i := range s.Tasks {
		if old := &s.Tasks[i]; old.ServiceID == "svc-s01" && old.Slot == 3 {
			old.Desired, old.State = "shutdown", "shutdown"
			fresh := task("s01", 3, "10.0.7.33/24")
			fresh.ID, fresh.ContainerID, fresh.Created = "task-new", hexID("new"), made
			fresh.Addresses[0].NetworkID = overlayID
			fresh.NodeID = "node-1"
			s.Tasks = append(s.Tasks, fresh)
			return
		}
	}
}

// firstTwo answers from the tasks that did not move.
func firstTwo(own []answer) []answer { return own[:2] }

// TestTask3Good: different ways to do it right, and what is no fault of the
// student's.
func TestTask3Good(t *testing.T) {
	lines := func(ls ...string) func(*world) { return func(w *world) { w.configure(static(ls...)) } }
	for name, change := range map[string]func(*world){
		"handout":                 func(*world) {},
		"server-template":         lines(template),
		"spare slots":             lines(strings.Replace(template, "3", "9", 1)),
		"plain name":              lines(strings.Replace(template, "tasks.s01", "s01", 1)),
		"name with a final dot":   lines(strings.Replace(template, "tasks.s01", "TASKS.s01.", 1)),
		"three lines, resolvers":  lines("server a tasks.s01:80 resolvers docker", "server b tasks.s01:80 resolvers docker", "server c tasks.s01:80 resolvers docker"),
		"names that found all":    lines("server a tasks.s01:80", "server b tasks.s01:80", "server c tasks.s01:80"),
		"names of the containers": lines("server a s01.1.task-s01.1:80", server(2), server(3)),
		"a spare disabled server": lines(server(1), server(2), server(3), "server old "+nobodyIP+":80 disabled"),
		"a spare backup server":   lines(server(1), server(2), server(3), "server last 172.30.0.11:8001 backup"),
		"http-reuse always":       lines("http-reuse always", server(1), server(2), server(3)),
		"an environment variable": lines(`server a "$ONE:80"`, server(2), server(3)),
		"answers name no client":  func(w *world) { w.finish = seenBy() },
		"dealt at random": func(w *world) {
			w.configure(strings.Replace(static(server(1), server(2), server(3)), "roundrobin", "random", 1))
			w.deal(cyclic, random)
		},
		"STUDENT_ID set": func(w *world) {
			w.both(func(s *evidence.Snapshot) { s.Services[0].Env = []string{"STUDENT_ID=" + student.ID} })
		},
		"an alias of the service": func(w *world) {
			lines(strings.Replace(template, "s01", "web", 1))(w)
			w.both(func(s *evidence.Snapshot) { s.Services[0].Aliases = []string{"web"} })
		},
		"names from --add-host": func(w *world) {
			lines("server a one:80", server(2), server(3))(w)
			w.proxies[0].ExtraHosts = []string{"one:" + overlayIP(1)}
		},
		"published as 10000+NN": func(w *world) {
			w.proxies[0].Publishes[0].Public = 10001
			w.both(func(s *evidence.Snapshot) { s.Containers[0].Ports[0].Public = 10001 })
		},
		"another network as well": func(w *world) {
			w.both(func(s *evidence.Snapshot) {
				s.Networks = append(s.Networks, evidence.Network{ID: "net-back", Name: "back", Driver: "overlay", Scope: "swarm", Subnets: []string{"10.0.8.0/24"}})
				s.Services[0].Networks = []string{"net-back", overlayID}
			})
		},
		"a port in host mode": func(w *world) {
			w.both(func(s *evidence.Snapshot) {
				s.Services[0].Ports = []evidence.Port{{Protocol: "tcp", Target: 80, Published: 8001, Mode: "host"}}
			})
		},
		"a drained manager": func(w *world) {
			w.both(func(s *evidence.Snapshot) {
				s.Nodes[2].Availability = "drain"
				for i := range s.Tasks {
					if s.Tasks[i].NodeID == "node-3" {
						s.Tasks[i].NodeID = "node-1"
					}
				}
			})
		},
		"HAProxy as a service": func(w *world) {
			px := &w.proxies[0]
			px.Kind, px.ID, px.NodeID, px.Networks[0].Address = "service", "svc-haproxy-01", "node-2", ""
			w.both(func(s *evidence.Snapshot) {
				s.Containers = nil
				s.Services = append(s.Services, evidence.Service{ID: px.ID, Name: "haproxy-01", Image: "haproxy", Mode: "replicated", Replicas: 1,
					Networks: []string{overlayID}, Ports: []evidence.Port{{Protocol: "tcp", Target: 9001, Published: 9001, Mode: "ingress"}}})
				lb := task("haproxy-01", 1, haproxyIP+"/24")
				lb.Addresses[0].NetworkID = overlayID
				s.Tasks = append(s.Tasks, lb)
			})
		},
		"followed to another node": func(w *world) {
			lines(template)(w)
			w.both(func(s *evidence.Snapshot) { replaceTask(s, "2024-11-20T07:50:00Z") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := dnsrr(t, 3)
			change(w)
			requireTask3(t, w, nil)
		})
	}
}

// TestTask3Broken: each mistake is told from the others.
func TestTask3Broken(t *testing.T) {
	vip := func(s *evidence.Snapshot) {
		s.Services[0].EndpointMode = "vip"
		s.Services[0].VIPs = []evidence.VIP{{NetworkID: overlayID, Address: "10.0.7.1/24"}}
	}
	dead := func(w *world) {
		w.haproxy = func(*world) source { return source{[]answer{failure("http-503")}, only(nil, 1)} }
	}
	cut := map[string]want{"direct": blocked, "spread": blocked}
	and := func(ms ...map[string]want) map[string]want {
		out := map[string]want{}
		for _, m := range ms {
			for k, v := range m {
				out[k] = v
			}
		}
		return out
	}
	gone := and(map[string]want{"answers": fail("check.answers_dead")}, cut)
	for name, c := range map[string]struct {
		change func(*world)
		wants  map[string]want
		why    string // of backends
	}{
		"real addresses, VIP mode": {func(w *world) { w.both(vip) }, map[string]want{"dnsrr": fail("check.dnsrr_vip")}, ""},
		"virtual address": {func(w *world) { w.both(vip); w.configure(static("server a 10.0.7.1:80")); w.finish = seenBy(lbIP) },
			map[string]want{"dnsrr": fail("check.dnsrr_vip"), "backends": fail("check.servers_wrong"), "direct": fail("check.direct_vip"), "spread": blocked}, "vip"},
		"name in VIP mode": {func(w *world) { w.both(vip); w.configure(static("server a s01:80")); w.finish = seenBy(lbIP) },
			map[string]want{"dnsrr": fail("check.dnsrr_vip"), "backends": fail("check.servers_wrong"), "direct": fail("check.direct_vip"), "spread": blocked}, "vip"},
		"VIP mode, answers name no client": {func(w *world) { w.both(vip); w.configure(static("server a s01:80")); w.finish = seenBy() },
			map[string]want{"dnsrr": fail("check.dnsrr_vip"), "backends": fail("check.servers_wrong"), "direct": fail("check.servers_wrong"), "spread": blocked}, "vip"},
		"over the mesh": {func(w *world) {
			w.both(func(s *evidence.Snapshot) {
				vip(s)
				s.Services[0].Ports = []evidence.Port{{Protocol: "tcp", Target: 80, Published: 8001, Mode: "ingress"}}
			})
			w.configure(static("server a 172.30.0.11:8001", "server b 172.30.0.12:8001"))
			w.finish = seenBy(ingressLB, ingressLB)
		}, map[string]want{"dnsrr": fail("check.dnsrr_vip"), "backends": fail("check.servers_wrong"), "direct": fail("check.direct_mesh"), "spread": blocked}, "node"},
		"nodes' ports in host mode": {func(w *world) {
			w.both(func(s *evidence.Snapshot) {
				s.Services[0].Ports = []evidence.Port{{Protocol: "tcp", Target: 80, Published: 8001, Mode: "host"}}
			})
			w.configure(static("server a 172.30.0.11:8001"))
			w.finish = seenBy("172.18.0.1")
		}, map[string]want{"backends": fail("check.servers_wrong"), "direct": fail("check.direct_port"), "spread": blocked}, "node"},
		"through another container": {func(w *world) {
			w.finish = seenBy("10.0.7.50")
			w.both(func(s *evidence.Snapshot) {
				s.Containers = append(s.Containers, evidence.Container{ID: hexID("px"), NodeID: "node-2", Names: []string{"nginx-01"}, State: "running",
					Networks: []evidence.ContainerNetwork{{Name: "dnsrr-01", NetworkID: overlayID, Address: "10.0.7.50"}}})
			})
		}, map[string]want{"direct": fail("check.direct_container"), "spread": blocked}, ""},
		"two of three": {func(w *world) { w.configure(static(server(1), server(2))); w.through(cyclic, firstTwo) },
			map[string]want{"backends": partial("check.backends_few", "2.66"), "answers": partial("check.answers_silent", "1.33"), "spread": fail("check.spread_uneven")}, ""},
		"one invented": {func(w *world) {
			w.configure(static(server(1), server(2), "server c "+nobodyIP+":80"))
			w.through(cyclic, firstTwo)
		},
			map[string]want{"backends": partial("check.servers_wrong", "2"), "answers": partial("check.answers_silent", "1.33"), "spread": fail("check.spread_uneven")}, "nobody"},
		"outside the network": {func(w *world) { w.configure(static("server a 10.9.9.9:80")); dead(w) }, and(gone, map[string]want{"backends": fail("check.servers_wrong")}), "outside"},
		"published port":      {func(w *world) { w.configure(static("server a " + overlayIP(1) + ":8001")); dead(w) }, and(gone, map[string]want{"backends": fail("check.servers_wrong")}), "port"},
		"no port":             {func(w *world) { w.configure(static("server a " + overlayIP(1))); dead(w) }, and(gone, map[string]want{"backends": fail("check.servers_wrong")}), "port"},
		"HAProxy itself":      {func(w *world) { w.configure(static("server a " + haproxyIP + ":80")); dead(w) }, and(gone, map[string]want{"backends": fail("check.servers_wrong")}), "self"},
		"loopback":            {func(w *world) { w.configure(static("server a localhost:80")); dead(w) }, and(gone, map[string]want{"backends": fail("check.servers_wrong")}), "local"},
		"misspelt name":       {func(w *world) { w.configure(static("server a task.s01:80")); dead(w) }, and(gone, map[string]want{"backends": fail("check.servers_wrong")}), "name"},
		"a node's name":       {func(w *world) { w.configure(static("server a manager-2:80")); dead(w) }, and(gone, map[string]want{"backends": fail("check.servers_wrong")}), "node"},
		"one name, resolvers": {func(w *world) {
			w.configure(static("server a tasks.s01:80 resolvers docker"))
			w.through(cyclic, func(o []answer) []answer { return o[:1] })
		}, map[string]want{"backends": partial("check.backends_slots", "1.33"), "answers": partial("check.answers_silent", ""), "spread": fail("check.spread_uneven")}, ""},
		"one name, looked up once": {func(w *world) {
			w.configure(static("server a tasks.s01:80"))
			w.through(cyclic, func(o []answer) []answer { return o[:1] })
		}, map[string]want{"backends": partial("check.backends_once", "1.33"), "answers": partial("check.answers_silent", ""), "spread": fail("check.spread_uneven")}, ""},
		"a classmate's tasks": {func(w *world) {
			w.both(func(s *evidence.Snapshot) {
				s.Networks = append(s.Networks, evidence.Network{ID: "net-02", Name: "dnsrr-02", Driver: "overlay", Scope: "swarm", Attachable: true, Subnets: []string{"10.0.1.0/24"}})
				s.Services[1].Networks = []string{"net-02"}
			})
			w.configure(static("server a 10.0.1.11:80", "server b 10.0.1.12:80"))
			w.proxies[0].Networks = append(w.proxies[0].Networks, evidence.ContainerNetwork{Name: "dnsrr-02", NetworkID: "net-02", Address: "10.0.1.60"})
			w.haproxy = func(w *world) source { who := w.answers("s02"); return source{who, cyclic(w.rng, len(who))} }
		}, and(cut, map[string]want{"backends": fail("check.servers_wrong"), "answers": fail("check.answers_foreign")}), "foreign"},
		"updated, old addresses": {func(w *world) {
			w.both(func(s *evidence.Snapshot) {
				replaceTask(s, "2024-11-20T07:50:00Z")
				s.Services[0].Updated, s.Services[0].UpdateState = "2024-11-20T07:50:09Z", "completed"
			})
			w.through(cyclic, firstTwo)
		}, map[string]want{"backends": partial("check.servers_wrong", "2"), "answers": partial("check.answers_silent", "1.33"), "spread": fail("check.spread_uneven")}, "stale"},
		"not on the network": {func(w *world) {
			w.proxies[0].Networks = []evidence.ContainerNetwork{{Name: "bridge", NetworkID: "b", Address: "172.17.0.2"}}
			w.both(func(s *evidence.Snapshot) { s.Containers[0].Networks = nil })
			dead(w)
		}, and(gone, map[string]want{"haproxy-network": fail("check.joined_not")}), ""},
		"in the host's network": {func(w *world) {
			w.proxies[0].Networks, w.proxies[0].HostNetwork = nil, true
			dead(w)
		}, and(gone, map[string]want{"haproxy-network": fail("check.joined_host")}), ""},
		"network not attachable": {func(w *world) {
			w.both(func(s *evidence.Snapshot) { s.Networks[1].Attachable = false; s.Containers[0].State = "created" })
			w.proxies[0].State, w.proxies[0].Networks = "created", nil
		}, and(cut, map[string]want{"network": fail("check.network_closed"), "haproxy-network": blocked, "haproxy-running": fail(""), "answers": blocked}), ""},
		"network of another name": {func(w *world) {
			w.both(func(s *evidence.Snapshot) { s.Networks[1].Name = "mynet" })
			w.proxies[0].Networks[0].Name = "mynet"
		}, map[string]want{"network": partial("check.network_misnamed", "1")}, ""},
		"network that is a bridge": {func(w *world) {
			w.both(func(s *evidence.Snapshot) { s.Networks[1].Driver, s.Networks[1].Scope = "bridge", "local" })
		}, map[string]want{"network": fail("check.network_driver"), "haproxy-network": blocked}, ""},
		"service not on the network": {func(w *world) {
			w.both(func(s *evidence.Snapshot) { s.Services[0].Networks = nil })
		}, map[string]want{"network": fail("check.network_unused"), "haproxy-network": blocked, "backends": {outcome: check.Fail}}, "network"},
		"service of another name": {func(w *world) {
			w.both(func(s *evidence.Snapshot) { s.Services[0].Name = "web" })
		}, and(cut, map[string]want{"service": fail("check.service_misnamed"), "image": blocked, "student-id": blocked, "dnsrr": blocked, "replicas": blocked,
			"running": blocked, "nodes": blocked, "backends": blocked, "answers": blocked}), ""},
		"STUDENT_ID of another": {func(w *world) {
			w.both(func(s *evidence.Snapshot) { s.Services[0].Env = []string{"STUDENT_ID=2024999"} })
		},
			map[string]want{"student-id": fail("check.env_other")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := dnsrr(t, 3)
			c.change(w)
			requireTask3(t, w, c.wants)
			if c.why != "" {
				require.Equal(t, c.why, w.task3()["backends"].Observed["why"])
			}
		})
	}
}

// TestTask3Outage: addresses that were right until swarm moved the task cost
// nothing, and what they make of the measurement is not judged.
func TestTask3Outage(t *testing.T) {
	open := map[string]want{
		"backends": {outcome: check.Pass, message: "check.backends_moved"}, "answers": open("check.answers_moved"),
		"direct": open("check.answers_moved"), "spread": open("check.answers_moved"),
	}
	for name, change := range map[string]func(s *evidence.Snapshot){
		"node down": func(s *evidence.Snapshot) {
			replaceTask(s, "2024-11-20T07:50:00Z")
			s.Nodes[2].State = "down"
			for i := range s.Tasks {
				if s.Tasks[i].ServiceID == "svc-s01" && s.Tasks[i].NodeID == "node-3" {
					s.Tasks[i].State = "running" // as the managers last heard
				}
			}
		},
		"node back, never updated": func(s *evidence.Snapshot) { replaceTask(s, "2024-11-20T07:50:00Z") },
		"node back, updated before": func(s *evidence.Snapshot) {
			replaceTask(s, "2024-11-20T07:50:00Z")
			s.Services[0].Updated, s.Services[0].UpdateState = "2024-11-20T07:31:00Z", "completed"
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := dnsrr(t, 3)
			w.both(change)
			w.through(cyclic, firstTwo)
			requireTask3(t, w, open)
		})
	}
	t.Run("while it updates", func(t *testing.T) {
		w := dnsrr(t, 3)
		w.both(func(s *evidence.Snapshot) {
			replaceTask(s, "2024-11-20T07:50:00Z")
			s.Services[0].UpdateState = "updating"
		})
		w.through(cyclic, firstTwo)
		require.Equal(t, "stale", w.task3()["backends"].Observed["why"])
	})
}

// TestTask3RandomNeverFails: balance random deals by its ring, whose shares are
// not even, and must pass however the dice fall.
func TestTask3RandomNeverFails(t *testing.T) {
	shares := []float64{0.351, 0.295, 0.354}
	w := dnsrr(t, 3)
	w.configure(strings.Replace(static(server(1), server(2), server(3)), "roundrobin", "random", 1))
	w.haproxy = func(w *world) source {
		return source{w.answers("s01"), func() int {
			x := w.rng.Float64()
			return slices.IndexFunc(shares, func(s float64) bool { x -= s; return x < 0 || s == shares[2] })
		}}
	}
	for seed := range uint64(200) {
		w.rng = rand.New(rand.NewPCG(seed, 9))
		v := w.task3()["spread"]
		require.Equal(t, check.Pass, v.Outcome, i18n.EN.Text(v.Message))
		require.Equal(t, "check.spread_ok_ring", v.Message.Key)
	}
}

// TestTask3Empty: an empty submission scores nothing.
func TestTask3Empty(t *testing.T) {
	w := dnsrr(t, 3)
	w.proxies = nil
	w.both(func(s *evidence.Snapshot) {
		s.Services, s.Tasks, s.Networks, s.Containers = s.Services[1:], nil, s.Networks[:1], nil
	})
	for id, v := range w.task3() {
		require.Zero(t, v.Points, id)
		require.Contains(t, []check.Outcome{check.Fail, check.Blocked}, v.Outcome, id)
	}
}
