package action

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

var errTest = errors.New("test")

func TestAFaultIsInjectedWatchedAndUndone(t *testing.T) {
	b := newBench(t)
	var steps, notes []string
	b.journal.Hook = func(step string) { steps = append(steps, step) }
	b.opt.Note = func(m i18n.Msg) { notes = append(notes, m.Key) }
	out, err := Run(t.Context(), b.opt, targetM2, func(_ context.Context, s *Session) error {
		require.Equal(t, "down", b.swarm.node("id-m2").State)
		require.Equal(t, targetM2, s.Fault())
		require.Len(t, b.swarm.locks, 1)
		m, found, err := ReadMark(t.Context(), b.swarm)
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, os.Getpid(), m.PID)
		require.Equal(t, "m2", m.Node)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{"arm", "inject", "restore"}, b.injector.calls)
	require.Equal(t, []string{
		StepPlanned, StepLocking, StepArming, StepArmed, StepInjecting, StepInjected,
		StepRestoring, StepRestored, StepRestarting, StepRestarted, StepDone,
	}, steps)
	require.Equal(t, []string{"id-m2", ""}, b.swarm.avoided)
	require.Equal(t, []string{"h1", "h2"}, out.Stopped, "what ran there and was no task")
	require.Equal(t, []string{"h1", "h2"}, out.Restarted)
	require.Empty(t, out.Failed)
	require.True(t, 0 <= out.Injecting && out.Injecting < out.Injected && out.Injected < out.Restoring && out.Restoring < out.Restored, "%+v", out)
	require.Equal(t, []string{"fault.note_injecting", "fault.note_restoring", "fault.note_restored"}, notes)
	b.requireUndone(t)
}

// Whatever fails, and wherever, the node is whole afterwards.
func TestAFaultIsUndoneWhenAnythingFails(t *testing.T) {
	fails := func(context.Context) error { return errTest }
	for name, tt := range map[string]struct {
		prepare func(b *bench)
		watch   error
		calls   string
	}{
		"arming fails":        {func(b *bench) { b.injector.arm = fails }, nil, "arm restore"},
		"injecting fails":     {func(b *bench) { b.injector.inject = fails }, nil, "arm inject restore"},
		"watching fails":      {func(*bench) {}, errTest, "arm inject restore"},
		"the swarm is silent": {func(b *bench) { b.swarm.silent = errTest }, nil, ""},
		"the journal is gone": {func(b *bench) { _ = b.journal.Close() }, nil, ""},
		"injected only in part": {func(b *bench) {
			b.injector.inject = func(context.Context) error { b.swarm.down("id-m2", true); return errTest }
		}, nil, "arm inject restore"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			path := b.journal.Path()
			tt.prepare(b)
			out, err := Run(t.Context(), b.opt, targetM2, func(context.Context, *Session) error { return tt.watch })
			require.Error(t, err)
			require.Equal(t, tt.calls, strings.Join(b.injector.calls, " "))
			injected := strings.Contains(tt.calls, "inject")
			require.Equal(t, !injected, out.Restored < 0, "what was never down is not restored")
			require.Equal(t, !injected && tt.calls != "", out.Untouched)
			b.swarm.silent = nil
			_ = b.journal.Close()
			b.journal = openJournal(t, path)
			b.requireUndone(t)
		})
	}
}

// What was said while a fault could not even be armed.
func TestANodeThatWasNeverDownIsNotSaidToBeRestored(t *testing.T) {
	for name, tt := range map[string]struct {
		arm, inject error
		calls       string
		notes       []string
	}{
		"it can't be entered":     {arm: &diag.Failure{Code: "config"}, calls: "arm"},
		"the timer can't be set":  {arm: &diag.Failure{Code: "failed"}, calls: "arm restore"},
		"the line is lost":        {arm: &diag.Failure{Code: "ssh"}, calls: "arm restore"},
		"Docker can't be stopped": {inject: &diag.Failure{Code: "failed"}, calls: "arm inject restore", notes: []string{"fault.note_injecting", "fault.note_restoring_unsure", "fault.note_restored_unsure"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.injector.arm = func(context.Context) error { return tt.arm }
			if tt.arm == nil {
				b.injector.arm = nil
			}
			if tt.inject != nil {
				b.injector.inject = func(context.Context) error { return tt.inject }
			}
			var notes []string
			b.opt.Note = func(m i18n.Msg) { notes = append(notes, m.Key) }
			_, err := Run(t.Context(), b.opt, targetM2, nil)
			require.Len(t, diag.Failures(err), 1)
			require.Equal(t, tt.calls, strings.Join(b.injector.calls, " "))
			require.Equal(t, tt.notes, notes)
			b.requireUndone(t)
		})
	}
}

