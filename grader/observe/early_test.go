package observe_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

// earlyPlan is a plan of one student whose tasks have containers, by a rubric's tasks.
func earlyPlan(t *testing.T, name string, tasks []string, change func(s *evidence.Snapshot)) (*observe.Plan, *evidence.Snapshot) {
	t.Helper()
	data, ok := rubrics.Find(name)
	require.True(t, ok)
	rub, err := rubric.Load(data, name+".yaml", check.Set{}, nil)
	require.NoError(t, err)
	students, vars := class(1)
	snap := cluster(1)
	for i := range snap.Tasks {
		snap.Tasks[i].ContainerID = fmt.Sprintf("%02dCAFE%058d", 50-i, i)
		snap.Containers = append(snap.Containers, evidence.Container{
			ID: snap.Tasks[i].ContainerID, NodeID: snap.Tasks[i].NodeID, ServiceID: snap.Tasks[i].ServiceID, Image: "whoami-for-swarm:latest", ImageID: "sha256:lab",
		})
	}
	for i := range snap.Containers {
		if snap.Containers[i].ServiceID == "" {
			snap.Containers[i].ImageID = "sha256:haproxy"
		}
	}
	if change != nil {
		change(snap)
	}
	return observe.NewPlan(rub, tasks, students, vars, snap), snap
}

const threeContainers = "48cafe000000 49cafe000000 50cafe000000"

func targetOf(t *testing.T, p *observe.Plan, kind string) evidence.Target {
	t.Helper()
	i := slices.IndexFunc(p.Students[0].Targets, func(t evidence.Target) bool { return t.Kind == kind })
	require.GreaterOrEqual(t, i, 0, kind)
	return p.Students[0].Targets[i]
}

func TestWhichLoadsMayEndEarly(t *testing.T) {
	p, snap := earlyPlan(t, "ha-lb", []string{"2"}, nil)
	for kind, loads := range map[string]int{"mesh": 3, "haproxy": 1} {
		got := targetOf(t, p, kind)
		require.Equal(t, evidence.Enough{Among: threeContainers, Spread: true, MaxErrors: 0.01, Loads: loads}, got.Enough, kind)
	}
	require.Equal(t, 3*160+480, p.Requests())
	require.Less(t, p.Expected(), p.Requests()/4)
	require.Equal(t, p.Expected(), p.AllExpected(snap))

	p, _ = earlyPlan(t, "ha-lb", []string{"2"}, func(s *evidence.Snapshot) { s.Services[0].Hostname = "Web-{{.Task.ID}}" })
	var hosts []string
	for i := range snap.Tasks {
		hosts = append(hosts, "web-"+snap.Tasks[i].ID)
	}
	slices.Sort(hosts)
	require.Equal(t, strings.Join(hosts, " "), targetOf(t, p, "mesh").Enough.Among, "containers call themselves by the names that they have")

	hostname := func(name string) func(s *evidence.Snapshot) {
		return func(s *evidence.Snapshot) { s.Services[0].Hostname = name }
	}
	for name, change := range map[string]func(s *evidence.Snapshot){
		"a container that is not known yet": func(s *evidence.Snapshot) { s.Tasks[1].ContainerID = "" },
		"two that can't be told apart":      func(s *evidence.Snapshot) { s.Tasks[1].ContainerID = s.Tasks[0].ContainerID },
		"one host name for all":             hostname("web"),
		"nodes' host names":                 hostname("{{.Node.Hostname}}"),
		"host names nobody can foresee":     hostname("{{.Unknown}}"),
		"host names with a blank":           hostname("w {{.Task.ID}}"),
		"a host name like an ID": func(s *evidence.Snapshot) {
			s.Services[0].Hostname = "c0ffee00000{{.Task.Slot}}"
			for i := range s.Tasks {
				s.Tasks[i].Slot = i + 1
			}
		},
	} {
		p, _ := earlyPlan(t, "ha-lb", []string{"2"}, change)
		require.Zero(t, targetOf(t, p, "mesh").Enough, name)
		require.Equal(t, p.Requests(), p.Expected(), name)
	}
}

// TestLoadsThatAreNeededWhole: one check that needs all requests of a load is enough.
func TestLoadsThatAreNeededWhole(t *testing.T) {
	for kind, whole := range map[string]bool{"answers": false, "spread": false, "direct": false, "haproxy-backends": false, "balance-shown": true, "counter": true, "sticky-cookie": true} {
		k, ok := check.Find(kind)
		require.True(t, ok)
		needs := k.Needs(k.NewParams())
		i := slices.IndexFunc(needs, func(n check.Need) bool { return n.Kind == "load" })
		require.GreaterOrEqual(t, i, 0, kind)
		require.Equal(t, !whole, needs[i].Early(), kind)
	}
}

