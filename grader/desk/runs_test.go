package desk

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/observe"
)

// TestARunHasTheClusterAlone: it waits for checks under way, checks wait for it.
func TestARunHasTheClusterAlone(t *testing.T) {
	f := newFake("1", "2")
	inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
		class, stop := d.Subscribe(Class, d.Now())
		defer stop()
		_, err := d.Check(t.Context(), "1", CheckOptions{})
		require.NoError(t, err)
		require.NoError(t, d.Start(t.Context(), RunOptions{Who: "老师"}))
		require.Equal(t, Waiting, d.Run().Stage)
		require.Equal(t, "老师", d.Run().Who)
		_, err = d.Check(t.Context(), "2", CheckOptions{})
		require.NoError(t, err)
		require.Equal(t, ForRun, d.Own("2").Paused)
		err = d.Start(t.Context(), RunOptions{})
		code(t, "running", err)
		require.Contains(t, failure(err).Msg.Args["who"], "老师")
		pass(20 * time.Second)
		require.Equal(t, "run-1", d.Run().ID)
		require.Equal(t, []string{"1"}, f.seen())
		pass(time.Minute)
		require.False(t, d.Run().On)
		require.Equal(t, "run-1", d.Run().Last.ID)
		require.Empty(t, d.Run().Last.Failed)
		require.Equal(t, []string{"1", "2"}, f.seen())
		heard := all(class)
		require.Len(t, of[RunBegan](heard), 1)
		require.Len(t, of[RunOver](heard), 1)
		require.NotEmpty(t, of[ScoreChanged](heard))
	})
}

// TestARunDoesNotWaitForEver: a check that takes too long begins anew after it.
func TestARunDoesNotWaitForEver(t *testing.T) {
	f := newFake("1")
	f.took = 5 * time.Minute
	inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
		own, stop := d.Subscribe(OfStudent("1"), d.Now())
		defer stop()
		_, err := d.Check(t.Context(), "1", CheckOptions{})
		require.NoError(t, err)
		require.NoError(t, d.Start(t.Context(), RunOptions{}))
		pass(2*time.Minute + time.Second)
		require.Equal(t, "run-1", d.Run().ID)
		require.Equal(t, 1, d.Own("1").Place)
		require.Equal(t, "desk.yielded", of[Noted](all(own))[0].Msg.Key)
		pass(10 * time.Minute)
		require.Equal(t, []string{"1", "1"}, f.seen())
		require.Len(t, d.Own("1").Last.Verdicts, 3)
	})
}

// TestFaultsThatNobodyAgreedTo: neither those of a plan that was not shown, nor those that
// are others by the time.
func TestFaultsThatNobodyAgreedTo(t *testing.T) {
	f := newFake("1", "2")
	var faults atomic.Pointer[[]observe.Fault]
	are := func(all []observe.Fault) { faults.Store(&all) }
	are(oneFault("2", "1", "2"))
	f.faults = func() []observe.Fault { return *faults.Load() }
	inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
		code(t, "changed", d.Start(t.Context(), RunOptions{}))
		p, err := d.Plan(t.Context(), RunOptions{})
		require.NoError(t, err)
		require.NotEmpty(t, p.Fingerprint)
		are(oneFault("2", "1", "2", "3")) // somebody has deployed something
		require.NoError(t, d.Start(t.Context(), RunOptions{Agreed: p.Fingerprint}))
		require.NoError(t, d.Stop(t.Context()))
		require.True(t, d.Run().Last.Stopped)
		are(oneFault("3", "1", "2"))
		code(t, "changed", d.Start(t.Context(), RunOptions{Agreed: p.Fingerprint}))
		require.False(t, d.Run().On)
		// Between the plan and the run itself, while checks end.
		p, err = d.Plan(t.Context(), RunOptions{})
		require.NoError(t, err)
		_, err = d.Check(t.Context(), "1", CheckOptions{})
		require.NoError(t, err)
		require.NoError(t, d.Start(t.Context(), RunOptions{Agreed: p.Fingerprint}))
		are(oneFault("4", "1"))
		pass(time.Minute)
		require.False(t, d.Run().On)
		require.Equal(t, "changed", d.Run().Last.Failed[0].Code)
	})
}

