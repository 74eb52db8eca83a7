package gradebook

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/judge"
)

func TestStandingPolicies(t *testing.T) {
	// Attempts at task 1, oldest first: points of 10 a check, -1 is ungraded.
	tests := []struct {
		name              string
		attempts          [][]int
		best, last, first int // index of the attempt that counts
	}{
		{"one", [][]int{{3, 4}}, 0, 0, 0},
		{"better later", [][]int{{3, 4}, {10, 10}}, 1, 1, 0},
		{"worse later", [][]int{{10, 10}, {3, 4}}, 0, 1, 0},
		{"equal", [][]int{{5, 5}, {4, 6}}, 1, 1, 0},
		{"all ungraded later", [][]int{{3, 4}, {-1, -1}}, 0, 0, 0},
		{"all ungraded earlier", [][]int{{-1, -1}, {3, 4}}, 1, 1, 1},
		{"ungraded later beside a zero", [][]int{{0, 0}, {-1, -1}}, 0, 0, 0},
		{"partly ungraded and worse", [][]int{{10, 4}, {10, -1}}, 0, 0, 0},
		{"partly ungraded, as good", [][]int{{5, 5}, {10, -1}}, 0, 0, 0},
		{"partly ungraded, already better", [][]int{{3, 4}, {10, -1}}, 1, 0, 0},
		{"partly ungraded first, already better", [][]int{{10, -1}, {3, 4}}, 0, 1, 1},
		{"nothing complete", [][]int{{10, -1, -1}, {3, 4, -1}, {-1, -1, -1}}, 0, 1, 1},
		{"nothing complete, equal", [][]int{{4, 3, -1}, {3, 4, -1}}, 1, 1, 0},
		{"another rubric's maximum", [][]int{{9}, {8, 9, 9}}, 0, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, g := newBook(t)
			var ids []string
			for i, points := range tt.attempts {
				run, err := g.BeginRun(ctx, begin(day.Add(time.Duration(i)*time.Hour), "01"))
				require.NoError(t, err)
				require.NoError(t, g.SaveVerdicts(ctx, run.ID, "01", marks("1", points...)))
				require.NoError(t, g.FinishRun(ctx, run.ID, Finished, day))
				ids = append(ids, run.ID)
			}
			for policy, want := range map[Policy]int{Best: tt.best, Last: tt.last, First: tt.first} {
				standing, err := g.Standing(ctx, "ha-lb", Rules{Attempts: policy})
				require.NoError(t, err)
				a := standing[0].Attempts["1"]
				require.Equal(t, ids[want], a.Run.ID, "%s", policy)
				require.Equal(t, len(tt.attempts), a.Tries)
				points, max, ungraded := judge.Total(marks("1", tt.attempts[want]...))
				require.Equal(t, [3]any{points, max, ungraded}, [3]any{a.Points, a.Max, a.Ungraded})
			}
		})
	}
}

// A run that looked for what students have up judges who has nothing as well;
// that must not take the place of what was handed in.
func TestStandingOfWhatIsNotUp(t *testing.T) {
	absent := func(points ...int) []judge.Verdict {
		vs := marks("1", points...)
		for i := range vs {
			vs[i].NotUp = true
		}
		return vs
	}
	for _, tt := range []struct {
		name              string
		attempts          [][]judge.Verdict
		best, last, first int
	}{
		{"nothing else", [][]judge.Verdict{absent(0, 0)}, 0, 0, 0},
		{"taken down later", [][]judge.Verdict{marks("1", 5, 5), absent(0, 0)}, 0, 0, 0},
		{"not up yet", [][]judge.Verdict{absent(2, 0), marks("1", 5, 5)}, 1, 1, 1},
		{"worth more all the same", [][]judge.Verdict{absent(9, 0), marks("1", 1, 1)}, 0, 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, g := newBook(t)
			var ids []string
			for i, vs := range tt.attempts {
				run, err := g.BeginRun(ctx, begin(day.Add(time.Duration(i)*time.Hour), "01"))
				require.NoError(t, err)
				require.NoError(t, g.SaveVerdicts(ctx, run.ID, "01", vs))
				require.NoError(t, g.FinishRun(ctx, run.ID, Finished, day))
				ids = append(ids, run.ID)
			}
			for policy, want := range map[Policy]int{Best: tt.best, Last: tt.last, First: tt.first} {
				standing, err := g.Standing(ctx, "ha-lb", Rules{Attempts: policy})
				require.NoError(t, err)
				require.Equal(t, ids[want], standing[0].Attempts["1"].Run.ID, "%s", policy)
			}
		})
	}
}

