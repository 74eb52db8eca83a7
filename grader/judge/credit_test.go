package judge

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"swarmgrade/grader/check"
	"swarmgrade/grader/rubric"
)

func ptr(f float64) *float64 { return &f }

func TestCredit(t *testing.T) {
	units := rubric.Credit{PerUnit: true}
	bands := rubric.Credit{Bands: []rubric.Band{{AtLeast: ptr(0.9), Points: 300}, {AtLeast: ptr(0.5), Points: 100}}}
	less := rubric.Credit{Bands: []rubric.Band{{AtMost: ptr(2), Points: 300}, {AtMost: ptr(5), Points: 100}}}
	rising := rubric.Credit{Linear: &rubric.Linear{From: 0, To: 1}}
	falling := rubric.Credit{Linear: &rubric.Linear{From: 10, To: 2}}
	for _, c := range []struct {
		name      string
		credit    rubric.Credit
		max       rubric.Points
		got, want float64
		points    rubric.Points
	}{
		{"2 of 3 units of 3", units, 300, 2, 3, 200},
		{"1 of 3 units of 5, rounded down", units, 500, 1, 3, 166},
		{"no units wanted", units, 300, 0, 0, 0},
		{"all units, though it failed", units, 300, 3, 3, 299},
		{"nothing for nothing", rubric.Credit{}, 300, 3, 3, 0},
		{"first band", bands, 500, 0.95, 1, 300},
		{"on the second band's edge", bands, 500, 0.5, 1, 100},
		{"below all bands", bands, 500, 0.49, 1, 0},
		{"a band worth all points", bands, 300, 1, 1, 299},
		{"at most, first band", less, 500, 2, 0, 300},
		{"at most, second band", less, 500, 3, 0, 100},
		{"at most, above", less, 500, 6, 0, 0},
		{"linear, half", rising, 500, 0.5, 1, 250},
		{"linear, before its start", rising, 500, -1, 1, 0},
		{"linear, past its end", rising, 500, 7, 1, 499},
		{"linear, less is better", falling, 400, 4, 0, 300},
		{"linear, less is better, too much", falling, 400, 12, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			chk := &rubric.Check{Points: c.max, Credit: c.credit}
			require.Equal(t, c.points, Credit(chk, check.Measure{Got: c.got, Want: c.want}))
		})
	}
}

// TestCreditStaysInside: whatever is measured, what did not pass is worth
// something from nothing to just less than all, in hundredths.
func TestCreditStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rubric.Points(rapid.Int64Range(1, 10000).Draw(t, "points"))
		number := rapid.Float64()
		m := check.Measure{Got: number.Draw(t, "got"), Want: number.Draw(t, "want")}
		c := rubric.Credit{}
		switch rapid.IntRange(0, 3).Draw(t, "form") {
		case 0:
			c.PerUnit = true
		case 1:
			c.Linear = &rubric.Linear{From: number.Draw(t, "from"), To: number.Draw(t, "to")}
		case 2:
			c.Bands = []rubric.Band{{
				AtLeast: ptr(number.Draw(t, "at least")), Points: rubric.Points(rapid.Int64Range(0, int64(most)).Draw(t, "band")),
			}}
		}
		got := Credit(&rubric.Check{Points: most, Credit: c}, m)
		if got < 0 || got >= most {
			t.Fatalf("%v of %v points for %+v", got, most, m)
		}
	})
}

// TestCreditGrows: more of the units is never worth less.
func TestCreditGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rubric.Points(rapid.Int64Range(1, 10000).Draw(t, "points"))
		want := rapid.IntRange(1, 1000).Draw(t, "want")
		got := rapid.IntRange(0, want-1).Draw(t, "got")
		chk := &rubric.Check{Points: most, Credit: rubric.Credit{PerUnit: true}}
		worth := func(n int) rubric.Points {
			return Credit(chk, check.Measure{Got: float64(n), Want: float64(want)})
		}
		if worth(got+1) < worth(got) {
			t.Fatalf("%d units: %v, one more: %v", got, worth(got), worth(got+1))
		}
	})
}
