package grader_test

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/swarm"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// scalable is what a student of the rubric scale builds.
func scalable(name string, change func(s *deployments.Service)) *deployments.Deployment {
	s := deployments.Service{Name: "${web}", Image: "whoami-for-swarm", Replicas: 2, Publish: []deployments.Publish{{Published: "${webport}", Target: "80"}}, Env: []string{"STUDENT_ID=${id}"}}
	if change != nil {
		change(&s)
	}
	return &deployments.Deployment{
		Name: name, Task: "scale", Services: []deployments.Service{s},
		Containers: []deployments.Container{{
			Name: "${edge}", Image: "haproxy", Node: "1", Publish: []deployments.Publish{{Published: "${entry}", Target: "${entry}"}},
			Files: []deployments.File{{Path: "/usr/local/etc/haproxy/haproxy.cfg", Text: `defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend web
    bind *:${entry}
    default_backend web
backend web
    server n1 ${node1}:${webport} check
    server n2 ${node2}:${webport} check
`}},
		}},
	}
}

// byAddress is a student whose HAProxy asks the tasks straight, by their addresses: were
// they replaced, it would ask nobody.
func byAddress() *deployments.Deployment {
	d := scalable("names-task-addresses", func(s *deployments.Service) { s.Networks = []string{"direct"} })
	d.Networks = []deployments.Network{{Name: "direct", Driver: "overlay", Attachable: true}}
	c := &d.Containers[0]
	c.Networks = d.Services[0].Networks
	c.Files[0].Text, _, _ = strings.Cut(c.Files[0].Text, "    server")
	c.Files[0].Text += "    server one ${task1}:80 check\n    server two ${task2}:80 check\n"
	return d
}

