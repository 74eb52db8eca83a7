package observe_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/observe"
)

func TestWindowEndsWhenAllHaveRecovered(t *testing.T) {
	inTime(t, func(t *testing.T) {
		f := newField(3)
		var phases []string
		w, probings, err := f.watch(t.Context(), func(w *observe.Windows) {
			w.Progress = func(p observe.WindowProgress) {
				if len(phases) == 0 || phases[len(phases)-1] != p.Phase {
					phases = append(phases, p.Phase)
				}
				require.Equal(t, 3, p.Of)
			}
		})
		require.NoError(t, err)
		require.Equal(t, "recovered", w.End)
		require.Empty(t, w.Reason)
		require.Equal(t, 1, f.undone)
		require.Equal(t, []string{"lead", "down", "restoring", "tail"}, phases)

		// The moments, by one clock, and the times that DOMAIN asks for.
		require.EqualValues(t, 0, w.Began)
		require.EqualValues(t, 3000, w.Injecting)
		require.EqualValues(t, 3200, w.Injected)
		held := w.Injected + replacedAfter.Milliseconds() + w.HoldMS
		require.GreaterOrEqual(t, w.Restoring, held)
		require.Less(t, w.Restoring, held+5000)
		require.Equal(t, w.Restoring+3000, w.Restored)
		require.GreaterOrEqual(t, w.Ended, w.Restored+3000)
		require.EqualValues(t, 10000, w.HoldMS)
		require.EqualValues(t, 1, w.Speed)

		// A poll about every second from before the fault until after it.
		require.InDelta(t, float64(w.Ended)/1000, float64(len(w.Polls)), 2)
		require.Len(t, w.Polls[0].Nodes, 3)
		require.Len(t, w.Polls[0].Tasks, 6)
		changed := 0
		for _, p := range w.Polls[1:] {
			changed += len(p.Nodes) + len(p.Tasks)
		}
		require.Equal(t, 2+3*2, changed, "down and back; a task replaced and one called off for each service")

		// Four probes a second for each service, evenly over both entry nodes
		// and over time; none at the node that is lost.
		require.Len(t, probings, 3)
		for i, p := range probings {
			require.Equal(t, fmt.Sprintf("svc-%d", i+1), p.Service)
			require.EqualValues(t, 250, p.PeriodMS)
			require.Zero(t, p.Skipped)
			require.InDelta(t, float64(w.Ended)/250, float64(len(p.Probes)), 2)
			to := [2]int{}
			for k, x := range p.Probes {
				to[x.To]++
				if k > 0 {
					require.InDelta(t, 250, float64(x.At-p.Probes[k-1].At), 1)
				}
				require.EqualValues(t, 1000, x.Took)
			}
			require.InDelta(t, to[0], to[1], 1)
			require.Len(t, p.Responders, 3, "the one that stays, the one lost, its replacement")
			require.Len(t, p.Errors, 1)
		}
		require.Equal(t, int64(83), probings[1].Probes[0].At-probings[0].Probes[0].At, "a third of a period later")
		for address := range f.probes {
			require.NotContains(t, address, "172.30.0.12:")
		}

		// What is stored can be read again.
		blob, err := evidence.Encode(w)
		require.NoError(t, err)
		back, err := evidence.DecodeWindow(blob)
		require.NoError(t, err)
		require.Equal(t, w, back)
		blob, err = evidence.Encode(&evidence.Bundle{
			Schema: evidence.BundleSchema, Episodes: []evidence.Episode{{Name: evidence.FaultEpisode, Probing: probings[0]}},
		})
		require.NoError(t, err)
		_, err = evidence.DecodeBundle(blob)
		require.NoError(t, err)
	})
}

func TestWindowWaitsForTheLimit(t *testing.T) {
	inTime(t, func(t *testing.T) {
		f := newField(2)
		f.never[2] = true
		w, _, err := f.watch(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, "limit", w.End)
		require.InDelta(t, w.LimitMS, w.Restoring-w.Injected, 1100, "also counted from the last poll")
		require.GreaterOrEqual(t, w.LimitMS, int64(65000))
		require.Equal(t, 1, f.undone)
	})
}
