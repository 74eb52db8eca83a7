package action

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"swarmgrade/grader/evidence"
)

func TestMain(m *testing.M) {
	if v := os.Getenv(victimEnv); v != "" {
		os.Exit(die(v))
	}
	// The runtime's own goroutine for signals must not start within a test's
	// bubble.
	holdPipe()()
	goleak.VerifyTestMain(m)
}

// fakeSwarm is a swarm of which only what faults touch is there.
type fakeSwarm struct {
	Lodging    // of which a test brings its own
	mu         sync.Mutex
	nodes      []evidence.Node
	tasks      []evidence.Task
	containers []evidence.Container // of all nodes
	locks      map[string][]byte
	avoided    []string
	killed     []string
	started    []string
	replicas   map[string]uint64 // of services
	scalings   int
	refills    string            // the service of which lost tasks are counted
	forced     map[string]uint64 // updates of services
	updating   string            // the last one's state
	// silent, if set, is what every call answers; stubborn containers don't
	// start.
	silent   error
	stubborn map[string]bool
}

func newFakeSwarm() *fakeSwarm {
	s := world("m1* m2 m3", "a:m2,m3")
	for i := range s.Tasks {
		s.Tasks[i].ContainerID = "c-" + s.Tasks[i].ID
	}
	return &fakeSwarm{
		nodes: s.Nodes, tasks: s.Tasks, locks: map[string][]byte{}, stubborn: map[string]bool{}, replicas: map[string]uint64{"svc-a": 2, "svc-b": 3}, forced: map[string]uint64{"svc-a": 7},
		containers: []evidence.Container{
			{NodeID: "id-m2", ID: "c-a.0", Names: []string{"a.1"}, State: "running", TaskID: "a.0"},
			{NodeID: "id-m2", ID: "h1", Names: []string{"haproxy-01"}, State: "running"},
			{NodeID: "id-m2", ID: "h2", Names: []string{"haproxy-02"}, State: "running"},
			{NodeID: "id-m2", ID: "h3", Names: []string{"idle"}, State: "exited"},
		},
	}
}

func (f *fakeSwarm) node(id string) *evidence.Node {
	return &f.nodes[slices.IndexFunc(f.nodes, func(n evidence.Node) bool { return n.ID == id })]
}

// down takes a node's engine away or gives it back.
func (f *fakeSwarm) down(id string, down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.node(id)
	n.State, n.Reachability = "ready", "reachable"
	if down {
		n.State, n.Reachability = "down", "unreachable"
		for i := range f.containers {
			if f.containers[i].NodeID == id {
				f.containers[i].State = "exited"
			}
		}
	}
}

func (f *fakeSwarm) Poll(ctx context.Context, _ func() int64) ([]evidence.Node, []evidence.Task, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.nodes), slices.Clone(f.tasks), errors.Join(f.silent, ctx.Err())
}

func (f *fakeSwarm) Avoid(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.avoided = append(f.avoided, id)
}

func (f *fakeSwarm) Containers(_ context.Context, id string) (list []evidence.Container, seen bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.node(id).State == "down" {
		return nil, true, errors.New("connection refused")
	}
	for _, c := range f.containers {
		if c.NodeID == id {
			list = append(list, c)
		}
	}
	return list, true, f.silent
}

func (f *fakeSwarm) StartContainer(_ context.Context, _, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.started = append(f.started, id)
	if f.stubborn[id] {
		return errors.New("port is already allocated")
	}
	for i := range f.containers {
		if f.containers[i].ID == id {
			f.containers[i].State = "running"
		}
	}
	return nil
}

func (f *fakeSwarm) KillContainer(_ context.Context, _, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.killed = append(f.killed, id)
	return nil
}

func (f *fakeSwarm) CreateLock(_ context.Context, name string, data []byte) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, taken := f.locks[name]; taken || f.silent != nil {
		return false, f.silent
	}
	f.locks[name] = data
	return true, nil
}

func (f *fakeSwarm) ReadLock(_ context.Context, name string) ([]byte, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	data, found := f.locks[name]
	return data, found, f.silent
}

