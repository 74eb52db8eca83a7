package grader

import (
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// Newer is the cause of a refusal: what was asked for by hand goes by a form, and others were recorded since it was made.
type Newer struct {
	Changes []result.Change // those that bear on what was asked for, the oldest first
	Seen    int             // what [ByHand.Seen] is of who has seen them
}

func (*Newer) Error() string { return "changes were recorded since" }

// newer refuses what was asked for without having seen what was recorded since. A score is changed by what was set at any
// target, and a remark by none but a remark.
func (h *ByHand) newer(s *result.Student) error {
	if h.Seen == nil || *h.Seen >= len(s.History) {
		return nil
	}
	n := &Newer{Seen: len(s.History)}
	for _, c := range s.History[max(*h.Seen, 0):] {
		if c.Kind == result.Remark && h.Remark != nil || c.Kind != result.Remark && h.Kind != "" {
			n.Changes = append(n.Changes, c)
		}
	}
	if len(n.Changes) == 0 {
		return nil
	}
	return &diag.Failure{Code: "changed", Msg: i18n.M("hand.newer", "student", s.ID, "n", len(n.Changes)), Hint: i18n.M("hand.newer_hint"), Cause: n}
}
