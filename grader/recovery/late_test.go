package recovery_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/recovery"
	"swarmgrade/grader/recovery/scene"
)

// every makes stretches of a length, one in so many ms.
func every(step, length, from, to int64) []evidence.Stretch {
	var out []evidence.Stretch
	for at := from; at < to; at += step {
		out = append(out, evidence.Stretch{From: at, To: at + length})
	}
	return out
}

// once is one stretch.
func once(from, to int64) []evidence.Stretch { return []evidence.Stretch{{From: from, To: to}} }

// What can be held against a service, by Story alone.
const (
	well   = "well"
	broken = "broken"
	doubt  = "doubt"
)

func told(s *recovery.Story) string {
	switch {
	case s.Open != "" || s.Doubtful(s.Bound):
		return doubt
	case s.Recovered >= 0 && s.Seconds <= s.Bound:
		return well
	}
	return broken
}

// TestLateMachine: what a service is taken for that is well, and one of which the new
// container answers nothing. A good one runs again after 23.5 s and has recovered
// after 34 s; the silent one is watched until 112 s.
func TestLateMachine(t *testing.T) {
	for _, c := range []struct {
		name       string
		late       []evidence.Stretch
		good, mute string
	}{
		{"never", nil, well, broken},
		{"before the fault only", once(0, 3500), well, broken},
		{"all the time", once(0, 200000), doubt, doubt},
		{"all the time from the fault on", once(5000, 200000), doubt, doubt},
		{"most of the time", every(1000, 800, 0, 200000), doubt, doubt},
		{"a twentieth, a second at a time", every(20000, 1000, 0, 200000), well, broken},
		{"a twentieth, a quarter of a second at a time", every(5000, 250, 0, 200000), well, broken},
		{"a tenth, two seconds at a time", every(20000, 2000, 0, 200000), well, broken},
		{"while it held", once(26000, 34000), well, broken},
		{"a third, from when it was back", every(3000, 1000, 22000, 200000), doubt, doubt},
		{"in the seconds after the fault was undone", once(113000, 120000), well, broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(10) {
				s := scene.New(3, seed)
				s.Hold, s.Late = 60000, c.late
				good, _ := read(s)
				if c.good != doubt || told(&good) != well { // what was seen may do
					require.Equal(t, c.good, told(&good), "seed %d: %+v", seed, good)
				}

				s = scene.New(3, seed)
				s.Become, s.Late = scene.Mute, c.late
				mute, _ := read(s)
				require.Equal(t, c.mute, told(&mute), "seed %d: %+v", seed, mute)
				require.NotEqual(t, well, told(&mute))
			}
		})
	}
}

// TestLatenessNeverJudges: whenever the machine was late, and for how long, what is
// well is never held against, and what is broken never passes; who makes no new task is
// found out as ever, since that is read off the managers.
func TestLatenessNeverJudges(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 7))
	doubts := 0
	for i := range 60 {
		var late []evidence.Stretch
		most := 1 + rng.Int64N([]int64{400, 3000, 30000}[i%3])
		for at := rng.Int64N(20000); at < 130000; {
			to := at + 1 + rng.Int64N(most)
			late = append(late, evidence.Stretch{From: at, To: to})
			at = to + 1 + rng.Int64N([]int64{500, 4000, 40000}[i/3%3])
		}
		make := func(become string) *scene.Scene {
			s := scene.New(2+i%3, uint64(i))
			s.Become, s.Random, s.ProbeLoss, s.Late = become, i%2 == 0, 0.002, late
			return s
		}
		s := make(scene.Runs)
		s.Hold = 90000
		story, _ := read(s)
		require.NotEqual(t, broken, told(&story), "%d: %v %+v", i, late, story)
		if told(&story) == doubt {
			doubts++
		}
		for _, become := range []string{scene.Mute, scene.Never, scene.Flaps, scene.Pending, scene.Starting} {
			s := make(become)
			story, _ := read(s)
			require.NotEqual(t, well, told(&story), "%d: %s %+v", i, become, story)
		}
	}
	require.Positive(t, doubts)
	require.Less(t, doubts, 55)
}

// TestRequestsOfALateMachine: what may be missing, and what an outage may have been.
func TestRequestsOfALateMachine(t *testing.T) {
	s := scene.New(1, 3)
	story, _ := read(s)
	q := story.Requests
	require.Zero(t, q.LateShare)
	require.Zero(t, q.Unsent+q.Spoilt)
	require.InDelta(t, 17.8, q.Outage, 1)
	require.Equal(t, q.Outage, q.OutageLeast)
	require.Equal(t, q.Outage, q.OutageMost)

	for _, c := range []struct {
		late        []evidence.Stretch
		least, most float64
		heavy, thin bool
	}{
		{every(5000, 250, 0, 60000), 16, 18.5, false, false}, // a twentieth of it may have been well
		{once(4500, 12000), 8, 19, true, false},
		{once(4000, 60000), 0, 18.5, true, true},
	} {
		s := scene.New(1, 3)
		s.Late, s.Hold = c.late, 60000
		story, _ := read(s)
		q := story.Requests
		name := fmt.Sprintf("%v: %+v", c.late[0], q)
		require.Positive(t, q.Unsent, name)
		require.LessOrEqual(t, q.EarlyUnsent, q.Unsent, name)
		require.GreaterOrEqual(t, q.OutageMost, q.Outage, name)
		require.LessOrEqual(t, q.OutageLeast, q.Outage+0.1, name)
		require.GreaterOrEqual(t, q.OutageLeast, c.least, name)
		require.GreaterOrEqual(t, q.OutageMost, c.least, name)
		require.Equal(t, c.heavy, q.Heavy(), name)
		require.Equal(t, c.thin, q.Thin(), name)
	}
}

// TestManagersReadLate: a machine that reads the managers late has not seen when tasks
// ran; at the end of the time that is too little to judge by, in its midst the recovery
// may have been sooner than it was seen.
func TestManagersReadLate(t *testing.T) {
	s := scene.New(2, 4)
	s.Become, s.Late = scene.Never, once(50000, 200000)
	story, _ := read(s)
	require.Equal(t, recovery.Unseen, story.Open, "silent at the end")

	s = scene.New(2, 4)
	s.Hold, s.Late = 90000, once(20000, 90000)
	story, _ = read(s)
	require.Greater(t, story.Seconds, story.Bound, "seen at 90 s")
	require.Less(t, story.Soonest, 30.0)
	require.True(t, story.Doubtful(story.Bound))

	s = scene.New(2, 4)
	s.Hold, s.Start = 30000, 75000
	story, _ = read(s)
	require.Greater(t, story.Seconds, story.Bound)
	require.Equal(t, story.Seconds, story.Soonest)
	require.False(t, story.Doubtful(story.Bound), "late by itself")
}
