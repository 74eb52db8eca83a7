package check

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// countParams name a service and a least number.
type countParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// AtLeast is how many there must be.
	AtLeast int `yaml:"at_least"`
}

func (p *countParams) Validate(vars []string) []rubric.ParamError {
	errs := varsExist(vars, "service", p.Service)
	if p.AtLeast < 1 || p.AtLeast > 1000 {
		errs = append(errs, paramError("at_least", i18n.M("check.param_count", "param", "at_least")))
	}
	return errs
}

// serviceReplicas passes when the service asks for at least so many replicas.
// A global service asks for one on each node that may run it. Units are the
// replicas wanted.
func serviceReplicas() Kind {
	return define("service-replicas", true, countParams{Service: "service", AtLeast: 2},
		func(p *countParams) []Need { return snapshotNeed(p.Service, "") },
		func(in *Input, p *countParams) Result {
			svc := in.View.Service(p.Service)
			if svc == nil {
				return noService(in, p.Service)
			}
			asked := in.View.Asked(svc)
			r := Result{
				Outcome:  Fail,
				Measure:  &Measure{Got: float64(min(asked, p.AtLeast)), Want: float64(p.AtLeast)},
				Observed: Facts{"mode": svc.Mode, "replicas": asked},
				Expected: Facts{"replicas_at_least": p.AtLeast},
			}
			if asked >= p.AtLeast {
				r.Outcome = Pass
				r.Message = i18n.M("check.replicas_ok", "n", asked)
				return r
			}
			r.Message = i18n.M("check.replicas_few", "n", asked, "want", p.AtLeast)
			r.Hint = i18n.M("check.replicas_hint", "service", svc.Name, "want", p.AtLeast)
			if svc.Mode == "global" {
				again := in.serviceAgain(svc, func(s *evidence.Service, _ *[]string) { s.Mode, s.Replicas = "replicated", p.AtLeast })
				r.Hint = steps(i18n.M("check.replicas_global_hint", "service", svc.Name, "want", p.AtLeast), do("docker service rm", svc.Name), do(again))
			}
			return r
		})
}

// tasksRunning passes when every task that the service asks for runs, and at
// least so many. Units are the tasks wanted.
func tasksRunning() Kind {
	return define("tasks-running", true, countParams{Service: "service", AtLeast: 1},
		func(p *countParams) []Need { return snapshotNeed(p.Service, "") }, sparing(func(p *countParams) string { return p.Service }, judgeRunning))
}

func judgeRunning(in *Input, p *countParams) Result {
	svc := in.View.Service(p.Service)
	if svc == nil {
		return noService(in, p.Service)
	}
	running := in.View.Running(svc)
	want := max(in.View.Asked(svc), p.AtLeast)
	troubles := in.View.Troubles(svc)
	states := map[string]int{}
	for _, t := range in.View.Wanted(svc) {
		states[t.State]++
	}
	r := Result{
		Outcome:  Fail,
		Measure:  &Measure{Got: float64(min(len(running), want)), Want: float64(want)},
		Observed: Facts{"running": len(running), "states": states, "errors": nonNil(troubles)},
		Expected: Facts{"running": want},
	}
	if len(running) >= want {
		r.Outcome = Pass
		r.Message = i18n.M("check.running_ok", "n", len(running), "want", want)
		return r
	}
	if stuck := in.View.Unplaced(svc); stuck > 0 && len(running)+stuck >= want {
		r = ungraded("tasks", i18n.M("check.running_stuck", "n", stuck, "service", svc.Name))
		r.Observed["states"] = states
		return r
	}
	r.Message = i18n.M("check.running_few", "n", len(running), "want", want)
	if len(troubles) > 0 {
		r.Message = i18n.M("check.running_trouble", "n", len(running), "want", want, "error", troubles[0])
	}
	r.Hint = in.runningHint(svc, troubles)
	return r
}