// sound is a lab whose HAProxy nothing is to be said against, and that notes how it was
// driven; the first try of a load has a failure if late says so.
type sound struct {
	*lab
	late    bool
	change  func(p *evidence.Proxy)
	targets []evidence.Target
}

func (l *sound) Proxy(_ context.Context, ref haproxy.Ref, _ *evidence.Snapshot) (evidence.Proxy, error) {
	p := evidence.Proxy{
		Kind: "container", ID: ref.ID, Name: ref.Name, Matched: ref.Matched, State: "running", Image: "haproxy:latest", Started: "2024-11-20T08:00:00Z",
		Publishes: []evidence.ContainerPort{{Private: 9001, Public: 9001, Protocol: "tcp"}},
		Files:     []evidence.File{{Path: "/usr/local/etc/haproxy/haproxy.cfg", Source: "archive", Text: l.file, Modified: "2024-11-20T07:59:00Z"}},
	}
	if l.change != nil {
		l.change(&p)
	}
	return p, nil
}

func (l *sound) Load(_ context.Context, t evidence.Target) (evidence.Trace, error) {
	l.targets = append(l.targets, t)
	tr := evidence.Trace{Target: t, Sent: 40, Responders: []evidence.Responder{{Count: 40}}}
	if l.late && len(l.targets) == 1 {
		tr.Responders[0].Count, tr.Errors = 39, []evidence.ErrorClass{{Class: "timeout", Count: 1}}
	}
	return tr, nil
}

// classOfThree adds two classmates who run what images say, and nothing that can be told.
func classOfThree(s *evidence.Snapshot, whoami, haproxy string) {
	other := cluster(3)
	s.Services = append(s.Services, other.Services[1:]...)
	s.Containers = append(s.Containers, other.Containers[1:]...)
	for _, task := range other.Tasks[3:] {
		task.ContainerID = fmt.Sprintf("%-64s", task.ID)
		s.Tasks = append(s.Tasks, task)
		s.Containers = append(s.Containers, evidence.Container{ID: task.ContainerID, NodeID: task.NodeID, ServiceID: task.ServiceID, Image: "whoami-for-swarm", ImageID: whoami})
	}
	for i := range s.Containers {
		if c := &s.Containers[i]; c.ImageID == "" {
			c.ImageID = haproxy
		}
	}
}

