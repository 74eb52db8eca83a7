package desk

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/observe"
)

// TestTroubles: what of the gradebook is damaged is known until it is not any more, alarms are kept,
// and each is told once, however often it is met with.
func TestTroubles(t *testing.T) {
	f := newFake("1")
	inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
		class, stop := d.Subscribe(Class, d.Now())
		defer stop()
		broken := func(what string) error {
			return fmt.Errorf("read: %w", &diag.Failure{Code: "gradebook", Msg: i18n.M("gradebook.broken", "file", "x.db", "n", 1, "what", []string{what}), Hint: i18n.M("gradebook.broken_hint")})
		}
		said := func() (out []string) {
			for _, x := range d.Troubles() {
				require.NotZero(t, x.At)
				out = append(out, i18n.EN.Text(x.Msg))
			}
			return out
		}
		for range 3 {
			f.damaged(broken("run-1/01"))
			f.alarmed(&diag.Failure{Msg: i18n.M("gradebook.aside", "file", "x.db", "copy", "x.db.damaged")})
		}
		require.Len(t, of[TroubleMoved](all(class)), 2)
		require.Len(t, said(), 2)
		f.damaged(broken("links"))
		require.Len(t, said(), 2, "it is one gradebook")
		require.Contains(t, said()[1], "links")
		f.damaged(nil)
		require.Equal(t, []string{"the gradebook x.db is damaged; a copy of it as it is was kept as x.db.damaged"}, said())
		require.Len(t, of[TroubleMoved](all(class)), 2)
		f.damaged(nil)
		require.Empty(t, all(class))
		for i := range 3 * mostTroubles {
			f.alarmed(&diag.Failure{Msg: i18n.M("gradebook.aside", "file", "x.db", "copy", i)})
		}
		require.Len(t, said(), mostTroubles)
	})
}

// TestACheckLeftSomethingBroken: the instructor sees it with what to type, until it is undone.
func TestACheckLeftSomethingBroken(t *testing.T) {
	f := newFake("1")
	stuck := action.NewStuck(evidence.Action{Kind: action.NodeStop, NodeID: "2", Hostname: "manager-2"}, "class", nil, nil)
	f.checking = func(context.Context, string) error { return errors.Join(errBroken, stuck) }
	inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
		class, stop := d.Subscribe(Class, d.Now())
		defer stop()
		_, err := d.Check(t.Context(), "1", CheckOptions{Kill: true})
		require.NoError(t, err)
		pass(time.Minute)
		require.Equal(t, []string{"grade restore --class class"}, d.Run().Stuck.Commands)
		require.Len(t, of[TroubleMoved](all(class)), 1)
		f.leaves = []*action.Stuck{stuck}
		over, err := d.Heal(t.Context())
		require.NoError(t, err)
		<-over
		require.Nil(t, d.Run().Stuck)
		d.mu.Lock()
		d.leftBroken(stuck)
		d.mu.Unlock()
		require.NotNil(t, d.Run().Stuck)
		f.leaves = nil // somebody typed it
		_, err = d.Heal(t.Context())
		require.NoError(t, err)
		require.Nil(t, d.Run().Stuck)
	})
}

// TestNotesOfARunAreKept for who looks later: of the run that is on, and then of the last.
func TestNotesOfARunAreKept(t *testing.T) {
	f := newFake("1")
	f.grading = func(_ context.Context, _ func(*observe.Plan) error, _ <-chan struct{}, tell func(grader.Event)) error {
		tell(grader.Recorded{Run: "run-1"})
		tell(grader.Note{Msg: i18n.M("observe.kill_none")})
		tell(grader.Mind{Msg: i18n.M("cli.judging", "n", 1), Hint: i18n.M("desk.failed_hint")})
		tell(grader.Alarm{Failure: &diag.Failure{Msg: i18n.M("desk.failed"), Hint: i18n.M("desk.failed_hint")}})
		time.Sleep(time.Minute)
		for i := range 2 * mostNotes {
			tell(grader.Note{Msg: i18n.M("cli.judging", "n", i)})
		}
		return nil
	}
	inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
		require.NoError(t, d.Start(t.Context(), RunOptions{}))
		synctest.Wait()
		notes := d.Run().Notes
		require.Len(t, notes, 3)
		require.NotZero(t, notes[0].At)
		require.Equal(t, "desk.failed_hint", notes[1].Hint.Key)
		pass(2 * time.Minute)
		require.False(t, d.Run().On)
		require.Len(t, notes, 3, "what was given stays as it is")
		require.Equal(t, "observe.kill_none", notes[0].Msg.Key)
		later := d.Run().Notes
		require.Len(t, later, mostNotes)
		require.Equal(t, 2*mostNotes-1, later[mostNotes-1].Msg.Args["n"])
		require.Equal(t, later, d.Run().Last.Notes)
		f.grading = nil
		require.NoError(t, d.Start(t.Context(), RunOptions{}))
		require.Empty(t, d.Run().Notes, "another run's")
	})
}
