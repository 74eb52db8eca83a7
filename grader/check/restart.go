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
	// Conditions are those accepted of the service's restart policy; where all three
	// are, it isn't asked for.
	Conditions []string `yaml:"conditions"`
	// Delay is how long the swarm may wait before it starts a new task, such as
	// 1s..30s; it waits 5s if nothing is set.
	Delay string `yaml:"delay"`
	// MaxAttempts is how often it may try, such as 3..10; with nothing set, or 0,
	// there is no limit, which is more than any number.
	MaxAttempts string `yaml:"max_attempts"`
	// Window is the time over which attempts are counted, such as 30s..5m; with
	// nothing set, or 0, that is for ever, which is longer than any time.
	Window string `yaml:"window"`
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
	errs = append(errs, limitsValid(true, "delay", p.Delay, "window", p.Window)...)
	return append(errs, limitsValid(false, "max_attempts", p.MaxAttempts)...)
}

// serviceRestart passes when the service asks for one of the accepted conditions under
// which the swarm replaces a task that has ended, and when delay, attempts and window
// are within what the rubric asks for. One that asks for nothing has "any".
// Units are the settings that the rubric asks for.
func serviceRestart() Kind {
	return define("service-restart", true, restartParams{Service: "service", Conditions: []string{"any", "on-failure"}},
		func(p *restartParams) []Need { return snapshotNeed(p.Service, "") }, judgeRestart)
}

func judgeRestart(in *Input, p *restartParams) Result {
	svc := in.View.Service(p.Service)
	if svc == nil {
		return noService(in, p.Service)
	}
	got := svc.Restart.Condition
	if got == "" {
		got = "any"
	}
	window := svc.Restart.WindowMS
	var all policy
	asked := p.Conditions
	if !slices.ContainsFunc(restartConditions, func(c string) bool { return !slices.Contains(asked, c) }) {
		asked = nil // any will do
	}
	all.word("condition", "--restart-condition", got, asked)
	condition := len(all.differ)
	all.number("restart_delay", "--restart-delay", svc.Restart.DelayMS, p.Delay, true)
	all.number("max_attempts", "--restart-max-attempts", unlimited(int64(svc.Restart.MaxAttempts)), p.MaxAttempts, false)
	if window != nil {
		most := unlimited(*window)
		window = &most
	}
	all.kept("restart_window", "--restart-window", window, p.Window)
	r := all.judged(Result{
		Observed: Facts{"condition": got, "delay": span(svc.Restart.DelayMS), "max_attempts": svc.Restart.MaxAttempts, "window": spanOf(svc.Restart.WindowMS)},
		Expected: Facts{"conditions": asked, "delay": p.Delay, "max_attempts": p.MaxAttempts, "window": p.Window},
	}, "restart", svc)
	switch {
	case r.Outcome == Pass && len(asked) == 0:
		r.Message = i18n.M("check.restart_within", "service", svc.Name)
	case r.Outcome == Pass:
		r.Message = i18n.M("check.restart_ok", "service", svc.Name, "condition", got)
	case r.Outcome == Fail && condition == 1 && len(all.differ) == 1:
		r.Message = i18n.M("check.restart_other", "service", svc.Name, "condition", got, "want", strings.Join(p.Conditions, ", "))
	}
	return r
}
