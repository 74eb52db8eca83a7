package action

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/roster"
)

func (b *bench) heal() HealOptions {
	return HealOptions{
		Injector: b.injector,
		Dial: func(context.Context, roster.Cluster) (Cluster, func() error, error) {
			return b.swarm, func() error { return nil }, nil
		},
	}
}

// killAt runs a fault until a step is on disk. From then on nothing works any
// more, as if the grader had been killed there.
func (b *bench) killAt(t *testing.T, step string) {
	dead := func(context.Context) error { return errTest }
	came := false
	b.journal.Hook = func(s string) {
		if s == step {
			came = true
			require.NoError(t, b.journal.Close())
			b.swarm.silent = errTest
			b.injector.arm, b.injector.inject, b.injector.restore = dead, dead, dead
		}
	}
	_, _ = Run(t.Context(), b.opt, targetM2, func(context.Context, *Session) error { return nil })
	require.True(t, came)
	b.swarm.silent = nil
	b.injector.arm, b.injector.inject, b.injector.restore = nil, nil, nil
}

func TestHealUndoesWhatAKilledGraderLeft(t *testing.T) {
	for _, step := range []string{
		StepPlanned, StepLocking, StepArming, StepArmed, StepInjecting, StepInjected,
		StepRestoring, StepRestored, StepRestarting, StepRestarted, StepDone,
	} {
		t.Run(step, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				path := b.journal.Path()
				b.killAt(t, step)
				down := slices.ContainsFunc(b.swarm.containers, func(c evidence.Container) bool { return c.TaskID != "" && c.State != "running" })
				rec, err := heal1(t.Context(), path, b.heal())
				require.NoError(t, err)
				require.Equal(t, step == StepDone, rec == nil)
				for _, c := range b.swarm.containers {
					want := "running"
					if c.ID == "h3" || c.TaskID != "" && down {
						want = "exited"
					}
					require.Equal(t, want, c.State, c.ID)
				}
				rec, err = heal1(t.Context(), path, b.heal())
				require.NoError(t, err)
				require.Nil(t, rec, "there is nothing left to do")
				b.journal = openJournal(t, path)
				b.requireUndone(t)
			})
		})
	}
}

func TestHealOfNothing(t *testing.T) {
	rec, err := heal1(t.Context(), JournalPath(t.TempDir(), "T"), HealOptions{})
	require.NoError(t, err)
	require.Nil(t, rec)
}

func TestAnEmbeddedClusterEndedWithItsGrader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.opt.Conn.Sim = "2024A"
		path := b.journal.Path()
		b.killAt(t, StepInjected)
		rec, err := heal1(t.Context(), path, HealOptions{Dial: func(context.Context, roster.Cluster) (Cluster, func() error, error) {
			return nil, nil, errors.New("it is gone")
		}})
		require.NoError(t, err)
		require.Equal(t, "m2", rec.Fault.Hostname)
	})
}

// With the node down there may be no manager to dial until the node is up.
func TestHealUndoesFirstIfNoManagerAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		path := b.journal.Path()
		b.killAt(t, StepInjected)
		opt := b.heal()
		dial := opt.Dial
		opt.Dial = func(ctx context.Context, conf roster.Cluster) (Cluster, func() error, error) {
			if b.swarm.node("id-m2").State == "down" {
				return nil, nil, errTest
			}
			return dial(ctx, conf)
		}
		_, err := Heal(t.Context(), path, opt)
		require.NoError(t, err)
		b.journal = openJournal(t, path)
		b.requireUndone(t)
	})
}

func TestHealSaysWhatToTypeIfItCanNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		path := b.journal.Path()
		b.killAt(t, StepInjected)
		b.injector.restore = func(context.Context) error { return errTest }
		_, err := Heal(t.Context(), path, b.heal())
		var stuck *Stuck
		require.ErrorAs(t, err, &stuck)
		require.Contains(t, stuck.Commands, "revive m2")
		b.injector.restore = nil
		_, err = Heal(t.Context(), path, b.heal())
		require.NoError(t, err, "and works once it can")
	})
}

