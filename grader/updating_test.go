package grader_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
)

const lastChange = "MINE=the-last-change"

// changed has a student update a service; the swarm watches the new
// ones for some time of its own and takes the update back if one is lost.
func changed(t *testing.T, to deployments.Targets, name string, watched time.Duration) {
	t.Helper()
	s, _, err := to.Manager.ServiceInspectWithRaw(t.Context(), name, swarm.ServiceInspectOptions{})
	require.NoError(t, err)
	s.Spec.TaskTemplate.ContainerSpec.Env = append(s.Spec.TaskTemplate.ContainerSpec.Env, lastChange)
	s.Spec.UpdateConfig = &swarm.UpdateConfig{Parallelism: 1, Monitor: watched, FailureAction: swarm.UpdateFailureActionRollback}
	_, err = to.Manager.ServiceUpdate(t.Context(), s.ID, s.Version, s.Spec, swarm.ServiceUpdateOptions{})
	require.NoError(t, err)
	require.Eventually(t, func() bool { // all are new, and watched
		tasks, err := to.Manager.TaskList(t.Context(), swarm.TaskListOptions{})
		require.NoError(t, err)
		n := 0
		for _, k := range tasks {
			env := len(k.Spec.ContainerSpec.Env)
			if k.ServiceID == s.ID && k.Status.State == swarm.TaskStateRunning && k.DesiredState == swarm.TaskStateRunning && env == len(s.Spec.TaskTemplate.ContainerSpec.Env) {
				n++
			}
		}
		return n == int(*s.Spec.Mode.Replicated.Replicas)
	}, 30*time.Second, 20*time.Millisecond)
}

// kept asserts that the change stands, and gives the update's state.
func kept(t *testing.T, to deployments.Targets, name string) swarm.UpdateState {
	t.Helper()
	s, _, err := to.Manager.ServiceInspectWithRaw(t.Context(), name, swarm.ServiceInspectOptions{})
	require.NoError(t, err)
	require.Contains(t, s.Spec.TaskTemplate.ContainerSpec.Env, lastChange)
	return s.UpdateStatus.State
}

// graded runs a job and gives the first student's verdicts and all that was noted.
func graded(t *testing.T, j *grader.Job, notes *string) (map[string]check.Outcome, map[string]string) {
	t.Helper()
	got, err := j.Grade(t.Context(), grader.GradeOptions{Yes: true})
	require.NoError(t, err)
	d, err := j.Run(t.Context(), got.Run)
	require.NoError(t, err)
	outcomes, says := map[string]check.Outcome{}, map[string]string{}
	for _, v := range d.Students[0].Verdicts {
		outcomes[v.Check], says[v.Check] = v.Outcome, i18n.EN.Text(v.Message)
		t.Logf("%s: %s: %s", v.Check, v.Outcome, says[v.Check])
	}
	t.Log(*notes)
	return outcomes, says
}

// TestAFaultYieldsToUpdates: a node is not made to fail where a service is being updated,
// whoever's, also of a student who is not graded now; an update that comes to its end is
// waited for.
func TestAFaultYieldsToUpdates(t *testing.T) {
	for name, c := range map[string]struct {
		who     string        // updates
		watched time.Duration // by a clock that goes 20 times faster
		want    check.Outcome
		says    string
		state   swarm.UpdateState
	}{
		"a classmate's is over soon":  {"web02", 30 * time.Second, check.Pass, "", swarm.UpdateStateCompleted},
		"a classmate's goes on":       {"web02", 24 * time.Hour, check.Ungraded, "somebody's", swarm.UpdateStateUpdating},
		"the student's is over soon":  {"web01", 30 * time.Second, check.Pass, "", swarm.UpdateStateCompleted},
		"the student's own goes on":   {"web01", 24 * time.Hour, check.Ungraded, "this service", swarm.UpdateStateUpdating},
		"it is over before the fault": {"web02", time.Millisecond, check.Pass, "", swarm.UpdateStateCompleted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, all, to := ownLab(t, "fault", []*deployments.Deployment{spread("graded", nil), spread("not-graded", nil)})
			j, err := g.Open(t.Context(), grader.Select{Class: "own", Students: []string{"2024001"}})
			require.NoError(t, err)
			j.Class.Fault = all.Class.Fault
			notes := ""
			g.Tell = func(e grader.Event) {
				switch e := e.(type) {
				case grader.Note:
					notes += i18n.EN.Text(e.Msg) + "\n"
				case grader.Ended:
					if e.Stage == grader.Loads {
						changed(t, to, c.who, c.watched)
					}
				}
			}
			got, says := graded(t, j, &notes)
			if c.who != "web01" { // whose tasks are others than were measured
				require.Equal(t, check.Pass, got["answers"])
			}
			require.Equal(t, c.want, got["back"])
			require.Contains(t, says["back"], c.says)
			require.Equal(t, c.state, kept(t, to, c.who), "as the student wants it")
			if c.watched > time.Second {
				require.Contains(t, notes, "waiting for updates of "+c.who)
			}
			require.Equal(t, c.want == check.Ungraded, strings.Contains(notes, "no fault on"))
		})
	}
}

