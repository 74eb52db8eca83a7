package observe_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// seen is a loader that is answered by so many containers, one try after the other, and
// notes when it was asked.
type seen struct {
	*lab
	containers []int
	at         []time.Time
}

func (l *seen) Load(_ context.Context, t evidence.Target) (evidence.Trace, error) {
	n := min(len(l.at), len(l.containers)-1)
	l.at = append(l.at, time.Now())
	return evidence.Trace{Target: t, Sent: t.Requests, Took: int64(n + 1), Responders: make([]evidence.Responder, l.containers[n])}, nil
}

// TestAFollowerIsGivenTime: a HAProxy that looks its servers up while it runs is asked
// again once it must have looked, if it did not lead to every task; no other one is.
func TestAFollowerIsGivenTime(t *testing.T) {
	const follows = "resolvers docker\n nameserver d 127.0.0.11:53\n hold valid 8s\n hold obsolete 4s\n"
	for _, tt := range []struct {
		name, file string
		containers []int
		kept       int
		after      time.Duration // from one try to the next
	}{
		{"it leads to all", follows, []int{3}, 1, 0},
		{"it had not seen one yet", follows, []int{2, 3}, 2, 8*time.Second + 4*time.Second + time.Second + 5*time.Second},
		{"it never does", follows, []int{2, 2}, 2, 18 * time.Second},
		{"it looks once a day", "resolvers docker\n hold valid 1d\n", []int{2, 2}, 2, 35 * time.Second},
		{"it looks once, at its start", "global\n", []int{2}, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan, snap := planFor(t, 1)
			s := &plan.Students[0]
			s.Targets = slices.DeleteFunc(s.Targets, func(t evidence.Target) bool { return !t.Balanced() })
			require.Len(t, s.Targets, 1)
			synctest.Test(t, func(t *testing.T) {
				l := &seen{lab: newLab(), containers: tt.containers}
				l.file = tt.file
				r := l.runner(1)
				r.Loader = l
				got, err := r.Observe(t.Context(), plan, snap)
				require.NoError(t, err)
				tr := got[0].Bundle.Traces[0]
				require.EqualValues(t, tt.kept, tr.Took)
				require.Equal(t, tt.kept == 2, tr.Retried)
				require.Len(t, l.at, tt.kept)
				if tt.after > 0 {
					require.Equal(t, tt.after, l.at[1].Sub(l.at[0]))
				}
			})
		})
	}
}
