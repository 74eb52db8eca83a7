package swarm

import (
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// TestPolicies: what a service says of restarts and updates, and what an engine
// does where it says nothing.
func TestPolicies(t *testing.T) {
	ms := func(n int64) *int64 { return &n }
	some := 90 * time.Second
	attempts := uint64(3)
	for _, c := range []struct {
		name    string
		restart *swarm.RestartPolicy
		update  *swarm.UpdateConfig
		want    evidence.RestartPolicy
		rolls   *evidence.UpdatePolicy
	}{
		{"says nothing", nil, nil, evidence.RestartPolicy{Condition: "any", DelayMS: 5000, WindowMS: ms(0)}, nil},
		{
			"says part", &swarm.RestartPolicy{Condition: "on-failure"}, &swarm.UpdateConfig{Parallelism: 1, Order: "start-first"},
			evidence.RestartPolicy{Condition: "on-failure", DelayMS: 5000, WindowMS: ms(0)},
			&evidence.UpdatePolicy{Parallelism: 1, Order: "start-first", MonitorMS: ms(5000)},
		},
		{
			"says all", &swarm.RestartPolicy{Condition: "any", Delay: &some, MaxAttempts: &attempts, Window: &some},
			&swarm.UpdateConfig{Delay: some, FailureAction: "rollback", Monitor: some, Order: "stop-first"},
			evidence.RestartPolicy{Condition: "any", DelayMS: 90000, MaxAttempts: 3, WindowMS: ms(90000)},
			&evidence.UpdatePolicy{DelayMS: 90000, Order: "stop-first", OnFailure: "rollback", MonitorMS: ms(90000)},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s swarm.Service
			s.Spec.TaskTemplate.RestartPolicy, s.Spec.UpdateConfig = c.restart, c.update
			got := toService(s, nil)
			require.Equal(t, c.want, got.Restart)
			require.Equal(t, c.rolls, got.Update)
		})
	}
}

// TestSecretsAreSeenByWhereTheyAre: never by what they hold.
func TestSecretsAreSeenByWhereTheyAre(t *testing.T) {
	var s swarm.Service
	s.Spec.TaskTemplate.ContainerSpec = &swarm.ContainerSpec{Secrets: []*swarm.SecretReference{
		nil, {SecretID: "x1", SecretName: "s"}, {SecretID: "x2", SecretName: "p", File: &swarm.SecretReferenceFileTarget{Name: "/whoami"}},
	}}
	require.Equal(t, []evidence.ConfigRef{{ID: "x2", Name: "p", File: "/whoami"}}, toService(s, nil).Secrets)
}
