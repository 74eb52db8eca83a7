package grader_test

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// spread is what a student of the rubric drain builds: three replicas, one a node.
func spread(name string, change func(s *deployments.Service)) *deployments.Deployment {
	d := scalable(name, func(s *deployments.Service) {
		s.Replicas = 3
		if change != nil {
			change(s)
		}
	})
	d.Task, d.Containers = "drain", nil
	return d
}

// TestADrainedManager: one manager is drained for the whole class, if its file allows
// that, under the mark that the whole swarm sees, and is what it was afterwards.
func TestADrainedManager(t *testing.T) {
	on := func(node string) func(s *deployments.Service) {
		return func(s *deployments.Service) { s.Replicas, s.Constraints = 2, []string{"node.hostname" + node} }
	}
	students := []struct {
		did  *deployments.Deployment
		lost map[string]check.Outcome
	}{
		{spread("as-asked", nil), nil},
		{spread("global", func(s *deployments.Service) { s.Mode, s.Replicas = "global", 0 }), nil},
		{spread("pinned", on("==manager-2")),
			map[string]check.Outcome{"back": check.Fail, "available": check.Fail, "empty": check.Fail, "then": check.Fail}},
		{spread("elsewhere", on("==manager-3")), map[string]check.Outcome{"back": check.Ungraded, "available": check.Ungraded}},
		{spread("pinned-as-well", on("==manager-2")),
			map[string]check.Outcome{"back": check.Fail, "available": check.Fail, "empty": check.Fail, "then": check.Fail}},
		{spread("never-restarted", func(s *deployments.Service) { s.Restart = &deployments.Restart{Condition: "none"} }),
			map[string]check.Outcome{"back": check.Fail}},
	}
	var did []*deployments.Deployment
	for _, s := range students {
		did = append(did, s.did)
	}
	g, j, to := ownLab(t, "drain", did)
	dial := g.Dial
	g.Dial = func(ctx context.Context, c roster.Cluster) (grader.Conn, error) {
		conn, err := dial(ctx, c)
		conn.Passing = false // as a swarm that others use
		return conn, err
	}
	availability := func() (out []string) {
		list, err := to.Manager.NodeList(t.Context(), swarm.NodeListOptions{})
		require.NoError(t, err)
		for _, n := range list {
			if n.Spec.Availability != swarm.NodeAvailabilityActive {
				out = append(out, n.Description.Hostname+" "+string(n.Spec.Availability))
			}
		}
		return out
	}
	marks := func() (out []string) {
		list, err := to.Manager.ConfigList(t.Context(), swarm.ConfigListOptions{})
		require.NoError(t, err)
		for _, c := range list {
			out = append(out, c.Spec.Name)
		}
		return out
	}
	outcomes := func(run string) (out []map[string]check.Outcome) {
		d, err := j.Run(t.Context(), run)
		require.NoError(t, err)
		for i, s := range d.Students {
			got := map[string]check.Outcome{}
			for _, v := range s.Verdicts {
				got[v.Check] = v.Outcome
				t.Logf("%s %s: %s: %s", students[i].did.Name, v.Check, v.Outcome, i18n.EN.Text(v.Message))
			}
			out = append(out, got)
		}
		return out
	}

	// The class file says nothing of a fault: no node is touched, and what to write is said.
	plan, err := j.Plan(t.Context(), false)
	require.NoError(t, err)
	require.Zero(t, plan.Plan.Touches())
	require.Empty(t, plan.Plan.Nodes())
	for _, s := range plan.Plan.Episodes[0].Students {
		require.Contains(t, i18n.EN.Text(check.ActionReason(*s.Gap)), "fault: {kind: node-drain}")
	}
	j.Class.Fault.Kind = action.TaskKill // kills one container, and no more
	plan, err = j.Plan(t.Context(), false)
	require.NoError(t, err)
	require.Empty(t, plan.Plan.Nodes())

	// It does: leave is asked for, and the node is named.
	j.Class.Fault.Kind = action.NodeDrain
	_, err = j.Grade(t.Context(), grader.GradeOptions{})
	require.ErrorContains(t, err, "manager-2")
	require.Empty(t, availability())

	var once sync.Once
	g.Tell = func(e grader.Event) {
		if b, ok := e.(grader.Began); ok && b.Stage == grader.During {
			once.Do(func() {
				require.Equal(t, []string{"manager-2 drain"}, availability())
				require.Contains(t, marks(), action.MarkName)
				require.Len(t, marks(), 2, "and that of the service that is to be brought back")
			})
		}
	}
	before, err := deployments.Look(t.Context(), to)
	require.NoError(t, err)
	got, err := j.Grade(t.Context(), grader.GradeOptions{Yes: true})
	require.NoError(t, err)
	changed, err := before.Settled(t.Context(), to, time.Minute)
	require.NoError(t, err)
	require.Empty(t, changed, "what a restart policy lets go is brought back")
	once.Do(func() { t.Error("nothing was seen while the node was drained") })
	require.Empty(t, availability(), "as it was")
	require.Empty(t, marks())
	for i, s := range outcomes(got.Run) {
		for id, o := range s {
			want, lost := students[i].lost[id]
			if !lost {
				want = check.Pass
			}
			require.Equal(t, want, o, "%s %s", students[i].did.Name, id)
		}
	}

	// Nothing has moved back, and nobody loses by it.
	tasks, err := to.Manager.TaskList(t.Context(), swarm.TaskListOptions{})
	require.NoError(t, err)
	services, err := to.Manager.ServiceList(t.Context(), swarm.ServiceListOptions{})
	require.NoError(t, err)
	first := services[slices.IndexFunc(services, func(s swarm.Service) bool { return s.Spec.Name == "web01" })].ID
	nodes := map[string]bool{}
	for _, k := range tasks {
		if k.ServiceID == first && k.DesiredState == swarm.TaskStateRunning {
			nodes[k.NodeID] = true
		}
	}
	require.Len(t, nodes, 2)
	got, err = j.Grade(t.Context(), grader.GradeOptions{NoFault: true})
	require.NoError(t, err)
	for i, s := range outcomes(got.Run) {
		require.Equal(t, map[string]check.Outcome{
			"answers": check.Pass, "runs": check.Pass,
			"back": check.Ungraded, "available": check.Ungraded, "empty": check.Ungraded, "then": check.Ungraded,
		}, s, students[i].did.Name)
	}

	// What a grader that was killed leaves is undone.
	conn, err := g.Dial(t.Context(), j.Class.Cluster)
	require.NoError(t, err)
	defer conn.Close()
	plan, err = j.Plan(t.Context(), false)
	require.NoError(t, err)
	journal, err := action.OpenJournal(action.JournalPath(filepath.Join(g.Dir, "gradebook"), "own"))
	require.NoError(t, err)
	inj, err := action.New(action.NodeDrain, j.Class.Fault, conn)
	require.NoError(t, err)
	_, err = action.Begin(t.Context(), action.Options{
		Cluster: conn, Injector: inj, Journal: journal, Class: "own", Spec: j.Class.Fault, Conn: j.Class.Cluster, At: func() int64 { return 0 },
	}, *plan.Plan.Episodes[0].Node)
	require.NoError(t, err)
	require.NoError(t, journal.Close())
	require.Len(t, availability(), 1)
	require.Equal(t, []string{action.MarkName}, marks())
	healed, _, err := g.Restore(t.Context(), "own", false)
	require.NoError(t, err)
	require.Len(t, healed, 1)
	require.Empty(t, availability())
	require.Empty(t, marks())

	// A self-check never touches what others use.
	one, err := g.Open(t.Context(), grader.Select{Class: "own", Students: []string{"2024001"}})
	require.NoError(t, err)
	one.Class.Fault.Kind = action.NodeDrain
	checked, err := one.Check(t.Context(), grader.CheckOptions{Kill: true, Yes: true})
	require.NoError(t, err)
	for _, v := range checked.Verdicts {
		if v.Check == "empty" {
			require.Equal(t, check.Ungraded, v.Outcome)
			require.Contains(t, i18n.EN.Text(v.Message), "others use")
		}
	}
}
