package observe_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/observe"
)

// field is a swarm of three managers whose manager-2 fails: node and tasks
// follow the clock from the injection on, as on a real one.
type field struct {
	mu       sync.Mutex
	begin    time.Time
	services int
	injected time.Time // zero: not now
	undone   int

	never   map[int]bool          // services that are not replaced
	slow    map[int]time.Duration // how long a service takes to answer
	inject  error
	outcome error // of undoing
	poll    func(since time.Duration) error
	nodes   func(since time.Duration, nodes []evidence.Node)
	probe   func(port string) // before an answer
	probes  map[string]int    // by address
}

func newField(services int) *field {
	return &field{begin: time.Now(), services: services, never: map[int]bool{}, slow: map[int]time.Duration{}, probes: map[string]int{}}
}

func (f *field) at() int64 { return time.Since(f.begin).Milliseconds() }

// since is how long the fault lasts; negative without one.
func (f *field) since() time.Duration {
	if f.injected.IsZero() {
		return -1
	}
	return time.Since(f.injected)
}

// replaced is when services run elsewhere: detection and restart delay.
const replacedAfter = 18 * time.Second

// task is what runs of a service's slot 2, the one on manager-2.
func (f *field) moved(i int) bool {
	return !f.never[i] && (f.undone > 0 || f.since() >= replacedAfter)
}

func (f *field) Poll(ctx context.Context, _ func() int64) ([]evidence.Node, []evidence.Task, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.poll != nil {
		if err := f.poll(f.since()); err != nil {
			return nil, nil, err
		}
	}
	var nodes []evidence.Node
	for n := 1; n <= 3; n++ {
		node := evidence.Node{ID: fmt.Sprintf("node-%d", n), Hostname: fmt.Sprintf("manager-%d", n), Role: "manager",
			State: "ready", Availability: "active", Reachability: "reachable", Leader: n == 1}
		if n == 2 && f.since() >= 12*time.Second {
			node.State, node.Reachability = "down", "unreachable"
		}
		nodes = append(nodes, node)
	}
	if f.nodes != nil {
		f.nodes(f.since(), nodes)
	}
	var tasks []evidence.Task
	for i := 1; i <= f.services; i++ {
		task := func(slot, node int, suffix string) evidence.Task {
			return evidence.Task{
				ID: fmt.Sprintf("task-%d-%d%s", i, slot, suffix), ServiceID: fmt.Sprintf("svc-%d", i), Slot: slot,
				NodeID: fmt.Sprintf("node-%d", node), Desired: "running", State: "running",
				ContainerID: container(i, slot, suffix) + strings.Repeat("0", 52), Created: "2024-11-21T03:47:02Z",
			}
		}
		one, two := task(1, 1, ""), task(2, 2, "")
		if f.moved(i) {
			two.Desired = "shutdown" // still said to run: its node can't tell
			next := task(2, 3, "b")
			next.Created = "2024-11-21T03:48:02Z"
			tasks = append(tasks, next)
		}
		tasks = append(tasks, one, two)
	}
	return nodes, tasks, nil
}

// container is the short ID, which is the host name.
func container(service, slot int, suffix string) string {
	return fmt.Sprintf("%0*d%s", 12-len(suffix), service*10+slot, suffix)
}

// Probe answers from the service's containers in turn.
func (f *field) Probe(ctx context.Context, t evidence.Target) (who evidence.Responder, failed evidence.ErrorClass, err error) {
	f.mu.Lock()
	f.probes[t.Address]++
	turn := f.probes[t.Address]
	port := t.Address[strings.LastIndex(t.Address, ":")+1:]
	var i int
	_, _ = fmt.Sscanf(port, "80%02d", &i)
	takes, down, moved, hook := f.slow[i], f.since() >= 0, f.moved(i), f.probe
	f.mu.Unlock()
	if hook != nil {
		hook(port)
	}
	select {
	case <-time.After(takes + time.Millisecond):
	case <-ctx.Done():
		return who, failed, context.Cause(ctx)
	}
	host := container(i, 1, "")
	if turn%2 == 0 {
		switch {
		case moved:
			host = container(i, 2, "b")
		case down:
			return who, evidence.ErrorClass{Class: "timeout", Count: 1}, nil
		default:
			host = container(i, 2, "")
		}
	}
	return evidence.Responder{Identity: evidence.Identity{Hostname: host}, Count: 1, Rule: "whoami"}, failed, nil
}

