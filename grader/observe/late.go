package observe

import (
	"slices"

	"swarmgrade/grader/evidence"
)

// maxStretches bounds how many are kept of one service; on a machine that was late
// more often the two that are nearest to each other become one.
const maxStretches = 256

// addStretch adds one to a list in order, and joins those that touch.
func addStretch(list []evidence.Stretch, s evidence.Stretch) []evidence.Stretch {
	s.To = max(s.From, s.To)
	i := len(list)
	for i > 0 && list[i-1].To >= s.From { // nearly always the last ones
		i--
	}
	k := i
	for k < len(list) && list[k].From <= s.To {
		s.From, s.To = min(s.From, list[k].From), max(s.To, list[k].To)
		k++
	}
	list = slices.Replace(list, i, k, s)
	if len(list) <= maxStretches {
		return list
	}
	near := 1
	for i := 2; i < len(list); i++ {
		if list[i].From-list[i-1].To < list[near].From-list[near-1].To {
			near = i
		}
	}
	list[near-1].To = list[near].To
	return slices.Delete(list, near, near+1)
}