// window plays a fault window of an embedded cluster's or a real one's run.
func window(real bool) func(context.Context, func(*observe.Plan) error, <-chan struct{}, func(grader.Event)) error {
	return func(ctx context.Context, agree func(*observe.Plan) error, undo <-chan struct{}, tell func(grader.Event)) error {
		tell(grader.Recorded{Run: "run-1"})
		tell(grader.Began{Stage: grader.Loads, Students: 2, Requests: 100})
		tell(grader.Step{Progress: observe.Progress{Student: "1", Target: "x", Requests: 60}})
		tell(grader.Ended{Stage: grader.Loads})
		fault := evidence.Action{Kind: action.NodeStop, NodeID: "2", Hostname: "manager-2"}
		step := func(phase string, since time.Duration) {
			tell(grader.WindowStep{WindowProgress: observe.WindowProgress{Fault: fault, Phase: phase, Since: since.Milliseconds(), LimitMS: 60_000, Of: 2}})
		}
		step("lead", 0)
		time.Sleep(3 * time.Second)
		tell(grader.Held{Stuck: &action.Stuck{Fault: fault, Commands: []string{"ssh", "grade restore"}}, Passing: !real})
		over := time.After(time.Minute)
		var err error
		for begun, down := time.Now(), true; down; {
			step("down", time.Since(begun))
			select {
			case <-time.After(time.Second):
			case <-over:
				down = false
			case <-undo:
				down = false
			case <-ctx.Done():
				down, err = false, ctx.Err()
			}
		}
		step("restoring", time.Minute)
		time.Sleep(20 * time.Second) // whatever becomes of ctx
		tell(grader.LetGo{Undone: true})
		if err == nil {
			step("tail", 0)
			time.Sleep(3 * time.Second)
		}
		tell(grader.WindowEnded{})
		return err
	}
}

func TestAFaultIsCountedDown(t *testing.T) {
	for _, real := range []bool{true, false} {
		f := newFake("1", "2")
		f.grading = window(real)
		inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
			class, stop := d.Subscribe(Class, d.Now())
			defer stop()
			require.NoError(t, d.Start(t.Context(), RunOptions{}))
			synctest.Wait()
			require.Equal(t, Coming, d.Run().Fault.Phase)
			pass(10*time.Second + 500*time.Millisecond)
			s := d.Run()
			require.Equal(t, Fault, s.Stage)
			require.Equal(t, InForce, s.Fault.Phase)
			require.Equal(t, "manager-2", s.Fault.Target)
			require.Equal(t, 7500*time.Millisecond, time.Since(s.Fault.Since))
			require.Equal(t, 52500*time.Millisecond, time.Until(s.Fault.Until))
			require.Equal(t, real, s.Stuck != nil, "what to type, where it would outlast the program")
			pass(time.Minute)
			require.Equal(t, Undoing, d.Run().Fault.Phase)
			pass(time.Minute)
			require.False(t, d.Run().On)
			require.Nil(t, d.Run().Fault)
			require.Nil(t, d.Run().Stuck)
			heard := all(class)
			require.Len(t, of[FaultOn](heard), 1)
			require.Len(t, of[FaultOff](heard), 1)
			require.Less(t, len(of[RunStep](heard)), 100)
		})
	}
}

func TestAFaultIsUndoneNow(t *testing.T) {
	f := newFake("1", "2")
	f.grading = window(true)
	inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
		code(t, "nothing", d.UndoNow(t.Context()))
		require.NoError(t, d.Start(t.Context(), RunOptions{}))
		pass(10 * time.Second)
		require.NoError(t, d.UndoNow(t.Context()))
		require.NoError(t, d.UndoNow(t.Context()), "twice is once")
		synctest.Wait()
		require.Equal(t, Undoing, d.Run().Fault.Phase)
		require.True(t, d.Run().Fault.ByHand)
		pass(21 * time.Second)
		require.Equal(t, After, d.Run().Fault.Phase)
		code(t, "nothing", d.UndoNow(t.Context()))
		pass(time.Minute)
		last := d.Run().Last
		require.True(t, last.Undone)
		require.False(t, last.Stopped, "the run went on to its end")
		require.Empty(t, last.Failed)
	})
}

