package action

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/sim"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/helper"
)

// slow is a manager that makes a service also for whoever has gone away meanwhile.
type slow struct {
	*fakeLodging
	takes time.Duration
	made  chan struct{}
}

func (s *slow) StartHelper(ctx context.Context, _ helper.Service) (string, error) {
	answer := make(chan struct{})
	time.AfterFunc(s.takes, func() { close(answer); close(s.made) })
	select {
	case <-answer:
		return "service", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// TestAServiceIsNotMadeBehindOnesBack: whoever interrupts while one is made waits for it, and then takes it away;
// for a manager that does not answer not for long.
func TestAServiceIsNotMadeBehindOnesBack(t *testing.T) {
	for takes, waits := range map[time.Duration]time.Duration{500 * time.Millisecond: 500 * time.Millisecond, time.Minute: 100*time.Millisecond + startEnds} {
		synctest.Test(t, func(t *testing.T) {
			s := &slow{&fakeLodging{talks: true}, takes, make(chan struct{})}
			crew := NewWorkers(&fakeSwarm{Lodging: s}, sim.Helper())
			require.NoError(t, crew.Inject(t.Context(), evidence.Action{Kind: Workers, Name: "i:1", To: "token", Nodes: []string{"n1"}}))
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, _, err := crew.Start(ctx, 1, "s", func(context.Context, string, io.ReadWriteCloser) error { return nil })
			require.Error(t, err)
			require.Equal(t, waits, time.Since(began))
			<-s.made
			_, _, err = crew.Start(ctx, 1, "s", nil)
			require.ErrorIs(t, err, context.DeadlineExceeded, "nothing is begun any more")
		})
	}
}

// TestWorkersThatDontComeUp: what there is is taken, in bounded time, and why there is not more is
// said; none at all is a failure.
func TestWorkersThatDontComeUp(t *testing.T) {
	task := func(id, state string) evidence.Task {
		return evidence.Task{ID: id, NodeID: "n1", State: state, ContainerID: "c"}
	}
	for name, c := range map[string]struct {
		tasks  []evidence.Task
		talks  bool
		joined int
		why    string
		within time.Duration
		later  []evidence.Task // of services after the first
	}{
		"all":                   {[]evidence.Task{task("a", "running"), task("b", "running")}, true, 2, "", time.Second, nil},
		"one is refused":        {[]evidence.Task{task("a", "running"), task("b", "rejected")}, true, 1, "rejected", 2 * time.Second, []evidence.Task{task("c", "rejected")}},
		"the next is not":       {[]evidence.Task{task("a", "running"), task("b", "rejected")}, true, 2, "rejected", 2 * time.Second, []evidence.Task{task("c", "running")}},
		"the next has no place": {[]evidence.Task{task("a", "running"), task("b", "rejected")}, true, 1, "rejected", againLimit + 2*time.Second, []evidence.Task{task("c", "pending")}},
		"one is not placed":     {[]evidence.Task{task("a", "running"), task("b", "pending")}, true, 1, "", workersLate + time.Second, nil},
		"none is placed":        {[]evidence.Task{task("a", "pending"), task("b", "pending")}, true, 0, "in time", workersLimit + time.Second, nil},
		"there are none":        {nil, true, 0, "in time", workersLimit + time.Second, nil},
		"nobody is there":       {[]evidence.Task{task("a", "running"), task("b", "running")}, false, 0, "nobody is there", 2 * time.Second, []evidence.Task{task("c", "running"), task("d", "running")}},
		"all end by themselves": {[]evidence.Task{task("a", "failed"), task("b", "failed")}, false, 0, "failed", 2 * time.Second, []evidence.Task{task("c", "failed"), task("d", "failed")}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fakeLodging{tasks: c.tasks, later: c.later, talks: c.talks}
				crew := NewWorkers(&fakeSwarm{Lodging: f}, sim.Helper())
				require.NoError(t, crew.Inject(t.Context(), evidence.Action{Kind: Workers, Name: "i:1", To: "token", Nodes: []string{"n1"}}))
				began := time.Now()
				n, why, err := crew.Start(t.Context(), 2, "s", func(_ context.Context, _ string, stream io.ReadWriteCloser) error { return nil })
				require.LessOrEqual(t, time.Since(began), c.within)
				require.Equal(t, c.joined, n)
				require.LessOrEqual(t, f.services, 1+2*againTimes, "as often as may be")
				if c.joined == 0 {
					require.ErrorContains(t, err, c.why)
					require.ErrorIs(t, err, ErrNoWorker)
					return
				}
				require.NoError(t, err)
				require.Equal(t, c.why == "", len(why) == 0, why)
				if c.later == nil {
					require.Equal(t, 2, f.last.Times)
				} else {
					require.Equal(t, 1, f.last.Times, "only what died is made anew")
				}
				require.True(t, f.last.Talks)
				require.Equal(t, []string{"SWARMGRADE_WORKER=s"}, f.last.Env)
				require.Empty(t, f.last.Args, "a secret is in no command line")
			})
		})
	}
}
