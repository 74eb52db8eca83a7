package desk

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/judge"
)

func TestAQueueWithPlaces(t *testing.T) {
	f := newFake("1", "2", "3", "4", "5")
	inTime(t, f, Options{AtOnce: 2}, func(t *testing.T, d *Desk) {
		third, stop := d.Subscribe(OfStudent("3"), d.Now())
		defer stop()
		for i, place := range []int{0, 0, 1, 2, 3} {
			ticket, err := d.Check(t.Context(), fmt.Sprint(i+1), CheckOptions{})
			require.NoError(t, err)
			require.Equal(t, place, ticket.Place)
		}
		q := d.Queue()
		require.Equal(t, QueueState{Running: 2, Waiting: 3, Place: map[string]int{"3": 1, "4": 2, "5": 3}}, q)
		_, err := d.Check(t.Context(), "3", CheckOptions{})
		code(t, "one", err)
		_, err = d.Check(t.Context(), "1", CheckOptions{})
		code(t, "one", err)
		require.Equal(t, Waits, d.Own("3").Phase)

		pass(11 * time.Second)
		require.Equal(t, Checking, d.Own("3").Phase)
		own := d.Own("1")
		require.Equal(t, Idle, own.Phase)
		require.Len(t, own.Last.Verdicts, 3)
		require.Empty(t, own.Last.Failed)
		require.False(t, own.Next.IsZero())
		_, err = d.Check(t.Context(), "1", CheckOptions{})
		code(t, "soon", err)
		require.Equal(t, 29, failure(err).Msg.Args["seconds"])
		pass(29 * time.Second)
		_, err = d.Check(t.Context(), "1", CheckOptions{})
		require.NoError(t, err)
		pass(time.Minute)

		heard := all(third)
		require.Equal(t, Queued{"3", 1, NotPaused}, heard[0])
		var checks []string
		for _, v := range of[Verdict](heard) {
			require.Equal(t, "3", v.Student)
			checks = append(checks, v.Check)
		}
		require.Equal(t, []string{"a", "b", "c"}, checks, "in the rubric's order")
		require.Equal(t, Looking{"3", []string{"1"}}, of[Looking](heard)[0])
		require.NotEmpty(t, of[Step](heard))
		require.IsType(t, Ended{}, heard[len(heard)-1])
		require.ElementsMatch(t, []string{"1", "2"}, f.seen()[:2], "at once")
		require.ElementsMatch(t, []string{"3", "4"}, f.seen()[2:4])
		require.Equal(t, []string{"5", "1"}, f.seen()[4:])
		require.Equal(t, 2, f.peak())
		require.Len(t, f.trials()["3"].Verdicts, 3)
	})
}

func TestWhatAQueueRefuses(t *testing.T) {
	f := newFake("1", "2", "3")
	inTime(t, f, Options{AtOnce: 1, Waiting: 1}, func(t *testing.T, d *Desk) {
		_, err := d.Check(t.Context(), "9", CheckOptions{})
		code2(t, "usage", err)
		_, err = d.Check(t.Context(), "1", CheckOptions{Task: "none"})
		code2(t, "usage", err)
		for _, id := range []string{"1", "2"} {
			_, err = d.Check(t.Context(), id, CheckOptions{})
			require.NoError(t, err)
		}
		_, err = d.Check(t.Context(), "3", CheckOptions{})
		code(t, "full", err)
		require.NoError(t, d.Close(t.Context()))
		_, err = d.Check(t.Context(), "3", CheckOptions{})
		code(t, "down", err)
		code(t, "down", d.Start(t.Context(), RunOptions{}))
		require.True(t, d.Own("1").Last.Cancelled)
		require.True(t, d.Own("2").Last.Cancelled)
		require.Equal(t, "down", d.Own("2").Last.Failed[0].Code)
		require.Equal(t, []string{"1"}, f.seen())
	})
}

func TestCancelling(t *testing.T) {
	f := newFake("1", "2", "3")
	inTime(t, f, Options{AtOnce: 1}, func(t *testing.T, d *Desk) {
		for _, id := range []string{"1", "2", "3"} {
			_, err := d.Check(t.Context(), id, CheckOptions{})
			require.NoError(t, err)
		}
		require.False(t, d.Cancel("9"))
		require.True(t, d.Cancel("2"))
		require.Equal(t, 1, d.Own("3").Place)
		pass(time.Second)
		require.True(t, d.Cancel("1"))
		synctest.Wait()
		require.Equal(t, Checking, d.Own("3").Phase)
		require.True(t, d.Own("1").Last.Cancelled)
		require.Empty(t, d.Own("1").Last.Failed)
		_, err := d.Check(t.Context(), "2", CheckOptions{})
		require.NoError(t, err, "who was not served need not wait")
		_, err = d.Check(t.Context(), "1", CheckOptions{})
		code(t, "soon", err)
		pass(time.Minute)
		require.Empty(t, f.trials()["1"].Verdicts)
		require.Len(t, d.Checks(), 3)
	})
}

// TestOneKillsAtATime: those that kill nothing go past one that has to wait.
func TestOneKillsAtATime(t *testing.T) {
	f := newFake("1", "2", "3")
	inTime(t, f, Options{AtOnce: 3}, func(t *testing.T, d *Desk) {
		for _, id := range []string{"1", "2"} {
			_, err := d.Check(t.Context(), id, CheckOptions{Kill: true})
			require.NoError(t, err)
		}
		ticket, err := d.Check(t.Context(), "3", CheckOptions{})
		require.NoError(t, err)
		require.Zero(t, ticket.Place)
		require.Equal(t, Waits, d.Own("2").Phase)
		pass(time.Minute)
		require.Equal(t, []string{"2"}, f.seen()[2:])
		require.Len(t, f.trials(), 3)
	})
}

