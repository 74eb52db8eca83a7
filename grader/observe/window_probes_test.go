package observe_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/observe"
)

// TestSlowServicesDelayNobody: one that never answers in time is probed as
// often, and its neighbour is not late.
func TestSlowServicesDelayNobody(t *testing.T) {
	inTime(t, func(t *testing.T) {
		f := newField(2)
		f.slow[1] = 1900 * time.Millisecond
		_, probings, err := f.watch(t.Context(), nil)
		require.NoError(t, err)
		for _, p := range probings {
			require.Zero(t, p.Skipped)
			for k := range p.Probes[1:] {
				require.InDelta(t, 250, float64(p.Probes[k+1].At-p.Probes[k].At), 1)
			}
		}

		// One that takes for ever is bounded, and only its own probes are left out.
		f = newField(2)
		f.slow[1] = time.Hour
		f.never[1] = true
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		peak := 0
		f.probe = func(port string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			if port == "8001" {
				peak++
			}
		}
		_, _, err = f.watch(ctx, nil)
		require.Error(t, err)
		require.Equal(t, 10, peak, "2 s' worth of probes and two more")
		require.Greater(t, f.probes["172.30.0.11:8002"], 38)
	})
}

// TestSpeed: the embedded cluster's times shrink with its delays, a real
// swarm's with a short heartbeat don't.
func TestSpeed(t *testing.T) {
	for beat, want := range map[int64]float64{0: 1, 5000: 1, 10000: 1, 1000: 1, 250: 20, 50: 100} {
		require.Equal(t, want, evidence.Swarm{HeartbeatMS: beat}.Speed(), beat)
	}
	inTime(t, func(t *testing.T) {
		f := newField(1)
		f.never[1] = true
		w, probings, err := f.watch(t.Context(), func(w *observe.Windows) { w.Swarm.HeartbeatMS = 250 })
		require.NoError(t, err)
		require.EqualValues(t, 20, w.Speed)
		require.EqualValues(t, 500, w.HoldMS)
		require.EqualValues(t, 400, w.Injecting)
		require.Less(t, w.LimitMS, int64(10000))
		require.EqualValues(t, 50, w.Polls[1].At)
		require.EqualValues(t, 13, probings[0].PeriodMS, "20 times as many probes, and none more")
	})
}

// TestHostileNamesAreBounded: a page that invents a name an answer fills no
// memory.
func TestHostileNamesAreBounded(t *testing.T) {
	inTime(t, func(t *testing.T) {
		f := newField(1)
		f.never[1] = true
		n := 0
		w, probings, err := f.watch(t.Context(), func(w *observe.Windows) {
			w.Prober = proberFunc(func() evidence.Responder {
				n++
				return evidence.Responder{Identity: evidence.Identity{Hostname: fmt.Sprint("invented-", n)}, Count: 1, Rule: "whoami"}
			})
		})
		require.NoError(t, err)
		require.Len(t, probings[0].Responders, 257)
		require.Equal(t, "other", probings[0].Responders[256].Rule)
		total := 0
		for _, r := range probings[0].Responders {
			total += r.Count
		}
		require.Len(t, probings[0].Probes, total)
		require.True(t, slices.IsSortedFunc(w.Polls, func(a, b evidence.Poll) int { return int(a.At - b.At) }))
	})
}

type proberFunc func() evidence.Responder

func (f proberFunc) Probe(context.Context, evidence.Target) (evidence.Responder, evidence.ErrorClass, error) {
	return f(), evidence.ErrorClass{}, nil
}
