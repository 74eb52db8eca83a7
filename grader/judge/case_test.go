package judge_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

// handout is the configuration that the handout asks for, for student 01.
const handout = `defaults
    mode http
frontend http-in
    bind *:9001
    default_backend servers
backend servers
    balance roundrobin
    server node1 172.30.0.11:8001 check
    server node2 172.30.0.12:8001 check
    server node3 172.30.0.13:8001 check
`

var student = roster.Student{ID: "2024001", Name: "王小明"}

// vars are what the rubric derives for the student.
func vars() map[string]string {
	return map[string]string{
		"nn": "01", "service": "s01", "published": "8001",
		"haproxy": "haproxy-01", "frontend": "9001", "visited": "10001", "network": "dnsrr-01",
	}
}

// loadRubric is the rubric that the program brings along.
func loadRubric(tb testing.TB) *rubric.Rubric {
	tb.Helper()
	rub, err := loadOnce()
	require.NoError(tb, err)
	return rub
}

var loadOnce = sync.OnceValues(func() (*rubric.Rubric, error) {
	data, ok := rubrics.Find("ha-lb")
	if !ok {
		return nil, errors.New("no rubric ha-lb")
	}
	return rubric.Load(data, "ha-lb.yaml", check.Set{}, nil)
})

func hexID(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// cluster is a healthy swarm of three managers with the student's service s01
// of so many replicas, a classmate's s02 of three, and one HAProxy.
func cluster(replicas int) *evidence.Snapshot {
	s := &evidence.Snapshot{
		Schema:   evidence.SnapshotSchema,
		Swarm:    evidence.Swarm{ID: "swarm", HeartbeatMS: 5000, TaskHistoryLimit: 5, Managers: 3},
		Networks: []evidence.Network{{ID: "net-ingress", Name: "ingress", Driver: "overlay", Scope: "swarm", Ingress: true}},
	}
	for i := 1; i <= 3; i++ {
		node := fmt.Sprintf("node-%d", i)
		host, ip := fmt.Sprintf("manager-%d", i), fmt.Sprintf("172.30.0.%d", 10+i)
		s.Nodes = append(s.Nodes, evidence.Node{
			ID: node, Hostname: host, Address: ip, SwarmAddress: ip, Role: "manager",
			State: "ready", Availability: "active", Leader: i == 1, Reachability: "reachable",
		})
		s.Endpoints = append(s.Endpoints, evidence.Endpoint{
			Address: "tcp://" + ip + ":2375", NodeID: node, Hostname: host, Reached: true, Manager: true,
		})
	}
	s.Services = []evidence.Service{
		service("s01", 8001, replicas, student.ID), service("s02", 8002, 3, "2024002"),
	}
	for i, svc := range s.Services {
		for slot := 1; slot <= svc.Replicas; slot++ {
			s.Tasks = append(s.Tasks, task(svc.Name, slot, fmt.Sprintf("10.0.%d.%d/24", i, 10+slot)))
		}
	}
	s.Containers = []evidence.Container{{
		Endpoint: "tcp://172.30.0.11:2375", NodeID: "node-1", ID: hexID("haproxy-01"), Names: []string{"haproxy-01"},
		Image: "haproxy:latest", State: "running", Status: "Up 2 minutes", NetworkMode: "bridge",
		Ports: []evidence.ContainerPort{{IP: "0.0.0.0", Private: 9001, Public: 9001, Protocol: "tcp"}},
	}}
	return s
}

func service(name string, port, replicas int, id string) evidence.Service {
	return evidence.Service{
		ID: "svc-" + name, Name: name, Image: "lab.example/ha/whoami-for-swarm:latest",
		Env: []string{"STUDENT_ID=" + id}, Mode: "replicated", Replicas: replicas, EndpointMode: "vip",
		Ports:   []evidence.Port{{Protocol: "tcp", Target: 80, Published: port, Mode: "ingress"}},
		Restart: evidence.RestartPolicy{Condition: "any", DelayMS: 5000},
	}
}

func task(svc string, slot int, address string) evidence.Task {
	id := fmt.Sprintf("%s.%d", svc, slot)
	return evidence.Task{
		ID: "task-" + id, ServiceID: "svc-" + svc, NodeID: fmt.Sprintf("node-%d", (slot-1)%3+1), Slot: slot,
		Desired: "running", State: "running", ContainerID: hexID(id), Version: 10,
		Addresses: []evidence.TaskAddress{{NetworkID: "net-ingress", Address: address}},
	}
}

func haproxyOf(config string) evidence.Proxy {
	return evidence.Proxy{
		Kind: "container", Name: "haproxy-01", Matched: "name", ID: hexID("haproxy-01"), NodeID: "node-1",
		Hostname: "manager-1", Image: "haproxy:latest", State: "running", Restart: "no",
		Started:   "2024-11-20T08:00:00Z",
		Publishes: []evidence.ContainerPort{{IP: "0.0.0.0", Private: 9001, Public: 9001, Protocol: "tcp"}},
		Files: []evidence.File{{
			Path: "/usr/local/etc/haproxy/haproxy.cfg", Source: "archive", Text: config,
			SHA256: hexID(config), Size: int64(len(config)), Modified: "2024-11-20T07:59:00Z",
		}},
	}
}

// answer is what one request can come back with: an identity or an error.
type answer struct {
	who    evidence.Identity
	rule   string
	sample string
	err    string
}

// answerOf is the honest page of a task's container.
func answerOf(t evidence.Task, id string) answer {
	ip, _, _ := strings.Cut(t.Addresses[0].Address, "/")
	return answer{rule: "whoami", who: evidence.Identity{
		// docker_gwbridge's address is known to no manager.
		Hostname: t.ContainerID[:12], Addresses: []string{ip, "172.18.0.3"}, StudentID: id,
	}}
}

func failure(class string) answer { return answer{err: class} }

// source is a simulated balancer: next picks the answer of each request.
type source struct {
	who  []answer
	next func() int
}

// drive sends a target's requests at a source and writes down what came back
// as the loader does.
func drive(target evidence.Target, s source) evidence.Trace {
	tr := evidence.Trace{
		Target: target, Sent: target.Requests, Took: int64(target.Requests), Connections: target.Requests,
		Responders: []evidence.Responder{}, Sequence: make([]int16, 0, target.Requests),
	}
	at := make([]int16, len(s.who)) // place in the trace, one up; 0 is none yet
	for range target.Requests {
		i := s.next()
		a := &s.who[i]
		switch {
		case at[i] != 0:
		case a.err != "":
			tr.Errors = append(tr.Errors, evidence.ErrorClass{Class: a.err})
			at[i] = int16(-len(tr.Errors))
		default:
			tr.Responders = append(tr.Responders, evidence.Responder{Identity: a.who, Rule: a.rule, Sample: a.sample})
			at[i] = int16(len(tr.Responders))
		}
		if n := at[i]; n > 0 {
			tr.Responders[n-1].Count++
			tr.Sequence = append(tr.Sequence, n-1)
		} else {
			tr.Errors[-n-1].Count++
			tr.Sequence = append(tr.Sequence, n)
		}
	}
	return tr
}

// balancer deals requests over k containers.
type balancer func(rng *rand.Rand, k int) func() int

// cyclic is one round robin, starting anywhere.
func cyclic(rng *rand.Rand, k int) func() int {
	i := rng.IntN(k)
	return func() int { i++; return i % k }
}

// nested is a round robin over three nodes, each with a round robin of its own
// over the containers: in step it gives AAABBBCCC.
func nested(rng *rand.Rand, k int) func() int {
	start, node := rng.IntN(k), -1
	at := [3]int{start, start, start}
	return func() int {
		node = (node + 1) % 3
		at[node]++
		return at[node] % k
	}
}

// nestedApart is nested with the nodes out of step.
func nestedApart(rng *rand.Rand, k int) func() int {
	at, node := [3]int{rng.IntN(k), rng.IntN(k), rng.IntN(k)}, -1
	return func() int {
		node = (node + 1) % 3
		at[node]++
		return at[node] % k
	}
}

// random is what Docker Desktop, random and hash algorithms amount to.
func random(rng *rand.Rand, k int) func() int { return func() int { return rng.IntN(k) } }

// leastconn takes any node, all being idle, and each node deals in turn.
func leastconn(rng *rand.Rand, k int) func() int {
	at := [3]int{rng.IntN(k), rng.IntN(k), rng.IntN(k)}
	return func() int {
		node := rng.IntN(3)
		at[node]++
		return at[node] % k
	}
}

// among deals in turn over the first n containers.
func among(n int) balancer { return func(rng *rand.Rand, _ int) func() int { return cyclic(rng, n) } }

// only always takes the first.
func only(*rand.Rand, int) func() int { return func() int { return 0 } }

// weighted draws at random with weights.
func weighted(weights ...int) balancer {
	var lots []int
	for i, w := range weights {
		lots = append(lots, slices.Repeat([]int{i}, w)...)
	}
	return func(rng *rand.Rand, _ int) func() int { return func() int { return lots[rng.IntN(len(lots))] } }
}

// world is one student's deployment with everything that the grader sees.
type world struct {
	rub           *rubric.Rubric
	before, after *evidence.Snapshot
	proxies       []evidence.Proxy
	gaps          []evidence.Gap
	rng           *rand.Rand
	// mesh and haproxy say how requests are answered.
	mesh, haproxy func(w *world) source
	// finish changes the case when all was observed.
	finish func(c *evidence.Case)
}

// newWorld is a correct deployment; the same seed gives the same sequences.
func newWorld(rub *rubric.Rubric, replicas int, seed uint64) *world {
	w := &world{
		rub: rub, before: cluster(replicas), after: cluster(replicas),
		proxies: []evidence.Proxy{haproxyOf(handout)}, rng: rand.New(rand.NewPCG(seed, 7)),
	}
	w.deal(cyclic, nested)
	return w
}

// deal lets correct containers answer as the balancers pick them.
func (w *world) deal(mesh, haproxy balancer) {
	from := func(b balancer) func(*world) source {
		return func(w *world) source {
			who := w.answers("s01")
			return source{who, b(w.rng, len(who))}
		}
	}
	w.mesh, w.haproxy = from(mesh), from(haproxy)
}

// through lets the balancer pick among answers made from the honest ones.
func (w *world) through(b balancer, who func(own []answer) []answer) {
	w.haproxy = func(w *world) source {
		list := who(w.answers("s01"))
		return source{list, b(w.rng, len(list))}
	}
}

// answers are the honest pages of a service's tasks.
func (w *world) answers(name string) []answer {
	var out []answer
	for _, t := range w.before.Tasks {
		if t.ServiceID == "svc-"+name && t.Desired == "running" {
			out = append(out, answerOf(t, student.ID))
		}
	}
	return out
}

// targets are what the real plan drives for a task of the rubric.
func (w *world) targets(tasks ...string) []evidence.Target {
	plan := observe.NewPlan(w.rub, tasks, []roster.Student{student}, map[string]map[string]string{student.ID: vars()}, w.before)
	return plan.Students[0].Targets
}

// observed runs the load and gives the case.
func (w *world) observed(targets []evidence.Target) evidence.Case {
	b := &evidence.Bundle{
		Schema: evidence.BundleSchema, Run: "run", Task: "2", Before: "sha256:b", After: "sha256:a",
		Student: evidence.Student{ID: student.ID, Name: student.Name, Vars: vars()},
		Proxies: w.proxies, Gaps: w.gaps, Traces: []evidence.Trace{},
	}
	for _, t := range targets {
		from := w.mesh
		if t.Kind == "haproxy" {
			from = w.haproxy
		}
		b.Traces = append(b.Traces, drive(t, from(w)))
	}
	c := evidence.Case{Bundle: b, Before: w.before, After: w.after}
	if w.finish != nil {
		w.finish(&c)
	}
	return c
}

// verdicts judges task 2 of the world, by check.
func (w *world) verdicts() map[string]judge.Verdict {
	out := map[string]judge.Verdict{}
	for _, v := range judge.New(w.rub).Verdicts([]string{"2"}, w.observed(w.targets("2")), "sha256:e") {
		out[v.Check] = v
	}
	return out
}
