package check

import (
	"cmp"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// What a service has that says nothing of its restarts and updates: defaults.Service
// of swarmkit (api/defaults/service.go), which Docker's client sets as well for all
// that is left out beside a flag that is given.
const (
	usualDelayMS     = 5000 // of restarts
	usualOrder       = "stop-first"
	usualFailure     = "pause"
	usualParallelism = 1
	usualMonitorMS   = 5000
)

var (
	updateOrders  = []string{"start-first", "stop-first"}
	updateActions = []string{"pause", "continue", "rollback"}
)

// updateParams say which update policies are accepted; what is left out may be
// anything.
type updateParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// Orders are those accepted; it is stop-first if nothing is set.
	Orders []string `yaml:"orders"`
	// FailureActions are those accepted when an update fails; it is pause if nothing
	// is set.
	FailureActions []string `yaml:"failure_actions"`
	// Parallelism is how many tasks may be updated at once, such as 1..2; it is 1 if
	// nothing is set, and 0 is all of them, which is more than any number.
	Parallelism string `yaml:"parallelism"`
	// Delay is how long the swarm waits between one batch and the next, such as
	// 5s..1m; it is 0s if nothing is set.
	Delay string `yaml:"delay"`
	// Monitor is how long a new task is watched for failing, such as 5s..1m; it is
	// 5s if nothing is set.
	Monitor string `yaml:"monitor"`
}

func (p *updateParams) Validate(vars []string) []rubric.ParamError {
	errs := varsExist(vars, "service", p.Service)
	known := func(param string, got, words []string) {
		for _, w := range got {
			if !slices.Contains(words, w) {
				errs = append(errs, paramError(param, i18n.M("check.param_update_word", "param", param, "word", clip(w, 40), "words", words)))
			}
		}
	}
	known("orders", p.Orders, updateOrders)
	known("failure_actions", p.FailureActions, updateActions)
	errs = append(errs, limitsValid(false, "parallelism", p.Parallelism)...)
	return append(errs, limitsValid(true, "delay", p.Delay, "monitor", p.Monitor)...)
}

// serviceUpdate passes when the service's update policy is as the rubric asks for. A
// service on which nothing was set has Docker's own: one task after the other without
// a delay, the old one stopped before the new one starts, a new one watched for 5s,
// and a pause when that fails. What is in force counts, not whether it was typed.
// Units are the settings that the rubric asks for.
func serviceUpdate() Kind {
	return define("service-update", true, updateParams{Service: "service"},
		func(p *updateParams) []Need { return snapshotNeed(p.Service, "") }, judgeUpdate)
}

func judgeUpdate(in *Input, p *updateParams) Result {
	svc := in.View.Service(p.Service)
	if svc == nil {
		return noService(in, p.Service)
	}
	usual := int64(usualMonitorMS)
	u := evidence.UpdatePolicy{Parallelism: usualParallelism, MonitorMS: &usual}
	if svc.Update != nil {
		u = *svc.Update
	}
	order, action := cmp.Or(u.Order, usualOrder), cmp.Or(u.OnFailure, usualFailure)
	var all policy
	all.word("update_order", "--update-order", order, p.Orders)
	all.word("failure_action", "--update-failure-action", action, p.FailureActions)
	all.number("parallelism", "--update-parallelism", unlimited(int64(u.Parallelism)), p.Parallelism, false)
	all.number("update_delay", "--update-delay", u.DelayMS, p.Delay, true)
	all.kept("monitor", "--update-monitor", u.MonitorMS, p.Monitor)
	r := all.judged(Result{
		Observed: Facts{
			"order": order, "failure_action": action, "parallelism": u.Parallelism,
			"delay": span(u.DelayMS), "monitor": spanOf(u.MonitorMS), "set": svc.Update != nil,
		},
		Expected: Facts{
			"orders": p.Orders, "failure_actions": p.FailureActions, "parallelism": p.Parallelism,
			"delay": p.Delay, "monitor": p.Monitor,
		},
	}, "update", svc)
	if r.Outcome == Pass && svc.Update == nil {
		r.Message = i18n.M("check.update_usual", "service", svc.Name)
	}
	return r
}
