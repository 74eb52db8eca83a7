package observe_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/rubric"
)

// scaling is ha-lb with a check of a task's own after an action.
func scaling(t *testing.T) *rubric.Rubric {
	t.Helper()
	rub := loadRubric(t)
	params, ok := action.Set{}.NewParams("scale")
	require.True(t, ok)
	rub.Actions = []rubric.Action{{ID: "scaled", Kind: "scale", Params: params}}
	for i := range rub.Tasks {
		for _, c := range rub.Tasks[i].Checks {
			if slices.Contains([]string{"task2.mesh", "task2.mesh-spread", "task2.answers", "task2.spread"}, c.ID) {
				c.After = "scaled"
			}
		}
	}
	return rub
}

// TestPlanOfActions: what follows an action is planned by what stands then, for
// whoever has a check about it and a service that it can be done to.
func TestPlanOfActions(t *testing.T) {
	rub := scaling(t)
	students, vars := class(3)
	snap := cluster(3)
	snap.Services[1].Mode = "global"
	vars["2024003"]["service"] = "none"
	p := observe.NewPlan(rub, []string{"2"}, students, vars, snap)
	require.Equal(t, 1, p.Touches())
	require.Len(t, p.Episodes, 1)
	e := &p.Episodes[0]
	require.Equal(t, []*evidence.Gap{nil, {What: "action", Code: "global"}, {What: "action", Code: "no-service"}},
		[]*evidence.Gap{e.Students[0].Gap, e.Students[1].Gap, e.Students[2].Gap})
	require.Equal(t, "svc-s01", e.Students[0].Action.Service)
	require.Equal(t, "3", e.Students[0].Action.Was)

	// Before it, less is driven than without the action.
	require.Less(t, p.Requests(), observe.NewPlan(loadRubric(t), []string{"2"}, students, vars, snap).Requests())

	// While it is in force, what runs then counts.
	scale(snap, "s01", 9)
	during := p.During("scaled", []string{"2024001"}, snap, nil)
	require.Len(t, during.Students, 1)
	var ids []string
	for _, target := range during.Students[0].Targets {
		ids = append(ids, target.ID)
	}
	require.Equal(t, []string{"mesh/manager-1", "mesh/manager-2", "mesh/manager-3", "haproxy"}, ids)
	require.Empty(t, p.During("another", []string{"2024001"}, snap, nil).Students[0].Targets)

	// Whoever changed the service since is met as it is now; whoever took it away is
	// left out.
	snap.Services[0].Replicas = 4
	e.Again(snap)
	require.Equal(t, "4", e.Students[0].Action.Was)
	require.Equal(t, []string{"svc-s01"}, observe.Services(e.Students[:1]))
	// Whoever is just updating it is left alone: to the swarm a task that ends meanwhile is
	// an update that failed.
	for _, state := range []string{"updating", "rollback_started"} {
		snap.Services[0].UpdateState = state
		busy := observe.Episode{Action: e.Action, Students: slices.Clone(e.Students)}
		busy.Again(snap)
		require.Equal(t, "updating", busy.Students[0].Gap.Code, state)
		require.Contains(t, i18n.EN.Text(check.ActionReason(*busy.Students[0].Gap)), "under way")
	}
	snap.Services[0].UpdateState = "completed"
	snap.Services = snap.Services[1:]
	e.Again(snap)
	require.Equal(t, "changed", e.Students[0].Gap.Code)

	p = observe.NewPlan(rub, []string{"2"}, students, vars, cluster(3))
	p.LeaveOut("left-out", "")
	require.Zero(t, p.Touches())
	require.Equal(t, "left-out", p.Episodes[0].Students[0].Gap.Code)

	require.Empty(t, observe.NewPlan(rub, []string{"3"}, students, vars, cluster(3)).Episodes, "no check of the task is about it")
}

