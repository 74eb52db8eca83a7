package action

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

func TestTheOneNodeThatIsDrained(t *testing.T) {
	for name, c := range map[string]struct {
		nodes, tasks, serving, role string
		want, code, about           string
	}{
		"takes tasks of most":           {"m1 m2* m3", "svc-a:m1 svc-b:m3 svc-c:m3,m3", "", manager, "m3", "", ""},
		"a task counts once a student":  {"m1 m2* m3", "svc-a:m1 svc-b:m1 svc-c:m3,m3,m3", "", manager, "m1", "", ""},
		"the leader if it takes most":   {"m1 m2* m3", "svc-a:m1,m2 svc-b:m2", "", manager, "m2", "", ""},
		"of equal ones not the leader":  {"m1* m2 m3", "svc-a:m1,m2,m3", "", manager, "m2", "", ""},
		"nor the one that serves":       {"m1* m2 m3", "svc-a:m1,m2,m3", "m2", manager, "m3", "", ""},
		"nobody's if need be":           {"m1* m2 w3", "svc-a:w3", "", manager, "m2", "", ""},
		"a worker":                      {"m1* m2 w3", "svc-a:m1,m2", "", worker, "w3", "", ""},
		"none of the role":              {"m1* m2", "svc-a:m1", "", worker, "", "no-node", ""},
		"the only manager":              {"m1* w2", "svc-a:m1", "", manager, "", "no-node", ""},
		"the only one that takes tasks": {"m1* m2- m3-", "svc-a:m1", "", manager, "", "no-node", ""},
		"one that is drained already":   {"m1* m2- m3", "svc-a:m2,m3", "", manager, "m3", "", ""},
		"a node is down":                {"m1* m2 m3!", "svc-a:m1", "", manager, "", "node-down", "m3"},
		"a manager is out of reach":     {"m1* m2 m3?", "svc-a:m1", "", manager, "", "node-down", "m3"},
	} {
		t.Run(name, func(t *testing.T) {
			var concerned []Concern
			for _, id := range []string{"a", "b", "c"} {
				concerned = append(concerned, Concern{Student: id, Service: "svc-" + id})
			}
			rules := Rules{Kind: NodeDrain}
			if c.serving != "" {
				rules.Serving = "id-" + c.serving
			}
			a, code, about := ChooseOne(world(c.nodes, c.tasks), concerned, rules, c.role)
			require.Equal(t, []string{c.want, c.code, c.about}, []string{a.Hostname, code, about})
			if code == "" {
				require.Equal(t, []string{NodeDrain, active, ""}, []string{a.Kind, a.Was, a.Student}, "the class's, and what it was")
			}
		})
	}
}

// busy has a service of a world be updated, by whose update the tasks of some places were
// made.
func busy(s *evidence.Snapshot, service string, update *evidence.UpdatePolicy, state string, made ...int) *evidence.Snapshot {
	s.Services = append(s.Services, evidence.Service{ID: service, Name: service, Update: update, UpdateState: state, Updated: "2024-05-01T10:00:00Z"})
	n := 0
	for i := range s.Tasks {
		if t := &s.Tasks[i]; t.ServiceID == service {
			t.Created = "2024-05-01T09:59:59.9Z"
			if slices.Contains(made, n) {
				t.Created = "2024-05-01T10:00:00.5Z"
			}
			n++
		}
	}
	return s
}