// TestNothingEndsBeforeAFaultIsUndone: neither stopping the run nor closing the desk.
func TestNothingEndsBeforeAFaultIsUndone(t *testing.T) {
	for _, closing := range []bool{false, true} {
		f := newFake("1")
		f.grading = window(true)
		inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
			class, stop := d.Subscribe(Class, d.Now())
			defer stop()
			require.NoError(t, d.Start(t.Context(), RunOptions{}))
			pass(10 * time.Second)
			_, err := d.Check(t.Context(), "1", CheckOptions{})
			require.NoError(t, err)
			end := d.Stop
			if closing {
				end = d.Close
			}
			short, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			require.ErrorIs(t, end(short), context.DeadlineExceeded)
			require.Equal(t, Stopping, d.Run().Stage)
			require.NoError(t, end(t.Context()))
			require.True(t, d.Run().Last.Stopped)
			require.Empty(t, d.Run().Last.Failed)
			require.Len(t, of[FaultOff](all(class)), 1)
			require.Equal(t, closing, len(f.seen()) == 0, "the check that waited begins, unless all ends")
		})
	}
}

// TestWhatCouldNotBeUndoneIsShown until the next run.
func TestWhatCouldNotBeUndoneIsShown(t *testing.T) {
	f := newFake("1")
	stuck := action.NewStuck(evidence.Action{Kind: action.NodeStop, Hostname: "manager-2"}, "class", nil, errBroken)
	f.grading = func(_ context.Context, _ func(*observe.Plan) error, _ <-chan struct{}, tell func(grader.Event)) error {
		tell(grader.Recorded{Run: "run-1"})
		return stuck
	}
	inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
		require.NoError(t, d.Start(t.Context(), RunOptions{}))
		synctest.Wait()
		s := d.Run()
		require.False(t, s.On)
		require.NotNil(t, s.Stuck)
		require.Contains(t, s.Stuck.Commands, "grade restore --class class")
		require.Equal(t, "stuck", s.Last.Failed[0].Code)
	})
}

// TestAnActionBeyondItsWindow is in force until the application says that it is not.
func TestAnActionBeyondItsWindow(t *testing.T) {
	f := newFake("1")
	f.grading = func(_ context.Context, _ func(*observe.Plan) error, _ <-chan struct{}, tell func(grader.Event)) error {
		tell(grader.Recorded{Run: "run-1"})
		drained := evidence.Action{Kind: action.NodeDrain, Hostname: "worker-1"}
		step := func(phase string) {
			tell(grader.WindowStep{WindowProgress: observe.WindowProgress{Fault: drained, Phase: phase, LimitMS: 60_000, Of: 1}})
		}
		step("lead")
		tell(grader.Held{Stuck: &action.Stuck{Fault: drained}, Passing: true})
		step("down")
		time.Sleep(10 * time.Second)
		step("restoring")
		step("tail")
		tell(grader.WindowEnded{})
		tell(grader.Began{Stage: grader.During, Students: 1, Requests: 10})
		time.Sleep(10 * time.Second)
		tell(grader.Ended{Stage: grader.During})
		tell(grader.LetGo{Undone: true})
		time.Sleep(10 * time.Second)
		return nil
	}
	inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
		class, stop := d.Subscribe(Class, d.Now())
		defer stop()
		require.NoError(t, d.Start(t.Context(), RunOptions{}))
		pass(15 * time.Second)
		require.Equal(t, InForce, d.Run().Fault.Phase)
		require.Equal(t, Stage(grader.During), d.Run().Stage)
		require.Empty(t, of[FaultOff](all(class)))
		pass(10 * time.Second)
		require.Nil(t, d.Run().Fault)
		require.Len(t, of[FaultOff](all(class)), 1)
		pass(10 * time.Second)
	})
}
