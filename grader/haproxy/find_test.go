package haproxy

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

func box(id, name, state string, public ...int) evidence.Container {
	c := evidence.Container{Endpoint: "tcp://e", ID: id, Names: []string{name}, State: state}
	for _, p := range public {
		c.Ports = append(c.Ports, evidence.ContainerPort{Private: p, Public: p, Protocol: "tcp"})
	}
	return c
}

func serving(id, name, image string, published int, env ...string) evidence.Service {
	return evidence.Service{ID: id, Name: name, Image: image, Env: env, Ports: []evidence.Port{{Published: published, Target: 80}}}
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		what string
		snap evidence.Snapshot
		want []string // kind, ID, matched
	}{
		{what: "nothing there"},
		{
			what: "by name, of any image and state",
			snap: evidence.Snapshot{Containers: []evidence.Container{box("a", "haproxy-01", "exited")}},
			want: []string{"container a name"},
		},
		{
			what: "somebody else's",
			snap: evidence.Snapshot{Containers: []evidence.Container{box("a", "haproxy-011", "running", 9002), box("b", "haproxy-10", "running")}},
		},
		{
			what: "a service, plain and of a stack",
			snap: evidence.Snapshot{Services: []evidence.Service{serving("a", "haproxy-01", "haproxy", 1), serving("b", "zhang_haproxy-01", "haproxy", 1)}},
			want: []string{"service a name", "service b name"},
		},
		{
			what: "similar names",
			snap: evidence.Snapshot{Containers: []evidence.Container{
				box("a", "HAProxy_01", "running"), box("b", "haproxy01", "running"), box("c", "lab-haproxy-01-1", "running"), box("d", "lab_haproxy_01_1", "exited"),
			}},
			want: []string{"container a name-similar", "container b name-similar", "container c name-similar", "container d name-similar"},
		},
		{
			what: "by port, whatever it is called",
			snap: evidence.Snapshot{Containers: []evidence.Container{box("a", "lb", "running", 9001), box("b", "other", "running", 9002), box("c", "alt", "running", 10001)}},
			want: []string{"container c port", "container a port"},
		},
		{
			what: "the running one of two first, names before ports",
			snap: evidence.Snapshot{Containers: []evidence.Container{
				box("p", "aaa", "running", 9001), box("x", "haproxy-01", "exited"), box("y", "haproxy-01", "running"),
			}},
			want: []string{"container y name", "container x name", "container p port"},
		},
		{
			what: "the student's own application on the port",
			snap: evidence.Snapshot{Services: []evidence.Service{
				serving("a", "s01", "whoami-for-swarm:latest", 9001), serving("b", "web", "my/app", 9001, "STUDENT_ID=2024001"),
			}},
		},
		{
			what: "a balancer as a service, under any name",
			snap: evidence.Snapshot{Services: []evidence.Service{
				serving("a", "lb", "my/lb", 9001), serving("b", "lb2", "my/haproxy", 9001, "STUDENT_ID=2024001"),
			}},
			want: []string{"service a port", "service b port"},
		},
		{
			what: "a task's container belongs to its service",
			snap: evidence.Snapshot{Containers: []evidence.Container{{ID: "a", Names: []string{"haproxy-01"}, ServiceID: "s"}}},
		},
		{
			what: "one container seen through two endpoints",
			snap: evidence.Snapshot{Containers: []evidence.Container{box("a", "haproxy-01", "running"), box("a", "haproxy-01", "running")}},
			want: []string{"container a name"},
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			var got []string
			for _, r := range Find(&c.snap, "haproxy-01", []int{9001, 10001}) {
				got = append(got, r.Kind+" "+r.ID+" "+r.Matched)
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestFindIsBoundedAndOrdered(t *testing.T) {
	var s evidence.Snapshot
	for i := range 100 {
		s.Containers = append(s.Containers, box(fmt.Sprint("id", i), fmt.Sprint("c", i), "running", 9001))
	}
	want := Find(&s, "haproxy-01", []int{9001})
	require.Len(t, want, 4)
	slices.Reverse(s.Containers)
	require.Equal(t, want, Find(&s, "haproxy-01", []int{9001}))
	require.Empty(t, Find(&s, "", []int{9001}), "no name derived, no candidate")
	require.Empty(t, Find(&s, "haproxy-01", nil))
}

func TestFindIgnoresUnpublishedPorts(t *testing.T) {
	c := box("a", "x", "running")
	c.Ports = []evidence.ContainerPort{{Private: 9001}}
	require.Empty(t, Find(&evidence.Snapshot{Containers: []evidence.Container{c}}, "haproxy-01", []int{0, 9001}))
}

// slowly is Find as it was before there was a Finder: it looks at everything anew.
func slowly(snap *evidence.Snapshot, name string, ports []int) []Ref {
	type candidate struct {
		Ref
		rank    int
		stopped bool
	}
	var found []candidate
	// One container may be listed by two endpoints that are the same engine.
	add := func(r Ref, running bool, names []string, publishes bool) {
		for rank, matched := range []string{"name", "name-similar", "port"} {
			var hit bool
			switch matched {
			case "name":
				hit = slices.ContainsFunc(names, func(n string) bool {
					return n == name || r.Kind == "service" && strings.HasSuffix(n, "_"+name)
				})
			case "name-similar":
				hit = slices.ContainsFunc(names, func(n string) bool { return similar(n, name) })
			case "port":
				hit = publishes
			}
			if hit && name != "" && !slices.ContainsFunc(found, func(c candidate) bool { return c.ID == r.ID }) {
				r.Matched = matched
				found = append(found, candidate{r, rank, !running})
				return
			}
		}
	}

	for _, c := range snap.Containers {
		if c.ServiceID != "" { // a task's container belongs to its service
			continue
		}
		r := Ref{Kind: "container", Endpoint: c.Endpoint, ID: c.ID}
		if len(c.Names) > 0 {
			r.Name = c.Names[0]
		}
		add(r, c.State == "running", c.Names, slices.ContainsFunc(c.Ports, func(p evidence.ContainerPort) bool {
			return p.Public != 0 && slices.Contains(ports, p.Public)
		}))
	}
	running := make(map[string]bool)
	for _, t := range snap.Tasks {
		if t.State == "running" && t.Desired == "running" {
			running[t.ServiceID] = true
		}
	}
	for _, s := range snap.Services {
		add(Ref{Kind: "service", ID: s.ID, Name: s.Name}, running[s.ID], []string{s.Name},
			!application(s) && slices.ContainsFunc(s.Ports, func(p evidence.Port) bool {
				return slices.Contains(ports, p.Published)
			}))
	}

	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), compareBool(a.stopped, b.stopped),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	var refs []Ref
	for _, c := range found[:min(len(found), maxRefs)] {
		refs = append(refs, c.Ref)
	}
	return refs
}

// TestFinder: what was looked through once is found as if everything was looked at.
func TestFinder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func(most int) string {
		var b strings.Builder
		for range r.IntN(most + 1) {
			b.WriteByte("hH1-_.x"[r.IntN(7)])
		}
		return b.String()
	}
	found := 0
	for range 3000 {
		var s evidence.Snapshot
		for i := range r.IntN(8) {
			state := []string{"running", "exited"}[r.IntN(2)]
			c := box(fmt.Sprint(r.IntN(7)), word(6), state, r.IntN(4), r.IntN(4))
			if r.IntN(4) == 0 {
				c.Names = append(c.Names, word(5))
			}
			s.Containers = append(s.Containers, c)
			s.Services = append(s.Services, serving(fmt.Sprint("s", i), word(6), []string{"haproxy", "whoami"}[r.IntN(2)], r.IntN(4)))
			s.Tasks = append(s.Tasks, evidence.Task{ServiceID: fmt.Sprint("s", r.IntN(8)), State: "running", Desired: state})
		}
		f := NewFinder(&s)
		for range 5 {
			name, ports := word(4), []int{r.IntN(4), r.IntN(4)}
			want := slowly(&s, name, ports)
			require.Equal(t, want, f.Find(name, ports), "%q %v in %+v", name, ports, s)
			found += len(want)
		}
	}
	require.Greater(t, found, 5000)
	// What somebody calls a container costs no more than its length.
	require.Empty(t, Find(&evidence.Snapshot{Containers: []evidence.Container{box("a", strings.Repeat("-", 1<<20), "running")}}, "haproxy", nil))
}

func BenchmarkFind(b *testing.B) {
	var s evidence.Snapshot
	for i := range 3000 {
		s.Containers = append(s.Containers, box(fmt.Sprint(i), fmt.Sprintf("haproxy-%04d", i), "running", 9000+i))
	}
	f := NewFinder(&s)
	for b.Loop() {
		f.Find("haproxy-0042", []int{9042})
	}
}
