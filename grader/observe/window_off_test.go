package observe_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/observe"
)

// TestWindowIsBrokenOff: what a fault must never lead to ends it at once.
func TestWindowIsBrokenOff(t *testing.T) {
	for _, c := range []struct {
		reason string
		after  time.Duration
		change func(f *field)
	}{
		{"other-node", 5 * time.Second, func(f *field) {
			f.nodes = func(since time.Duration, nodes []evidence.Node) {
				if since >= 5*time.Second {
					nodes[2].State = "down"
				}
			}
		}},
		{"quorum", 6 * time.Second, func(f *field) {
			f.nodes = func(since time.Duration, nodes []evidence.Node) {
				if since >= 5*time.Second {
					nodes[2].Reachability = "unreachable"
				}
			}
		}},
		{"api-silent", 31 * time.Second, func(f *field) {
			f.never[1] = true
			f.poll = func(since time.Duration) error {
				if since >= time.Second {
					return context.DeadlineExceeded
				}
				return nil
			}
		}},
		{"inject-failed", 0, func(f *field) { f.inject = errors.New("ssh: handshake failed") }},
	} {
		t.Run(c.reason, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				f := newField(1)
				c.change(f)
				w, probings, err := f.watch(t.Context(), nil)
				require.NoError(t, err, "the window says so itself")
				require.Equal(t, "aborted", w.End)
				require.Equal(t, c.reason, w.Reason)
				require.Equal(t, 1, f.undone)
				require.NotEmpty(t, probings[0].Probes)
				if c.reason == "inject-failed" {
					require.EqualValues(t, -1, w.Injected)
					require.Contains(t, w.Detail, "handshake")
					return
				}
				require.InDelta(t, c.after.Milliseconds(), w.Restoring-w.Injected, 2100)
				if c.reason == "api-silent" {
					last := w.Polls[len(w.Polls)-8]
					require.Equal(t, "timeout", last.Error)
					require.Empty(t, last.Nodes, "no sample")
				}
			})
		})
	}
}

// TestWindowIsUndoneWhatever: an interrupt, a bug, a fault that is stuck. There
// is no window then, and nothing is left running (goleak).
func TestWindowIsUndoneWhatever(t *testing.T) {
	interrupted := errors.New("the teacher pressed Ctrl-C")
	stuck := &action.Stuck{Cause: errors.New("no route to host")}
	for _, c := range []struct {
		name   string
		change func(f *field)
		cancel time.Duration
		want   string
	}{
		{"interrupt before", nil, time.Second, interrupted.Error()},
		{"interrupt in the middle", nil, 9 * time.Second, interrupted.Error()},
		{"interrupt at the end", nil, 36 * time.Second, interrupted.Error()},
		{"a bug in a probe", func(f *field) {
			f.probe = func(string) {
				if f.at() > 8000 {
					panic("index out of range")
				}
			}
		}, 0, "index out of range"},
		{"a bug in a poll", func(f *field) {
			f.poll = func(since time.Duration) error {
				if since > 5*time.Second {
					panic("nil map")
				}
				return nil
			}
		}, 0, "nil map"},
		{"stuck", func(f *field) { f.outcome = stuck }, 0, "no route"},
		{"held by another", func(f *field) { f.inject = &diag.Failure{Code: "locked", Cause: errors.New("held")} }, 0, "held"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				f := newField(1)
				if c.change != nil {
					c.change(f)
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if c.cancel > 0 {
					time.AfterFunc(c.cancel, func() { cancel(interrupted) })
				}
				w, probings, err := f.watch(ctx, nil)
				require.ErrorContains(t, err, c.want)
				require.Nil(t, w)
				require.Nil(t, probings)
				require.True(t, f.injected.IsZero(), "the node is back")
			})
		})
	}
}

// TestNoBaselineNoFault: where no manager answers, nothing is injected.
func TestNoBaselineNoFault(t *testing.T) {
	inTime(t, func(t *testing.T) {
		f := newField(1)
		f.poll = func(time.Duration) error { return errors.New("no route to host") }
		_, _, err := f.watch(t.Context(), nil)
		require.ErrorContains(t, err, "nothing was injected")
		require.Zero(t, f.undone)
	})
}

// TestWindowIsBrokenOffByHand: what it takes to undo a fault comes at once, and none is made
// any more once nobody wants one.
func TestWindowIsBrokenOffByHand(t *testing.T) {
	inTime(t, func(t *testing.T) {
		f, undo := newField(3), make(chan struct{})
		time.AfterFunc(8*time.Second, func() { close(undo) })
		w, probings, err := f.watch(t.Context(), func(w *observe.Windows) { w.Undo = undo })
		require.NoError(t, err)
		require.Equal(t, []string{"aborted", "by-hand"}, []string{w.End, w.Reason})
		require.EqualValues(t, 8000, w.Restoring)
		require.Equal(t, 1, f.undone)
		require.Len(t, probings, 3)

		f = newField(3)
		w, _, err = f.watch(t.Context(), func(w *observe.Windows) { w.Undo = undo })
		require.NoError(t, err)
		require.Equal(t, []string{"aborted", "by-hand"}, []string{w.End, w.Reason})
		require.Zero(t, f.undone, "nothing was done")
		require.EqualValues(t, -1, w.Injecting)
		require.EqualValues(t, -1, w.Injected)
	})
}
