package action

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// world draws a swarm in a few words: nodes "m1 m2* m3 w1" (m is a manager, *
// the leader, ! down, - drained, ? unreachable, ~ without an endpoint, and
// address), tasks "a:m1,m2 b:m3".
func world(nodes, tasks string) *evidence.Snapshot {
	s := &evidence.Snapshot{}
	for _, w := range strings.Fields(nodes) {
		name := strings.Trim(w, "*!-?~")
		n := evidence.Node{
			ID: "id-" + name, Hostname: name, Address: "10.0.0." + name[1:], Role: "worker",
			State: "ready", Availability: "active", Leader: strings.Contains(w, "*"),
		}
		if name[0] == 'm' {
			n.Role, n.Reachability = "manager", "reachable"
		}
		for mark, set := range map[string]func(){
			"!": func() {
				n.State = "down"
				n.Reachability = strings.ReplaceAll(n.Reachability, "reachable", "unreachable")
			},
			"-": func() { n.Availability = "drain" },
			"?": func() { n.Reachability = "unreachable" },
			"~": func() { n.Address = "" },
		} {
			if strings.Contains(w, mark) {
				set()
			}
		}
		s.Nodes = append(s.Nodes, n)
		if !strings.Contains(w, "~") {
			s.Endpoints = append(s.Endpoints, evidence.Endpoint{Address: name, NodeID: n.ID, Reached: n.State == "ready", Manager: n.Role == "manager"})
		}
	}
	for _, w := range strings.Fields(tasks) {
		service, on, _ := strings.Cut(w, ":")
		for i, node := range strings.Split(on, ",") {
			state := "running"
			if strings.HasPrefix(node, "!") {
				node, state = node[1:], "failed"
			}
			s.Tasks = append(s.Tasks, evidence.Task{
				ID: fmt.Sprintf("%s.%d", service, i), ServiceID: service, NodeID: "id-" + node, Desired: "running", State: state,
			})
		}
	}
	return s
}