// A clock that was set back by a day while the node was down does not make a
// grader wait for a day.
func TestAClockThatWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.injector.restore = func(context.Context) error { return errTest }
		began := time.Now()
		_, err := Run(t.Context(), b.opt, targetM2, func(_ context.Context, s *Session) error {
			s.rec.Time, s.rec.Timer = s.rec.Time.Add(24*time.Hour), s.rec.Timer.Add(24*time.Hour)
			return nil
		})
		require.ErrorAs(t, err, new(*Stuck))
		require.Less(t, time.Since(began), b.opt.Limit+deadmanMargin+2*restoreTimeout)
	})
}

func TestAFaultIsUndoneOnPanic(t *testing.T) {
	b := newBench(t)
	require.PanicsWithValue(t, "watch", func() {
		_, _ = Run(t.Context(), b.opt, targetM2, func(context.Context, *Session) error { panic("watch") })
	})
	b.requireUndone(t)

	b = newBench(t)
	b.injector.inject = func(context.Context) error { b.swarm.down("id-m2", true); panic("inject") }
	require.PanicsWithValue(t, "inject", func() {
		_, _ = Run(t.Context(), b.opt, targetM2, func(context.Context, *Session) error { return nil })
	})
	b.requireUndone(t)
}

func TestAnInterruptDoesNotStopUndoing(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	b.injector.restore = func(ctx context.Context) error { return ctx.Err() }
	_, err := Run(ctx, b.opt, targetM2, func(ctx context.Context, _ *Session) error {
		cancel()
		return ctx.Err()
	})
	require.ErrorIs(t, err, context.Canceled)
	b.requireUndone(t)
}

func TestUndoingIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		tries := 0
		b.injector.restore = func(context.Context) error {
			if tries++; tries < 20 {
				return errTest
			}
			return nil
		}
		_, err := Run(t.Context(), b.opt, targetM2, func(context.Context, *Session) error { return nil })
		require.NoError(t, err)
		require.Equal(t, 20, tries)
		b.requireUndone(t)
	})
}

// The node can't be entered any more, but the timer on it goes off.
func TestTheTimerOnTheNodeIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.injector.restore = func(context.Context) error { return errTest }
		b.opt.Limit = 5 * time.Minute
		b.opt.RestoreTimeout = time.Second
		time.AfterFunc(b.opt.Limit+deadmanMargin, func() { b.swarm.down("id-m2", false) })
		_, err := Run(t.Context(), b.opt, targetM2, func(context.Context, *Session) error { return nil })
		require.NoError(t, err)
		b.requireUndone(t)
	})
}

// A node that has just been told to stop still looks whole to the managers.
func TestANodeThatOnlyLooksWholeIsNotBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.injector.restore = func(context.Context) error { return errTest }
		b.injector.inject = func(context.Context) error {
			time.AfterFunc(12*time.Second, func() { b.swarm.down("id-m2", true) })
			return errTest
		}
		_, err := Run(t.Context(), b.opt, targetM2, nil)
		var stuck *Stuck
		require.ErrorAs(t, err, &stuck)
		require.Equal(t, "down", b.swarm.node("id-m2").State)
	})
}

// A leader that was gone for a moment is missed only once the others have waited for
// it: what looks whole before that may be gone again.
func TestUndoneBeforeAnybodyNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var began time.Time
		b.injector.inject = func(context.Context) error {
			began = time.Now()
			return errTest // nobody saw it go
		}
		b.injector.restore = func(context.Context) error {
			time.AfterFunc(3*time.Second, func() { b.swarm.down("id-m2", true) })
			time.AfterFunc(9*time.Second, func() { b.swarm.down("id-m2", false) })
			b.injector.restore = nil
			return nil
		}
		_, err := Run(t.Context(), b.opt, targetM2, nil)
		require.ErrorIs(t, err, errTest)
		require.GreaterOrEqual(t, time.Since(began), 9*time.Second, "not said to be back before it is")
		b.requireUndone(t)
	})
}

func TestWhatCanNotBeUndoneIsSaidLoudly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.injector.restore = func(context.Context) error { return errTest }
		s, err := Begin(t.Context(), b.opt, targetM2)
		require.NoError(t, err)
		var stuck *Stuck
		require.ErrorAs(t, s.Restore(t.Context()), &stuck)
		require.Equal(t, []string{"revive m2", "grade restore --class T"}, stuck.Commands)
		require.ErrorIs(t, stuck, errTest)
		for _, lang := range i18n.Langs {
			require.Contains(t, lang.Text(stuck.Msg()), "m2")
			require.Contains(t, lang.Text(stuck.Hint()), "revive m2")
		}
		require.ErrorAs(t, s.Restore(t.Context()), &stuck, "a second call says the same")

		pending, err := b.journal.Pending()
		require.NoError(t, err)
		require.Equal(t, StepRestoring, pending[0].Step)
		_, err = Begin(t.Context(), b.opt, targetM2)
		require.Equal(t, "pending", diag.Code(err), "no fault on top of another: %v", err)
	})
}

