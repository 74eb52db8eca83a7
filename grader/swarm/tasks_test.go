package swarm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/swarm"
	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// crowd is a swarm of services with tasks of each; the engine answers with at
// most limit tasks, as one does that has 16 MB for an answer.
type crowd struct {
	services []swarm.Service
	tasks    []swarm.Task
	node     string // that the tasks run on
	limit    int    // 0 is none
	asked    []filters.Args
}

func (c *crowd) add(id string, replicas uint64, running, pending int) {
	s := swarm.Service{ID: id}
	s.Spec.Name = id
	s.Spec.Mode.Replicated = &swarm.ReplicatedService{Replicas: &replicas}
	c.services = append(c.services, s)
	for i := range running + pending {
		t := swarm.Task{
			ID: fmt.Sprintf("%s-%05d", id, i), ServiceID: id, Slot: i + 1,
			DesiredState: swarm.TaskStateRunning, Meta: swarm.Meta{CreatedAt: time.Unix(int64(i), 0)},
		}
		t.Status.State = swarm.TaskStatePending
		if i >= pending {
			t.Status.State, t.NodeID = swarm.TaskStateRunning, c.node
		}
		c.tasks = append(c.tasks, t)
	}
}

func (c *crowd) serve(w http.ResponseWriter, r *http.Request, path string) bool {
	switch path {
	case "/services":
		_ = json.NewEncoder(w).Encode(c.services)
	case "/tasks":
		f, _ := filters.FromJSON(r.URL.Query().Get("filters"))
		c.asked = append(c.asked, f)
		for _, id := range f.Get("service") {
			if !slices.ContainsFunc(c.services, func(s swarm.Service) bool { return s.ID == id }) || id == "gone" {
				refuse(w, http.StatusNotFound, "service "+id+" not found")
				return true
			}
		}
		var out []swarm.Task
		for _, t := range c.tasks {
			if f.ExactMatch("service", t.ServiceID) && f.ExactMatch("node", t.NodeID) && f.ExactMatch("desired-state", string(t.DesiredState)) {
				out = append(out, t)
			}
		}
		if c.limit > 0 && len(out) > c.limit {
			refuse(w, http.StatusInternalServerError,
				"rpc error: code = ResourceExhausted desc = grpc: received message larger than max (20000000 vs. 16777216)")
			return true
		}
		_ = json.NewEncoder(w).Encode(out)
	default:
		return false
	}
	return true
}

// kept counts a snapshot's tasks by service.
func keptOf(tasks []evidence.Task) map[string]int {
	n := map[string]int{}
	for _, t := range tasks {
		n[t.ServiceID]++
	}
	return n
}

// One student's flood of tasks leaves everybody else's tasks as they are: the
// engine lists it first, or can't list it at all.
func TestAFloodOfTasksTouchesNobodyElse(t *testing.T) {
	for _, tt := range []struct {
		name     string
		replicas uint64
		running  int
		pending  int
		limit    int
		kept     int
		gap      evidence.Gap
	}{
		{"listed", 9000, 0, 9000, 0, maxOfService, evidence.Gap{Code: "abridged", Detail: "9000"}},
		{"beyond every bound", 60_000, 3, 60_000, 0, maxOfService, evidence.Gap{Code: "abridged", Detail: "60003"}},
		{"refused by the engine", 9000, 3, 8997, 2000, 3, evidence.Gap{Code: "abridged", Detail: "9000"}},
		{"few and fat", 400, 3, 397, 50, 3, evidence.Gap{Code: "abridged", Detail: "400"}},
		{"too many that run", 700, 700, 0, 0, maxOfService, evidence.Gap{Code: "too-large", Detail: "700"}},
		{"too fat to list what runs", 400, 400, 0, 50, 0, evidence.Gap{Code: "too-large", Detail: "400"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			engines, cl := startSwarm(t)
			c := &crowd{limit: tt.limit, node: snapshot(t, cl).Nodes[0].ID}
			c.add("flood", tt.replicas, tt.running, tt.pending)
			for i := range 60 {
				c.add(fmt.Sprintf("s%02d", i), 3, 3, 0)
			}
			c.services = append(c.services, swarm.Service{ID: "gone"}) // since it was listed
			for _, f := range engines {
				f.setHook(c.serve)
			}
			s := snapshot(t, cl)
			tt.gap.What = "tasks/flood"
			require.Equal(t, []evidence.Gap{tt.gap}, s.Gaps)
			n := keptOf(s.Tasks)
			require.Equal(t, tt.kept, n["flood"])
			for i := range 60 {
				require.Equal(t, 3, n[fmt.Sprintf("s%02d", i)])
			}
			running := 0
			for _, x := range s.Tasks {
				if x.ServiceID == "flood" && x.State == "running" {
					running++
				}
			}
			require.Equal(t, min(tt.running, tt.kept), running, "those that run are kept first")

			// From now on everybody is asked for by themselves, in a window too.
			c.asked = nil
			_, tasks, err := cl.Poll(t.Context(), func() int64 { return 0 })
			require.NoError(t, err)
			for _, f := range c.asked {
				require.NotEmpty(t, f.Get("service"))
			}
			n = keptOf(tasks)
			require.LessOrEqual(t, n["flood"], maxOfService)
			for i := range 60 {
				require.Equal(t, 3, n[fmt.Sprintf("s%02d", i)])
			}
		})
	}
}

// So many services that even a bound each would be too much for all: the rooms
// get smaller, and then it is said that the whole list was cut.
func TestManyBigServices(t *testing.T) {
	read := func(services, each int) (map[string]int, []evidence.Gap) {
		r := &tasksOf{counts: map[string]int{}, unread: map[string]bool{}}
		for s := range services {
			for i := range each {
				r.out = append(r.out, swarm.Task{ID: fmt.Sprint(s, "-", i), ServiceID: fmt.Sprint(s)})
			}
		}
		r.out = append(r.out, swarm.Task{ID: "an attachment"})
		gaps := r.thin()
		n := map[string]int{}
		for _, t := range r.out {
			n[t.ServiceID]++
		}
		return n, gaps
	}
	n, gaps := read(300, 300)
	require.Len(t, gaps, 300)
	require.Equal(t, 125, n["7"])
	n, gaps = read(1200, 60)
	require.Equal(t, leastOfService, n["7"])
	require.Equal(t, "tasks", gaps[len(gaps)-1].What)
	_, gaps = read(maxObjects/100, 100)
	require.Empty(t, gaps)
	for _, g := range gaps {
		require.True(t, strings.HasPrefix(g.What, "tasks"))
	}
}
