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

// asleep is a prober on a machine that stands still: whoever asks for the time then
// waits until it goes on.
type asleep struct {
	*field
	from time.Duration // since the run's start
	to   time.Duration
}

func (a *asleep) at() int64 {
	if now := time.Since(a.begin); now >= a.from && now < a.to {
		time.Sleep(a.to - now)
	}
	return time.Since(a.begin).Milliseconds()
}

// TestMachineThatSleeps: what is not sent while the grader's machine stands still is
// late and not skipped, and when that was is known.
func TestMachineThatSleeps(t *testing.T) {
	inTime(t, func(t *testing.T) {
		a := &asleep{field: newField(2), from: 30 * time.Second, to: 34 * time.Second}
		w, probings, err := a.watch(t.Context(), func(w *observe.Windows) { w.At = a.at })
		require.NoError(t, err)
		require.Equal(t, "recovered", w.End)
		for _, p := range probings {
			require.Zero(t, p.Skipped)
			require.InDelta(t, 14, p.Late, 3, "3.75 s of 4 at four a second")
			require.Len(t, p.LateIn, 1)
			require.InDelta(t, 30000, p.LateIn[0].From, 600)
			require.InDelta(t, 34000, p.LateIn[0].To, 10)
			for i, x := range p.Probes {
				require.False(t, x.At > p.LateIn[0].From+10 && x.At < p.LateIn[0].To-10, "%d", x.At)
				require.False(t, i > 0 && x.At < p.Probes[i-1].At, "in the order sent")
			}
			blob, err := evidence.Encode(&evidence.Bundle{
				Schema: evidence.BundleSchema, Episodes: []evidence.Episode{{Name: evidence.FaultEpisode, Probing: p}},
			})
			require.NoError(t, err)
			back, err := evidence.DecodeBundle(blob)
			require.NoError(t, err)
			require.Equal(t, p, back.Probing())
		}
	})
}

// outOfPorts is a prober that can't send for a while, and one that notices its time-outs
// late after that.
type outOfPorts struct{ *field }

func (o outOfPorts) Probe(ctx context.Context, t evidence.Target) (evidence.Responder, evidence.ErrorClass, error) {
	switch now := time.Since(o.begin); {
	case now > 26*time.Second && now < 27*time.Second:
		return evidence.Responder{}, evidence.ErrorClass{}, errors.New("cannot assign requested address")
	case now > 29900*time.Millisecond && now < 30100*time.Millisecond:
		time.Sleep(5 * time.Second)
		return evidence.Responder{}, evidence.ErrorClass{Class: "timeout", Count: 1}, nil
	}
	return o.field.Probe(ctx, t)
}

// TestOwnTrouble: errors of the grader's own are late, and so is a time-out that was
// noticed long after its time.
func TestOwnTrouble(t *testing.T) {
	inTime(t, func(t *testing.T) {
		f := newField(1)
		_, probings, err := f.watch(t.Context(), func(w *observe.Windows) { w.Prober = outOfPorts{f} })
		require.NoError(t, err)
		p := probings[0]
		require.Zero(t, p.Skipped)
		require.InDelta(t, 4, p.Late, 1)
		require.Len(t, p.LateIn, 2)
		require.InDelta(t, 1000, p.LateIn[0].To-p.LateIn[0].From, 260, "until the next one was sent")
		last := p.LateIn[len(p.LateIn)-1]
		require.InDelta(t, 32000, last.From, 110, "2 s are what a client would wait")
		require.InDelta(t, 35000, last.To, 110)
	})
}