func TestAnotherGradersMarkIsRespected(t *testing.T) {
	b := newBench(t)
	b.swarm.locks[MarkName] = []byte(`{"host": "elsewhere", "pid": 7, "class": "2024B", "node": "m3"}`)
	_, err := Run(t.Context(), b.opt, targetM2, nil)
	require.Equal(t, "locked", diag.Code(err))
	require.Contains(t, err.Error(), "elsewhere")
	require.Empty(t, b.injector.calls)
	require.Len(t, b.swarm.locks, 1, "it is not ours to remove")

	_, found, held, err := ClearMark(t.Context(), b.swarm, "here", false)
	require.NoError(t, err)
	require.True(t, found && held)
	_, _, held, err = ClearMark(t.Context(), b.swarm, "here", true)
	require.NoError(t, err)
	require.False(t, held)
	b.requireUndone(t)

	b.swarm.locks[MarkName] = []byte(`not JSON`)
	_, found, held, err = ClearMark(t.Context(), b.swarm, "here", false)
	require.NoError(t, err)
	require.True(t, found && held)
}

func TestContainersThatDoNotStartAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.swarm.stubborn["h2"] = true
		var notes []string
		b.opt.Note = func(m i18n.Msg) { notes = append(notes, i18n.EN.Text(m)) }
		out, err := Run(t.Context(), b.opt, targetM2, func(context.Context, *Session) error { return nil })
		require.NoError(t, err, "one container is no reason to call the node down")
		require.Equal(t, []string{"h1", "h2"}, out.Stopped)
		require.Equal(t, []string{"h1"}, out.Restarted)
		require.Equal(t, map[string]string{"haproxy-02": "port is already allocated"}, out.Failed)
		require.True(t, slices.ContainsFunc(notes, func(s string) bool { return strings.Contains(s, "haproxy-02") }))
		require.NotContains(t, b.swarm.started, "h3", "it did not run before")
	})
}

// Killing a task concerns nobody else: no mark, no journal, nothing started.
func TestATaskKillTouchesNothingElse(t *testing.T) {
	b := newBench(t)
	b.opt.Journal = nil
	inj, err := New(TaskKill, b.opt.Spec, b.swarm)
	require.NoError(t, err)
	b.opt.Injector = inj
	f := targetM2
	f.Kind, f.Service, f.TaskID, f.ContainerID = TaskKill, "a", "a.0", "c-a.0"
	out, err := Run(t.Context(), b.opt, f, func(context.Context, *Session) error {
		require.Equal(t, []string{"c-a.0"}, b.swarm.killed)
		require.Empty(t, b.swarm.locks)
		return nil
	})
	require.NoError(t, err)
	require.Empty(t, b.swarm.started)
	require.Empty(t, out.Stopped)
	require.Equal(t, []string{""}, b.swarm.avoided)

	for name, change := range map[string]func(){
		"another's service": func() { f.Service = "b" }, "another task": func() { f.Service, f.TaskID = "a", "a.1" },
		"another container": func() { f.TaskID, f.ContainerID = "a.0", "h1" }, "no service": func() { f.Service = "" },
	} {
		change()
		require.Equal(t, "changed", diag.Code(inj.Inject(t.Context(), f)), name)
	}
	require.Len(t, b.swarm.killed, 1)
}

func TestDrainGivesBackWhatWas(t *testing.T) {
	b := newBench(t)
	inj, err := New(KindOf(b.opt.Spec), b.opt.Spec, b.swarm)
	require.NoError(t, err)
	b.opt.Injector = inj
	f := targetM2
	f.Kind, f.Was = NodeDrain, "pause"
	_, err = Run(t.Context(), b.opt, f, nil)
	require.Equal(t, "changed", diag.Code(err), "it is active now")
	require.Equal(t, "active", b.swarm.node("id-m2").Availability, "somebody else's doing stays")
	b.requireUndone(t)

	b.swarm.node("id-m2").Availability = "pause"
	_, err = Run(t.Context(), b.opt, f, func(context.Context, *Session) error {
		require.Equal(t, "drain", b.swarm.node("id-m2").Availability)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, "pause", b.swarm.node("id-m2").Availability)
	require.Equal(t, []string{"docker node update --availability pause id-m2"}, inj.(Manual).Commands(f))
	b.requireUndone(t)
}
