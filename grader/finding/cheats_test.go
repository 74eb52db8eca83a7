package finding_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/client"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/sim"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/mention"
	"swarmgrade/grader/naming"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/swarm"
	"swarmgrade/loadgen"
	"swarmgrade/rubrics"
)

// forgetful keeps nothing: a test's run is never resumed.
type forgetful struct{}

func (forgetful) Traces(context.Context, string) ([]evidence.Trace, error) { return nil, nil }
func (forgetful) SaveTrace(context.Context, string, *evidence.Trace) error { return nil }

// unusual are good deployments that a hasty look could take for cheats.
var unusual = []string{
	"handout", "fixed-hostname", "hostname-template", "registry-and-tag", "stack-prefix", "haproxy-service", "server-host-names",
	"haproxy-host-network", "task-replaced", "resolvers", "server-template",
	"environment-variables", "environment-variable-unset", "many-usual-lines", "image-of-another-repository",
}

// TestCheats grades every cheat beside good deployments of its task on an
// embedded cluster. No cheat scores an undue point, each is reported as it
// states, and no good deployment is accused of anything grave.
func TestCheats(t *testing.T) {
	if testing.Short() {
		t.Skip("puts some forty students up")
	}
	data, ok := rubrics.Find("ha-lb")
	require.True(t, ok)
	rub, err := rubric.Load(data, "ha-lb.yaml", check.Set{}, nil)
	require.NoError(t, err)
	all, err := deployments.All()
	require.NoError(t, err)
	cheats := 0
	for _, task := range []string{"1", "2", "3"} {
		seats, err := deployments.Seats(all, task)
		require.NoError(t, err)
		seats = slices.DeleteFunc(seats, func(s deployments.Seat) bool {
			return !s.Deployment.Cheats() && !slices.Contains(unusual, s.Deployment.Name)
		})
		t.Run("task "+task, func(t *testing.T) {
			cases := observed(t, rub, task, seats)
			findings := finding.Class(names, cases, check.Images(rub)...)
			jd := judge.New(rub)
			for i, s := range seats {
				if s.Deployment.Cheats() {
					cheats++
				}
				name := s.Deployment.Name
				for _, v := range jd.Verdicts([]string{task}, cases[i].Case, cases[i].Hash) {
					want := s.Deployment.Expected(v.Check)
					if want.Outcomes == nil || v.Outcome == check.Ungraded && cases[i].Bundle.Probing() == nil && slices.Contains(want.Outcomes, "pass") {
						continue // no fault is injected here
					}
					if !slices.Contains(want.Outcomes, string(v.Outcome)) || want.Message != "" && want.Message != v.Message.Key {
						t.Errorf("%s %s: %s %s, stated %v %s: %s", name, v.Check, v.Outcome, v.Message.Key, want.Outcomes, want.Message, i18n.EN.Text(v.Message))
					}
				}
				var got []string
				for _, f := range findings {
					if !slices.Contains(f.Students, s.ID) {
						continue
					}
					got = append(got, string(f.Kind))
					accused := f.Evidence[0].Student == s.ID
					if s.Deployment.Good && !s.Deployment.Cheats() && f.Kind.Severity() == finding.Grave && accused {
						t.Errorf("%s is good, and accused: %s", name, i18n.EN.Text(f.Message))
					}
				}
				for _, want := range s.Deployment.Expect.Findings {
					if !slices.Contains(got, want) {
						t.Errorf("%s: not reported as %s, only as %v", name, want, got)
					}
				}
			}
			for _, f := range findings {
				t.Logf("%-5s %s %s", f.Kind.Severity(), strings.Join(f.Students, ","), i18n.EN.Text(f.Message))
			}
		})
	}
	require.GreaterOrEqual(t, cheats, 20)
}

// observed is the evidence of students on a cluster of their own.
func observed(t *testing.T, rub *rubric.Rubric, task string, seats []deployments.Seat) []finding.Case {
	t.Helper()
	return putUp(t, rub, task, seats).observed(t)
}

// lab is students on an embedded cluster, which lasts as long as the test.
type lab struct {
	rub      *rubric.Rubric
	task     string
	cluster  *sim.Cluster
	students []roster.Student
	vars     map[string]map[string]string
}

func putUp(t *testing.T, rub *rubric.Rubric, task string, seats []deployments.Seat) *lab {
	t.Helper()
	ctx := t.Context()
	c, err := sim.New(ctx, sim.Options{Seed: 7, Speed: sim.Fast})
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	targets := deployments.Targets{Wait: 30 * time.Second}
	for i, name := range c.Nodes() {
		cl, err := client.NewClientWithOpts(client.WithHost(c.Endpoints()[i]), client.WithAPIVersionNegotiation())
		require.NoError(t, err)
		defer cl.Close()
		cl.NegotiateAPIVersion(ctx)
		targets.Nodes = append(targets.Nodes, deployments.Node{Name: name, Address: c.NodeAddresses()[name], Client: cl})
	}
	targets.Manager = targets.Nodes[0].Client
	var jobs []deployments.Job
	var students []roster.Student
	for _, s := range seats {
		jobs = append(jobs, s.Job())
		who := roster.Student{ID: s.ID, Name: s.Name, Columns: map[string]string{}}
		v, err := s.Deployment.Overridden(s.Vars)
		require.NoError(t, err)
		for k := range s.Deployment.Vars {
			who.Columns[k] = v[k]
		}
		for _, k := range s.Overrides {
			who.Columns[k] = v[k]
		}
		students = append(students, who)
	}
	vars, err := naming.Derive(rub, &roster.Class{Students: students})
	require.NoError(t, err)
	applied := time.Now()
	require.NoError(t, deployments.ApplyAll(ctx, targets, jobs, 8, nil))
	t.Logf("%d students up in %v", len(jobs), time.Since(applied))
	return &lab{rub, task, c, students, vars}
}

// observed is the evidence of one run.
func (l *lab) observed(t *testing.T) []finding.Case {
	t.Helper()
	ctx := t.Context()
	cl, err := swarm.Dial(ctx, roster.Cluster{Endpoints: l.cluster.Endpoints(), Nodes: l.cluster.NodeAddresses()})
	require.NoError(t, err)
	defer cl.Close()
	attribution, err := loadgen.Compile(l.rub.Attribution)
	require.NoError(t, err)
	start := time.Now()
	at := func() int64 { return time.Since(start).Milliseconds() }
	before, err := cl.Snapshot(ctx, at)
	require.NoError(t, err)
	plan := observe.NewPlan(l.rub, []string{l.task}, l.students, l.vars, before)
	r := observe.Runner{Cluster: cl, Meter: cl, Loader: loadgen.Loader{Options: loadgen.Options{Attribution: attribution, Known: mention.New(before), Settle: true, Epoch: start, Nonce: loadgen.NewNonce()}},
		Store: forgetful{}, Run: "cheats", At: at, Parallel: 8}
	out, err := r.Observe(ctx, plan, before)
	require.NoError(t, err)
	t.Logf("observed in %v", time.Since(start))
	after, err := cl.Snapshot(ctx, at)
	require.NoError(t, err)
	var cases []finding.Case
	for _, o := range out {
		blob, err := evidence.Encode(o.Bundle)
		require.NoError(t, err)
		cases = append(cases, finding.Case{Case: evidence.Case{Bundle: o.Bundle, Before: before, After: after}, Hash: evidence.Hash(blob)})
	}
	return cases
}