// TestScale: each student's service is scaled, watched, and put back, whatever comes
// of one of them.
func TestScale(t *testing.T) {
	all := map[string]check.Outcome{}
	students := []struct {
		did  *deployments.Deployment
		lost map[string]check.Outcome
		says map[string]string
	}{
		{scalable("as-asked", nil), all, nil},
		{scalable("one-a-node", func(s *deployments.Service) { s.MaxPerNode = 1 }),
			map[string]check.Outcome{"five.run": check.Partial}, map[string]string{"five.run": "while web02 was scaled from 2 to 5: "}},
		{scalable("global", func(s *deployments.Service) { s.Mode, s.Replicas = "global", 0 }),
			map[string]check.Outcome{"five.run": check.Ungraded, "five.answer": check.Ungraded, "five.even": check.Ungraded, "one.through": check.Ungraded},
			map[string]string{"five.run": "global"}},
		{scalable("changes-it-meanwhile", nil),
			map[string]check.Outcome{"five.run": check.Ungraded, "five.answer": check.Ungraded, "five.even": check.Ungraded},
			map[string]string{"five.run": "changed by somebody else"}},
		{byAddress(),
			map[string]check.Outcome{"five.run": check.Ungraded, "five.answer": check.Ungraded, "five.even": check.Ungraded, "one.through": check.Ungraded},
			map[string]string{"five.run": "HAProxy names the addresses", "one.through": "HAProxy names the addresses"}},
	}
	var did []*deployments.Deployment
	for _, s := range students {
		did = append(did, s.did)
	}
	g, j, to := ownLab(t, "scale", did)
	replicas := func(name string) int {
		s, _, err := to.Manager.ServiceInspectWithRaw(t.Context(), name, swarm.ServiceInspectOptions{})
		require.NoError(t, err)
		if s.Spec.Mode.Replicated == nil {
			return 0
		}
		return int(*s.Spec.Mode.Replicated.Replicas)
	}
	var notes []string
	var once sync.Once
	g.Tell = func(e grader.Event) {
		switch e := e.(type) {
		case grader.Note:
			notes = append(notes, i18n.EN.Text(e.Msg))
		case grader.Began:
			if e.Stage == grader.During {
				once.Do(func() {
					require.Equal(t, []int{5, 5, 0, 5, 2}, []int{replicas("web01"), replicas("web02"), replicas("web03"), replicas("web04"), replicas("web05")})
					s, _, err := to.Manager.ServiceInspectWithRaw(t.Context(), "web04", swarm.ServiceInspectOptions{})
					require.NoError(t, err)
					n := uint64(4)
					s.Spec.Mode.Replicated.Replicas = &n
					_, err = to.Manager.ServiceUpdate(t.Context(), s.ID, s.Version, s.Spec, swarm.ServiceUpdateOptions{})
					require.NoError(t, err)
				})
			}
		}
	}
	plan, err := j.Plan(t.Context(), false)
	require.NoError(t, err)
	require.Equal(t, 8, plan.Plan.Touches(), "four services, twice, as far as is known yet")
	got, err := j.Grade(t.Context(), grader.GradeOptions{})
	require.NoError(t, err)
	require.Equal(t, []int{2, 2, 0, 4, 2}, []int{replicas("web01"), replicas("web02"), replicas("web03"), replicas("web04"), replicas("web05")})
	require.Contains(t, strings.Join(notes, "\n"), "web04")

	d, err := j.Run(t.Context(), got.Run)
	require.NoError(t, err)
	for i, s := range students {
		require.Len(t, d.Students[i].Verdicts, 7, s.did.Name)
		for _, v := range d.Students[i].Verdicts {
			want, lost := s.lost[v.Check]
			if !lost {
				want = check.Pass
			}
			require.Equal(t, want, v.Outcome, "%s %s: %s", s.did.Name, v.Check, i18n.EN.Text(v.Message))
			require.Contains(t, i18n.EN.Text(v.Message), s.says[v.Check])
		}
	}
	require.NoError(t, j.Evidence(t.Context(), "", func(f grader.CaseFile) error {
		names := []string{}
		for _, e := range f.Bundle.Episodes {
			names = append(names, e.Name)
		}
		require.Equal(t, []string{"scaled", "one"}, names)
		e := f.Bundle.Episode("scaled")
		if want := map[string]string{"2024003": "global", "2024004": "changed", "2024005": "pinned"}[f.Bundle.Student.ID]; want != "" {
			require.Equal(t, want, e.Gaps[0].Code)
			return nil
		}
		require.Equal(t, "5", e.Action.To)
		require.Equal(t, "2", e.Action.Was)
		require.Len(t, e.Traces, 3, "through every node")
		whole := f.Case()
		require.Contains(t, whole.Snapshots(), f.Scenes[0].Before)
		through := f.Bundle.Episode("one").Traces
		require.Len(t, through, 1)
		require.Equal(t, "haproxy", through[0].Target.ID)
		require.Len(t, f.Bundle.Episode("one").Proxies, 1, "read again")
		return nil
	}))

	// Nothing is done where it is not to be.
	j2, err := g.Open(t.Context(), grader.Select{Class: "own", Students: []string{"2024001"}})
	require.NoError(t, err)
	once.Do(func() {})
	checked, err := j2.Check(t.Context(), grader.CheckOptions{})
	require.NoError(t, err)
	require.True(t, checked.Untried)
	i := slices.IndexFunc(checked.Verdicts, func(v judge.Verdict) bool { return v.Check == "five.run" })
	require.Equal(t, check.Ungraded, checked.Verdicts[i].Outcome)
	require.Contains(t, i18n.EN.Text(checked.Verdicts[i].Message), "--fault")
	checked, err = j2.Check(t.Context(), grader.CheckOptions{Kill: true, Yes: true})
	require.NoError(t, err)
	require.False(t, checked.Untried)
	require.Equal(t, check.Pass, checked.Verdicts[i].Outcome, i18n.EN.Text(checked.Verdicts[i].Message))
	require.Equal(t, 2, replicas("web01"))
}

// TestActionsThatNobodyPlans are refused with the line that says so.
func TestActionsThatNobodyPlans(t *testing.T) {
	source, err := os.ReadFile("testdata/scale.yaml")
	require.NoError(t, err)
	for name, c := range map[string]struct{ from, to, says string }{
		"no such action":       {"after: one", "after: once", "after names \"once\", which is no action of this rubric"},
		"no such kind":         {"kind: scale", "kind: scael", "there is no kind of action \"scael\""},
		"nobody looks":         {", after: one", "", "no check is about a service after action one"},
		"a fault in an action": {"kind: tasks-running, after: scaled, points: 2, credit: per_unit, title: {zh: 扩到 5 个后都在运行, en: all 5 run}, needs: [runs], with: {service: web}", "kind: recovers, after: scaled, points: 2, title: {zh: 扩到 5 个后都在运行, en: all 5 run}, with: {service: web, port: webport}", "check five.run (recovers) watches tasks come back, and scaled takes none away"},
		"too many replicas":    {"replicas: 5", "replicas: 500", "replicas"},
		"the fault's name":     {"id: one\n", "id: fault\n", "the name \"fault\" is the class's fault's"},
		"twice":                {"id: one\n", "id: scaled\n", "the action ID \"scaled\" is used twice"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(string(source), c.from, c.to, 1)
			require.NotEqual(t, string(source), text)
			_, err := rubric.Load([]byte(text), "mine.yaml", check.Set{}, action.Set{})
			require.ErrorContains(t, err, c.says)
		})
	}
	require.Equal(t, evidence.FaultEpisode, rubric.FaultAction)
}
