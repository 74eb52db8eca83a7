package stats

// Load is one load whose evenness is judged, with others or alone.
type Load struct {
	// Answers are who answered, in the order sent: containers from 0, numbered alike
	// in all loads that are judged together; -1 for failures and strangers.
	Answers []int
	// Most is the size that was planned. A load that has it is judged by its counts.
	Most int
}

// JudgeOrdered is [Judge] for loads that may have ended early, judged together, as
// those through the nodes of the mesh are.
func JudgeOrdered(loads []Load, k int) Evenness {
	return JudgeOrderedShares(loads, k, 0, 0)
}

// JudgeOrderedShares is [JudgeShares] for loads that may have ended early; low and high
// of 0 are equal shares.
func JudgeOrderedShares(loads []Load, k int, low, high float64) Evenness {
	counts := make([]int, max(k, 0))
	settled, by := 0, Open
	for _, l := range loads {
		s := NewSettling(Want{Containers: k, Spread: true, MaxErrors: 1, Most: l.Most})
		for _, c := range l.Answers {
			s.Next(c)
			if c >= 0 && c < len(counts) {
				counts[c]++
			}
		}
		if why := s.Because(); why == Turns || why == Counts || why == Seen {
			settled++
			if by != Counts {
				by = why
			}
		}
	}
	e := Judge(counts)
	if high > 0 {
		e = JudgeShares(counts, low, high)
	}
	if len(loads) > 0 && settled == len(loads) {
		e.Even, e.Enough = true, true
		e.Settled, e.By, e.After = true, by, e.Requests
	}
	return e
}
