package check

import (
	"cmp"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// globalParams name a service.
type globalParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
}

func (p *globalParams) Validate(vars []string) []rubric.ParamError {
	return varsExist(vars, "service", p.Service)
}

// serviceGlobal passes when the service is in global mode and has a running task on
// every node that takes tasks: ready, and neither drained nor paused. Units are those
// nodes.
func serviceGlobal() Kind {
	return define("service-global", true, globalParams{Service: "service"},
		func(p *globalParams) []Need { return snapshotNeed(p.Service, "") },
		sparing(func(p *globalParams) string { return p.Service }, judgeGlobal))
}

func judgeGlobal(in *Input, p *globalParams) Result {
	svc := in.View.Service(p.Service)
	if svc == nil {
		return noService(in, p.Service)
	}
	on := map[string]bool{}
	for _, t := range in.View.Running(svc) {
		on[t.NodeID] = true
	}
	all, missing := 0, []string{}
	for _, n := range in.View.Snap().Nodes {
		if n.State != "ready" || n.Availability != "active" {
			continue
		}
		all++
		if !on[n.ID] {
			missing = append(missing, clip(cmp.Or(n.Hostname, n.ID), 60))
		}
	}
	slices.Sort(missing)
	r := Result{
		Outcome:  Fail,
		Measure:  &Measure{Got: float64(all - len(missing)), Want: float64(max(all, 1))},
		Observed: Facts{"mode": svc.Mode, "nodes": all - len(missing), "missing": missing},
		Expected: Facts{"mode": "global", "nodes": all},
	}
	args := []any{"service", svc.Name, "n", all - len(missing), "of", all, "missing", missing, "mode", svc.Mode}
	switch {
	case !global(svc):
		// Replicas that happen to be everywhere are no global service: a node that
		// joins gets none.
		r.Measure.Got = 0
		r.Message = i18n.M("check.global_mode", args...)
		again := in.serviceAgain(svc, func(s *evidence.Service, _ *[]string) { s.Mode, s.Replicas = "global", 0 })
		r.Hint = steps(i18n.M("check.global_mode_hint"), do("docker service rm", svc.Name), do(again))
	case all > 0 && len(missing) == 0:
		r.Outcome = Pass
		r.Message = i18n.M("check.global_ok", args...)
	case len(svc.Constraints) > 0:
		r.Message = i18n.M("check.global_constrained", append(args, "constraints", svc.Constraints)...)
		r.Hint = do("docker service update", unconstrain(svc.Constraints), svc.Name)
	default:
		r.Message = i18n.M("check.global_missing", args...)
		r.Hint = in.runningHint(svc, in.View.Troubles(svc))
	}
	return r
}

// nodeRoles are the swarm's words for what a node is.
var nodeRoles = []string{"manager", "worker"}

// drainedParams say which nodes are to be drained.
type drainedParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// Role is that of the nodes.
	Role string `yaml:"role"`
	// AtLeast is how many of them are to be drained.
	AtLeast int `yaml:"at_least"`
}

func (p *drainedParams) Validate(vars []string) []rubric.ParamError {
	errs := (&countParams{Service: p.Service, AtLeast: p.AtLeast}).Validate(vars)
	if !slices.Contains(nodeRoles, p.Role) {
		errs = append(errs, paramError("role", i18n.M("check.param_role", "role", p.Role)))
	}
	return errs
}

// nodesDrained passes when so many nodes of a role are drained, none of the service's
// tasks is on any of them, and some run elsewhere. Where tasks came to be since, or
// that none moves back to a node that is active again, is the swarm's doing and counts
// for nothing.
func nodesDrained() Kind {
	return define("nodes-drained", false, drainedParams{Service: "service", Role: "manager", AtLeast: 1},
		func(p *drainedParams) []Need { return snapshotNeed(p.Service, "") }, judgeDrained)
}

func judgeDrained(in *Input, p *drainedParams) Result {
	svc := in.View.Service(p.Service)
	if svc == nil {
		return noService(in, p.Service)
	}
	drained, left, other := []string{}, []string{}, ""
	for _, n := range in.View.Snap().Nodes {
		name := clip(cmp.Or(n.Hostname, n.ID), 60)
		switch {
		case n.Role != p.Role:
		case n.Availability == "drain":
			drained = append(drained, name)
			if slices.ContainsFunc(in.View.Running(svc), func(t *evidence.Task) bool { return t.NodeID == n.ID }) {
				left = append(left, name)
			}
		case n.State == "ready" && (other == "" || !n.Leader):
			other = cmp.Or(n.Hostname, n.ID)
		}
	}
	r := Result{
		Outcome:  Fail,
		Observed: Facts{"drained": drained, "still_there": left, "running": len(in.View.Running(svc))},
		Expected: Facts{"role": p.Role, "drained_at_least": p.AtLeast},
	}
	args := []any{"service", svc.Name, "n", len(drained), "want", p.AtLeast, "nodes", drained, "left", left, "role", i18n.M("check.role_" + p.Role)}
	switch {
	case len(drained) < p.AtLeast:
		r.Message = i18n.M("check.drained_few", args...)
		if other != "" {
			r.Hint = do("docker node update --availability drain", quote(other))
		}
	case len(left) > 0:
		r.Message = i18n.M("check.drained_left", args...)
		r.Hint = i18n.M("check.drained_left_hint", "service", svc.Name)
	case len(in.View.Running(svc)) == 0:
		r.Message = i18n.M("check.drained_nothing", args...)
		r.Hint = in.runningHint(svc, in.View.Troubles(svc))
	default:
		r.Outcome = Pass
		r.Message = i18n.M("check.drained_ok", args...)
	}
	return r
}
