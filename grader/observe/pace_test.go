package observe

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
)

func TestHowOftenServicesAreProbed(t *testing.T) {
	for _, c := range []struct {
		kind         string
		rate, speed  float64
		n, classRate int
		slower       float64
		want         int64 // ms
	}{
		{action.NodeStop, 0, 1, 60, 2000, 1, 250},
		{action.Update, 10, 1, 60, 2000, 1, 100}, // what was asked for, of a real swarm
		{action.Update, 10, 1, 60, 300, 1, 200},  // but no more than the class's rate
		{action.ContainerKill, 10, 20, 1, 2000, 1, 5},
		{action.ContainerKill, 10, 20, 12, 2000, 1, 20},
		{action.Update, 10, 20, 1, 2000, 1, 2},
		{action.Update, 10, 20, 12, 2000, 1, 8},
		{action.Update, 10, 20, 12, 600, 1, 20},
		{action.Update, 10, 20, 600, 0, 1, 100}, // never less than was asked for, but for the class's rate
		{action.Update, 10, 20, 7, 2000, 1, 5},
		{action.Update, 10, 8, 12, 2000, 4, 32},  // a build that is slower sends less
		{action.Update, 10, 1, 60, 2000, 4, 100}, // but for a real swarm's
		{action.NodeStop, 4, 20, 7, 500, 1, 14},  // a whole number, and never too often
	} {
		require.Equal(t, c.want, periodMS(c.kind, c.rate, c.speed, c.n, c.classRate, c.slower), "%+v", c)
		if c.classRate > 0 {
			require.LessOrEqual(t, int64(c.n)*1000/c.want, int64(c.classRate), "%+v", c)
		}
	}
}