// TestPlanOfADrainedNode: one node is chosen for everybody who has a service, by what
// runs there, and again by what runs there later; its own address is not probed.
func TestPlanOfADrainedNode(t *testing.T) {
	rub := loadRubric(t)
	params, ok := action.Set{}.NewParams(action.NodeDrain)
	require.True(t, ok)
	rub.Actions = []rubric.Action{{ID: "drained", Kind: action.NodeDrain, Params: params}}
	for i := range rub.Tasks {
		for _, c := range rub.Tasks[i].Checks {
			if c.ID == "task1.recovers" {
				c.After = "drained"
			}
		}
	}
	students, vars := class(3)
	vars["2024003"]["service"] = "none"
	snap := cluster(3)
	for i := range snap.Nodes {
		snap.Nodes[i].Reachability = "reachable"
	}
	p := observe.NewPlan(rub, []string{"1"}, students, vars, snap)
	require.Len(t, p.Episodes, 1)
	e := &p.Episodes[0]
	require.True(t, e.Class())
	require.Nil(t, e.Node, "none is chosen yet")
	p.ChooseNodes(snap, "node-1")
	require.Equal(t, []string{e.Node.Hostname}, p.Nodes())
	require.Equal(t, *e.Node, e.Done())
	require.NotEqual(t, "node-1", e.Node.NodeID, "not the one that serves")
	require.Equal(t, 2, p.Touches())
	require.Equal(t, []string{"svc-s01", e.Node.NodeID, "no-service"},
		[]string{e.Students[0].Action.Service, e.Students[1].Action.NodeID, e.Students[2].Gap.Code})
	require.Empty(t, e.Students[0].Action.Student, "it is for all")

	watched := p.Watched(e, snap)
	require.Len(t, watched, 2)
	require.Len(t, watched[0].Targets, 2)
	for _, target := range watched[0].Targets {
		require.NotEqual(t, e.Node.NodeID, target.NodeID)
	}

	// By then everything runs elsewhere.
	was := e.Node.NodeID
	for i := range snap.Tasks {
		if snap.Tasks[i].NodeID == was {
			snap.Tasks[i].NodeID = "node-1"
		}
	}
	e.Again(snap)
	require.NotEqual(t, was, e.Node.NodeID)
	snap.Nodes[2].State = "down"
	e.Again(snap)
	require.Nil(t, e.Node)
	require.Equal(t, evidence.Gap{What: "action", Code: "node-down", Detail: snap.Nodes[2].Hostname}, *e.Students[0].Gap)
	require.Zero(t, p.Touches())

	p = observe.NewPlan(rub, []string{"1"}, students, vars, cluster(3))
	p.LeaveNodes("not-allowed")
	p.ChooseNodes(cluster(3), "")
	require.Empty(t, p.Nodes())
	require.Equal(t, "not-allowed", p.Episodes[0].Students[0].Gap.Code)
}

// TestNeedsOfACheckAfterAnAction are all about what is seen then.
func TestNeedsOfACheckAfterAnAction(t *testing.T) {
	c, ok := scaling(t).Check("task2.answers")
	require.True(t, ok)
	for _, n := range check.NeedsOf(c) {
		require.Equal(t, "scaled", n.After)
		require.Equal(t, "episode/scaled", n.Load())
	}
}

// TestClientsComeBack: with what they have got before, from the same address.
func TestClientsComeBack(t *testing.T) {
	const text = `
schema: swarmgrade-rubric/1
id: kept
version: 1
title: {zh: 会话, en: sessions}
points: 2
vars:
  - {name: service, kind: name, expr: '"s" + last(digits(id), 2)', title: {zh: 服务, en: service}}
  - {name: haproxy, kind: name, expr: '"haproxy-" + last(digits(id), 2)', title: {zh: 名称, en: name}}
  - {name: frontend, kind: port, expr: '9000 + int(last(digits(id), 2))', title: {zh: 端口, en: port}}
actions:
  - {id: killed, kind: container-kill, title: {zh: 杀, en: killing}}
tasks:
  - id: "1"
    title: {zh: 会话保持, en: cookies}
    points: 2
    checks:
      - {id: a.sticky, kind: sticky-cookie, points: 1, title: {zh: 甲, en: a}}
      - {id: a.moved, kind: sticky-moved, after: killed, points: 1, title: {zh: 乙, en: b}}
`
	rub, err := rubric.Load([]byte(text), "r.yaml", check.Set{}, action.Set{})
	require.NoError(t, err)
	students, vars := class(1)
	snap := cluster(1)
	plan := observe.NewPlan(rub, []string{"1"}, students, vars, snap)
	require.Len(t, plan.Students[0].Targets, 1)
	before := plan.Students[0].Targets[0]
	b := &evidence.Bundle{Traces: []evidence.Trace{{
		Target: before, Visits: []evidence.Visit{{Who: evidence.VisitKept, Set: []evidence.SetCookie{{Name: "a", Value: "b"}}}},
	}}}
	ids := []string{students[0].ID}
	targets := func(observed func(string) *evidence.Bundle) []evidence.Target {
		return plan.During("killed", ids, snap, observed).Students[0].Targets
	}
	want := before
	want.ID, want.Kind = "returning", "returning"
	want.Cookies = evidence.Cookies{Clients: 6, Replays: 20}
	want.Requests = want.Cookies.Requests()
	require.Equal(t, []evidence.Target{want}, targets(nil), "as it is foretold")
	want.Cookies.Jars = "a=b"
	require.Equal(t, []evidence.Target{want}, targets(func(string) *evidence.Bundle { return b }))
	b.Traces[0].Target.Address = "172.30.0.12:9999"
	require.Empty(t, targets(func(string) *evidence.Bundle { return b }))
	require.Empty(t, targets(func(string) *evidence.Bundle { return nil }))

	// Without an action there is nothing to come back from.
	_, err = rubric.Load([]byte(strings.ReplaceAll(text, "after: killed, ", "")), "r.yaml", check.Set{}, action.Set{})
	require.Error(t, err)
}
