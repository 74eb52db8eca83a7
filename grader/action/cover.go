package action

import (
	"math/bits"
	"slices"
)

// exactNodes is up to how many candidates every set of nodes is tried.
const exactNodes = 12

// candidate is a node that may fail.
type candidate struct {
	node   int   // index in the snapshot
	covers []int // indices of the students that it hits, ascending
	// soft is what is better left alone, most important first: updates at risk, the
	// leader, the node that serves, the stand-alone containers that would stop.
	soft [4]int
}

// cover picks the fewest candidates that hit every student that any candidate
// hits. Among sets of that size it takes the one with the least soft cost, and
// then the one whose candidates come first in the list. It gives indices into
// list, ascending.
func cover(list []candidate, students int) []int {
	if len(list) <= exactNodes {
		return coverExact(list, students)
	}
	return coverGreedy(list, students)
}

func coverExact(list []candidate, students int) []int {
	all := make([]uint16, students) // the candidates that hit each student
	for i, c := range list {
		for _, s := range c.covers {
			all[s] |= 1 << i
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	best, bestCost := uint16(0), [5]int{len(list) + 1}
	for set := range 1 << len(list) {
		set := uint16(set)
		if slices.ContainsFunc(all, func(hit uint16) bool { return hit != 0 && hit&set == 0 }) {
			continue
		}
		cost := [5]int{bits.OnesCount16(set)}
		for i, c := range list {
			if set>>i&1 == 0 {
				continue
			}
			for k, n := range c.soft {
				cost[k+1] += n
			}
		}
		// Of equal sets the one that holds the earlier candidates.
		if less := slices.Compare(cost[:], bestCost[:]); less < 0 || less == 0 && bits.Reverse16(set) > bits.Reverse16(best) {
			best, bestCost = set, cost
		}
	}
	var out []int
	for i := range list {
		if best>>i&1 == 1 {
			out = append(out, i)
		}
	}
	return out
}

// coverGreedy takes the candidate that hits most of those left, again and
// again.
func coverGreedy(list []candidate, students int) []int {
	hit := make([]bool, students)
	var out []int
	for {
		best, gain := -1, 0
		for i, c := range list {
			n := 0
			for _, s := range c.covers {
				if !hit[s] {
					n++
				}
			}
			if n > gain || n == gain && n > 0 && slices.Compare(c.soft[:], list[best].soft[:]) < 0 {
				best, gain = i, n
			}
		}
		if best < 0 {
			return needed(list, out)
		}
		out = append(out, best)
		for _, s := range list[best].covers {
			hit[s] = true
		}
	}
}

// needed leaves those out of a cover whom the others make needless, and sorts
// it.
func needed(list []candidate, chosen []int) []int {
	hits := map[int]int{}
	for _, i := range chosen {
		for _, s := range list[i].covers {
			hits[s]++
		}
	}
	out := slices.DeleteFunc(chosen, func(i int) bool {
		if slices.ContainsFunc(list[i].covers, func(s int) bool { return hits[s] == 1 }) {
			return false
		}
		for _, s := range list[i].covers {
			hits[s]--
		}
		return true
	})
	slices.Sort(out)
	return out
}
