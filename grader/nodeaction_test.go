package grader

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/rubric"
)

// TestTroubleEndsAnActionOnANode: nothing that was seen counts then, for anybody of whom
// nothing else is said; an action on services goes on.
func TestTroubleEndsAnActionOnANode(t *testing.T) {
	for _, c := range []struct {
		kind, end string
		broken    bool
	}{
		{action.NodeDrain, "aborted", true},
		{action.NodeDrain, "recovered", false},
		{action.ContainerKill, "aborted", false},
	} {
		e := &observe.Episode{Action: rubric.Action{Kind: c.kind}, Node: &evidence.Action{}, Students: []observe.Touched{
			{Student: "1"}, {Student: "2", Gap: &evidence.Gap{What: "action", Code: "no-service"}},
		}}
		a := acts{episode: e, seen: &evidence.Window{End: c.end, Reason: action.OtherNode}}
		require.Equal(t, c.broken, a.brokenOff(), c)
		if c.broken {
			require.Equal(t, &evidence.Gap{What: "action", Code: "aborted", Detail: action.OtherNode}, e.Students[0].Gap)
		} else {
			require.Nil(t, e.Students[0].Gap)
		}
		require.Equal(t, "no-service", e.Students[1].Gap.Code)
		require.False(t, (&acts{episode: e}).brokenOff(), "nobody was watched")
	}
}
