package rubrics_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

// TestBuiltInRubricsLoad: each rubric passes the loader with the checks that
// exist, under the ID that its file is called by.
func TestBuiltInRubricsLoad(t *testing.T) {
	require.Contains(t, rubrics.IDs(), "ha-lb")
	for _, id := range rubrics.IDs() {
		t.Run(id, func(t *testing.T) {
			data, ok := rubrics.Find(id)
			require.True(t, ok)
			r, err := rubric.Load(data, id+".yaml", check.Set{}, action.Set{})
			require.NoError(t, err)
			require.Equal(t, id, r.ID)
		})
	}
}

func TestFindUnknown(t *testing.T) {
	for _, id := range []string{"", "no-such", "../rubrics/ha-lb", "ha-lb.yaml"} {
		_, ok := rubrics.Find(id)
		require.False(t, ok, id)
	}
}
