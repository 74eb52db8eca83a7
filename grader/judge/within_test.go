package judge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// TestAfterAnAction: a check about an action is judged on what was seen while it was
// in force, by the tasks that ran then, and on nothing else.
func TestAfterAnAction(t *testing.T) {
	rub := loadRubric(t)
	rub.Actions = []rubric.Action{{ID: "scaled"}}
	c, ok := rub.Check("task2.mesh")
	require.True(t, ok)
	c.After = "scaled"
	did := &evidence.Action{Kind: "scale", Name: "s01", Was: "3", To: "5"}

	// seen is what was observed of five replicas while three stood before.
	seen := func(mesh func(*world) source, change func(c *evidence.Case)) judge.Verdict {
		w, five := newWorld(rub, 3, 42), newWorld(rub, 5, 42)
		if mesh != nil {
			five.mesh = mesh
		}
		w.finish = func(c *evidence.Case) {
			e := evidence.Episode{Name: "scaled", Action: did}
			for _, target := range five.targets("1") {
				e.Traces = append(e.Traces, drive(target, five.mesh(five)))
			}
			c.Bundle.Episodes = []evidence.Episode{e}
			c.Episodes = []evidence.Scene{{Episode: &c.Bundle.Episodes[0], From: five.before, To: five.after}}
			if change != nil {
				change(c)
			}
		}
		for _, v := range judge.New(rub).Verdicts([]string{"2"}, w.observed(w.targets("2")), "") {
			if v.Check == "task2.mesh" {
				return v
			}
		}
		t.Fatal("no verdict")
		return judge.Verdict{}
	}
	says := func(v judge.Verdict) string { return i18n.EN.Text(v.Message) }

	v := seen(nil, nil)
	require.Equal(t, check.Pass, v.Outcome, says(v))
	require.Contains(t, says(v), "while s01 was scaled from 3 to 5: ")
	require.Contains(t, says(v), "5", "all of those that ran then")

	three := newWorld(rub, 3, 42)
	v = seen(func(*world) source { return three.mesh(three) }, nil)
	require.Equal(t, check.Fail, v.Outcome, "two of five never answered: "+says(v))
	require.Contains(t, i18n.EN.Text(v.Hint), "while s01 was scaled")

	// Whoever has no service has not shown what the action would have shown.
	v = seen(nil, func(c *evidence.Case) {
		c.Before.Services = nil
		c.Episodes[0].Action, c.Episodes[0].Gaps = nil, []evidence.Gap{{What: "action", Code: "no-service"}}
	})
	require.NotEqual(t, check.Ungraded, v.Outcome, says(v))
	require.Zero(t, v.Points)

	for name, c := range map[string]struct {
		change func(c *evidence.Case)
		says   string
	}{
		"nothing was done": {func(c *evidence.Case) {
			c.Episodes[0].Action, c.Episodes[0].Gaps = nil, []evidence.Gap{{What: "action", Code: "left-out"}}
		}, "nothing was done to services in this run"},
		"somebody was faster": {func(c *evidence.Case) {
			c.Episodes[0].Action, c.Episodes[0].Gaps = nil, []evidence.Gap{{What: "action", Code: "changed"}}
		}, "was changed by somebody else"},
		"addresses in HAProxy": {func(c *evidence.Case) {
			c.Episodes[0].Action, c.Episodes[0].Gaps = nil, []evidence.Gap{{What: "action", Code: "pinned"}}
		}, "go on asking the old addresses"},
		"the API failed": {func(c *evidence.Case) {
			c.Episodes[0].Gaps = []evidence.Gap{{What: "action", Code: "internal", Detail: "no leader"}}
		}, "(internal): no leader"},
		"the class file does not allow it": {func(c *evidence.Case) {
			c.Episodes[0].Action, c.Episodes[0].Gaps = nil, []evidence.Gap{{What: "action", Code: "not-allowed"}}
		}, "fault: {kind: node-drain}"},
		"no node will do": {func(c *evidence.Case) {
			c.Episodes[0].Action, c.Episodes[0].Gaps = nil, []evidence.Gap{{What: "action", Code: "no-node"}}
		}, "no node may be taken"},
		"a node is down": {func(c *evidence.Case) {
			c.Episodes[0].Action, c.Episodes[0].Gaps = nil, []evidence.Gap{{What: "action", Code: "node-down", Detail: "manager-3"}}
		}, "node manager-3 is down already"},
		"the swarm was in trouble": {func(c *evidence.Case) {
			c.Episodes[0].Gaps = []evidence.Gap{{What: "action", Code: "aborted", Detail: "other-node"}}
		}, "the node was put back early"},
		"the node was made active": {func(c *evidence.Case) {
			c.Episodes[0].Gaps = []evidence.Gap{{What: "action", Code: "node-changed"}}
		}, "the node was changed by somebody else"},
		"the cluster could not be read": {func(c *evidence.Case) { c.Episodes[0].From = nil }, "nothing was seen of the service"},
		"an earlier program":            {func(c *evidence.Case) { c.Episodes, c.Bundle.Episodes = nil, nil }, "nothing was seen of the service"},
	} {
		v := seen(nil, c.change)
		require.Equal(t, check.Ungraded, v.Outcome, name)
		require.Contains(t, says(v), c.says, name)
		require.Zero(t, v.Points)
	}
}

// TestWhileAnotherGraderChangesTheService nothing that is seen is held against, or in
// favour of, the student.
func TestWhileAnotherGraderChangesTheService(t *testing.T) {
	rub := loadRubric(t)
	for _, late := range []bool{false, true} {
		w := newWorld(rub, 3, 42)
		w.finish = func(c *evidence.Case) {
			snap := c.Before
			if late {
				snap = c.After
			}
			var id string
			for _, s := range snap.Services {
				if s.Name == c.Bundle.Student.Vars["service"] {
					id = s.ID
				}
			}
			require.NotEmpty(t, id)
			snap.Configs = append(snap.Configs, evidence.Config{ID: "k", Name: evidence.ServiceMark + id})
		}
		for _, v := range judge.New(rub).Verdicts([]string{"2"}, w.observed(w.targets("2")), "") {
			require.Equal(t, check.Ungraded, v.Outcome, v.Check)
			require.Contains(t, i18n.EN.Text(v.Message), "another grading was just changing service s01")
		}
	}
}