// everyone is a student a service, named alike.
func everyone(s *evidence.Snapshot) []Concern {
	var out []Concern
	for _, t := range s.Tasks {
		c := Concern{Student: t.ServiceID, Service: t.ServiceID}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// tell writes a plan in a few words: "m1:a,b m2:c | d=quorum(m3)".
func tell(p Plan) string {
	var steps, missed []string
	for _, s := range p.Steps {
		steps = append(steps, s.Fault.Hostname+":"+strings.Join(s.Students, ","))
	}
	for _, m := range p.Missed {
		missed = append(missed, m.Student+"="+m.Code+"("+m.Node+")")
	}
	return strings.TrimSpace(strings.Join(steps, " ") + " | " + strings.Join(missed, " "))
}

// TestChooseSparesASickSwarm: with a node in trouble no other is made to fail,
// but a container may be killed.
func TestChooseSparesASickSwarm(t *testing.T) {
	snap := &evidence.Snapshot{}
	for _, n := range []string{"m1", "m2", "m3"} {
		snap.Nodes = append(snap.Nodes, evidence.Node{ID: n, Hostname: n, Address: "10.1.1.1", Role: "manager", State: "ready", Availability: "active", Reachability: "reachable"})
		snap.Endpoints = append(snap.Endpoints, evidence.Endpoint{NodeID: n, Reached: true, Manager: true})
	}
	const broken = "network sandbox join failed: error creating vxlan interface: file exists"
	for _, s := range []string{"a", "b"} {
		snap.Tasks = append(snap.Tasks, evidence.Task{ID: s + "1", ServiceID: s, Slot: 1, NodeID: "m2", Desired: "running", State: "running"},
			evidence.Task{ID: s + "2", ServiceID: s, Slot: 2, NodeID: "m3", Desired: "shutdown", State: "failed", Error: broken})
	}
	concerned := []Concern{{Student: "1", Service: "a"}, {Student: "2", Service: "b"}}
	p := Choose(snap, concerned, Rules{Kind: NodeStop})
	require.Empty(t, p.Steps)
	require.Equal(t, []Missed{{"1", "node-sick", "m3"}, {"2", "node-sick", "m3"}}, p.Missed)
	snap.Tasks = snap.Tasks[:3]
	require.NotEmpty(t, Choose(snap, concerned, Rules{Kind: NodeStop}).Steps)
}

func TestChoose(t *testing.T) {
	for _, tt := range []struct{ name, nodes, tasks, kind, want string }{
		{"one node hits all", "m1* m2 m3", "a:m1,m2 b:m2,m3", NodeStop, "m2:a,b |"},
		{"not the leader if another will do", "m1* m2 m3", "a:m1,m3 b:m1,m3", NodeStop, "m3:a,b |"},
		{"the leader if no other will do", "m1* m2 m3", "a:m1 b:m1,m2", NodeStop, "m1:a,b |"},
		{"two faults, each student in one", "m1* m2 m3", "a:m1,m2 b:m2,m3 c:m3", NodeStop, "m2:a,b m3:c |"},
		{"fewest before the leader", "m1* m2 m3", "a:m1,m2 b:m1,m3", NodeStop, "m1:a,b |"},
		{"no running task", "m1* m2 m3", "a:!m2 b:m2", NodeStop, "m2:b | a=not-running()"},
		{"a manager down", "m1* m2 m3!", "a:m2", NodeStop, "| a=node-down(m3)"},
		{"a manager out of reach", "m1* m2 m3?", "a:m2", NodeStop, "| a=node-down(m3)"},
		{"a worker down", "m1* m2 m3 w4!", "a:m2", NodeDrain, "| a=node-down(w4)"},
		{"quorum of two", "m1* m2", "a:m2", NodeStop, "| a=quorum(m2)"},
		{"a worker does not vote", "m1* w2", "a:w2 b:m1", NodeStop, "w2:a | b=quorum(m1)"},
		{"draining costs no vote", "m1* m2", "a:m2", NodeDrain, "m2:a |"},
		{"nobody to take over", "m1* m2- m3-", "a:m1", NodeStop, "| a=no-room(m1)"},
		{"a drained node fails nobody", "m1* m2- m3", "a:m2 b:m3", NodeStop, "m3:b | a=not-running(m2)"},
		{"the only endpoint", "m1 m2*~ m3~", "a:m1", Command, "| a=endpoint(m1)"},
		{"the only endpoint may be drained", "m1 m2*~ m3~", "a:m1", NodeDrain, "m1:a |"},
		{"no address", "m1* m2~ m3", "a:m2", NodeStop, "| a=no-address(m2)"},
		{"more nodes than are tried in every way", "m1* m2 m3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14",
			"a:w4 b:w4,w5 c:w6 d:m1,w7 e:m2 f:m3 g:w8 h:w9 i:w10 j:w11 k:w12 l:w13 n:w14", NodeStop,
			"m2:e m3:f w10:i w11:j w12:k w13:l w14:n w4:a,b w6:c w7:d w8:g w9:h |"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := world(tt.nodes, tt.tasks)
			require.Equal(t, tt.want, tell(Choose(s, everyone(s), Rules{Kind: tt.kind})))
		})
	}
}

func TestChooseObeysTheRules(t *testing.T) {
	s := world("m1* m2 m3", "a:m2,m3")
	who := []Concern{{Student: "a", Service: "a"}, {Student: "nobody"}}
	require.Equal(t, "m2:a | nobody=no-service()", tell(Choose(s, who, Rules{Kind: NodeStop})))
	require.Equal(t, "m3:a | nobody=no-service()", tell(Choose(s, who, Rules{Kind: NodeStop, Serving: "id-m2"})))
	require.Equal(t, "m3:a | nobody=no-service()", tell(Choose(s, who, Rules{Kind: NodeStop, Never: []string{"id-m2"}})))
	require.Equal(t, "| a=forbidden(m2) nobody=no-service()", tell(Choose(s, who, Rules{Kind: NodeStop, Never: []string{"id-m2", "id-m3"}})))
}

// A worker that joined anew under its old name leaves an entry that is down for
// ever.
func TestAnEntryLeftByAWorkerThatJoinedAnewDoesNotMatter(t *testing.T) {
	s := world("m1* m2 m3 w4", "a:m2")
	old := s.Nodes[3]
	old.ID, old.State = "id-old", "down"
	s.Nodes = append(s.Nodes, old)
	require.Equal(t, "m2:a |", tell(Choose(s, everyone(s), Rules{Kind: NodeStop})))
}

func TestWhatStopsWithTheNode(t *testing.T) {
	s := world("m1* m2 m3", "a:m2,m3")
	on := func(node, name, state, task string) evidence.Container {
		return evidence.Container{NodeID: "id-" + node, ID: name, Names: []string{name}, State: state, TaskID: task}
	}
	s.Containers = []evidence.Container{
		on("m2", "haproxy-01", "running", ""), on("m2", "old", "exited", ""), on("m2", "a.1", "running", "a.0"), on("m1", "else", "running", ""),
	}
	p := Choose(s, everyone(s), Rules{Kind: NodeStop})
	require.Equal(t, "m3:a |", tell(p), "the node with fewer containers of others")
	p = Choose(s, everyone(s), Rules{Kind: NodeStop, Never: []string{"id-m3"}})
	require.Len(t, p.Steps[0].Stops, 1)
	require.Equal(t, "haproxy-01", p.Steps[0].Stops[0].ID)
	require.False(t, p.Steps[0].Unseen)
	s.Endpoints[1].Reached = false
	require.True(t, Choose(s, everyone(s), Rules{Kind: NodeStop, Never: []string{"id-m3"}}).Steps[0].Unseen)

	p = Choose(s, everyone(s), Rules{Kind: NodeDrain})
	require.Equal(t, evidence.Action{Kind: NodeDrain, NodeID: "id-m2", Hostname: "m2", Address: "10.0.0.2", Was: "active"}, p.Steps[0].Fault)
	require.Empty(t, p.Steps[0].Stops, "draining leaves them alone")
}

// Whatever the swarm looks like, a plan keeps the promises that no score and no
// cluster survives breaking.
func TestChooseProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		managers := rapid.IntRange(1, 7).Draw(t, "managers")
		workers := rapid.IntRange(0, 8).Draw(t, "workers")
		kind := rapid.SampledFrom([]string{NodeStop, NodeDrain, Command}).Draw(t, "kind")
		var nodes, tasks []string
		for i := range managers + workers {
			name := fmt.Sprintf("w%d", i)
			if i < managers {
				name = fmt.Sprintf("m%d", i)
			}
			nodes = append(nodes, name)
		}
		for i := range rapid.IntRange(0, 12).Draw(t, "services") {
			on := rapid.SliceOfN(rapid.SampledFrom(nodes), 1, 4).Draw(t, "on")
			tasks = append(tasks, fmt.Sprintf("s%d:%s", i, strings.Join(on, ",")))
		}
		marked := slices.Clone(nodes)
		marked[rapid.IntRange(0, managers-1).Draw(t, "leader")] += "*"
		for i := range marked {
			marked[i] += rapid.SampledFrom([]string{"", "", "", "-", "~"}).Draw(t, "mark")
		}
		s := world(strings.Join(marked, " "), strings.Join(tasks, " "))
		who := everyone(s)
		p := Choose(s, who, Rules{Kind: kind})

		seen := map[string]int{}
		for _, step := range p.Steps {
			target := slices.IndexFunc(s.Nodes, func(n evidence.Node) bool { return n.ID == step.Fault.NodeID })
			n := s.Nodes[target]
			if n.Availability != "active" {
				t.Fatalf("%s is drained already", n.Hostname)
			}
			if kind != NodeDrain {
				if n.Role == "manager" && managers-1 < managers/2+1 {
					t.Fatalf("%d managers lose one", managers)
				}
				if !slices.ContainsFunc(s.Endpoints, func(e evidence.Endpoint) bool { return e.Manager && e.NodeID != n.ID }) {
					t.Fatal("nobody is left to ask")
				}
			}
			if len(step.Students) == 0 {
				t.Fatal("a fault for nobody")
			}
			for _, student := range step.Students {
				seen[student]++
				if !slices.ContainsFunc(s.Tasks, func(x evidence.Task) bool { return x.ServiceID == student && x.NodeID == n.ID }) {
					t.Fatalf("%s has no task on %s", student, n.Hostname)
				}
			}
		}
		for _, m := range p.Missed {
			seen[m.Student]++
			if why := check.GapReason(evidence.Gap{Code: m.Code, Detail: m.Node}); !strings.HasPrefix(why.Key, "fault.miss_") || i18n.ZH.Text(why) == why.Key {
				t.Fatalf("nothing to say of %+v", m)
			}
		}
		for _, c := range who {
			if seen[c.Student] != 1 {
				t.Fatalf("%s is %d times in the plan", c.Student, seen[c.Student])
			}
		}
		if again := Choose(s, who, Rules{Kind: kind}); tell(again) != tell(p) {
			t.Fatal("chance has a say")
		}
	})
}