// runningHint knows what the engine's words mean.
func (in *Input) runningHint(svc *evidence.Service, troubles []string) i18n.Msg {
	all := strings.ToLower(strings.Join(troubles, "\n"))
	switch {
	case strings.Contains(all, "max replicas per node"):
		return i18n.M("check.running_max_hint", "service", svc.Name)
	case strings.Contains(all, "insufficient resources"):
		return i18n.M("check.running_resources_hint", "service", svc.Name)
	case strings.Contains(all, "no suitable node") && len(svc.Constraints) > 0:
		return i18n.M("check.running_constraint_hint", "service", svc.Name, "constraints", svc.Constraints, "unconstrain", unconstrain(svc.Constraints))
	case strings.Contains(all, "no such image"):
		return in.imageHint(svc)
	case strings.Contains(all, "unhealthy"), svc.Health != nil && len(svc.Health.Test) > 0 && svc.Health.Test[0] != "NONE":
		return i18n.M("check.running_health_hint", "service", svc.Name)
	case svc.Restart.Condition == "none":
		return i18n.M("check.running_restart_hint", "service", svc.Name)
	case svc.Mode == "replicated" && svc.Replicas == 0:
		return i18n.M("check.replicas_hint", "service", svc.Name, "want", in.wants().replicas)
	case len(svc.Command)+len(svc.Args) > 0:
		return i18n.M("check.running_command_hint", "service", svc.Name)
	}
	return i18n.M("check.running_hint", "service", svc.Name)
}

// imageHint is what to do about an image that nodes do not have: to use the
// class's, or to get it there.
func (in *Input) imageHint(svc *evidence.Service) i18n.Msg {
	w := in.wants()
	if w.image != "" && w.image != svc.Image {
		return steps(i18n.M("check.running_other_image_hint", "image", svc.Image), i18n.M("check.image_hint", "service", svc.Name, "want", w.image))
	}
	lines := []i18n.Msg{i18n.M("check.running_image_hint", "image", svc.Image, "service", svc.Name)}
	for _, n := range in.View.ReadyNodes() {
		lines = append(lines, doAt(n.Hostname, "docker", "pull", quote(svc.Image)))
	}
	return steps(append(lines, do("docker service update --force", svc.Name))...)
}

// tasksNodes passes when the running tasks are on so many different nodes, or
// on fewer through no doing of the student's: swarm does not move tasks back
// after an outage. Units are the nodes wanted.
func tasksNodes() Kind {
	return define("tasks-nodes", true, countParams{Service: "service", AtLeast: 2},
		func(p *countParams) []Need { return snapshotNeed(p.Service, "") }, sparing(func(p *countParams) string { return p.Service }, judgeNodes))
}

func judgeNodes(in *Input, p *countParams) Result {
	svc := in.View.Service(p.Service)
	if svc == nil {
		return noService(in, p.Service)
	}
	var on []string
	for _, t := range in.View.Running(svc) {
		if name := in.View.NodeName(t.NodeID); !slices.Contains(on, name) {
			on = append(on, name)
		}
	}
	slices.Sort(on)
	// As many as there are tasks and nodes to take them, but never only one.
	want := max(2, min(p.AtLeast, in.View.Asked(svc), in.View.Schedulable()))
	r := Result{
		Outcome:  Fail,
		Measure:  &Measure{Got: float64(min(len(on), want)), Want: float64(want)},
		Observed: Facts{"nodes": nonNil(on), "constraints": nonNil(svc.Constraints)},
		Expected: Facts{"nodes_at_least": want},
	}
	switch {
	case len(on) >= want:
		r.Outcome = Pass
		r.Message = i18n.M("check.nodes_ok", "nodes", on)
	case len(on) == 0:
		r.Message = i18n.M("check.nodes_none")
		r.Hint = in.runningHint(svc, in.View.Troubles(svc))
	case in.View.Asked(svc) < 2:
		r.Message = i18n.M("check.nodes_single", "node", on[0])
		r.Hint = i18n.M("check.replicas_hint", "service", svc.Name, "want", p.AtLeast)
	case in.View.Pinned(svc, want):
		r.Message = i18n.M("check.nodes_pinned", "nodes", on, "want", want, "constraints", svc.Constraints)
		r.Hint = i18n.M("check.nodes_pinned_hint", "service", svc.Name, "unconstrain", unconstrain(svc.Constraints))
	case in.View.Refused(svc):
		r.Message = i18n.M("check.nodes_refused", "nodes", on, "want", want, "error", in.View.Troubles(svc)[0])
		r.Hint = in.runningHint(svc, in.View.Troubles(svc))
	default:
		// Nothing that the student set keeps the tasks together.
		r.Outcome = Pass
		r.Observed["placed_by_swarm"] = true
		r.Message = i18n.M("check.nodes_swarm", "nodes", on, "service", svc.Name)
	}
	return r
}
