// Package judge turns a rubric and evidence into verdicts, with no network, no
// clock and no chance: the same input gives the same bytes.
package judge

import (
	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// Verdict is one check's judgement of one student.
type Verdict struct {
	Check   string        `json:"check"`
	Task    string        `json:"task"`
	Outcome check.Outcome `json:"outcome"`
	Points  rubric.Points `json:"points"`
	Max     rubric.Points `json:"max"`
	// Observed and Expected have stable keys.
	Observed check.Facts `json:"observed,omitempty"`
	Expected check.Facts `json:"expected,omitempty"`
	Message  i18n.Msg    `json:"message"`
	Hint     i18n.Msg    `json:"hint"`
	// NotUp says that the student was not at this task when it was looked for
	// what they have up.
	NotUp bool `json:"not_up,omitempty"`
	// Evidence is the hash of the student's bundle.
	Evidence string `json:"evidence"`
}

// Total adds up verdicts. Ungraded points are neither in points nor lost: max
// counts every check, ungraded says how much of it is open.
func Total(vs []Verdict) (points, max, ungraded rubric.Points) {
	for _, v := range vs {
		points += v.Points
		max += v.Max
		if v.Outcome == check.Ungraded {
			ungraded += v.Max
		}
	}
	return points, max, ungraded
}
