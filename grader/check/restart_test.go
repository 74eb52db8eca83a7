package check_test

import (
	"testing"

	"swarmgrade/grader/evidence"
)

func TestServiceRestart(t *testing.T) {
	restart := func(condition string) func(d *deployment) {
		return func(d *deployment) { d.svc().Restart.Condition = condition }
	}
	policy := func(delay int64, attempts int, window int64) func(d *deployment) {
		return func(d *deployment) {
			d.svc().Restart = evidence.RestartPolicy{Condition: "on-failure", DelayMS: delay, MaxAttempts: attempts, WindowMS: &window}
		}
	}
	const all = "conditions: [on-failure], delay: 1s..30s, max_attempts: 3..10, window: 30s..5m"
	requireKind(t, "service-restart", viaNodes, perUnit, []kase{
		{"said nothing", "", restart(""), pass("check.restart_ok").saw("condition", "any")},
		{"on failure", "", restart("on-failure"), pass("check.restart_ok")},
		{"none, where that is asked for", "conditions: [none]", restart("none"), pass("check.restart_ok")},
		{"under other variables", "service: web", (*deployment).otherVars, pass("check.restart_ok")},

		{"none", "", restart("none"), fail("check.restart_other").saw("condition", "none").asked("conditions", []string{"any", "on-failure"})},
		{"any, where on-failure is asked for", "conditions: [on-failure]", restart("any"), fail("check.restart_other").says("want", "on-failure")},
		{"all within their ranges", all, policy(5000, 3, 120000), pass("check.restart_ok").
			saw("delay", "5s").saw("max_attempts", 3).saw("window", "2m").asked("delay", "1s..30s")},
		{"at the ends of their ranges", all, policy(30000, 10, 30000), pass("check.restart_ok")},
		{"nothing said of the delay, which is 5 s", "delay: ..10s", nil, pass("check.restart_ok")},
		{"no limit, where at least three are asked for", "max_attempts: 3..", policy(0, 0, 0), pass("check.restart_ok")},
		{"counted for ever, where at least a minute is asked for", "window: 1m..", policy(0, 3, 0), pass("check.restart_ok")},

		{"any condition, where that is not asked for", "conditions: [any, on-failure, none], delay: ..5s", nil, pass("check.restart_within")},

		{"hours of delay", all, policy(7200000, 3, 120000), partial("check.restart_differs", "7.5").saw("delay", "2h")},
		{"no limit, where ten is the most", all, policy(5000, 0, 120000), partial("check.restart_differs", "7.5").saw("max_attempts", 0)},
		{"counted for ever, where 5 min is the most", all, policy(5000, 3, 0), partial("check.restart_differs", "7.5").saw("window", "0s")},
		{"all of it otherwise", all, func(d *deployment) { policy(0, 1, 1000)(d); restart("any")(d) }, fail("check.restart_differs")},
		{"a window in old evidence", all, func(d *deployment) { policy(5000, 3, 0)(d); d.svc().Restart.WindowMS = nil }, open("check.policy_unread")},

		{"made no service", "", (*deployment).noService, fail("check.service_none")},
	})
	requireRefused(t, "service-restart", map[string][]string{
		"conditions: []":                {"conditions check.param_empty"},
		"conditions: [always]":          {"conditions check.param_condition"},
		"delay: 30s..1s":                {"delay check.param_time_range"},
		"delay: 5":                      {"delay check.param_time_range"},
		"delay: .., window: -1s..2s":    {"delay check.param_time_range", "window check.param_time_range"},
		"max_attempts: 3s":              {"max_attempts check.param_count_range"},
		"max_attempts: 03..4":           {"max_attempts check.param_count_range"},
		"max_attempts: 0..99999999999":  {"max_attempts check.param_count_range"},
		"delay: 9999999h..":             {"delay check.param_time_range"},
		"delay: 5s, max_attempts: 3":    nil,
		"service: s, conditions: [any]": {"service check.param_no_var"},
	})
}
