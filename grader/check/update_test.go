package check_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

func TestServiceUpdate(t *testing.T) {
	policy := func(u evidence.UpdatePolicy, monitor int64) func(d *deployment) {
		return func(d *deployment) {
			u.MonitorMS = &monitor
			d.svc().Update = &u
		}
	}
	good := evidence.UpdatePolicy{Parallelism: 1, DelayMS: 10000, Order: "start-first", OnFailure: "rollback"}
	with := func(change func(u *evidence.UpdatePolicy)) func(d *deployment) {
		u := good
		change(&u)
		return policy(u, 10000)
	}
	const all = "orders: [start-first], failure_actions: [rollback, pause], parallelism: 1..2, delay: 5s..1m, monitor: 5s..1m"
	requireKind(t, "service-update", viaNodes, perUnit, []kase{
		{"as asked for", all, policy(good, 10000), pass("check.update_ok").saw("order", "start-first").saw("parallelism", 1).
			saw("delay", "10s").saw("monitor", "10s").saw("failure_action", "rollback").asked("parallelism", "1..2")},
		{"nothing set, where Docker's own will do", "orders: [stop-first], failure_actions: [pause], parallelism: 1, delay: 0s, monitor: 5s",
			nil, pass("check.update_usual").saw("set", false)},
		{"half of it set, the rest Docker's own", "orders: [start-first], failure_actions: [pause]",
			policy(evidence.UpdatePolicy{Parallelism: 1, Order: "start-first"}, 5000), pass("check.update_ok")},
		{"anything, where nothing is asked for", "", nil, pass("check.update_usual")},
		{"all at once, where at least two are asked for", "parallelism: 2..", with(func(u *evidence.UpdatePolicy) { u.Parallelism = 0 }), pass("check.update_ok")},
		{"under other variables", "service: web", (*deployment).otherVars, pass("check.update_usual")},

		{"nothing set", all, nil, partial("check.update_differs", "6").saw("order", "stop-first").saw("set", false)},
		{"order left as it is", all, with(func(u *evidence.UpdatePolicy) { u.Order = "" }), partial("check.update_differs", "8").saw("order", "stop-first")},
		{"goes on after a failure", all, with(func(u *evidence.UpdatePolicy) { u.OnFailure = "continue" }), partial("check.update_differs", "8")},
		{"all at once", all, with(func(u *evidence.UpdatePolicy) { u.Parallelism = 0 }), partial("check.update_differs", "8").saw("parallelism", 0)},
		{"an hour between batches", all, with(func(u *evidence.UpdatePolicy) { u.DelayMS = 3600000 }), partial("check.update_differs", "8").saw("delay", "1h")},
		{"watched for no time", all, policy(good, 0), partial("check.update_differs", "8").saw("monitor", "0s")},
		{"watched for how long, in old evidence", all, func(d *deployment) { u := good; d.svc().Update = &u }, open("check.policy_unread")},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},
	})
	requireRefused(t, "service-update", map[string][]string{
		"service: s":                        {"service check.param_no_var"},
		"orders: [first], delay: soon":      {"orders check.param_update_word", "delay check.param_time_range"},
		"failure_actions: [stop]":           {"failure_actions check.param_update_word"},
		"parallelism: 2..1, monitor: 5":     {"parallelism check.param_count_range", "monitor check.param_time_range"},
		"parallelism: 0, orders: []":        nil,
		"delay: 1m30s.., monitor: ..1h0m1s": nil,
	})
}

// TestPoliciesAreKept: a service that has to be made again keeps what it sets.
func TestPoliciesAreKept(t *testing.T) {
	window, monitor := int64(120000), int64(10000)
	for _, c := range []struct {
		restart evidence.RestartPolicy
		update  *evidence.UpdatePolicy
		want    string
	}{
		{
			evidence.RestartPolicy{Condition: "on-failure", DelayMS: 10000, MaxAttempts: 3, WindowMS: &window},
			&evidence.UpdatePolicy{Parallelism: 2, DelayMS: 5000, Order: "start-first", OnFailure: "rollback", MonitorMS: &monitor},
			" --restart-condition on-failure --restart-delay 10s --restart-max-attempts 3 --restart-window 2m" +
				" --update-order start-first --update-failure-action rollback --update-parallelism 2 --update-delay 5s --update-monitor 10s ",
		},
		{evidence.RestartPolicy{Condition: "any", DelayMS: 5000}, nil, "docker service create --name s01 --replicas 3 -p 8001:80 -e STUDENT_ID=2024001 lab"},
	} {
		d := viaNodes()
		d.svc().Restart, d.svc().Update, d.svc().Env, d.svc().Name = c.restart, c.update, []string{"STUDENT_ID=2024001"}, "S-1"
		v := d.verdicts(&rubric.Check{ID: "it", Kind: "service-exists", Points: 1000, Params: params(t, "service-exists", "")})[0]
		require.Contains(t, i18n.EN.Text(v.Hint), c.want)
		require.Equal(t, c.update != nil, strings.Contains(i18n.EN.Text(v.Hint), "--update"))
	}
}

// TestPolicyHints: one command sets all that is not as asked for, to the value in
// the range that is nearest to what there is, 0 where no limit is wanted.
func TestPolicyHints(t *testing.T) {
	for _, c := range []struct{ kind, with, want string }{
		{"service-update", "orders: [start-first]", "--update-order start-first s01"},
		{
			"service-update", "orders: [start-first], failure_actions: [rollback], parallelism: 2..3, delay: 90s..2m, monitor: 10s..",
			"--update-order start-first --update-failure-action rollback --update-parallelism 2 --update-delay 1m30s --update-monitor 10s s01",
		},
		{"service-restart", "conditions: [on-failure], delay: 10s..1m", "--restart-condition on-failure --restart-delay 10s s01"},
		{"service-restart", "max_attempts: 3..5, window: 2m..1h", "--restart-max-attempts 5 --restart-window 1h s01"},
		{"service-restart", "delay: ..1s", "--restart-delay 1s s01"},
	} {
		d := viaNodes()
		forever := int64(0)
		d.svc().Restart.WindowMS = &forever
		v := d.verdicts(&rubric.Check{ID: "it", Kind: c.kind, Points: 1000, Params: params(t, c.kind, c.with)})[0]
		for _, lang := range i18n.Langs {
			require.Equal(t, "$ docker service update "+c.want, lang.Text(v.Hint))
		}
	}
}
