package check

import (
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// Did says what an action did, for the middle of a sentence.
func Did(a *evidence.Action) i18n.Msg {
	return i18n.M("action.did_"+strings.ReplaceAll(a.Kind, "-", "_"), "service", a.Name, "was", a.Was, "to", a.To, "node", clip(a.Hostname, 60))
}

// NoService is what a check comes to after an action on a service that is not there.
func NoService(in *Input, c *rubric.Check) Result {
	for _, n := range NeedsOf(c) {
		if n.Service != "" {
			return noService(in, n.Service)
		}
	}
	return Lacking(&sight.Missing{What: "action", Msg: i18n.M("judge.action_no_service")})
}

// ActionReason says why an action was not done to a student's service.
func ActionReason(g evidence.Gap) i18n.Msg {
	switch g.Code {
	case "left-out", "no-service", selfCheck, "global", "changed", "taken", "pinned", "not-running", "endpoint",
		"not-allowed", "updating", "others", "no-node", "node-changed", "aborted":
		return i18n.M("judge.action_" + strings.ReplaceAll(g.Code, "-", "_"))
	case "node-down", "node-sick", "node-updating":
		return GapReason(g)
	}
	return i18n.M("judge.action_failed", "code", g.Code, "detail", clip(g.Detail, 120))
}
