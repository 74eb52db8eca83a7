package observe_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/observe"
)

// An update is waited for until it is over, or for a minute, and once a run.
func TestUpdatesAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p observe.Patience
		ends := time.Now().Add(20 * time.Second)
		svc := evidence.Service{ID: "one", Updated: "first"}
		said := 0
		quiet := func() time.Duration {
			start := time.Now()
			snap, err := p.Quiet(t.Context(), evidence.Swarm{HeartbeatMS: 5000}, func(context.Context) (*evidence.Snapshot, error) {
				return &evidence.Snapshot{}, nil
			}, func(*evidence.Snapshot) []*evidence.Service {
				if time.Now().Before(ends) {
					return []*evidence.Service{&svc}
				}
				return nil
			}, func(of []*evidence.Service) { said++; require.Len(t, of, 1) })
			require.NoError(t, err)
			require.NotNil(t, snap)
			return time.Since(start)
		}
		require.Equal(t, 20*time.Second, quiet())
		require.Zero(t, quiet(), "there is none")
		require.Equal(t, 1, said)

		ends = time.Now().Add(time.Hour)
		require.Equal(t, time.Minute, quiet())
		require.Zero(t, quiet(), "it was waited for")
		svc.Updated = "second"
		require.Equal(t, time.Minute, quiet(), "another update")
		require.Equal(t, 3, said)

		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("enough"))
		svc.Updated = "third"
		_, err := p.Quiet(ctx, evidence.Swarm{}, func(context.Context) (*evidence.Snapshot, error) { return &evidence.Snapshot{}, nil },
			func(*evidence.Snapshot) []*evidence.Service { return []*evidence.Service{&svc} }, func([]*evidence.Service) {})
		require.ErrorContains(t, err, "enough")
	})
}

// TestAFaultYields: it is not done to whoever is updating, nor at all where an update of
// anybody's is at risk on its node.
func TestAFaultYields(t *testing.T) {
	planned := func() (*observe.Plan, *evidence.Snapshot) {
		p, snap := faultPlan(t, 3, nil)
		p.ChooseFaults(snap, action.Rules{Kind: action.NodeStop, Serving: "node-1"})
		require.Len(t, p.Faults, 1)
		require.Len(t, p.Faults[0].Students, 3)
		require.Empty(t, p.InTheWay(&p.Faults[0], snap))
		return p, snap
	}
	// on has a service's tasks all made by an update on one node.
	on := func(snap *evidence.Snapshot, service, node string) {
		for i := range snap.Services {
			if s := &snap.Services[i]; s.ID == service {
				s.UpdateState, s.Updated = "updating", "2024-05-01T10:00:00Z"
			}
		}
		for i := range snap.Tasks {
			if k := &snap.Tasks[i]; k.ServiceID == service {
				k.NodeID, k.Created = node, "2024-05-01T10:00:01Z"
			}
		}
	}
	code := func(p *observe.Plan, student string) string {
		g := p.Gap(student)
		if g == nil {
			return ""
		}
		require.NotContains(t, i18n.EN.Text(check.GapReason(*g)), g.Code, "in words")
		return g.Code
	}

	p, snap := planned()
	f := &p.Faults[0]
	left, harm := p.Yield(f, snap)
	require.Empty(t, left)
	require.Empty(t, harm)
	require.Len(t, p.Hits(f, snap, func(string) bool { return false }), 3)

	// Of an update elsewhere only its owner is left out.
	other := "node-1"
	if f.Fault.NodeID == other {
		other = "node-2"
	}
	on(snap, "svc-s02", other)
	require.Len(t, p.InTheWay(f, snap), 1)
	left, harm = p.Yield(f, snap)
	require.Equal(t, []string{"2024002"}, left)
	require.Empty(t, harm)
	require.Equal(t, []string{"", "updating", ""}, []string{code(p, "2024001"), code(p, "2024002"), code(p, "2024003")})
	require.Len(t, p.Hits(f, snap, func(string) bool { return false }), 2)

	// Also of one on the node that would only be paused.
	p, snap = planned()
	f = &p.Faults[0]
	on(snap, "svc-s03", f.Fault.NodeID)
	left, harm = p.Yield(f, snap)
	require.Equal(t, []string{"2024003"}, left)
	require.Empty(t, harm)

	// Of one that would be taken back everybody is.
	p, snap = planned()
	f = &p.Faults[0]
	on(snap, "svc-s03", f.Fault.NodeID)
	for i := range snap.Services {
		if s := &snap.Services[i]; s.ID == "svc-s03" {
			s.Update = &evidence.UpdatePolicy{OnFailure: "rollback"}
		}
	}
	left, harm = p.Yield(f, snap)
	require.Len(t, left, 3)
	require.Len(t, harm, 1)
	require.Equal(t, []string{"node-updating", "node-updating", "updating"}, []string{code(p, "2024001"), code(p, "2024002"), code(p, "2024003")})
	require.Empty(t, p.Hits(f, snap, func(string) bool { return false }))
}
