package action

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// slowly is a cluster whose readings take a second each and tell when they began.
type slowly struct {
	Cluster
	start time.Time
	polls atomic.Int64
}

func (s *slowly) Poll(ctx context.Context, _ func() int64) ([]evidence.Node, []evidence.Task, error) {
	s.polls.Add(1)
	began := uint64(time.Since(s.start))
	select {
	case <-time.After(time.Second):
		return nil, []evidence.Task{{Version: began}}, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// TestManyShareReadings: a hundred who ask at about the same time are told by few
// readings, none of them older than the asking, and one who gives up holds up nobody.
func TestManyShareReadings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &slowly{start: time.Now()}
		s := Sharing(c)
		var g sync.WaitGroup
		for i := range 100 {
			g.Go(func() {
				time.Sleep(time.Duration(i) * 10 * time.Millisecond)
				asked := uint64(time.Since(c.start))
				_, tasks, err := s.Poll(t.Context(), noClock)
				require.NoError(t, err)
				require.GreaterOrEqual(t, tasks[0].Version, asked)
			})
		}
		g.Wait()
		require.LessOrEqual(t, c.polls.Load(), int64(3))

		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		g.Go(func() {
			_, _, err := s.Poll(ctx, noClock)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
		for range 10 {
			g.Go(func() {
				_, tasks, err := s.Poll(t.Context(), noClock)
				require.NoError(t, err)
				require.Len(t, tasks, 1)
			})
		}
		g.Wait()
	})
}