// TestWhoseLoadsMayEndEarly: only where everything on the way is known may a load end early.
func TestWhoseLoadsMayEndEarly(t *testing.T) {
	const honest = "defaults\n mode http\nfrontend f\n bind *:9001\n default_backend b\nbackend b\n balance roundrobin\n" +
		" server node1 172.30.0.11:8001 check\n server node2 172.30.0.12:8001 check\n server node3 172.30.0.13:8001 check\n"
	svc := func(change func(*evidence.Service)) func(*evidence.Snapshot) {
		return func(s *evidence.Snapshot) { change(&s.Services[0]) }
	}
	for _, tt := range []struct {
		name          string
		change        func(s *evidence.Snapshot)
		proxy         func(p *evidence.Proxy)
		mesh, haproxy bool
	}{
		{"the handout, alone", nil, nil, true, true},
		{"as the classmates", func(s *evidence.Snapshot) { classOfThree(s, "sha256:lab", "sha256:haproxy") }, nil, true, true},
		{"from the course's registry", svc(func(s *evidence.Service) { s.Image = "harbor.example.edu/stu/whoami-for-swarm:2024" }), nil, true, true},
		{"with a health check and labels", svc(func(s *evidence.Service) {
			s.Labels, s.Health = map[string]string{"a": "b"}, &evidence.HealthCheck{Test: []string{"CMD-SHELL", "curl -f http://localhost/ || exit 1"}}
		}), nil, true, true},
		{"another image", svc(func(s *evidence.Service) { s.Image = "mine:1" }), nil, false, false},
		{"an image of the lab's name", func(s *evidence.Snapshot) { classOfThree(s, "sha256:others", "sha256:haproxy") }, nil, false, false},
		{"a command of its own", svc(func(s *evidence.Service) { s.Command = []string{"/whoami"} }), nil, false, false},
		{"a secret over the program", svc(func(s *evidence.Service) { s.Secrets = []evidence.ConfigRef{{File: "/whoami"}} }), nil, false, false},
		{"an address in a variable", svc(func(s *evidence.Service) { s.Env = []string{"TO=172.30.0.11:8009"} }), nil, false, false},
		{"a container that has the port on a node", func(s *evidence.Snapshot) {
			s.Containers = append(s.Containers, evidence.Container{ID: "other", NodeID: "node-1", State: "running", Ports: []evidence.ContainerPort{{Public: 8001, Protocol: "tcp"}}})
		}, nil, false, true},
		{"a service that has HAProxy's port", func(s *evidence.Snapshot) {
			s.Services = append(s.Services, evidence.Service{ID: "x", Name: "x", Ports: []evidence.Port{{Published: 9001, Protocol: "tcp", Mode: "ingress"}}})
		}, nil, true, false},
		{"a HAProxy of its own", func(s *evidence.Snapshot) { classOfThree(s, "sha256:lab", "sha256:others") }, nil, true, false},
		{"a HAProxy behind a script", nil, func(p *evidence.Proxy) { p.Command = []string{"sh", "/srv/run.sh"} }, true, false},
		{"a HAProxy with a program mounted", nil, func(p *evidence.Proxy) {
			p.Mounts = []evidence.Mount{{Target: "/usr/local/sbin/haproxy"}}
		}, true, false},
		{"something else under HAProxy's name", nil, func(p *evidence.Proxy) { p.Image = "lab/balancer" }, true, false},
		{"a HAProxy whose health check does something", nil, func(p *evidence.Proxy) {
			p.Health = &evidence.HealthCheck{Test: []string{"CMD-SHELL", "sh /usr/local/etc/haproxy/turn.sh"}}
		}, true, false},
		{"a HAProxy whose health check asks", nil, func(p *evidence.Proxy) {
			p.Health = &evidence.HealthCheck{Test: []string{"CMD", "wget", "-q", "--spider", "http://localhost:9001/"}}
		}, true, true},
		{"a HAProxy that is looked for among what is mounted", nil, func(p *evidence.Proxy) {
			p.Env = []evidence.EnvVar{{Name: "PATH", Value: "/usr/local/etc/haproxy:/usr/bin"}}
			p.Mounts = []evidence.Mount{{Target: "/usr/local/etc/haproxy"}}
		}, true, false},
		{"an update that was paused halfway", svc(func(s *evidence.Service) { s.UpdateState = "paused" }), nil, false, false},
		{"a config below the root", svc(func(s *evidence.Service) { s.Configs = []evidence.ConfigRef{{File: "whoami"}} }), nil, false, false},
		{"a HAProxy that was made anew since", nil, func(p *evidence.Proxy) { p.ImageID = "sha256:new" }, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data, _ := rubrics.Find("ha-lb")
			rub, err := rubric.Load(data, "ha-lb.yaml", check.Set{}, nil)
			require.NoError(t, err)
			_, snap := earlyPlan(t, "ha-lb", []string{"2"}, nil)
			if tt.change != nil {
				tt.change(snap)
			}
			students, vars := class(3)
			plan := observe.NewPlan(rub, []string{"2"}, students, vars, snap)
			plan.Students = plan.Students[:1]
			synctest.Test(t, func(t *testing.T) {
				l := &sound{lab: newLab(), change: tt.proxy}
				l.file = honest
				r := l.runner(1)
				r.Cluster, r.Loader = l, l
				_, err := r.Observe(t.Context(), plan, snap)
				require.NoError(t, err)
				require.Len(t, l.targets, 4)
				all := true
				for _, target := range l.targets {
					early := target.Enough != (evidence.Enough{})
					if target.Kind == "haproxy" {
						require.Equal(t, tt.haproxy, early)
					}
					all = all && (target.Kind == "haproxy" || early)
				}
				require.Equal(t, tt.mesh, all)
			})
		})
	}
}

