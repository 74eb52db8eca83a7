package check

import (
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/recovery"
)

// cause is why a service did not come back: what the engine says of the new
// tasks goes before what the service's settings suggest, and both only where
// a task is indeed missing.
func cause(svc *evidence.Service, s *recovery.Story) string {
	all := strings.ToLower(strings.Join(s.Troubles, "\n"))
	fresh := false
	for _, h := range s.Hit {
		fresh = fresh || h.New != ""
	}
	switch {
	case strings.Contains(all, "no such image"):
		return "image"
	case strings.Contains(all, "insufficient resources") && !strings.Contains(all, "scheduling constraints"):
		return "resources"
	case strings.Contains(all, "no suitable node"):
		return "placement"
	case strings.Contains(all, "unhealthy") || starting(s):
		return "health"
	case global(svc):
		return "global"
	case fresh:
		return "other"
	case svc.Restart.Condition == "none":
		return "none"
	case svc.Restart.MaxAttempts > 0:
		return "attempts"
	case svc.Restart.Condition == "on-failure":
		return "condition"
	}
	return "other"
}

// starting reports whether a new task has begun and does not get on, as one
// does whose health check does not pass.
func starting(s *recovery.Story) bool {
	for _, t := range s.Tasks {
		if t.State == "starting" && t.Desired == "running" {
			return true
		}
	}
	return false
}

// whyNot is the cause in words.
func whyNot(svc *evidence.Service, s *recovery.Story) i18n.Msg {
	switch cause(svc, s) {
	case "image":
		return i18n.M("check.why_image", "image", svc.Image)
	case "placement":
		if len(svc.Constraints) > 0 {
			return i18n.M("check.why_constraint", "constraints", svc.Constraints)
		}
		return i18n.M("check.why_error", "error", clip(s.Troubles[0], 160))
	case "health":
		return i18n.M("check.why_health")
	case "global":
		return i18n.M("check.why_global")
	case "none":
		return i18n.M("check.why_none")
	case "attempts":
		return i18n.M("check.why_attempts", "n", svc.Restart.MaxAttempts)
	case "condition":
		return i18n.M("check.why_condition")
	}
	if len(s.Troubles) > 0 {
		return i18n.M("check.why_error", "error", clip(s.Troubles[0], 160))
	}
	return i18n.M("check.why_unknown")
}

// notHint is what to do about the cause.
func (in *Input) notHint(svc *evidence.Service, s *recovery.Story) i18n.Msg {
	switch cause(svc, s) {
	case "image":
		return in.imageHint(svc)
	case "placement":
		if len(svc.Constraints) > 0 {
			return i18n.M("check.nodes_pinned_hint", "unconstrain", unconstrain(svc.Constraints), "service", svc.Name)
		}
	case "resources":
		return i18n.M("check.running_resources_hint", "service", svc.Name)
	case "health":
		return i18n.M("check.running_health_hint", "service", svc.Name)
	case "global":
		return i18n.M("check.why_global_hint", "service", svc.Name)
	case "none", "condition":
		return i18n.M("check.why_none_hint", "service", svc.Name)
	case "attempts":
		return i18n.M("check.why_attempts_hint", "service", svc.Name)
	}
	return i18n.M("check.running_hint", "service", svc.Name)
}
