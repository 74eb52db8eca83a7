package check

import (
	"slices"
	"strings"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// restartConditions are the swarm's words for when a task that ended is replaced.
var restartConditions = []string{"any", "on-failure", "none"}

// restartParams say which restart policies are accepted.
type restartParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// Conditions are those accepted of the service's restart policy.
	Conditions []string `yaml:"conditions"`
}

func (p *restartParams) Validate(vars []string) []rubric.ParamError {
	errs := varsExist(vars, "service", p.Service)
	if len(p.Conditions) == 0 {
		errs = append(errs, paramError("conditions", i18n.M("check.param_empty", "param", "conditions")))
	}
	for _, c := range p.Conditions {
		if !slices.Contains(restartConditions, c) {
			errs = append(errs, paramError("conditions", i18n.M("check.param_condition", "condition", c)))
		}
	}
	return errs
}

// serviceRestart passes when the service asks for one of the accepted conditions under
// which the swarm replaces a task that has ended. One that asks for nothing has "any".
func serviceRestart() Kind {
	return define("service-restart", false, restartParams{Service: "service", Conditions: []string{"any", "on-failure"}},
		func(p *restartParams) []Need { return snapshotNeed(p.Service, "") },
		func(in *Input, p *restartParams) Result {
			svc := in.View.Service(p.Service)
			if svc == nil {
				return noService(in, p.Service)
			}
			got := svc.Restart.Condition
			if got == "" {
				got = "any"
			}
			r := Result{Outcome: Pass, Observed: Facts{"condition": got}, Expected: Facts{"conditions": p.Conditions}}
			r.Message = i18n.M("check.restart_ok", "service", svc.Name, "condition", got)
			if slices.Contains(p.Conditions, got) {
				return r
			}
			r.Outcome = Fail
			r.Message = i18n.M("check.restart_other", "service", svc.Name, "condition", got, "want", strings.Join(p.Conditions, ", "))
			r.Hint = do("docker service update --restart-condition", p.Conditions[0], svc.Name)
			return r
		})
}