func TestAFailedCheckSaysWhy(t *testing.T) {
	f := newFake("1", "2", "3")
	var told []error
	f.checking = func(ctx context.Context, student string) error {
		switch student {
		case "1":
			return errBroken
		case "2":
			panic("a bug")
		}
		<-ctx.Done() // for ever
		return ctx.Err()
	}
	inTime(t, f, Options{Failed: func(err error) { told = append(told, err) }}, func(t *testing.T, d *Desk) {
		for _, id := range []string{"1", "2", "3"} {
			_, err := d.Check(t.Context(), id, CheckOptions{})
			require.NoError(t, err)
		}
		pass(time.Hour)
		for _, id := range []string{"1", "2", "3"} {
			end := d.Own(id).Last
			require.Len(t, end.Failed, 1, id)
			code(t, end.Failed[0].Code, end.Failed[0])
			require.Empty(t, end.Verdicts)
		}
		require.ErrorIs(t, d.Own("1").Last.Failed[0], errBroken)
		require.Equal(t, []error{errBroken}, told)
	})
}

// TestChecksWaitForAnotherProgram: the command line grades the class beside the page.
func TestChecksWaitForAnotherProgram(t *testing.T) {
	f := newFake("1")
	f.others = true
	inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
		events, stop := d.Subscribe(OfStudent("1"), d.Now())
		defer stop()
		_, err := d.Check(t.Context(), "1", CheckOptions{})
		require.NoError(t, err)
		pass(time.Minute)
		require.Equal(t, Elsewhere, d.Own("1").Paused)
		require.Empty(t, f.seen())
		heard := all(events)
		require.Empty(t, of[Started](heard), "it is known before it begins")
		require.Equal(t, []Queued{{"1", 1, Elsewhere}}, of[Queued](heard))
		f.otherGrades(false)
		pass(time.Minute)
		require.Equal(t, []string{"1"}, f.seen())
		require.Len(t, d.Own("1").Last.Verdicts, 3)
	})
}

// TestAnotherProgramsRunBegins while checks are under way: they have some time to come to their end, and no more begin.
func TestAnotherProgramsRunBegins(t *testing.T) {
	f := newFake("1", "2", "3")
	inTime(t, f, Options{AtOnce: 1, Every: -1}, func(t *testing.T, d *Desk) {
		queue := func(id string) <-chan Event {
			events, stop := d.Subscribe(OfStudent(id), d.Now())
			t.Cleanup(stop)
			_, err := d.Check(t.Context(), id, CheckOptions{})
			require.NoError(t, err)
			return events
		}
		one, two := queue("1"), queue("2")
		pass(time.Second)
		f.otherGrades(true)
		pass(lookAgain + time.Second)
		require.Equal(t, Checking, d.Own("1").Phase)
		require.Equal(t, Elsewhere, d.Own("2").Paused, "who waits is told why, though a check is under way")
		require.Equal(t, Queued{"2", 1, Elsewhere}, of[Queued](all(two))[1])
		pass(time.Minute)
		require.Len(t, of[Ended](all(one))[0].Verdicts, 3, "what was under way has come to its end")
		require.Equal(t, []string{"1"}, f.seen())
		f.otherGrades(false)
		pass(time.Minute)
		require.Len(t, d.Own("2").Last.Verdicts, 3)

		// One that takes too long is in the way no longer than a run of ours would wait for it.
		f.took = 5 * time.Minute
		three := queue("3")
		pass(time.Second)
		f.otherGrades(true)
		pass(d.o.Patience + 3*lookAgain)
		require.Equal(t, Elsewhere, d.Own("3").Paused)
		require.Equal(t, "desk.yielded", of[Noted](all(three))[0].Msg.Key)
		f.otherGrades(false)
		pass(10 * time.Minute)
		require.Equal(t, []string{"1", "2", "3", "3"}, f.seen())
		require.Len(t, d.Own("3").Last.Verdicts, 3)
	})
}

// TestAWholeClass: everybody watches while fifty check; each hears of nobody but themselves.
func TestAWholeClass(t *testing.T) {
	const students, checks = 200, 50
	var ids []string
	for i := range students {
		ids = append(ids, fmt.Sprint(1000+i))
	}
	f := newFake(ids...)
	inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
		streams := map[string]<-chan Event{}
		for _, id := range ids {
			events, stop := d.Subscribe(OfStudent(id), d.Now())
			defer stop()
			streams[id] = events
		}
		class, stop := d.Subscribe(Class, d.Now())
		defer stop()
		ended := 0
		go func() { // who keeps up is told all
			for e := range class {
				if _, ok := e.What.(Ended); ok {
					ended++
				}
			}
		}()
		for _, id := range ids[:checks] {
			_, err := d.Check(t.Context(), id, CheckOptions{})
			require.NoError(t, err)
		}
		require.Equal(t, checks-4, d.Queue().Waiting)
		pass(checks / 4 * 11 * time.Second)
		require.Equal(t, 4, f.peak())
		require.Len(t, f.trials(), checks)
		synctest.Wait()
		require.Equal(t, checks, ended)
		for _, id := range ids {
			heard := all(streams[id])
			var got []judge.Verdict
			for _, e := range heard {
				switch e := e.(type) {
				case Verdict:
					require.Equal(t, id, e.Student)
					got = append(got, e.Verdict)
				case Ended:
					require.Equal(t, id, e.Student)
				case Queued:
					require.Equal(t, id, e.Student)
				}
			}
			if own := d.Own(id); own.Last != nil {
				require.Equal(t, own.Last.Verdicts, got)
			} else {
				require.Empty(t, heard)
			}
		}
	})
}
