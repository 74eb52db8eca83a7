package gradebook

import (
	"encoding/json"
	"fmt"
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
)

// maxVerdict bounds a stored verdict: what was observed is a summary, the
// evidence itself is elsewhere.
const maxVerdict = 1 << 20

// DecodeVerdict reads a stored verdict. One that no judge gives (an unknown
// outcome, points beyond its own most, a check without a name) is an error,
// never a score.
func DecodeVerdict(raw []byte) (judge.Verdict, error) {
	var v judge.Verdict
	if len(raw) > maxVerdict {
		return v, fmt.Errorf("a verdict of %d bytes is more than the %d that one may take", len(raw), maxVerdict)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return judge.Verdict{}, fmt.Errorf("read verdict: %w", err)
	}
	switch {
	case v.Check == "" || v.Task == "":
		return judge.Verdict{}, fmt.Errorf("a verdict names no check or no task")
	case !slices.Contains(check.Outcomes, v.Outcome):
		return judge.Verdict{}, fmt.Errorf("verdict of %s: there is no outcome %q", v.Check, v.Outcome)
	case v.Max < 0 || v.Points < 0 || v.Points > v.Max:
		return judge.Verdict{}, fmt.Errorf("verdict of %s: %v of %v points", v.Check, v.Points, v.Max)
	case v.Outcome == check.Ungraded && v.Points != 0:
		return judge.Verdict{}, fmt.Errorf("verdict of %s: points for what was not graded", v.Check)
	}
	return v, nil
}
