package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
)

// Whoever copies from a neighbour, or leads to one, needs that one on the lab.
func TestLotsKeepNeighboursTogether(t *testing.T) {
	all, err := deployments.All()
	require.NoError(t, err)
	for _, task := range []string{"1", "2", "3"} {
		seats, err := deployments.Seats(all, task)
		require.NoError(t, err)
		lot := map[string]int{}
		for i, seats := range lots(seats, 12) {
			require.Less(t, len(seats), 24)
			for _, s := range seats {
				require.NotContains(t, lot, s.Deployment.Name)
				lot[s.Deployment.Name] = i
			}
		}
		require.Len(t, lot, len(seats))
		together := 0
		for _, s := range seats {
			if s.Deployment.Companion != "" {
				require.Equal(t, lot[s.Deployment.Companion], lot[s.Deployment.Name], "%s beside %s", s.Deployment.Name, s.Deployment.Companion)
				together++
			}
		}
		require.NotZero(t, together)
	}
}
