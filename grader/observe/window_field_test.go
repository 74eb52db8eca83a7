package observe_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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