// Tasks are graded a run each and stand side by side; students of any run are
// listed in the order of the roster, also those never judged.
func TestStandingAcrossTasks(t *testing.T) {
	ctx, g := newBook(t)
	one, err := g.BeginRun(ctx, begin(day, "03", "01", "02"))
	require.NoError(t, err)
	require.NoError(t, g.SaveVerdicts(ctx, one.ID, "01", marks("1", 10)))
	require.NoError(t, g.FinishRun(ctx, one.ID, Interrupted, day))
	b := begin(day.Add(time.Hour), "01")
	b.Task, b.Students[0].Position = "2", 1
	two, err := g.BeginRun(ctx, b)
	require.NoError(t, err)
	require.NoError(t, g.SaveVerdicts(ctx, two.ID, "01", append(marks("2", 7), marks("3", 5)...)))

	other := begin(day.Add(2*time.Hour), "01")
	other.Rubric.ID = "sticky"
	require.NoError(t, g.FinishRun(ctx, two.ID, Finished, day))
	three, err := g.BeginRun(ctx, other)
	require.NoError(t, err)
	require.NoError(t, g.SaveVerdicts(ctx, three.ID, "01", marks("1", 1)))

	standing, err := g.Standing(ctx, "ha-lb", Rules{Attempts: Best})
	require.NoError(t, err)
	require.Len(t, standing, 3)
	require.Equal(t, []string{"03", "01", "02"}, []string{standing[0].Student.ID, standing[1].Student.ID, standing[2].Student.ID})
	require.Empty(t, standing[0].Attempts)
	got := standing[1].Attempts
	require.Len(t, got, 3)
	require.Equal(t, one.ID, got["1"].Run.ID, "an interrupted run's verdicts are whole for a student")
	require.Equal(t, two.ID, got["2"].Run.ID)
	require.Equal(t, "5", got["3"].Points.String())
}

// A finished regrade speaks for the run that observed, up or down, and is no
// further try.
func TestStandingRegrade(t *testing.T) {
	ctx, g := newBook(t)
	run, err := g.BeginRun(ctx, begin(day, "01", "02"))
	require.NoError(t, err)
	before, err := g.PutSnapshot(ctx, snapshot(1))
	require.NoError(t, err)
	_, err = g.SaveBundle(ctx, run.ID, bundle(run.ID, "01", before))
	require.NoError(t, err)
	require.NoError(t, g.SaveVerdicts(ctx, run.ID, "01", marks("1", 10)))
	require.NoError(t, g.FinishRun(ctx, run.ID, Finished, day))

	points := func() string {
		standing, err := g.Standing(ctx, "ha-lb", Rules{Attempts: Best})
		require.NoError(t, err)
		a := standing[0].Attempts["1"]
		require.Equal(t, run.ID, a.Run.ID)
		require.Equal(t, 1, a.Tries)
		return a.Points.String()
	}
	for i, p := range []int{4, 6} {
		b := begin(day.Add(time.Duration(i) * time.Minute))
		b.Rubric.SHA256 = fmt.Sprintf("sha256:rubric %d", i)
		b.RosterSHA256 = "sha256:today"
		all, err := g.SaveRegrades(ctx, b, []Regrade{{run.ID, map[string][]judge.Verdict{"01": marks("1", p)}}}, day.Add(time.Hour))
		require.NoError(t, err)
		require.Len(t, all, 1)
		again, err := g.Run(ctx, all[0].ID)
		require.NoError(t, err)
		require.Equal(t, run.ID, again.Regrades)
		require.Equal(t, Finished, again.Status)
		require.Equal(t, day.Add(time.Hour).Unix(), again.Finished.Unix())
		require.Equal(t, "sha256:roster", again.RosterSHA256, "the roster is the one that the evidence is of")
		students, err := g.Students(ctx, again.ID)
		require.NoError(t, err)
		require.Len(t, students, 1, "who was not observed cannot be judged")
		c, err := g.Case(ctx, again.ID, "01")
		require.NoError(t, err)
		require.Equal(t, "01", c.Bundle.Student.ID)
		standing, err := g.Standing(ctx, "ha-lb", Rules{Attempts: Best})
		require.NoError(t, err)
		require.Equal(t, again.ID, standing[0].Attempts["1"].Judged.ID)
		require.Equal(t, b.Rubric.SHA256, standing[0].Attempts["1"].Judged.RubricSHA256)
		_, err = g.SaveRegrades(ctx, b, []Regrade{{again.ID, nil}}, day)
		require.ErrorIs(t, err, ErrNotFound, "it observed nothing itself")
	}
	require.Equal(t, "6", points())
	_, err = g.SaveRegrades(ctx, begin(day), []Regrade{{"none", nil}}, day)
	require.ErrorIs(t, err, ErrNotFound)

	// A regrade under another lab's rubric counts there, and leaves this one's.
	other := begin(day.Add(time.Hour))
	other.Rubric.ID = "mine"
	_, err = g.SaveRegrades(ctx, other, []Regrade{{run.ID, map[string][]judge.Verdict{"01": marks("1", 1)}}}, day)
	require.NoError(t, err)
	require.Equal(t, "6", points())
	standing, err := g.Standing(ctx, "mine", Rules{Attempts: Best})
	require.NoError(t, err)
	require.Equal(t, "1", standing[0].Attempts["1"].Points.String())

	// While a run is under way, nothing is judged anew.
	_, second := openBook(t, g.Path())
	_, err = second.BeginRun(ctx, begin(day, "01"))
	require.NoError(t, err)
	_, err = g.SaveRegrades(ctx, begin(day), []Regrade{{run.ID, nil}}, day)
	require.ErrorIs(t, err, ErrBusy)
}
