package result

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

var due = time.Date(2024, 6, 1, 23, 59, 0, 0, time.FixedZone("", 8*3600))

func percent(n int64) Amount { return Amount{Hundredths: n * 100, Percent: true} }
func points(n int64) Amount  { return Amount{Hundredths: n * 100} }

func TestLateDays(t *testing.T) {
	l := &Late{Due: due, Grace: 10 * time.Minute, PerDay: percent(10), Cap: percent(50), Total: 10000,
		Dues: map[string]time.Time{"02": due.AddDate(0, 0, 3)}}
	tests := []struct {
		name, student string
		after         time.Duration
		days          int
		taken         string // of 40 points of 40
	}{
		{"in time", "01", 0, 0, "0"},
		{"within the grace", "01", 10 * time.Minute, 0, "0"},
		{"a moment later", "01", 10*time.Minute + 1, 1, "4"},
		{"a whole day", "01", 24*time.Hour + 10*time.Minute, 1, "4"},
		{"the second day has begun", "01", 24*time.Hour + 10*time.Minute + 1, 2, "8"},
		{"at the cap", "01", 5 * 24 * time.Hour, 5, "20"},
		{"far beyond it", "01", 5000 * 24 * time.Hour, 5000, "20"},
		{"a due time of their own", "02", 3 * 24 * time.Hour, 0, "0"},
		{"late by that", "02", 4 * 24 * time.Hour, 1, "4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			late := l.Of(tt.student, due.Add(tt.after))
			require.Equal(t, tt.taken, late.Deduct(4000, 4000).String())
			if tt.days == 0 {
				require.Nil(t, late)
				return
			}
			require.Equal(t, tt.days, late.Days)
		})
	}
	require.Nil(t, (*Late)(nil).Of("01", due))
}

// Points are the whole lab's: tasks of 30, 40 and 30 lose 5 points together.
func TestLatePointsAreTheLabs(t *testing.T) {
	l := &Late{Due: due, PerDay: points(5), Cap: points(12), Total: 10000}
	one := l.Of("01", due.Add(time.Hour))
	require.Equal(t, rubric.Points(150+200+150), one.Deduct(3000, 3000)+one.Deduct(4000, 4000)+one.Deduct(3000, 3000))
	three := l.Of("01", due.Add(60*time.Hour))
	require.Equal(t, rubric.Points(360+480+360), three.Deduct(3000, 3000)+three.Deduct(4000, 4000)+three.Deduct(3000, 3000), "at most 12")
	// A cap in the other unit.
	l.Cap = percent(6)
	require.Equal(t, "2.4", l.Of("01", due.Add(60*time.Hour)).Deduct(4000, 4000).String())
}

// TestLateProperties: whatever a class says, nothing falls below nothing or rises
// above what was judged, and who hands in later loses no less.
func TestLateProperties(t *testing.T) {
	amount := rapid.Custom(func(t *rapid.T) Amount {
		return Amount{Hundredths: rapid.Int64Range(0, 1e8).Draw(t, "hundredths"), Percent: rapid.Bool().Draw(t, "percent")}
	})
	rapid.Check(t, func(t *rapid.T) {
		l := &Late{
			Due: due, Grace: time.Duration(rapid.Int64Range(0, int64(1e15)).Draw(t, "grace")),
			PerDay: amount.Draw(t, "per day"), Cap: amount.Draw(t, "cap"), Total: rubric.Points(rapid.Int64Range(1, 1e8).Draw(t, "total")),
		}
		most := rubric.Points(rapid.Int64Range(0, 1e8).Draw(t, "most"))
		won := rubric.Points(rapid.Int64Range(0, int64(most)).Draw(t, "won"))
		first := time.Duration(rapid.Int64Range(-1e16, 4e18).Draw(t, "first"))
		later := first + time.Duration(rapid.Int64Range(0, 4e18).Draw(t, "later"))
		counts := func(after time.Duration) rubric.Points {
			s := Student{
				Verdicts: []judge.Verdict{{Task: "1", Check: "a", Outcome: check.Partial, Points: won, Max: most}},
				Attempts: []Attempt{{Task: "1", Late: l.Of("01", due.Add(after))}},
			}
			tally := s.Tally()
			if tally.Points < 0 || tally.Points > won || tally.Points+tally.Late != won || tally.Max != most {
				t.Fatalf("%+v of %s", tally, won)
			}
			return tally.Points
		}
		if a, b := counts(first), counts(later); b > a {
			t.Fatalf("later gives more: %s, then %s", a, b)
		}
		if l.Of("01", due.Add(l.Grace)) != nil {
			t.Fatal("within the grace nothing is late")
		}
	})
}
