package observe_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/stats"
	"swarmgrade/rubrics"
)

func loadRubric(tb testing.TB) *rubric.Rubric {
	tb.Helper()
	data, ok := rubrics.Find("ha-lb")
	require.True(tb, ok)
	rub, err := rubric.Load(data, "ha-lb.yaml", check.Set{}, nil)
	require.NoError(tb, err)
	return rub
}

// class are students 01 to n with their names and ports.
func class(n int) (students []roster.Student, vars map[string]map[string]string) {
	vars = map[string]map[string]string{}
	for i := 1; i <= n; i++ {
		id := fmt.Sprintf("20240%02d", i)
		students = append(students, roster.Student{ID: id, Name: "学生"})
		vars[id] = map[string]string{
			"service": fmt.Sprintf("s%02d", i), "published": fmt.Sprint(8000 + i),
			"haproxy": fmt.Sprintf("haproxy-%02d", i), "frontend": fmt.Sprint(9000 + i),
		}
	}
	return students, vars
}

// cluster is three managers where each of n students has a service of three
// replicas and an HAProxy on manager-2.
func cluster(n int) *evidence.Snapshot {
	s := &evidence.Snapshot{Schema: evidence.SnapshotSchema}
	for i := 1; i <= 3; i++ {
		s.Nodes = append(s.Nodes, evidence.Node{
			ID: fmt.Sprintf("node-%d", i), Hostname: fmt.Sprintf("manager-%d", i), Address: fmt.Sprintf("172.30.0.%d", 10+i),
			SwarmAddress: fmt.Sprintf("10.9.0.%d", i), Role: "manager", State: "ready", Availability: "active",
		})
	}
	for i := 1; i <= n; i++ {
		name := fmt.Sprintf("s%02d", i)
		s.Services = append(s.Services, evidence.Service{
			ID: "svc-" + name, Name: name, Image: "whoami-for-swarm:latest", Mode: "replicated", Replicas: 3,
			Ports: []evidence.Port{{Protocol: "tcp", Target: 80, Published: 8000 + i, Mode: "ingress"}},
		})
		scale(s, name, 3)
		s.Containers = append(s.Containers, evidence.Container{
			Endpoint: "tcp://172.30.0.12:2375", NodeID: "node-2", ID: "ctr-" + name, Names: []string{fmt.Sprintf("haproxy-%02d", i)},
			Image: "haproxy:latest", State: "running", NetworkMode: "bridge",
			Ports: []evidence.ContainerPort{{Private: 9000 + i, Public: 9000 + i, Protocol: "tcp"}},
		})
	}
	return s
}

// scale adds running tasks to a service.
func scale(s *evidence.Snapshot, name string, n int) {
	for i := range n {
		s.Tasks = append(s.Tasks, evidence.Task{
			ID: fmt.Sprintf("task-%s-%d", name, len(s.Tasks)), ServiceID: "svc-" + name, NodeID: fmt.Sprintf("node-%d", i%3+1),
			Desired: "running", State: "running",
		})
	}
}

// balancerService replaces the container by a service s-lb named haproxy-01.
func balancerService(mode string, tasks int) func(*evidence.Snapshot) {
	return func(s *evidence.Snapshot) {
		s.Containers = nil
		s.Services = append(s.Services, evidence.Service{
			ID: "svc-lb", Name: "haproxy-01", Image: "haproxy:latest", Mode: "replicated", Replicas: 1,
			Ports: []evidence.Port{{Protocol: "tcp", Target: 9001, Published: 9001, Mode: mode}},
		})
		for range tasks {
			s.Tasks = append(s.Tasks, evidence.Task{ID: "task-lb", ServiceID: "svc-lb", NodeID: "node-3", Desired: "running", State: "running"})
		}
	}
}

