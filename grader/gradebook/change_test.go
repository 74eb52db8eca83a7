package gradebook

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// change makes one of lab ha-lb.
func change(student, task, check string, kind result.Kind, points rubric.Points) Change {
	return Change{"ha-lb", student, result.Change{
		Task: task, Check: check, Kind: kind, Points: points, Reason: "复核", Who: "teacher", When: day,
		Effect: result.Effect{Before: result.Score{Max: 1000, Open: true}, After: result.Score{Points: points, Max: 1000, ByHand: true}},
	}}
}

func TestChanges(t *testing.T) {
	ctx, g := newBook(t)
	other := change("01", "", "", result.SetPoints, 5)
	other.Lab = "sticky"
	remark := Change{"ha-lb", "01", result.Change{Kind: result.Remark, Text: "缓考", Who: "teacher", When: day}}
	all := []Change{
		change("01", "1", "task1.a", result.SetPoints, 250), change("02", "2", "", result.Excused, 0), remark, other,
		change("01", "1", "task1.a", result.Remove, 0), change("01", "", "", result.OnTime, 0),
	}
	require.NoError(t, g.AddChanges(ctx, all[:3]...))
	require.NoError(t, g.AddChanges(ctx, all[3:]...))
	_, again := openBook(t, g.Path())
	got, err := again.Changes(ctx, "ha-lb")
	require.NoError(t, err)
	require.NoError(t, again.Damage())
	require.Len(t, got, 2)
	for i, want := range []Change{all[0], remark, all[4], all[5]} {
		c := got["01"][i]
		require.True(t, c.When.Equal(want.When))
		c.When = want.When
		require.Equal(t, want.Change, c, "in the order in which they were made, with what they did")
	}
	require.Equal(t, result.Excused, got["02"][0].Kind)

	for name, c := range map[string]Change{
		"no reason": {"ha-lb", "01", result.Change{Kind: result.SetPoints, Reason: " ", When: day}},
		"negative":  change("01", "", "", result.SetPoints, -1),
		"long":      {"ha-lb", "01", result.Change{Kind: result.Remark, Text: strings.Repeat("长", MaxText+1), When: day}},
	} {
		require.Error(t, g.AddChanges(ctx, remark, c), name)
	}
	after, err := g.Changes(ctx, "ha-lb")
	require.NoError(t, err)
	require.Len(t, after["01"], 4, "all or nothing")
}

// What two tables held up to layout 3 stands before all that came since.
func TestChangesOfOldLayouts(t *testing.T) {
	ctx, g := openBook(t, oldBook(t))
	require.NoError(t, g.AddChanges(ctx, change("2024000002", "", "", result.Remove, 0)))
	all, err := g.Changes(ctx, "ha-lb")
	require.NoError(t, err)
	require.Len(t, all["2024000002"], 2)
	require.Equal(t, result.SetPoints, all["2024000002"][0].Kind)
	require.Equal(t, "39.5", all["2024000002"][0].Points.String())
	require.Equal(t, "迟交两天", all["2024000001"][0].Text)
	d, err := g.StandingData(ctx, halab(t), Rules{Attempts: Best})
	require.NoError(t, err)
	require.Empty(t, d.Students[1].Overrides)
	require.Len(t, d.Students[1].History, 2)
}

// A change that is not as it was written, or gone, is told.
func TestChangedChanges(t *testing.T) {
	for name, c := range map[string]struct {
		sql  string
		hurt bool
	}{
		"points": {"UPDATE changes SET points=1000", true}, "reason": {"UPDATE changes SET reason=''", true},
		"effect": {"UPDATE changes SET effect='{'", true}, "who": {"UPDATE changes SET who='else'", true},
		"gone": {"DELETE FROM changes", false},
	} {
		t.Run(name, func(t *testing.T) {
			path := oldBook(t)
			ctx, g := openBook(t, path)
			require.NoError(t, g.AddChanges(ctx, change("2024000003", "2", "task2.replicas", result.SetPoints, 100)))
			_, err := g.db.Exec(c.sql)
			require.NoError(t, err)
			d, err := g.StandingData(ctx, halab(t), Rules{Attempts: Best})
			require.NoError(t, err)
			require.ErrorIs(t, g.Damage(), ErrDamaged)
			require.Equal(t, c.hurt, d.Students[2].Damaged)
		})
	}
}

