package check

import (
	"cmp"
	"slices"
	"sort"
)

// row are the numbers of one trace in one place of the page.
type row struct {
	overlap int
	marks   []mark
}

// rises reports whether numbers are those of one count: in every trace each is above
// those before it, and no two traces share a stretch. In which order the traces were
// taken is not asked: a run that was resumed may not know.
func rises(rows []row) bool {
	type stretch struct{ from, to int64 }
	var all []stretch
	for _, r := range rows {
		if len(r.marks) == 0 {
			continue
		}
		s := stretch{r.marks[0].number, r.marks[0].number}
		for _, m := range r.marks {
			s.from, s.to = min(s.from, m.number), max(s.to, m.number)
		}
		if !rising(r.marks, r.overlap) {
			return false
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b stretch) int { return cmp.Compare(a.from, b.from) })
	for i := 1; i < len(all); i++ {
		if all[i].from <= all[i-1].to {
			return false
		}
	}
	return true
}

// rising reports whether numbers rise strictly, in the order in which requests were
// sent. Where several were under way at once, those may have been counted in another
// order; none is counted twice.
func rising(marks []mark, overlap int) bool {
	var before int64 = -1 // the highest of those that had been answered
	for i, m := range marks {
		if i >= overlap {
			before = max(before, marks[i-overlap].number)
		}
		if m.number <= before || slices.ContainsFunc(marks[max(0, i-overlap+1):i], func(o mark) bool { return o.number == m.number }) {
			return false
		}
	}
	return true
}

// groupsOf is how many counts there are if each task adds to one of them only: those
// whose numbers rise together are taken for one. It is 0 where one task's own numbers
// do not rise.
func groupsOf(rows []row, tasks []string) int {
	if rises(rows) {
		return 1
	}
	of := map[string][]row{}
	for _, t := range tasks {
		of[t] = make([]row, len(rows))
	}
	for i, r := range rows {
		for _, m := range r.marks {
			own := &of[m.task][i]
			own.overlap, own.marks = r.overlap, append(own.marks, m)
		}
	}
	var groups [][]row
	for _, t := range tasks {
		if !rises(of[t]) {
			return 0
		}
		joined := false
		for i, g := range groups {
			if with := together(g, of[t]); rises(with) {
				groups[i], joined = with, true
				break
			}
		}
		if !joined {
			groups = append(groups, of[t])
		}
	}
	return len(groups)
}

// together are the marks of both, in the order sent.
func together(a, b []row) []row {
	out := make([]row, len(a))
	for i := range a {
		out[i] = row{overlap: max(a[i].overlap, b[i].overlap), marks: slices.Concat(a[i].marks, b[i].marks)}
		slices.SortFunc(out[i].marks, func(x, y mark) int { return cmp.Compare(x.at, y.at) })
	}
	return out
}

// pace is by how much the numbers of a container rise from one of its answers to the
// next, on average over all.
func pace(rows []row) float64 {
	risen, steps := int64(0), int64(0)
	for _, r := range rows {
		last := map[string]int64{}
		for _, m := range r.marks {
			if n, ok := last[m.task]; ok {
				risen, steps = risen+m.number-n, steps+1
			}
			last[m.task] = m.number
		}
	}
	return float64(risen) / float64(max(steps, 1))
}

// chains is the least number of rising sequences that numbers can be dealt to: how
// many counts there are at least, whoever showed them.
func chains(marks []mark) int {
	var last []int64 // of each chain, falling
	for _, m := range marks {
		// The chain that ends highest below the number; a new one if none does.
		i := sort.Search(len(last), func(i int) bool { return last[i] < m.number })
		if i == len(last) {
			last = append(last, m.number)
		} else {
			last[i] = m.number
		}
	}
	return len(last)
}
