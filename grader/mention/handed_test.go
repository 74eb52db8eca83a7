package mention_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/mention"
)

// TestHandedToAnotherMachineItKnowsTheSame: what another machine finds in answers is what
// this one would have found.
func TestHandedToAnotherMachineItKnowsTheSame(t *testing.T) {
	known := mention.New(&evidence.Snapshot{
		Nodes:    []evidence.Node{{ID: "n1", Hostname: "Manager-1"}},
		Services: []evidence.Service{{ID: "s", Name: "s01", Hostname: "app-{{.Task.Slot}}"}},
		Tasks: []evidence.Task{{
			ID: "t", ServiceID: "s", NodeID: "n1", Slot: 1, Desired: "running", ContainerID: "7be04d19c2f6" + strings.Repeat("a", 52),
			Addresses: []evidence.TaskAddress{{Address: "10.0.1.5/24"}, {Address: "fd00::5/64"}},
		}},
		Containers: []evidence.Container{{ID: "0be04d19c2f6" + strings.Repeat("b", 52)}},
	})
	text, err := json.Marshal(known)
	require.NoError(t, err)
	again := new(mention.Known)
	require.NoError(t, json.Unmarshal(text, again))
	require.Equal(t, known, again)
	require.NoError(t, json.Unmarshal([]byte(`{}`), again))
	require.Equal(t, mention.New(nil), again)
	for _, bad := range []string{`[]`, `{"addresses":{"10.0.0.1":"x"}}`, `{"addresses":{"nowhere":"7be04d19c2f6"}}`} {
		require.Error(t, json.Unmarshal([]byte(bad), again), bad)
	}
}