// TestLateStanding: an attempt counts by what is left of it; see [Gradebook.Standing].
func TestLateStanding(t *testing.T) {
	ctx, g := newBook(t)
	rub := gradedLab()
	for i, points := range [][]int{{6, 6}, {10, 8}, {10, 10}} { // in time, two days late, five days late
		at := day.AddDate(0, 0, []int{0, 2, 5}[i])
		run, err := g.BeginRun(ctx, begin(at, "01", "02"))
		require.NoError(t, err)
		for _, id := range []string{"01", "02"} {
			require.NoError(t, g.SaveVerdicts(ctx, run.ID, id, marks("1", points...)))
		}
		require.NoError(t, g.FinishRun(ctx, run.ID, Finished, at))
	}
	late := func(percent int64) *result.Late {
		return &result.Late{Due: day, PerDay: result.Amount{Hundredths: percent * 100, Percent: true}, Total: 2000,
			Dues: map[string]time.Time{"02": day.AddDate(0, 0, 4)}}
	}
	tests := []struct {
		rules  Rules
		counts [2]string // of the two students
	}{
		{Rules{Attempts: Best}, [2]string{"20 of 20", "20 of 20"}},
		{Rules{Attempts: Best, Late: late(10)}, [2]string{"14 of 18", "18 of 20"}},
		{Rules{Attempts: Best, Late: late(20)}, [2]string{"12 of 12", "18 of 18"}},
		{Rules{Attempts: Last, Late: late(20)}, [2]string{"0 of 20", "16 of 20"}},
		{Rules{Attempts: First, Late: late(20)}, [2]string{"12 of 12", "12 of 12"}},
		{Rules{Attempts: Best, Late: late(20), Also: []Change{change("01", "1", "", result.OnTime, 0)}}, [2]string{"20 of 20", "18 of 18"}},
		{Rules{Attempts: Best, Late: late(20), Also: []Change{change("01", "2", "", result.OnTime, 0)}}, [2]string{"12 of 12", "18 of 18"}},
	}
	for _, tt := range tests {
		d, err := g.StandingData(ctx, rub, tt.rules)
		require.NoError(t, err)
		for i := range d.Students {
			tally := d.Students[i].Tally()
			require.Equal(t, tt.counts[i], tally.Points.String()+" of "+tally.Judged.String(), "%s, %+v, student %d", tt.rules.Attempts, tt.rules.Also, i)
		}
		require.Equal(t, tt.rules.Late, d.Late)
	}
	run, err := g.newestOf(ctx, "ha-lb")
	require.NoError(t, err)
	d, err := g.RunData(ctx, run.ID, rub, Rules{Late: late(10)})
	require.NoError(t, err)
	tally := d.Students[0].Tally()
	require.Equal(t, "10", tally.Late.String(), "the run alone is as late")
}

// A regrade changes nothing of what was done by hand; what a new rubric does not
// have is kept.
func TestRegradeKeepsChanges(t *testing.T) {
	ctx, g := newBook(t)
	run, err := g.BeginRun(ctx, begin(day, "01"))
	require.NoError(t, err)
	before, err := g.PutSnapshot(ctx, snapshot(1))
	require.NoError(t, err)
	_, err = g.SaveBundle(ctx, run.ID, bundle(run.ID, "01", before))
	require.NoError(t, err)
	require.NoError(t, g.SaveVerdicts(ctx, run.ID, "01", marks("1", 3, 4)))
	require.NoError(t, g.FinishRun(ctx, run.ID, Finished, day))
	require.NoError(t, g.AddChanges(ctx, change("01", "1", "task1.a", result.SetPoints, 900), change("01", "1", "task1.b", result.SetPoints, 800)))
	b := begin(day.Add(time.Hour))
	b.Rubric.SHA256 = "sha256:without b"
	_, err = g.SaveRegrades(ctx, b, []Regrade{{run.ID, map[string][]judge.Verdict{"01": marks("1", 5)}}}, day)
	require.NoError(t, err)
	rub := gradedLab()
	rub.SHA256 = b.Rubric.SHA256
	rub.Tasks[0].Checks = rub.Tasks[0].Checks[:1]
	d, err := g.StandingData(ctx, rub, Rules{Attempts: Best})
	require.NoError(t, err)
	s := d.Students[0]
	tally := s.Tally()
	require.Equal(t, result.Score{Points: 900, Max: 3000, ByHand: true}, tally.Score())
	require.Len(t, s.Overrides, 2)
	require.Equal(t, []bool{false, true}, []bool{s.Overrides[0].Gone, s.Overrides[1].Gone})
	// Whoever was in no run may be given points too.
	require.NoError(t, g.AddChanges(ctx, change("99", "", "", result.SetPoints, 100)))
	d, err = g.StandingData(ctx, rub, Rules{Attempts: Best})
	require.NoError(t, err)
	require.Equal(t, "99", d.Students[1].ID)
}

// TestChangesSince: a change whose before was read is refused once another has come
// between, so that it is worked out anew.
func TestChangesSince(t *testing.T) {
	ctx, g := newBook(t)
	_, other := openBook(t, g.Path())
	mark, err := g.Mark(ctx)
	require.NoError(t, err)
	require.NoError(t, other.AddChanges(ctx, change("01", "1", "task1.a", result.SetPoints, 900)))
	one := change("01", "1", "task1.a", result.SetPoints, 800)
	require.ErrorIs(t, g.AddChangesSince(ctx, mark, one), ErrMoved)
	all, err := g.Changes(ctx, "ha-lb")
	require.NoError(t, err)
	require.Len(t, all["01"], 1, "nothing was recorded")
	mark, err = g.Mark(ctx)
	require.NoError(t, err)
	require.NoError(t, g.AddChangesSince(ctx, mark, one))
	all, err = other.Changes(ctx, "ha-lb")
	require.NoError(t, err)
	require.Len(t, all["01"], 2)
	require.ErrorIs(t, g.AddChangesSince(ctx, mark, one), ErrMoved, "its own counts too")
}