func TestHowLoadsThatMayEndEarlyAreDriven(t *testing.T) {
	const honest = "defaults\n mode http\nfrontend f\n bind *:9001\n default_backend b\nbackend b\n balance roundrobin\n" +
		" server node1 172.30.0.11:8001 check\n server node2 172.30.0.12:8001 check\n server node3 172.30.0.13:8001 check\n"
	for _, tt := range []struct {
		name, file string
		late       bool
		early      []bool // of each try
		sent       int
	}{
		{"as planned", honest, false, []bool{true}, 40},
		{"a HAProxy that answers by itself", strings.Replace(honest, " bind", " http-request return status 200\n bind", 1), false, []bool{false}, 40},
		{"a HAProxy that leads elsewhere", strings.ReplaceAll(honest, "8001", "8002"), false, []bool{false}, 40},
		{"a HAProxy that counts requests", strings.Replace(honest, " bind", " stick-table type ip size 1k store http_req_cnt\n http-request track-sc0 src\n bind", 1), false, []bool{false}, 40},
		{"a HAProxy that chooses the server", honest + " use-server node1 if { rand(10) gt 5 }\n", false, []bool{false}, 40},
		{"a HAProxy that chooses the backend", strings.Replace(honest, " default_backend", " use_backend c if { sc0_http_req_cnt gt 50 }\n default_backend", 1) + "backend c\n server node1 172.30.0.11:8001\n", false, []bool{false}, 40},
		{"servers that choose their weights", strings.Replace(honest, "8001 check", "8001 check agent-check agent-port 9", 1), false, []bool{false}, 40},
		{"a HAProxy that turns away whoever comes often", strings.Replace(honest, " bind", " http-request deny if { src_updt_conn_cnt(c) gt 100 }\n bind", 1) + "backend c\n stick-table type ip size 1k store conn_cnt\n", false, []bool{false}, 40},
		{"a HAProxy that turns away a path", strings.Replace(honest, " bind", " http-request deny if { path_beg /admin }\n bind", 1), false, []bool{true}, 40},
		{"all servers choose their weights", strings.Replace(honest, " mode http", " mode http\n default-server agent-check agent-port 9", 1), false, []bool{false}, 40},
		{"a second try has all requests", honest, true, []bool{true, false}, 80},
		{"a HAProxy with Lua", "global\n lua-load /srv/x.lua\n" + honest, false, []bool{false}, 40},
		{"a HAProxy that asks an agent", strings.Replace(honest, " bind", " filter spoe engine a config /srv/spoe.cfg\n bind", 1), false, []bool{false}, 40},
		{"a HAProxy that runs checks of its own", "global\n external-check\n" + honest + " option external-check\n external-check command /srv/x\n", false, []bool{false}, 40},
		{"a HAProxy that runs another program", "program x\n command /srv/x\n" + honest, false, []bool{false}, 40},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan, snap := earlyPlan(t, "ha-lb", []string{"2"}, nil)
			s := &plan.Students[0]
			s.Targets = slices.DeleteFunc(s.Targets, func(t evidence.Target) bool { return !t.Balanced() })
			synctest.Test(t, func(t *testing.T) {
				l := &sound{lab: newLab(), late: tt.late}
				l.file = tt.file
				r := l.runner(1)
				r.Cluster, r.Loader = l, l
				_, err := r.Observe(t.Context(), plan, snap)
				require.NoError(t, err)
				var early []bool
				for _, target := range l.targets {
					early = append(early, target.Enough != (evidence.Enough{}))
				}
				require.Equal(t, tt.early, early)
				sent := 0
				for _, step := range l.steps {
					sent += step.Sent
				}
				require.Equal(t, tt.sent, sent)
			})
		})
	}
}

// counter counts a packet a look at each container.
type counter struct{ n int64 }

func (c *counter) Received(_ context.Context, containers []evidence.Container) map[string]int64 {
	out := map[string]int64{}
	for _, ctr := range containers {
		c.n++
		out[ctr.ID] = c.n
	}
	return out
}

