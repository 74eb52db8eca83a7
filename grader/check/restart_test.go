package check_test

import (
	"testing"

	"swarmgrade/grader/rubric"
)

func TestServiceRestart(t *testing.T) {
	restart := func(condition string) func(d *deployment) {
		return func(d *deployment) { d.svc().Restart.Condition = condition }
	}
	requireKind(t, "service-restart", viaNodes, rubric.Credit{}, []kase{
		{"said nothing", "", restart(""), pass("check.restart_ok").saw("condition", "any")},
		{"on failure", "", restart("on-failure"), pass("check.restart_ok")},
		{"none, where that is asked for", "conditions: [none]", restart("none"), pass("check.restart_ok")},
		{"under other variables", "service: web", (*deployment).otherVars, pass("check.restart_ok")},

		{"none", "", restart("none"), fail("check.restart_other").saw("condition", "none").asked("conditions", []string{"any", "on-failure"})},
		{"any, where on-failure is asked for", "conditions: [on-failure]", restart("any"), fail("check.restart_other").says("want", "on-failure")},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},
	})
	requireRefused(t, "service-restart", map[string][]string{
		"conditions: []":                {"conditions check.param_empty"},
		"conditions: [always]":          {"conditions check.param_condition"},
		"service: s, conditions: [any]": {"service check.param_no_var"},
	})
}
