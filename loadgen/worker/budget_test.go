package worker

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/loadgen"
)

// TestALoadThatEndsAsksAllTheSame: leave is all loads' together, and is asked for once; a load that has found out
// enough at that moment takes the question to nobody's grave.
func TestALoadThatEndsAsksAllTheSame(t *testing.T) {
	for range 64 { // where both can be done, either is
		s := &server{queue: make(chan *message, maxQueue), loads: map[uint64]context.CancelFunc{}}
		s.budget.wake = make(chan struct{}, 1)
		s.run = func(ctx context.Context, target evidence.Target, o loadgen.Options) (evidence.Trace, error) {
			ended, end := context.WithCancel(ctx)
			end()
			_, ok := o.Grant(ended)
			require.False(t, ok)
			return evidence.Trace{Target: target}, nil
		}
		s.drive(t.Context(), t.Context(), &message{Kind: kLoad, ID: 1, Gen: 1, Order: &order{Target: target("mesh/1", 20), Chunk: 2}}, loadgen.Options{})
		require.Equal(t, kWant, (<-s.queue).Kind)
		require.Equal(t, kDone, (<-s.queue).Kind)
	}
}