// TestLoadsThatAreCountedAreDrivenAgain: what engines count around a load is not with its trace, so
// that a run that was interrupted has such a load again, and loads of others not.
func TestLoadsThatAreCountedAreDrivenAgain(t *testing.T) {
	const file = "defaults\n mode http\nfrontend f\n bind *:9001\n default_backend b\nbackend b\n balance roundrobin\n server node1 172.30.0.11:8001 check\n"
	for image, again := range map[string]int{"haproxy:latest": 0, "lab/balancer": 1} {
		plan, snap := earlyPlan(t, "ha-lb", []string{"2"}, nil)
		for _, task := range snap.Tasks {
			snap.Containers = append(snap.Containers, evidence.Container{ID: task.ContainerID, NodeID: task.NodeID, ServiceID: task.ServiceID, Image: "whoami-for-swarm"})
		}
		plan.Students = plan.Students[:1]
		synctest.Test(t, func(t *testing.T) {
			l := &sound{lab: newLab(), change: func(p *evidence.Proxy) { p.Image = image }}
			l.file = file
			r := l.runner(1)
			r.Cluster, r.Loader, r.Meter = l, l, &counter{}
			first, err := r.Observe(t.Context(), plan, snap)
			require.NoError(t, err)
			require.Len(t, l.targets, 4)
			l.targets = nil
			second, err := r.Observe(t.Context(), plan, snap)
			require.NoError(t, err)
			require.Len(t, l.targets, again, image)
			require.Len(t, second[0].Bundle.Traces, 4)
			require.Equal(t, len(first[0].Bundle.Traffic) > 0, again > 0, image)
			require.Len(t, second[0].Bundle.Traffic, len(first[0].Bundle.Traffic), image)
		})
	}
}

// TestHAProxyThatWasStartedAgainIsDrivenAgain: what one with another configuration answered, before
// a run was interrupted, is nothing of the one that runs now.
func TestHAProxyThatWasStartedAgainIsDrivenAgain(t *testing.T) {
	const file = "defaults\n mode http\nfrontend f\n bind *:9001\n default_backend b\nbackend b\n balance roundrobin\n server node1 172.30.0.11:8001 check\n"
	for name, tt := range map[string]struct {
		since func(p *evidence.Proxy)
		again []string
	}{
		"nothing":         {func(*evidence.Proxy) {}, nil},
		"another state":   {func(p *evidence.Proxy) { p.Page, p.Log = &evidence.Page{}, "x" }, nil},
		"started again":   {func(p *evidence.Proxy) { p.Started = "2024-11-20T09:00:00Z" }, []string{"haproxy"}},
		"another file":    {func(p *evidence.Proxy) { p.Files[0].SHA256 = "b" }, []string{"haproxy"}},
		"another command": {func(p *evidence.Proxy) { p.Command = []string{"haproxy", "-f", "/b"} }, []string{"haproxy"}},
	} {
		plan, snap := earlyPlan(t, "ha-lb", []string{"2"}, nil)
		plan.Students = plan.Students[:1]
		synctest.Test(t, func(t *testing.T) {
			l := &sound{lab: newLab()}
			l.file = file
			r := l.runner(1)
			r.Cluster, r.Loader = l, l
			_, err := r.Observe(t.Context(), plan, snap)
			require.NoError(t, err)
			l.targets, l.change = nil, tt.since
			got, err := r.Observe(t.Context(), plan, snap)
			require.NoError(t, err)
			var again []string
			for _, target := range l.targets {
				again = append(again, target.ID)
			}
			require.Equal(t, tt.again, again, name)
			require.Len(t, got[0].Bundle.Traces, 4, name)
		})
	}
}

// TestWhichTracesAreGoneOnWith: of an interrupted try a trace is taken as it is, unless it
// ended early for something else than what is asked now.
func TestWhichTracesAreGoneOnWith(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(tr *evidence.Trace)
		driven bool
	}{
		{"the same", func(*evidence.Trace) {}, false},
		{"ended early", func(tr *evidence.Trace) { tr.Stopped = "enough" }, false},
		{"ended early among others", func(tr *evidence.Trace) { tr.Stopped, tr.Target.Enough.Among = "enough", "cafe00000000" }, true},
		{"had all requests", func(tr *evidence.Trace) { tr.Target.Enough = evidence.Enough{} }, false},
		{"at another address", func(tr *evidence.Trace) { tr.Target.Address = "172.30.0.12:9" }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan, snap := earlyPlan(t, "ha-lb", []string{"2"}, nil)
			s := &plan.Students[0]
			s.Targets = slices.DeleteFunc(s.Targets, func(t evidence.Target) bool { return t.Balanced() })[:1]
			synctest.Test(t, func(t *testing.T) {
				l := &sound{lab: newLab()}
				kept := evidence.Trace{Target: s.Targets[0], Sent: 44, Took: int64(time.Second)}
				tt.change(&kept)
				l.kept[s.Who.ID] = []evidence.Trace{kept}
				r := l.runner(1)
				r.Cluster, r.Loader = l, l
				got, err := r.Observe(t.Context(), plan, snap)
				require.NoError(t, err)
				require.Len(t, got[0].Bundle.Traces, 1)
				require.Equal(t, tt.driven, len(l.targets) > 0)
			})
		})
	}
}
