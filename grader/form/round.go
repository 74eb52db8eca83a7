package form

import (
	"slices"

	"swarmgrade/grader/rubric"
)

// rounded gives scores to so many decimal places, halves up, and those that were others before. Rounding up is never beyond
// a maximum of as many places.
func rounded(scores []Score, places *int) (out []Score, exact map[string]rubric.Points) {
	if places == nil || *places < 0 || *places > 1 {
		return scores, nil
	}
	unit := rubric.Points(100)
	if *places == 1 {
		unit = 10
	}
	out, exact = slices.Clone(scores), map[string]rubric.Points{}
	for i, s := range out {
		if p := (s.Points + unit/2) / unit * unit; p != s.Points && !s.None {
			exact[s.ID], out[i].Points = s.Points, p
		}
	}
	return out, exact
}
