package desk

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/evidence"
)

// TestWhatWasLeftIsUndone before anything else is done; what can't be is told until it is.
func TestWhatWasLeftIsUndone(t *testing.T) {
	f := newFake("1")
	inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
		over, err := d.Heal(t.Context())
		require.NoError(t, err)
		require.Nil(t, over, "nothing is left")
		require.False(t, d.Run().On)

		node := action.NewStuck(evidence.Action{Kind: action.NodeStop, NodeID: "2", Hostname: "manager-2"}, "class", nil, nil)
		image := action.NewStuck(evidence.Action{Kind: action.Lookup, Name: "image"}, "class", nil, nil)
		f.leaves, f.stuck = []*action.Stuck{image, node}, node
		class, stop := d.Subscribe(Class, d.Now())
		defer stop()
		_, err = d.Check(t.Context(), "1", CheckOptions{})
		require.NoError(t, err)
		pass(time.Minute)
		all(class)

		over, err = d.Heal(t.Context())
		require.NoError(t, err)
		now := d.Run()
		require.True(t, now.On)
		require.Equal(t, Healing, now.Stage)
		require.Equal(t, "manager-2", now.Fault.Target)
		require.Equal(t, []string{"grade restore --class class"}, now.Stuck.Commands)
		_, err = d.Check(t.Context(), "1", CheckOptions{})
		require.NoError(t, err)
		require.Equal(t, ForRun, d.Own("1").Paused)
		code(t, "running", d.Start(t.Context(), RunOptions{}))
		_, err = d.Heal(t.Context())
		code(t, "running", err)
		<-over
		now = d.Run()
		require.False(t, now.On)
		require.True(t, now.Last.Healed)
		require.Equal(t, "stuck", now.Last.Failed[0].Code)
		require.Equal(t, "manager-2", now.Stuck.Fault.Hostname)
		heard := all(class)
		require.Empty(t, of[FaultOff](heard), "it is in force still")
		require.Len(t, of[RunOver](heard), 1)
		require.Equal(t, "observe.healed", of[Noted](heard)[0].Msg.Key)

		f.stuck = nil
		over, err = d.Heal(t.Context())
		require.NoError(t, err)
		<-over
		require.Equal(t, 2, f.undone)
		require.Nil(t, d.Run().Stuck)
		require.Empty(t, d.Run().Last.Failed)
		require.Len(t, of[FaultOff](all(class)), 1)

		// Or somebody did it by hand.
		f.leaves, f.stuck = []*action.Stuck{node}, node
		over, err = d.Heal(t.Context())
		require.NoError(t, err)
		<-over
		require.NotNil(t, d.Run().Stuck)
		f.leaves = nil
		over, err = d.Heal(t.Context())
		require.NoError(t, err)
		require.Nil(t, over)
		require.Nil(t, d.Run().Stuck)
		require.Empty(t, d.Run().Last.Failed)
		pass(time.Minute)
		require.NotNil(t, d.Own("1").Last, "checks go on")
	})
}
