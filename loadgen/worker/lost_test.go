package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/loadgen"
)

// TestAWorkerIsKilledInTheMiddle: three have thirty targets; whether one's process ends or only
// the way to it, each target comes back once, with all of its requests, and nobody loads one
// while another still does.
func TestAWorkerIsKilledInTheMiddle(t *testing.T) {
	for _, how := range []string{"killed", "cut"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFarm(t, 20*time.Millisecond)
				lost := make(chan string, 3)
				p, l := pool(t, Options{Lost: func(name string, why error) {
					require.Equal(t, "ended", Reason(why))
					lost <- name
				}})
				join(t, p, "m1", f.run("m1"))
				kill, cut := join(t, p, "m2", f.run("m2"))
				join(t, p, "m3", f.run("m3"))
				results, wait := driveAll(t, l, 30, 100)
				time.Sleep(time.Second)
				if how == "cut" {
					cut()
				} else {
					kill()
				}
				wait()
				again, sum := 0, 0
				for i, r := range results {
					require.Equal(t, fmt.Sprintf("mesh/%d", i), r.Trace.Target.ID)
					require.Equal(t, 100, r.Trace.Answered())
					sum += r.Trace.Sent
					if r.Tries > 1 {
						again++
						require.NotEqual(t, "m2", r.Worker)
					}
				}
				require.Equal(t, 3000, sum)
				require.Equal(t, 10, again, "what it had, and nothing else, is driven again")
				require.Equal(t, "m2", <-lost)
				require.Empty(t, lost)
				require.Len(t, p.Workers(), 2)
			})
		})
	}
}

// TestTheCoordinatorIsGone: a worker that hears nothing ends, and its load with it, within its
// lease, though its standard input stays open.
func TestTheCoordinatorIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t, 10*time.Millisecond)
		p, l := pool(t, Options{})
		near, far := net.Pipe()
		in, w := io.Pipe() // is never closed by the coordinator
		go func() { _, _ = io.Copy(w, far) }()
		over := make(chan error, 1)
		go func() { over <- serve(t.Context(), in, far, secret, f.run("m1")); _ = in.Close() }()
		require.NoError(t, p.Join(t.Context(), Line{"m1", near}))
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = l.Load(ctx, target("mesh/1", 1_000_000)) }()
		time.Sleep(3 * time.Second)
		_ = near.Close()
		began := time.Now()
		require.Error(t, <-over)
		require.LessOrEqual(t, time.Since(began), LeaseTime)
		require.Empty(t, f.under)
		cancel()
		_ = far.Close()
	})
}

func TestNobodyIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t, 10*time.Millisecond)
		p, l := pool(t, Options{})
		_, err := l.Load(t.Context(), target("mesh/1", 10))
		require.ErrorIs(t, err, ErrNone)
		require.ErrorIs(t, p.Reach(t.Context(), "10.0.0.1"), ErrNone)
		kill, _ := join(t, p, "m1", f.run("m1"))
		time.AfterFunc(time.Second, kill)
		_, err = l.Load(t.Context(), target("mesh/1", 1000))
		require.ErrorIs(t, err, ErrNone)
		require.ErrorContains(t, err, "m1")
		_, err = l.Load(t.Context(), evidence.Target{ID: "odd", Address: "somewhere:80", Requests: 1})
		require.ErrorContains(t, err, "odd")
	})
}

// TestItsOwnMachinesTrouble is a gap, and no reason to let go of it.
func TestItsOwnMachinesTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l := pool(t, Options{})
		join(t, p, "m1", func(context.Context, evidence.Target, loadgen.Options) (evidence.Trace, error) {
			return evidence.Trace{}, &loadgen.LocalError{Err: errors.New("no files")}
		})
		_, err := l.Load(t.Context(), target("mesh/1", 10))
		var f *Failure
		require.ErrorAs(t, err, &f)
		require.Equal(t, "internal", f.GapCode())
		require.Equal(t, "m1", f.Worker)
		require.Len(t, p.Workers(), 1)
	})
}

// TestAWorkerThatReachesNotEveryHost gets no load on that host, and all others; if none reaches it
// that is an error, and no student's fault.
func TestAWorkerThatReachesNotEveryHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t, 0)
		p, l := pool(t, Options{})
		liar(t, p, func(w *wire, m *message) bool { // it says the truth, and drives nothing
			if m.Kind == kReach {
				_ = w.send(&message{Kind: kReached, ID: m.ID, Problem: "no route to host"})
			}
			return false
		})
		require.ErrorContains(t, p.Reach(t.Context(), "127.0.0.1"), "no route")
		_, err := l.Load(t.Context(), target("mesh/1", 5))
		require.ErrorIs(t, err, ErrNone)
		require.Len(t, p.Workers(), 1, "it is let go of by nobody")
		join(t, p, "m2", f.run("m2"))
		for range 3 {
			trace, err := l.Load(t.Context(), target("mesh/1", 5))
			require.NoError(t, err)
			require.Equal(t, "m2", trace.From.Worker)
		}
	})
}