// TestADrainYieldsToUpdates: another manager is drained than the one on which a service is
// being updated.
func TestADrainYieldsToUpdates(t *testing.T) {
	second := spread("on-manager-2", func(s *deployments.Service) { s.Constraints = []string{"node.hostname==manager-2"} })
	g, _, to := ownLab(t, "drain", []*deployments.Deployment{spread("graded", nil), second})
	j, err := g.Open(t.Context(), grader.Select{Class: "own", Students: []string{"2024001"}})
	require.NoError(t, err)
	changed(t, to, "web02", 24*time.Hour)
	notes, drained := "", ""
	var once sync.Once
	g.Tell = func(e grader.Event) {
		if b, ok := e.(grader.Began); ok && b.Stage == grader.During {
			once.Do(func() {
				list, err := to.Manager.NodeList(t.Context(), swarm.NodeListOptions{})
				require.NoError(t, err)
				for _, n := range list {
					if n.Spec.Availability == swarm.NodeAvailabilityDrain {
						drained += n.Description.Hostname
					}
				}
			})
		}
	}
	got, _ := graded(t, j, &notes)
	require.Equal(t, "manager-3", drained)
	require.Equal(t, check.Pass, got["back"])
	require.Equal(t, swarm.UpdateStateUpdating, kept(t, to, "web02"))

	// Where no manager is left, none is drained.
	changed(t, to, "web01", 24*time.Hour)
	got, says := graded(t, j, &notes)
	require.Equal(t, check.Ungraded, got["back"])
	require.Contains(t, says["back"], "an update of this service was under way")
	require.Equal(t, swarm.UpdateStateUpdating, kept(t, to, "web01"))
}

// TestActionsComeAfterUpdates: whoever's service is being updated when a run is planned is
// graded like anybody, if the update is over when the action's turn comes.
func TestActionsComeAfterUpdates(t *testing.T) {
	g, j, to := ownLab(t, "ops", []*deployments.Deployment{operated("updates", nil)})
	notes := ""
	g.Tell = func(e grader.Event) {
		if n, ok := e.(grader.Note); ok {
			notes += i18n.EN.Text(n.Msg) + "\n"
		}
	}
	changed(t, to, "web01", 40*time.Second)
	got, _ := graded(t, j, &notes)
	for id, o := range got {
		require.Equal(t, check.Pass, o, id)
	}
	require.Equal(t, swarm.UpdateStateCompleted, kept(t, to, "web01"))

	changed(t, to, "web01", 24*time.Hour)
	notes = ""
	got, says := graded(t, j, &notes)
	for id := range got {
		if strings.Contains(id, ".") {
			require.Equal(t, check.Ungraded, got[id], id)
			require.Contains(t, says[id], "under way")
		}
	}
	require.Equal(t, 1, strings.Count(notes, "waiting for updates of web01"), "once a run")
	require.Equal(t, swarm.UpdateStateUpdating, kept(t, to, "web01"))
}
