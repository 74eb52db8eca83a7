package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAnotherComesInItsPlace: whoever is killed, the one or all, another comes; each target comes back
// once and whole, and no target is given up while one is on its way.
func TestAnotherComesInItsPlace(t *testing.T) {
	for _, all := range []bool{false, true} {
		t.Run(fmt.Sprint(all), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFarm(t, 20*time.Millisecond)
				p, l := pool(t, Options{})
				var mu sync.Mutex
				var lost []string
				p.Refill(func(_ context.Context, name string) error {
					time.Sleep(12 * time.Second) // longer than the lost one's lease
					join(t, p, name+"-2", f.run(name+"-2"))
					mu.Lock()
					defer mu.Unlock()
					lost = append(lost, name)
					return nil
				})
				kill, _ := join(t, p, "m1", f.run("m1"))
				kill2, _ := join(t, p, "m2", f.run("m2"))
				results, wait := driveAll(t, l, 10, 1000)
				time.Sleep(time.Second)
				kill()
				if all {
					kill2()
				}
				wait()
				for i, r := range results {
					require.Equal(t, fmt.Sprintf("mesh/%d", i), r.Trace.Target.ID)
					require.Equal(t, 1000, r.Trace.Answered())
					if all {
						require.Contains(t, r.Worker, "-2")
					}
				}
				time.Sleep(12 * time.Second)
				require.Len(t, p.Workers(), 2)
				require.Contains(t, lost, "m1")
				require.NoError(t, p.Close()) // before its workers end
			})
		})
	}
}

// TestNobodyComesInItsPlace: who waited is told that nobody is left, as soon as that is known.
func TestNobodyComesInItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t, 20*time.Millisecond)
		p, l := pool(t, Options{})
		p.Refill(func(context.Context, string) error {
			time.Sleep(15 * time.Second)
			return errors.New("no node takes it")
		})
		kill, _ := join(t, p, "m1", f.run("m1"))
		time.AfterFunc(time.Second, kill)
		began := time.Now()
		_, err := l.Load(t.Context(), target("mesh/1", 1000))
		require.ErrorIs(t, err, ErrNone)
		require.ErrorContains(t, err, "m1")
		require.InDelta(t, 16, time.Since(began).Seconds(), 0.1)
		require.ErrorIs(t, p.Reach(t.Context(), "127.0.0.1"), ErrNone)
	})
}

// TestWhoeverComesLaterIsAskedWhatItReaches: it gets no load on a host that the others were asked for and
// it does not reach, since what it sent there would look like a student's fault.
func TestWhoeverComesLaterIsAskedWhatItReaches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t, 0)
		p, l := pool(t, Options{})
		reaches := func(host string) func(w *wire, m *message) bool {
			return func(w *wire, m *message) bool {
				if m.Kind == kReach {
					problem := "no route to host"
					if m.Host == host {
						problem = ""
					}
					_ = w.send(&message{Kind: kReached, ID: m.ID, Problem: problem})
				}
				return false
			}
		}
		liar(t, p, reaches("127.0.0.1"))
		require.NoError(t, p.Reach(t.Context(), "127.0.0.1"))
		require.ErrorContains(t, p.Reach(t.Context(), "127.0.0.2"), "no route")
		for _, h := range p.hands {
			h.drop(errSilent)
		}
		liar(t, p, reaches("127.0.0.2"))
		_, err := l.Load(t.Context(), target("mesh/1", 5))
		require.ErrorIs(t, err, ErrNone)
		require.Len(t, p.Workers(), 1)
		join(t, p, "m2", f.run("m2")) // it reaches what it is asked for: a port that is refused
		trace, err := l.Load(t.Context(), target("mesh/1", 5))
		require.NoError(t, err)
		require.Equal(t, "m2", trace.From.Worker)
	})
}

// TestAllAreLostWhileTheyAreAsked what they reach: that is no answer, and the next one is asked.
func TestAllAreLostWhileTheyAreAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := pool(t, Options{})
		asked := 0
		p.Refill(func(context.Context, string) error {
			time.Sleep(time.Second)
			liar(t, p, func(w *wire, m *message) bool {
				if m.Kind == kReach {
					asked++
					_ = w.send(&message{Kind: kReached, ID: m.ID})
				}
				return false
			})
			return nil
		})
		liar(t, p, func(w *wire, m *message) bool {
			if m.Kind == kReach {
				_ = w.send(&message{Kind: kGrant})
			}
			return false
		})
		require.NoError(t, p.Reach(t.Context(), "127.0.0.1"))
		require.Positive(t, asked)
		require.NoError(t, p.Close())
	})
}

// TestAPoolIsClosedWhileOneComes: it waits for nobody.
func TestAPoolIsClosedWhileOneComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t, 0)
		p, l := pool(t, Options{})
		p.Refill(func(ctx context.Context, _ string) error {
			near, far := net.Pipe() // says nothing
			defer far.Close()
			return p.Join(ctx, Line{"m1-2", near})
		})
		kill, _ := join(t, p, "m1", f.run("m1"))
		kill()
		waiting := make(chan error, 1)
		go func() { _, err := l.Load(t.Context(), target("mesh/1", 5)); waiting <- err }()
		time.Sleep(time.Second)
		began := time.Now()
		require.NoError(t, p.Close())
		require.Zero(t, time.Since(began))
		require.ErrorIs(t, <-waiting, ErrNone)
	})
}