// Break is fault.Run with a node that takes 200 ms to stop and 3 s to return.
func (f *field) Break(ctx context.Context, _ evidence.Action, _ time.Duration, watch func(context.Context) error) (out action.Outcome, err error) {
	if diag.Code(f.inject) == "locked" {
		return action.Outcome{Injecting: -1, Injected: -1, Restoring: -1, Restored: -1}, f.inject
	}
	out = action.Outcome{Injecting: f.at(), Injected: -1, Restoring: -1, Restored: -1}
	defer func() {
		out.Restoring = f.at()
		time.Sleep(3 * time.Second)
		f.mu.Lock()
		f.injected = time.Time{}
		f.undone++
		f.mu.Unlock()
		out.Restored = f.at()
		err = errors.Join(err, f.outcome)
	}()
	if f.inject != nil {
		return out, f.inject
	}
	time.Sleep(200 * time.Millisecond)
	f.mu.Lock()
	f.injected = time.Now()
	f.mu.Unlock()
	out.Injected = f.at()
	return out, watch(ctx)
}

func (f *field) watch(ctx context.Context, change func(*observe.Windows)) (*evidence.Window, []*evidence.Probing, error) {
	w := observe.Windows{Watcher: f, Prober: f, Breaker: f, At: f.at, Rate: 2000, Swarm: evidence.Swarm{HeartbeatMS: 5000, Managers: 3}}
	if change != nil {
		change(&w)
	}
	var services []observe.Watched
	for i := 1; i <= f.services; i++ {
		s := observe.Watched{Student: fmt.Sprint(i), Service: &evidence.Service{
			ID: fmt.Sprintf("svc-%d", i), Name: fmt.Sprintf("s%02d", i), Mode: "replicated", Replicas: 2,
			Restart: evidence.RestartPolicy{Condition: "any", DelayMS: 5000},
		}}
		for _, n := range []int{1, 3} {
			s.Targets = append(s.Targets, evidence.Target{ID: fmt.Sprintf("mesh/manager-%d", n), Address: fmt.Sprintf("172.30.0.1%d:80%02d", n, i)})
		}
		services = append(services, s)
	}
	return w.Watch(ctx, evidence.Action{Kind: action.NodeStop, NodeID: "node-2", Hostname: "manager-2"}, services)
}

