package observe

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// TestAFewProbesLess: a sender that waited for its turn for less than the usual time between
// two probes has missed nothing; one that waited for longer was late for all of it.
func TestAFewProbesLess(t *testing.T) {
	for _, c := range []struct {
		period int64
		speed  float64
		most   int64 // ms that are nothing
	}{
		{250, 1, 250}, // a real swarm's, as is usual
		{100, 1, 250}, // probed oftener
		{500, 1, 500},
		{4, 20, 12},
		{13, 20, 13},
		{10, 8, 31},
	} {
		s := newSeries("svc", []evidence.Target{{}}, c.period, c.speed)
		s.late(1000, 1000+c.most)
		require.Empty(t, s.sofar().LateIn, "%+v", c)
		s.late(2000, 2000+c.most+1)
		s.late(2000+c.period, 2000+c.most+1)
		require.Equal(t, []evidence.Stretch{{From: 2000, To: 2000 + c.most + 1}}, s.sofar().LateIn, "%+v", c)
		require.Equal(t, 3, s.sofar().Late, "each is counted")
	}
}
