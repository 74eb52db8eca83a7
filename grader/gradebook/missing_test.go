package gradebook

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
)

// TestMissing: a run of one task leaves the others for later; once others are graded on
// a task, whoever was looked at and had none of it has not handed it in.
func TestMissing(t *testing.T) {
	ctx, g := newBook(t)
	rub := gradedLab()
	rub.Points = 4000
	run := func(at time.Time, all map[string][]judge.Verdict) string {
		r, err := g.BeginRun(ctx, begin(at, "01", "02", "03"))
		require.NoError(t, err)
		for id, vs := range all {
			require.NoError(t, g.SaveVerdicts(ctx, r.ID, id, vs))
		}
		require.NoError(t, g.FinishRun(ctx, r.ID, Finished, at))
		return r.ID
	}
	missing := func(d *result.Data) (out []string) {
		for i := range d.Students {
			s := &d.Students[i]
			tally := s.Tally()
			text := s.ID + " " + tally.Points.String() + "/" + tally.Max.String()
			for _, m := range s.Missing {
				text += map[bool]string{true: " later ", false: " none "}[m.NotYet] + m.Task
			}
			out = append(out, text)
		}
		return out
	}
	standing := func() []string {
		d, err := g.StandingData(ctx, rub, Rules{Attempts: Best})
		require.NoError(t, err)
		return missing(d)
	}
	whole := marks("1", 10, 10)
	one := run(day, map[string][]judge.Verdict{"01": whole, "02": marks("1", 5, 5), "03": marks("1", -1, -1)})
	require.Equal(t, []string{"01 20/40 later 2", "02 10/40 later 2", "03 0/40 later 2"}, standing())

	both := append(marks("1", 10, 10), marks("2", 10, 10)...)
	two := run(day.Add(time.Hour), map[string][]judge.Verdict{"01": both, "02": marks("1", 10, 10), "03": marks("1", -1, -1)})
	require.Equal(t, []string{"01 40/40", "02 20/40 none 2", "03 0/40 later 2"}, standing(), "our own fault hides what is up")

	for id, want := range map[string][]string{
		one: {"01 20/40 later 2", "02 10/40 later 2", "03 0/40 later 2"},
		two: {"01 40/40", "02 20/40 none 2", "03 0/40 later 2"},
	} {
		d, err := g.RunData(ctx, id, rub, Rules{})
		require.NoError(t, err)
		require.Equal(t, want, missing(d), "a run by itself")
	}
	run(day.Add(2*time.Hour), map[string][]judge.Verdict{"02": marks("2", 10, 3)})
	require.Equal(t, []string{"01 40/40", "02 33/40", "03 0/40 later 2"}, standing(), "handed in later")
}