// inTime runs a test on a clock of its own.
func inTime(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func TestWindowEndsWhenAllHaveRecovered(t *testing.T) {
	inTime(t, func(t *testing.T) {
		f := newField(3)
		var phases []string
		w, probings, err := f.watch(t.Context(), func(w *observe.Windows) {
			w.Progress = func(p observe.WindowProgress) {
				if len(phases) == 0 || phases[len(phases)-1] != p.Phase {
					phases = append(phases, p.Phase)
				}
				require.Equal(t, 3, p.Of)
			}
		})
		require.NoError(t, err)
		require.Equal(t, "recovered", w.End)
		require.Empty(t, w.Reason)
		require.Equal(t, 1, f.undone)
		require.Equal(t, []string{"lead", "down", "restoring", "tail"}, phases)

		// The moments, by one clock, and the times that DOMAIN asks for.
		require.EqualValues(t, 0, w.Began)
		require.EqualValues(t, 3000, w.Injecting)
		require.EqualValues(t, 3200, w.Injected)
		held := w.Injected + replacedAfter.Milliseconds() + w.HoldMS
		require.GreaterOrEqual(t, w.Restoring, held)
		require.Less(t, w.Restoring, held+5000)
		require.Equal(t, w.Restoring+3000, w.Restored)
		require.GreaterOrEqual(t, w.Ended, w.Restored+3000)
		require.EqualValues(t, 10000, w.HoldMS)
		require.EqualValues(t, 1, w.Speed)

		// A poll about every second from before the fault until after it.
		require.InDelta(t, float64(w.Ended)/1000, float64(len(w.Polls)), 2)
		require.Len(t, w.Polls[0].Nodes, 3)
		require.Len(t, w.Polls[0].Tasks, 6)
		changed := 0
		for _, p := range w.Polls[1:] {
			changed += len(p.Nodes) + len(p.Tasks)
		}
		require.Equal(t, 2+3*2, changed, "down and back; a task replaced and one called off for each service")

		// Four probes a second for each service, evenly over both entry nodes
		// and over time; none at the node that is lost.
		require.Len(t, probings, 3)
		for i, p := range probings {
			require.Equal(t, fmt.Sprintf("svc-%d", i+1), p.Service)
			require.EqualValues(t, 250, p.PeriodMS)
			require.Zero(t, p.Skipped)
			require.InDelta(t, float64(w.Ended)/250, float64(len(p.Probes)), 2)
			to := [2]int{}
			for k, x := range p.Probes {
				to[x.To]++
				if k > 0 {
					require.InDelta(t, 250, float64(x.At-p.Probes[k-1].At), 1)
				}
				require.EqualValues(t, 1000, x.Took)
			}
			require.InDelta(t, to[0], to[1], 1)
			require.Len(t, p.Responders, 3, "the one that stays, the one lost, its replacement")
			require.Len(t, p.Errors, 1)
		}
		require.Equal(t, int64(83), probings[1].Probes[0].At-probings[0].Probes[0].At, "a third of a period later")
		for address := range f.probes {
			require.NotContains(t, address, "172.30.0.12:")
		}

		// What is stored can be read again.
		blob, err := evidence.Encode(w)
		require.NoError(t, err)
		back, err := evidence.DecodeWindow(blob)
		require.NoError(t, err)
		require.Equal(t, w, back)
		blob, err = evidence.Encode(&evidence.Bundle{
			Schema: evidence.BundleSchema, Episodes: []evidence.Episode{{Name: evidence.FaultEpisode, Probing: probings[0]}},
		})
		require.NoError(t, err)
		_, err = evidence.DecodeBundle(blob)
		require.NoError(t, err)
	})
}

func TestWindowWaitsForTheLimit(t *testing.T) {
	inTime(t, func(t *testing.T) {
		f := newField(2)
		f.never[2] = true
		w, _, err := f.watch(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, "limit", w.End)
		require.InDelta(t, w.LimitMS, w.Restoring-w.Injected, 1100, "also counted from the last poll")
		require.GreaterOrEqual(t, w.LimitMS, int64(65000))
		require.Equal(t, 1, f.undone)
	})
}

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

// TestSlowServicesDelayNobody: one that never answers in time is probed as
// often, and its neighbour is not late.
func TestSlowServicesDelayNobody(t *testing.T) {
	inTime(t, func(t *testing.T) {
		f := newField(2)
		f.slow[1] = 1900 * time.Millisecond
		_, probings, err := f.watch(t.Context(), nil)
		require.NoError(t, err)
		for _, p := range probings {
			require.Zero(t, p.Skipped)
			for k := range p.Probes[1:] {
				require.InDelta(t, 250, float64(p.Probes[k+1].At-p.Probes[k].At), 1)
			}
		}

		// One that takes for ever is bounded, and only its own probes are left out.
		f = newField(2)
		f.slow[1] = time.Hour
		f.never[1] = true
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		peak := 0
		f.probe = func(port string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			if port == "8001" {
				peak++
			}
		}
		_, _, err = f.watch(ctx, nil)
		require.Error(t, err)
		require.Equal(t, 10, peak, "2 s' worth of probes and two more")
		require.Greater(t, f.probes["172.30.0.11:8002"], 38)
	})
}

// TestSpeed: the embedded cluster's times shrink with its delays, a real
// swarm's with a short heartbeat don't.
func TestSpeed(t *testing.T) {
	for beat, want := range map[int64]float64{0: 1, 5000: 1, 10000: 1, 1000: 1, 250: 20, 50: 100} {
		require.Equal(t, want, evidence.Swarm{HeartbeatMS: beat}.Speed(), beat)
	}
	inTime(t, func(t *testing.T) {
		f := newField(1)
		f.never[1] = true
		w, probings, err := f.watch(t.Context(), func(w *observe.Windows) { w.Swarm.HeartbeatMS = 250 })
		require.NoError(t, err)
		require.EqualValues(t, 20, w.Speed)
		require.EqualValues(t, 500, w.HoldMS)
		require.EqualValues(t, 400, w.Injecting)
		require.Less(t, w.LimitMS, int64(10000))
		require.EqualValues(t, 50, w.Polls[1].At)
		require.EqualValues(t, 13, probings[0].PeriodMS, "20 times as many probes, and none more")
	})
}

// TestHostileNamesAreBounded: a page that invents a name an answer fills no
// memory.
func TestHostileNamesAreBounded(t *testing.T) {
	inTime(t, func(t *testing.T) {
		f := newField(1)
		f.never[1] = true
		n := 0
		w, probings, err := f.watch(t.Context(), func(w *observe.Windows) {
			w.Prober = proberFunc(func() evidence.Responder {
				n++
				return evidence.Responder{Identity: evidence.Identity{Hostname: fmt.Sprint("invented-", n)}, Count: 1, Rule: "whoami"}
			})
		})
		require.NoError(t, err)
		require.Len(t, probings[0].Responders, 257)
		require.Equal(t, "other", probings[0].Responders[256].Rule)
		total := 0
		for _, r := range probings[0].Responders {
			total += r.Count
		}
		require.Len(t, probings[0].Probes, total)
		require.True(t, slices.IsSortedFunc(w.Polls, func(a, b evidence.Poll) int { return int(a.At - b.At) }))
	})
}

type proberFunc func() evidence.Responder

func (f proberFunc) Probe(context.Context, evidence.Target) (evidence.Responder, evidence.ErrorClass, error) {
	return f(), evidence.ErrorClass{}, nil
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
