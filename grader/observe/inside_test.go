package observe_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/lookup"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/rubric"
)

// helper says what it is made to, and keeps what it was asked.
type helper struct {
	says  []action.Seen
	asked []lookup.Service
}

func (h *helper) Look(_ context.Context, of lookup.Service) []action.Seen {
	h.asked = append(h.asked, of)
	return h.says
}

func insidePlan(t *testing.T, snap *evidence.Snapshot) *observe.Plan {
	t.Helper()
	text := strings.ReplaceAll(namesRubric, "kind: name-vip,", "kind: name-vip, with: {inside: true},")
	rub, err := rubric.Load([]byte(text), "r.yaml", check.Set{}, nil)
	require.NoError(t, err)
	students, vars := class(1)
	vars[students[0].ID]["network"] = "overlay-01"
	return observe.NewPlan(rub, []string{"1"}, students, vars, snap)
}

// TestNamesFromInsideAreAskedForOnce: within the network that counts, with what the managers
// say, and kept by node, whatever comes of it.
func TestNamesFromInsideAreAskedForOnce(t *testing.T) {
	snap := namedCluster(3)
	plan := insidePlan(t, snap)
	require.Len(t, plan.Students[0].Names, 3)
	require.Len(t, plan.Students[0].Inside, 1)
	both := &lookup.Report{Answers: []lookup.Answer{{Name: "s01", Addresses: []string{"10.2.0.2"}}, {Name: "tasks.s01", Failure: "unknown"}}}
	h := &helper{says: []action.Seen{
		{NodeID: "node-1", Report: both},
		{NodeID: "node-2", Err: errors.New("rejected")},
		{NodeID: "node-3", Report: &lookup.Report{Answers: both.Answers[:1]}},
	}}
	l := newLab()
	l.names = func(string, string) []evidence.NameView { return nil }
	r := l.runner(1)
	r.Inside = h
	b, err := r.Static(t.Context(), &plan.Students[0], snap)
	require.NoError(t, err)
	require.Empty(t, b.Gaps)
	require.Len(t, h.asked, 1)
	require.Equal(t, lookup.Service{
		Student: plan.Students[0].Who.ID, NetworkID: "net-2",
		Names: []lookup.Name{{Name: "s01", Want: []string{"10.2.0.2"}}, {Name: "tasks.s01", Want: []string{"10.2.0.11", "10.2.0.12", "10.2.0.13"}}},
	}, h.asked[0])
	require.Len(t, b.Lookups, 3)
	for _, got := range b.Lookups {
		require.Equal(t, "s01 overlay-01 net-2", got.Service+" "+got.Network+" "+got.NetworkID)
		switch got.NodeID {
		case "node-1":
			require.Equal(t, evidence.Answer{Addresses: []string{"10.2.0.2"}}, got.Name)
			require.Equal(t, evidence.Answer{Failure: "unknown"}, got.Tasks)
		case "node-2":
			require.Equal(t, "rejected", got.Error)
		default:
			require.Contains(t, got.Error, "both names", "half of it is none of it")
			require.Empty(t, got.Name)
		}
	}

	// On networks of other names alone, one of them counts.
	other := namedCluster(3)
	other.Networks[len(other.Networks)-1].Name = "net-2"
	require.Len(t, insidePlan(t, other).Students[0].Inside, 3)
	require.Empty(t, namesPlan(t, "1", snap).Students[0].Inside, "where no check asks")
}

// TestWhereNothingIsLookedUpInside: a reason stands beside it, and no job is made where the
// network has no room for one.
func TestWhereNothingIsLookedUpInside(t *testing.T) {
	for name, c := range map[string]struct {
		subnet string
		helper *helper
		why    evidence.Gap
		want   string
	}{
		"nobody looks":                 {"10.0.0.0/24", nil, evidence.Gap{Code: "not-static", Detail: "x"}, "not-static"},
		"nobody says why":              {"10.0.0.0/24", nil, evidence.Gap{}, "left-out"},
		"the network is full":          {"10.0.0.0/28", &helper{}, evidence.Gap{}, "network-full"},
		"the network is large enough":  {"10.0.0.0/26", &helper{}, evidence.Gap{}, ""},
		"the engine tells no subnet":   {"", &helper{}, evidence.Gap{}, ""},
		"what it tells is not a range": {"x", &helper{}, evidence.Gap{}, ""},
	} {
		snap := namedCluster(1)
		snap.Networks[len(snap.Networks)-1].Subnets = []string{c.subnet}
		plan := insidePlan(t, snap)
		l := newLab()
		l.names = func(string, string) []evidence.NameView { return nil }
		r := l.runner(1)
		if c.helper != nil {
			r.Inside = c.helper
		}
		r.NoInside = c.why
		b, err := r.Static(t.Context(), &plan.Students[0], snap)
		require.NoError(t, err, name)
		require.Empty(t, b.Lookups, name)
		if c.want == "" {
			require.Empty(t, b.Gaps, name)
			require.Len(t, c.helper.asked, 1, name)
			continue
		}
		require.Len(t, b.Gaps, 1, name)
		require.Equal(t, "inside "+c.want, b.Gaps[0].What+" "+b.Gaps[0].Code, name)
		require.True(t, c.helper == nil || len(c.helper.asked) == 0, name)
	}
}
