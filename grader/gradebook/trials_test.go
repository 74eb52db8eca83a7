package gradebook

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/judge"
)

func trial(student, task string, points ...int) Trial {
	return Trial{
		Lab: "ha-lb", Student: student, Tasks: []string{task}, Started: day, Finished: day.Add(time.Minute), RubricSHA256: "sha256:r",
		Verdicts: marks(task, points...), Untried: true,
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

// TestTrials: the newest of each student and task are kept, as they were.
func TestTrials(t *testing.T) {
	ctx, g := newBook(t)
	for i := range KeptTrials + 5 {
		require.NoError(t, g.SaveTrial(ctx, trial("01", "1", i%11, 10)))
	}
	two := trial("01", "2", 3)
	two.Tasks = []string{"2", "3"}
	require.NoError(t, g.SaveTrial(ctx, two))
	require.NoError(t, g.SaveTrial(ctx, trial("02", "1", 0, -1)))
	all, err := g.Trials(ctx, "ha-lb", "01")
	require.NoError(t, err)
	require.Len(t, all, KeptTrials+1)
	require.Equal(t, two.Tasks, all[0].Tasks, "the newest first")
	want := trial("01", "1", (KeptTrials+4)%11, 10)
	require.Equal(t, asJSON(t, want.Verdicts), asJSON(t, all[1].Verdicts))
	require.True(t, all[1].Started.Equal(want.Started) && all[1].Finished.Equal(want.Finished))
	require.Equal(t, want.RubricSHA256, all[1].RubricSHA256)
	require.True(t, all[1].Untried)
	last, err := g.LastTrials(ctx, "ha-lb")
	require.NoError(t, err)
	require.Len(t, last, 2)
	require.Equal(t, two.Tasks, last["01"].Tasks)
	none, err := g.Trials(ctx, "another", "01")
	require.NoError(t, err)
	require.Empty(t, none)
	require.NoError(t, g.Check(ctx))
	require.NoError(t, g.Damage())
}

// TestDamagedTrial: a trial that is not as it was written is left out, the others are
// there, and no score is touched.
func TestDamagedTrial(t *testing.T) {
	for name, sql := range map[string]string{
		"student":  "UPDATE trials SET student='02' WHERE seq=1",
		"verdicts": "UPDATE trials SET verdicts=x'00' WHERE seq=1",
		"another":  "UPDATE trials SET verdicts=(SELECT verdicts FROM trials WHERE seq=2) WHERE seq=1",
		"time":     "UPDATE trials SET started='x' WHERE seq=1",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, g := newBook(t)
			require.NoError(t, g.SaveTrial(ctx, trial("01", "1", 5)))
			require.NoError(t, g.SaveTrial(ctx, trial("02", "1", 6)))
			_, err := g.db.Exec(sql)
			require.NoError(t, err)
			last, err := g.LastTrials(ctx, "ha-lb")
			require.NoError(t, err)
			require.NotContains(t, last, "01")
			require.EqualValues(t, 600, last["02"].Verdicts[0].Points)
			if name != "student" {
				require.ErrorIs(t, g.Damage(), ErrDamaged)
			}
		})
	}
}

// TestTrialRefused: what could not be read again, or is too large, is not kept.
func TestTrialRefused(t *testing.T) {
	ctx, g := newBook(t)
	bad := trial("01", "1", 5)
	bad.Verdicts[0].Points = 5000
	require.Error(t, g.SaveTrial(ctx, bad))
	big := trial("01", "1")
	for i := range 6 {
		v := marks("1", 5)[0]
		v.Observed = map[string]any{fmt.Sprint("x", i): string(make([]byte, 1<<17))}
		big.Verdicts = append(big.Verdicts, v)
	}
	require.Error(t, g.SaveTrial(ctx, big))
	require.NoError(t, g.SaveTrial(ctx, Trial{Lab: "ha-lb", Student: "01", Verdicts: []judge.Verdict{}}))
	all, err := g.Trials(ctx, "ha-lb", "01")
	require.NoError(t, err)
	require.Len(t, all, 1)
}