func TestNewPlan(t *testing.T) {
	mesh := []string{"mesh/manager-1 172.30.0.11:8001", "mesh/manager-2 172.30.0.12:8001", "mesh/manager-3 172.30.0.13:8001"}
	at := func(host string) []string { return append(mesh[:3:3], "haproxy "+host+":9001") }
	for _, c := range []struct {
		name    string
		change  func(s *evidence.Snapshot)
		targets []string
		skipped []observe.Skip
	}{
		{"as the handout says", func(*evidence.Snapshot) {}, at("172.30.0.12"), nil},
		{"no service", func(s *evidence.Snapshot) { s.Services = nil },
			[]string{"haproxy 172.30.0.12:9001"}, []observe.Skip{{"load/mesh", "no-service"}}},
		{"not published", func(s *evidence.Snapshot) { s.Services[0].Ports[0].Published = 8002 },
			[]string{"haproxy 172.30.0.12:9001"}, []observe.Skip{{"load/mesh", "not-published"}}},
		{"published past the mesh", func(s *evidence.Snapshot) { s.Services[0].Ports[0].Mode = "host" },
			[]string{"haproxy 172.30.0.12:9001"}, []observe.Skip{{"load/mesh", "not-published"}}},
		{"published over UDP", func(s *evidence.Snapshot) { s.Services[0].Ports[0].Protocol = "udp" },
			[]string{"haproxy 172.30.0.12:9001"}, []observe.Skip{{"load/mesh", "not-published"}}},
		{"none running", func(s *evidence.Snapshot) {
			for i := range s.Tasks {
				s.Tasks[i].State = "failed"
			}
		}, []string{"haproxy 172.30.0.12:9001"}, []observe.Skip{{"load/mesh", "nothing-running"}}},
		{"a node is down", func(s *evidence.Snapshot) { s.Nodes[0].State = "down" },
			[]string{mesh[1], mesh[2], "haproxy 172.30.0.12:9001"}, nil},
		{"no proxy", func(s *evidence.Snapshot) { s.Containers = nil }, mesh, []observe.Skip{{"load/haproxy", "no-proxy"}}},
		{"proxy stopped", func(s *evidence.Snapshot) { s.Containers[0].State, s.Containers[0].Ports = "exited", nil },
			mesh, []observe.Skip{{"load/haproxy", "proxy-not-running"}}},
		{"proxy publishes another port", func(s *evidence.Snapshot) { s.Containers[0].Ports[0].Public = 9999 },
			mesh, []observe.Skip{{"load/haproxy", "proxy-not-published"}}},
		{"proxy publishes nothing", func(s *evidence.Snapshot) { s.Containers[0].Ports = nil },
			mesh, []observe.Skip{{"load/haproxy", "proxy-not-published"}}},
		{"proxy on the host's network", func(s *evidence.Snapshot) {
			s.Containers[0].Ports, s.Containers[0].NetworkMode, s.Containers[0].NodeID = nil, "host", "node-3"
		}, at("172.30.0.13"), nil},
		{"proxy under a similar name", func(s *evidence.Snapshot) { s.Containers[0].Names = []string{"HAProxy_01"} }, at("172.30.0.12"), nil},
		{"proxy is a service, ingress", balancerService("ingress", 1), at("172.30.0.11"), nil},
		{"proxy is a service, host port", balancerService("host", 1), at("172.30.0.13"), nil},
		{"proxy is a service, not running", balancerService("ingress", 0), mesh, []observe.Skip{{"load/haproxy", "proxy-not-running"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			students, vars := class(1)
			snap := cluster(1)
			c.change(snap)
			plan := observe.NewPlan(loadRubric(t), []string{"2"}, students, vars, snap)
			require.Len(t, plan.Students, 1)
			var got []string
			for _, target := range plan.Students[0].Targets {
				got = append(got, target.ID+" "+target.Address)
				require.Equal(t, 1, target.PerConnection, "the mesh deals connections")
				require.Equal(t, 1, target.Workers, "the order of answers is to be exact")
				require.Equal(t, "/", target.Path)
				require.Positive(t, target.TimeoutMS)
			}
			require.Equal(t, c.targets, got)
			require.Equal(t, c.skipped, plan.Students[0].Skipped)
		})
	}
}

// TestSampleSizes: a load is as large as its statement asks, and not larger.
func TestSampleSizes(t *testing.T) {
	for _, c := range []struct {
		task        string
		replicas    int
		node, proxy int
	}{
		{"1", 1, 60, 0}, // task 1 asks for no balancer and no evenness
		{"1", 3, stats.Cover(3), 0},
		{"2", 1, max(stats.Cover(2), (stats.Plan(2).Requests+2)/3), stats.Plan(2).Requests},
		{"2", 3, max(stats.Cover(3), (stats.Plan(3).Requests+2)/3), stats.Plan(3).Requests},
		{"2", 5, max(stats.Cover(5), (stats.Plan(5).Requests+2)/3), stats.Plan(5).Requests},
		{"2", 9, max(stats.Cover(9), (stats.Plan(9).Requests+2)/3), stats.Plan(9).Requests},
	} {
		t.Run(fmt.Sprintf("task %s with %d replicas", c.task, c.replicas), func(t *testing.T) {
			students, vars := class(1)
			snap := cluster(1)
			snap.Tasks = nil
			scale(snap, "s01", c.replicas)
			s := observe.NewPlan(loadRubric(t), []string{c.task}, students, vars, snap).Students[0]
			require.Equal(t, 3*c.node+c.proxy, s.Requests())
			for _, target := range s.Targets {
				require.Equal(t, map[string]int{"mesh": c.node, "haproxy": c.proxy}[target.Kind], target.Requests, target.ID)
			}
		})
	}
}

// TestClassmatesProxyIsNotOnesOwn: a container that carries a classmate's name
// is the classmate's, even on one's own port.
func TestClassmatesProxyIsNotOnesOwn(t *testing.T) {
	students, vars := class(2)
	snap := cluster(2)
	snap.Containers = snap.Containers[1:]
	snap.Containers[0].Ports[0].Public = 9001
	plan := observe.NewPlan(loadRubric(t), []string{"2"}, students, vars, snap)
	require.Empty(t, plan.Students[0].Proxies)
	require.Equal(t, []observe.Skip{{Load: "load/haproxy", Why: "no-proxy"}}, plan.Students[0].Skipped)
	require.Equal(t, []haproxy.Ref{{
		Kind: "container", Endpoint: "tcp://172.30.0.12:2375", ID: "ctr-s02", Name: "haproxy-02", Matched: "name",
	}}, plan.Students[1].Proxies)
	require.Equal(t, plan.Students[0].Requests()+plan.Students[1].Requests(), plan.Requests())
}

func TestPlanOfClientsWithCookies(t *testing.T) {
	const text = `schema: swarmgrade-rubric/1
id: cookies
version: 1
title: {zh: 会话保持, en: cookies}
points: 2
vars:
  - {name: service, kind: name, expr: '"s" + last(digits(id), 2)', title: {zh: 服务, en: service}}
  - {name: published, kind: port, expr: '8000 + int(last(digits(id), 2))', title: {zh: 端口, en: port}}
  - {name: haproxy, kind: name, expr: '"haproxy-" + last(digits(id), 2)', title: {zh: 名称, en: name}}
  - {name: frontend, kind: port, expr: '9000 + int(last(digits(id), 2))', title: {zh: 端口, en: port}}
tasks:
  - id: "1"
    title: {zh: 会话保持, en: cookies}
    points: 2
    checks:
      - {id: a.sticky, kind: sticky-cookie, points: 1, title: {zh: 甲, en: a}}
      - {id: a.answers, kind: answers, points: 1, title: {zh: 乙, en: b}, with: {via: haproxy, port: frontend, host: lab.example.edu}}
`
	rub, err := rubric.Load([]byte(text), "r.yaml", check.Set{}, nil)
	require.NoError(t, err)
	students, vars := class(1)
	plan := observe.NewPlan(rub, []string{"1"}, students, vars, cluster(1))
	require.Len(t, plan.Students[0].Targets, 2)
	plain, cookies := plan.Students[0].Targets[1], plan.Students[0].Targets[0]
	if plain.Kind != "haproxy" {
		plain, cookies = cookies, plain
	}
	require.Equal(t, "lab.example.edu", plain.Host)
	require.Zero(t, plain.Cookies)
	want := evidence.Cookies{Clients: 6, Replays: 20, Plain: stats.Cover(3), Invented: 32}
	require.Equal(t, evidence.Target{
		ID: "cookies", Kind: "cookies", Address: "172.30.0.12:9001", NodeID: "node-2", Path: "/", Requests: want.Requests(),
		PerConnection: 1, Workers: 1, TimeoutMS: 3000, Cookies: want,
	}, cookies)

	// The host that haproxy.cfg asks for goes into the request where it is wanted.
	for cfg, host := range map[string]string{
		"    use_backend web if { hdr(host) -i www.example.edu }\n": "www.example.edu",
		"    default_backend web\n":                                 "",
		"    use_backend web if { hdr(host) -i <host-node1> }\n":    "",
	} {
		l := newLab()
		l.file = "defaults\n    mode http\nfrontend f\n    bind *:9001\n" + cfg + "backend web\n    server a 10.0.0.1:80\n"
		plan := observe.NewPlan(rub, []string{"1"}, students, vars, cluster(1))
		b, err := l.runner(1).Static(t.Context(), &plan.Students[0], cluster(1))
		require.NoError(t, err)
		require.Len(t, b.Proxies, 1)
		for _, target := range plan.Students[0].Targets {
			if target.Kind == "cookies" {
				require.Equal(t, host, target.Host)
			} else {
				require.Equal(t, "lab.example.edu", target.Host)
			}
		}
	}
}

// TestPlanKeepsNumbersForACounter: the load that other checks share keeps numbers as
// soon as one of them asks for them, and no other load does.
func TestPlanKeepsNumbersForACounter(t *testing.T) {
	const text = `schema: swarmgrade-rubric/1
id: counts
version: 1
title: {zh: 计数, en: counting}
points: 3
vars:
  - {name: service, kind: name, expr: '"s" + last(digits(id), 2)', title: {zh: 服务, en: service}}
  - {name: published, kind: port, expr: '8000 + int(last(digits(id), 2))', title: {zh: 端口, en: port}}
  - {name: haproxy, kind: name, expr: '"haproxy-" + last(digits(id), 2)', title: {zh: 名称, en: name}}
  - {name: frontend, kind: port, expr: '9000 + int(last(digits(id), 2))', title: {zh: 端口, en: port}}
tasks:
  - id: "1"
    title: {zh: 计数, en: counting}
    points: 3
    checks:
      - {id: a.answers, kind: answers, points: 1, title: {zh: 甲, en: a}, with: {via: mesh}}
      - {id: a.counter, kind: counter, points: 1, title: {zh: 乙, en: b}}
      - {id: a.balancer, kind: answers, points: 1, title: {zh: 丙, en: c}, with: {via: haproxy, port: frontend}}
`
	rub, err := rubric.Load([]byte(text), "r.yaml", check.Set{}, nil)
	require.NoError(t, err)
	students, vars := class(1)
	plan := observe.NewPlan(rub, []string{"1"}, students, vars, cluster(1))
	require.Len(t, plan.Students[0].Targets, 4)
	for _, target := range plan.Students[0].Targets {
		require.Equal(t, target.Kind == "mesh", target.Numbers, target.ID)
		require.Equal(t, 1, target.Workers)
	}
}
