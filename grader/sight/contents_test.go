package sight

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// TestContents: what one of a class runs is known if most run the same.
func TestContents(t *testing.T) {
	same := func(n int) (out []string) {
		for range n {
			out = append(out, "a")
		}
		return out
	}
	const lab = "registry/stu/whoami-for-swarm"
	for _, c := range []struct {
		name    string
		runs    []string // by student: the content, with "@" in a registry's words; "" for nothing shown
		image   string   // of the student asked about, who is the first
		spread  int      // nodes
		images  []string
		several int // services' replicas of the first
		known   bool
	}{
		{"as everybody", same(5), lab, 3, []string{"whoami-for-swarm"}, 3, true},
		{"under another name", same(5), "mine/whoami-for-swarm:2024", 3, []string{"whoami-for-swarm"}, 3, true},
		{"one's own", append([]string{"b"}, same(4)...), lab, 3, []string{"whoami-for-swarm"}, 3, false},
		{"one's own, very often", append([]string{"b"}, same(4)...), lab, 3, []string{"whoami-for-swarm"}, 50, false},
		{"one's own on a node that nobody else is on", append([]string{"b"}, same(4)...), lab, 9, []string{"whoami-for-swarm"}, 1, false},
		{"alone, by the name", same(1), lab, 3, []string{"whoami-for-swarm"}, 3, true},
		{"alone, where no name is asked for", same(1), lab, 3, nil, 3, false},
		{"two of a mind, where no name is asked for", same(2), lab, 3, nil, 3, true},
		{"two who differ", []string{"b", "a"}, lab, 3, []string{"whoami-for-swarm"}, 3, false},
		{"as many as others", []string{"b", "a", "b", "a"}, lab, 3, []string{"whoami-for-swarm"}, 3, true},
		{"fewer than others", []string{"b", "a", "b", "a", "a"}, lab, 3, []string{"whoami-for-swarm"}, 3, false},
		{"no engine shows it", []string{"", "a", "a"}, lab, 3, []string{"whoami-for-swarm"}, 3, false},
		{"by the registry's digest", []string{"@a", "@a", "b"}, lab, 3, []string{"whoami-for-swarm"}, 3, true},
		{"a digest of one's own", []string{"@b", "a", "a"}, lab, 3, []string{"whoami-for-swarm"}, 3, false},
	} {
		s := &evidence.Snapshot{}
		for n := range 9 {
			s.Nodes = append(s.Nodes, evidence.Node{ID: fmt.Sprint("node", n), State: "ready"})
		}
		for i, content := range c.runs {
			svc := evidence.Service{ID: fmt.Sprint("svc", i), Name: fmt.Sprint("s", i), Image: lab}
			replicas := 3
			if i == 0 {
				svc.Image, replicas = c.image, c.several
			}
			if content != "" && content[0] == '@' {
				svc.Digest, content = content, ""
			}
			s.Services = append(s.Services, svc)
			for k := range replicas {
				id := fmt.Sprintf("%02d%02d%060d", i, k, 0)
				node := fmt.Sprint("node", (k+i*c.spread/3)%c.spread)
				s.Tasks = append(s.Tasks, evidence.Task{ID: id, ServiceID: svc.ID, NodeID: node, Desired: "running", State: "running", ContainerID: id})
				if content != "" {
					s.Containers = append(s.Containers, evidence.Container{ID: id, NodeID: node, Image: svc.Image, ImageID: content, ServiceID: svc.ID})
				}
			}
		}
		idx := NewIndex(s)
		var services []*evidence.Service
		for i := range s.Services {
			services = append(services, &s.Services[i])
		}
		got := NewContents(idx, append(services, nil), nil, c.images)
		require.Equal(t, c.known, got.KnowsService(idx, services[0]), c.name)
		require.False(t, got.KnowsService(idx, nil))
	}
}

// TestContentsOfLonelyNames: containers that somebody else gives the class's names neither outvote
// it nor leave one student alone with a name, and what is halfway through an update is not
// known by its settings.
func TestContentsOfLonelyNames(t *testing.T) {
	images := []string{"haproxy"}
	container := func(id, node, content string) *evidence.Container {
		return &evidence.Container{ID: id, NodeID: node, Names: []string{id}, Image: "haproxy:lts", ImageID: content, State: "running"}
	}
	for _, c := range []struct {
		name    string
		class   [][]*evidence.Container // by student, the first is asked about
		beside  []*evidence.Container   // nobody's
		content string
		known   bool
	}{
		{"everybody's", [][]*evidence.Container{{container("a", "n1", "good")}, {container("b", "n1", "good")}}, nil, "good", true},
		{"under everybody's names on another node", [][]*evidence.Container{
			{container("a", "n1", "mine")}, {container("b", "n1", "good"), container("b", "n2", "mine")}, {container("c", "n1", "good"), container("c", "n2", "mine")},
		}, nil, "mine", false},
		{"alone", [][]*evidence.Container{{container("a", "n1", "mine")}, nil}, nil, "mine", true},
		{"alone by the name that counts, among others", [][]*evidence.Container{{container("a", "n1", "mine")}, nil}, []*evidence.Container{container("b-haproxy-1", "n1", "good")}, "mine", false},
		{"alone, another one runs the same", [][]*evidence.Container{{container("a", "n1", "good")}, nil}, []*evidence.Container{container("b-haproxy-1", "n1", "good")}, "good", true},
	} {
		s := &evidence.Snapshot{}
		for _, list := range append(c.class, c.beside) {
			for _, ctr := range list {
				s.Containers = append(s.Containers, *ctr)
			}
		}
		idx := NewIndex(s)
		at := 0
		more := make([][]*evidence.Container, len(c.class))
		for i, list := range c.class {
			for range list {
				more[i] = append(more[i], &s.Containers[at])
				at++
			}
		}
		got := NewContents(idx, make([]*evidence.Service, len(c.class)), more, images)
		require.Equal(t, c.known, got.KnowsContainer(more[0][0]), c.name)
	}
	for state, known := range map[string]bool{"": true, "completed": true, "rollback_completed": true, "updating": false, "paused": false, "rollback_paused": false} {
		s := &evidence.Snapshot{Nodes: []evidence.Node{{ID: "n1", State: "ready"}}, Services: []evidence.Service{
			{ID: "a", Name: "a", Image: "haproxy", Digest: "sha256:good", UpdateState: state}, {ID: "b", Name: "b", Image: "haproxy", Digest: "sha256:good"},
		}}
		for _, id := range []string{"a", "b"} {
			s.Tasks = append(s.Tasks, evidence.Task{ID: id, ServiceID: id, NodeID: "n1", Desired: "running", State: "running", ContainerID: id})
		}
		idx := NewIndex(s)
		got := NewContents(idx, []*evidence.Service{&s.Services[0], &s.Services[1]}, nil, images)
		require.Equal(t, known, got.KnowsService(idx, &s.Services[0]), state)
	}
}