func (f *fakeSwarm) RemoveLock(_ context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.locks, name)
	return f.silent
}

func (f *fakeSwarm) SetAvailability(_ context.Context, id, availability string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.node(id).Availability = availability
	return f.silent
}

// fakeInjector stops and starts nodes of a fakeSwarm. The functions, if set,
// come first and may fail instead.
type fakeInjector struct {
	swarm                *fakeSwarm
	arm, inject, restore func(ctx context.Context) error
	mu                   sync.Mutex
	calls                []string
}

func (i *fakeInjector) call(ctx context.Context, name string, f func(context.Context) error) error {
	i.mu.Lock()
	i.calls = append(i.calls, name)
	i.mu.Unlock()
	if f != nil {
		return f(ctx)
	}
	return nil
}

func (i *fakeInjector) Arm(ctx context.Context, _ evidence.Action, _ time.Duration) error {
	return i.call(ctx, "arm", i.arm)
}

func (i *fakeInjector) Inject(ctx context.Context, f evidence.Action) error {
	if err := i.call(ctx, "inject", i.inject); err != nil {
		return err
	}
	i.swarm.down(f.NodeID, true)
	return nil
}

func (i *fakeInjector) Restore(ctx context.Context, f evidence.Action) error {
	if err := i.call(ctx, "restore", i.restore); err != nil {
		return err
	}
	i.swarm.down(f.NodeID, false)
	return nil
}

func (i *fakeInjector) Commands(f evidence.Action) []string {
	return []string{"revive " + f.Hostname}
}

var targetM2 = evidence.Action{Kind: NodeStop, NodeID: "id-m2", Hostname: "m2", Address: "10.0.0.2"}

// bench is all that a session needs, faked but for the journal.
type bench struct {
	swarm    *fakeSwarm
	injector *fakeInjector
	journal  *Journal
	opt      Options
}

func newBench(t *testing.T) *bench {
	b := &bench{swarm: newFakeSwarm()}
	b.injector = &fakeInjector{swarm: b.swarm}
	b.journal = openJournal(t, filepath.Join(t.TempDir(), "fault-T.journal"))
	clock := int64(0)
	b.opt = Options{
		Cluster: b.swarm, Injector: b.injector, Journal: b.journal, Class: "T", Run: "r1", Limit: time.Minute,
		At: func() int64 { clock++; return clock },
	}
	return b
}

func openJournal(t *testing.T, path string) *Journal {
	j, err := OpenJournal(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// requireUndone checks that nothing is left behind.
func (b *bench) requireUndone(t *testing.T) {
	t.Helper()
	require.Equal(t, "ready", b.swarm.node("id-m2").State)
	require.Empty(t, b.swarm.locks)
	pending, err := b.journal.Pending()
	require.NoError(t, err)
	require.Empty(t, pending)
}

func (f *fakeSwarm) Replicas(_ context.Context, id string) (n uint64, found bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, found = f.replicas[id]
	return n, found, f.silent
}

func (f *fakeSwarm) Scale(_ context.Context, id string, from, to uint64) (scaled bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n, found := f.replicas[id]; f.silent != nil || !found || n != from {
		return false, f.silent
	}
	f.replicas[id] = to
	f.scalings++
	last := -1 // of those that do not run, which go first, one at a time
	for i, t := range f.tasks {
		if t.ServiceID == id && t.State == "failed" {
			last = i
		}
	}
	switch {
	case to < from && last >= 0:
		f.tasks = slices.Delete(f.tasks, last, last+1)
	case to > from && last < 0 && id == f.refills: // no slot is taken by a lost one
		f.tasks = append(f.tasks, evidence.Task{ID: "made", ServiceID: id, Desired: "running", State: "running"})
	}
	return true, nil
}

func (f *fakeSwarm) Forced(_ context.Context, id string) (n uint64, state string, found bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, found = f.forced[id]
	return n, f.updating, found, f.silent
}

func (f *fakeSwarm) Force(_ context.Context, id string, from, to uint64) (changed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n, found := f.forced[id]; f.silent != nil || !found || n != from {
		return false, f.silent
	}
	f.forced[id] = to
	return true, nil
}
