package observe_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/observe"
)

type watcherFunc func() ([]evidence.Task, error)

func (f watcherFunc) Poll(context.Context, func() int64) ([]evidence.Node, []evidence.Task, error) {
	tasks, err := f()
	return nil, tasks, err
}

func TestCalm(t *testing.T) {
	task := func(id, state string) evidence.Task {
		return evidence.Task{ID: id, ServiceID: "svc-1", Desired: "running", State: state}
	}
	after := func(since func() time.Duration, d time.Duration, id string) []evidence.Task {
		switch {
		case since() < d:
			return nil
		case since() < d+2*time.Second:
			return []evidence.Task{task(id, "preparing")}
		}
		return []evidence.Task{task(id, "running")}
	}
	for _, c := range []struct {
		name  string
		beat  int64
		tasks func(since func() time.Duration) ([]evidence.Task, error)
		took  time.Duration
	}{
		{"at rest", 5000, func(func() time.Duration) ([]evidence.Task, error) { return []evidence.Task{task("a", "running")}, nil }, 3 * time.Second},
		{"a global task comes back", 5000, func(since func() time.Duration) ([]evidence.Task, error) {
			return append(after(since, 2*time.Second, "b"), task("a", "running")), nil
		}, 7 * time.Second},
		{"no node will do", 5000, func(func() time.Duration) ([]evidence.Task, error) {
			return []evidence.Task{task("a", "running"), task("b", "pending")}, nil
		}, 3 * time.Second},
		{"never healthy", 5000, func(func() time.Duration) ([]evidence.Task, error) {
			return []evidence.Task{task("a", "starting")}, nil
		}, 20 * time.Second},
		{"somebody else's", 5000, func(func() time.Duration) ([]evidence.Task, error) {
			return []evidence.Task{{ID: "x", ServiceID: "svc-9", Desired: "running", State: "starting"}}, nil
		}, 3 * time.Second},
		{"an election", 5000, func(since func() time.Duration) ([]evidence.Task, error) {
			if since() < 5*time.Second {
				return nil, errors.New("no leader")
			}
			return []evidence.Task{task("a", "running")}, nil
		}, 8 * time.Second},
		{"on the embedded cluster", 250, func(func() time.Duration) ([]evidence.Task, error) {
			return []evidence.Task{task("a", "running")}, nil
		}, 500 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				begin := time.Now()
				since := func() time.Duration { return time.Since(begin) }
				err := observe.Calm(t.Context(), watcherFunc(func() ([]evidence.Task, error) { return c.tasks(since) }),
					func() int64 { return since().Milliseconds() }, evidence.Swarm{HeartbeatMS: c.beat}, []string{"svc-1"})
				require.NoError(t, err)
				require.InDelta(t, c.took, since(), float64(time.Second))
			})
		})
	}
	inTime(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := observe.Calm(ctx, watcherFunc(func() ([]evidence.Task, error) { return nil, errors.New("silent") }),
			func() int64 { return 0 }, evidence.Swarm{}, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}