// A mark of this machine whose process is gone is nobody's.
func TestAStaleMarkIsCleared(t *testing.T) {
	b := newBench(t)
	host, err := os.Hostname()
	require.NoError(t, err)
	rec := &Record{Host: host, PID: os.Getpid(), Fault: targetM2}
	require.NoError(t, takeMark(t.Context(), b.swarm, rec))
	require.NoError(t, takeMark(t.Context(), b.swarm, rec), "a request whose answer was lost")
	_, _, held, err := ClearMark(t.Context(), b.swarm, host, false)
	require.NoError(t, err)
	require.True(t, held, "this process lives")

	b.swarm.locks[MarkName] = (&Record{Host: host, PID: 1 << 30, Fault: targetM2}).mark()
	m, found, held, err := ClearMark(t.Context(), b.swarm, host, false)
	require.NoError(t, err)
	require.True(t, found)
	require.False(t, held)
	require.Equal(t, 1<<30, m.PID)
	require.Empty(t, b.swarm.locks)
}

// heal1 is Heal of a journal with one action at most.
func heal1(ctx context.Context, path string, opt HealOptions) (*Record, error) {
	done, err := Heal(ctx, path, opt)
	if len(done) == 0 {
		return nil, err
	}
	return done[0].Record, err
}

// TestAllThatIsStuckIsSaid: one that can't be undone hides no other.
func TestAllThatIsStuckIsSaid(t *testing.T) {
	a := NewStuck(toFive("a"), "T", scale{}, errTest)
	b := NewStuck(toFive("b"), "T", scale{}, errTest)
	all := AllStuck(errors.Join(errTest, errors.Join(a, nil), fmt.Errorf("and %w", b)))
	require.Equal(t, []*Stuck{a, b}, all)
	require.Equal(t, []string{"docker service scale a=2", "docker service scale b=2", "grade restore --class T"}, Together(all).Commands)
	require.Equal(t, a.Commands, Together([]*Stuck{a, a}).Commands)
	require.Empty(t, AllStuck(errTest))
}

// TestManagersAreWaitedFor: a node that has just come back has lost its tasks, and the managers hear of it late. What is
// looked for in services before that would look whole.
func TestManagersAreWaitedFor(t *testing.T) {
	waited := func(t *testing.T, c Cluster) time.Duration {
		t.Helper()
		start := time.Now()
		ToldOf(t.Context(), c, "id-m2")
		return time.Since(start)
	}
	synctest.Test(t, func(t *testing.T) {
		f := newFakeSwarm()
		require.Zero(t, waited(t, f), "all runs")
		f.down("id-m2", true)
		f.down("id-m2", false)
		go func() {
			time.Sleep(3 * time.Second)
			f.mu.Lock()
			defer f.mu.Unlock()
			for i := range f.tasks {
				if f.tasks[i].NodeID == "id-m2" {
					f.tasks[i].State = "failed"
				}
			}
		}()
		require.InDelta(t, 3*time.Second, waited(t, f), float64(retryEvery))
	})
	synctest.Test(t, func(t *testing.T) {
		f := newFakeSwarm()
		f.down("id-m2", true)
		f.down("id-m2", false)
		require.InDelta(t, goneLimit, waited(t, f), float64(retryEvery), "not for ever")
		require.Equal(t, unnoticed, waited(t, unseen{f}), "there is nobody to ask")
	})
}

// unseen has no endpoint on any node.
type unseen struct{ *fakeSwarm }

func (unseen) Containers(context.Context, string) ([]evidence.Container, bool, error) {
	return nil, false, nil
}

// TestLeft tells what nobody alive undoes, and nothing of what somebody does.
func TestLeft(t *testing.T) {
	left, err := Left(JournalPath(t.TempDir(), "T"))
	require.NoError(t, err)
	require.Empty(t, left)
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		path := b.journal.Path()
		left, err := Left(path)
		require.NoError(t, err)
		require.Empty(t, left, "a living grader holds it")
		b.killAt(t, StepInjected)
		left, err = Left(path)
		require.NoError(t, err)
		require.Len(t, left, 1)
		require.Equal(t, "m2", left[0].Fault.Hostname)
		require.Contains(t, left[0].Commands, "grade restore --class "+left[0].Class)
		_, err = heal1(t.Context(), path, b.heal())
		require.NoError(t, err)
		left, err = Left(path)
		require.NoError(t, err)
		require.Empty(t, left)
	})
}