// The greedy way may take more nodes than the exact one, never leave more out.
func TestCoverProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		students := rapid.IntRange(1, 10).Draw(t, "students")
		list := make([]candidate, rapid.IntRange(0, 8).Draw(t, "candidates"))
		for i := range list {
			for s := range students {
				if rapid.Bool().Draw(t, "hit") {
					list[i].covers = append(list[i].covers, s)
				}
			}
			list[i].soft[0] = rapid.IntRange(0, 1).Draw(t, "soft")
		}
		covered := func(chosen []int) int {
			all := map[int]bool{}
			for _, i := range chosen {
				for _, s := range list[i].covers {
					all[s] = true
				}
			}
			return len(all)
		}
		every := make([]int, len(list))
		for i := range every {
			every[i] = i
		}
		exact, greedy := coverExact(list, students), coverGreedy(list, students)
		if covered(exact) != covered(every) || covered(greedy) != covered(every) {
			t.Fatalf("exact %v, greedy %v miss somebody", exact, greedy)
		}
		if len(exact) > len(greedy) {
			t.Fatalf("exact %v, greedy %v", exact, greedy)
		}
	})
}

func BenchmarkChoose(b *testing.B) {
	var tasks []string
	for i := range 300 {
		tasks = append(tasks, fmt.Sprintf("s%d:w%d,w%d,m1", i, i%9, (i+3)%9))
	}
	s := world("m1* m2 m3 w0 w1 w2 w3 w4 w5 w6 w7 w8", strings.Join(tasks, " "))
	who := everyone(s)
	for b.Loop() {
		Choose(s, who, Rules{Kind: NodeStop})
	}
}