func TestUpdatesAreNotPutAtRisk(t *testing.T) {
	policy := func(on string) *evidence.UpdatePolicy { return &evidence.UpdatePolicy{OnFailure: on} }
	who := []Concern{{Student: "a", Service: "svc-a"}}
	for name, c := range map[string]struct {
		snap *evidence.Snapshot
		want string // the node that is drained
	}{
		"nothing is updated":         {world("m1* m2 m3", "svc-a:m2 svc-b:m2"), "m2"},
		"a new task is watched":      {busy(world("m1* m2 m3", "svc-a:m2 svc-b:m2"), "svc-b", policy("rollback"), "updating", 0), "m3"},
		"it would be paused":         {busy(world("m1* m2 m3", "svc-a:m2 svc-b:m2"), "svc-b", nil, "updating", 0), "m3"},
		"it goes on whatever fails":  {busy(world("m1* m2 m3", "svc-a:m2 svc-b:m2"), "svc-b", policy("continue"), "updating", 0), "m2"},
		"so does not the way back":   {busy(world("m1* m2 m3", "svc-a:m2 svc-b:m2"), "svc-b", policy("continue"), "rollback_started", 0), "m3"},
		"only old tasks are there":   {busy(world("m1* m2 m3", "svc-a:m2 svc-b:m2,m3"), "svc-b", policy("rollback"), "updating", 1), "m2"},
		"the new one has failed":     {busy(world("m1* m2 m3", "svc-a:m2 svc-b:!m2"), "svc-b", policy("rollback"), "updating", 0), "m2"},
		"it is over":                 {busy(world("m1* m2 m3", "svc-a:m2 svc-b:m2"), "svc-b", policy("rollback"), "completed", 0), "m2"},
		"it was paused":              {busy(world("m1* m2 m3", "svc-a:m2 svc-b:m2"), "svc-b", policy("rollback"), "paused", 0), "m2"},
		"new tasks are on all nodes": {busy(world("m1* m2 m3", "svc-a:m2 svc-b:m1,m2,m3"), "svc-b", policy("rollback"), "updating", 0, 1, 2), ""},
	} {
		a, code, about := ChooseOne(c.snap, who, Rules{Kind: NodeDrain, Now: true}, manager)
		require.Equal(t, c.want, a.Hostname, name)
		require.Equal(t, c.want == "", code == "node-updating", name)
		require.Equal(t, c.want == "", about != "", name)
	}

	// Of a plan such a node is only better left alone.
	snap := busy(world("m1* m2 m3", "svc-a:m2,m3 svc-b:m2"), "svc-b", policy("rollback"), "updating", 0)
	require.Equal(t, "m3", Choose(snap, who, Rules{Kind: NodeDrain}).Steps[0].Fault.Hostname)
	snap = busy(world("m1* m2 m3", "svc-a:m2 svc-b:m2"), "svc-b", policy("rollback"), "updating", 0)
	require.Equal(t, "m2", Choose(snap, who, Rules{Kind: NodeDrain}).Steps[0].Fault.Hostname, "it will be over")
	plan := Choose(snap, who, Rules{Kind: NodeDrain, Now: true})
	require.Equal(t, []Missed{{Student: "a", Code: "node-updating", Node: "m2"}}, plan.Missed)
}

// One student's update that goes on for hours, or is watched for hours, keeps no class from
// being graded.
func TestAnUpdateIsAtRiskWhileItsTasksAreWatched(t *testing.T) {
	hours, seconds := int64(3*3600*1000), int64(5000)
	made := time.Date(2024, 5, 1, 10, 0, 0, 500e6, time.UTC)
	for name, c := range map[string]struct {
		monitor *int64
		after   time.Duration
		want    int
	}{
		"just made":                      {&seconds, time.Second, 1},
		"watched for as long as asked":   {&seconds, 16 * time.Second, 0},
		"as usual where nothing is said": {nil, 16 * time.Second, 0},
		"watched for hours":              {&hours, 60 * time.Second, 1},
		"but not respected for hours":    {&hours, 71 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := busy(world("m1* m2 m3", "svc-a:m2"), "svc-a", &evidence.UpdatePolicy{OnFailure: "rollback", MonitorMS: c.monitor}, "updating", 0)
			s.Taken = made.Add(c.after).UnixMilli()
			require.Len(t, AtRisk(s, s.Tasks[0].NodeID), c.want)
		})
	}
}
