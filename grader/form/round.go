package form

import (
	"slices"

	"swarmgrade/grader/rubric"
)

// rounded gives scores to so many decimal places, halves up, and those that were others before. What would come to be beyond
// the maximum stays as it is: full marks of 37.5 are no 38.
func rounded(scores []Score, places *int, outOf rubric.Points) (out []Score, exact map[string]rubric.Points) {
	if places == nil || *places < 0 || *places > 1 {
		return scores, nil
	}
	unit := rubric.Points(100)
	if *places == 1 {
		unit = 10
	}
	out, exact = slices.Clone(scores), map[string]rubric.Points{}
	for i, s := range out {
		p := (s.Points + unit/2) / unit * unit
		if outOf > 0 && p > outOf {
			p = s.Points
		}
		if p != s.Points && !s.None {
			exact[s.ID], out[i].Points = s.Points, p
		}
	}
	return out, exact
}
