package gradebook

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"swarmgrade/grader/result"
)

// A page is read while a run stores what it found and students ask: what was only just written is no damage.
func TestNothingIsDamagedThatIsBeingWritten(t *testing.T) {
	ctx, g := newBook(t)
	ids := []string{"01", "02", "03", "04"}
	run, err := g.BeginRun(ctx, begin(day, ids...))
	require.NoError(t, err)
	over := make(chan error, 1)
	go func() {
		var failed error
		for round := range 12 {
			for _, id := range ids {
				if err := g.SaveVerdicts(ctx, run.ID, id, marks("1", round%10, 4)); err != nil {
					failed = err
				}
			}
			_, err := g.Ask(ctx, result.Request{Lab: lab().ID, Student: ids[round%4], Task: "1", Check: "task1.c1", Words: []result.Word{
				{Kind: result.RequestAsked, Student: true, Text: "why?", When: day},
			}})
			if err == nil {
				err = g.AddChanges(ctx, Change{Lab: lab().ID, Student: ids[round%4], Change: result.Change{
					Task: "1", Kind: result.SetPoints, Points: 100, Reason: "said so", When: day,
				}})
			}
			if err != nil && failed == nil && round < 4 { // later ones are too many
				failed = err
			}
		}
		over <- failed
	}()
	reads := 0
	for done := false; !done; reads++ {
		select {
		case err := <-over:
			require.NoError(t, err)
			done = true
		default:
		}
		other, err := Read(ctx, g.Path())
		require.NoError(t, err)
		_, err = other.StandingData(ctx, lab(), Rules{Attempts: Best})
		require.NoError(t, err)
		_, err = other.Requests(ctx, lab().ID)
		require.NoError(t, err)
		_, err = other.RunData(ctx, run.ID, lab(), Rules{Attempts: Best})
		require.NoError(t, err)
		assert.NoError(t, other.Damage())
		require.NoError(t, other.Close())
	}
	assert.Greater(t, reads, 3)
}
