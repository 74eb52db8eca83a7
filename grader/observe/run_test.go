package observe_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/observe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lab is a cluster, a loader and a store in memory.
type lab struct {
	mu     sync.Mutex
	kept   map[string][]evidence.Trace // by student
	driven []string                    // "<student's port> <target>"
	steps  []observe.Progress

	takes       time.Duration // of one load
	down        map[string]bool
	proxyErr    error
	loadErr     map[string]error // by target
	saveErr     error
	busy, peak  atomic.Int32
	proxiesRead atomic.Int32
	file        string // every HAProxy's configuration, if it is read
	names       func(service, network string) []evidence.NameView
}

func newLab() *lab {
	return &lab{kept: map[string][]evidence.Trace{}, takes: time.Second, down: map[string]bool{}, loadErr: map[string]error{}}
}

func (l *lab) Snapshot(context.Context, func() int64) (*evidence.Snapshot, error) {
	return nil, errors.New("the runner is given its snapshot")
}

func (l *lab) Proxy(ctx context.Context, ref haproxy.Ref, _ *evidence.Snapshot) (evidence.Proxy, error) {
	l.proxiesRead.Add(1)
	p := evidence.Proxy{Name: ref.Name, Matched: ref.Matched, State: "running"}
	if l.file != "" {
		p.Publishes = []evidence.ContainerPort{{Private: 9001, Public: 9001, Protocol: "tcp"}}
		p.Files = []evidence.File{{Path: "haproxy.cfg", Text: l.file}}
	}
	return p, l.proxyErr
}

func (l *lab) Names(ctx context.Context, service, networkID string, _ *evidence.Snapshot) []evidence.NameView {
	if l.names == nil {
		return nil
	}
	return l.names(service, networkID)
}

func (l *lab) Load(ctx context.Context, t evidence.Target) (evidence.Trace, error) {
	n := l.busy.Add(1)
	defer l.busy.Add(-1)
	for {
		peak := l.peak.Load()
		if n <= peak || l.peak.CompareAndSwap(peak, n) {
			break
		}
	}
	l.mu.Lock()
	l.driven = append(l.driven, t.Address)
	err := l.loadErr[t.ID]
	l.mu.Unlock()
	if err != nil {
		return evidence.Trace{}, err
	}
	select {
	case <-time.After(l.takes):
	case <-ctx.Done():
		return evidence.Trace{}, ctx.Err()
	}
	return evidence.Trace{Target: t, Sent: t.Requests, Took: l.takes.Milliseconds()}, nil
}

func (l *lab) Reach(_ context.Context, host string) error {
	if l.down[host] {
		return fmt.Errorf("dial %s: no route to host", host)
	}
	return nil
}

func (l *lab) Traces(_ context.Context, student string) ([]evidence.Trace, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kept[student], nil
}

func (l *lab) SaveTrace(_ context.Context, student string, t *evidence.Trace) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.saveErr != nil {
		return l.saveErr
	}
	l.kept[student] = append(l.kept[student], *t)
	return nil
}

func (l *lab) runner(parallel int) *observe.Runner {
	begin := time.Now()
	return &observe.Runner{
		Cluster: l, Loader: l, Store: l, Run: "run-1", Parallel: parallel,
		At: func() int64 { return time.Since(begin).Milliseconds() },
		Progress: func(p observe.Progress) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.steps = append(l.steps, p)
		},
	}
}

func planFor(t *testing.T, n int) (*observe.Plan, *evidence.Snapshot) {
	t.Helper()
	students, vars := class(n)
	snap := cluster(n)
	plan := observe.NewPlan(loadRubric(t), []string{"2"}, students, vars, snap)
	for i := range plan.Students {
		plan.Students[i].Before = "sha256:before"
	}
	return plan, snap
}

// tries is a loader whose tries end as told, one after the other.
type tries struct {
	*lab
	failed [][]evidence.ErrorClass
	n      int
}

func (l *tries) Load(_ context.Context, t evidence.Target) (evidence.Trace, error) {
	l.n++
	tr := evidence.Trace{Target: t, Sent: 100, Errors: l.failed[l.n-1], Took: int64(l.n)}
	if failed := len(tr.Errors); failed == 0 || tr.Errors[0].Count < 100 {
		tr.Responders = []evidence.Responder{{Count: 1}}
	}
	return tr, nil
}

// TestSecondTry: what a moment may have spoilt is driven once more.
func TestSecondTry(t *testing.T) {
	plan, snap := planFor(t, 1)
	plan.Students[0].Targets = plan.Students[0].Targets[:1]
	haproxy := plan.Students[0].Targets[0]
	haproxy.Kind = "haproxy"
	errs := func(class string, n int) []evidence.ErrorClass {
		return []evidence.ErrorClass{{Class: class, Count: n}}
	}
	for _, tt := range []struct {
		name   string
		failed [][]evidence.ErrorClass
		kept   int // which try
		jars   string
	}{
		{"a client's container is gone, for now", [][]evidence.ErrorClass{errs("http-503", 7), nil}, 2, "a=b"},
		{"a client's container stays gone", [][]evidence.ErrorClass{errs("http-503", 7), errs("http-503", 7)}, 2, "a=b"},
		{"whoever came back was answered", [][]evidence.ErrorClass{nil}, 1, "a=b"},
		{"all is well", [][]evidence.ErrorClass{nil}, 1, ""},
		{"not up yet", [][]evidence.ErrorClass{errs("http-503", 100), nil}, 2, ""},
		{"a few were late, once", [][]evidence.ErrorClass{errs("timeout", 7), nil}, 2, ""},
		{"a few are late each time", [][]evidence.ErrorClass{errs("timeout", 7), errs("timeout", 7)}, 2, ""},
		{"it gets worse", [][]evidence.ErrorClass{errs("timeout", 7), errs("timeout", 40)}, 1, ""},
		{"many are late", [][]evidence.ErrorClass{errs("timeout", 33)}, 1, ""},
		{"something else", [][]evidence.ErrorClass{errs("reset", 7)}, 1, ""},
		{"something else as well", [][]evidence.ErrorClass{append(errs("timeout", 2), errs("http-503", 2)...)}, 1, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &tries{lab: newLab(), failed: tt.failed}
				r := l.runner(1)
				r.Loader = l
				p := *plan
				p.Students = slices.Clone(plan.Students)
				haproxy := haproxy
				haproxy.Cookies.Jars = tt.jars
				p.Students[0].Targets = []evidence.Target{haproxy}
				got, err := r.Observe(t.Context(), &p, snap)
				require.NoError(t, err)
				tr := got[0].Bundle.Traces[0]
				require.EqualValues(t, tt.kept, tr.Took)
				require.Equal(t, tt.kept == 2, tr.Retried)
				require.Equal(t, len(tt.failed), l.n)
			})
		})
	}
}

func TestObserve(t *testing.T) {
	plan, snap := planFor(t, 2)
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		got, err := l.runner(1).Observe(t.Context(), plan, snap)
		require.NoError(t, err)
		require.Len(t, got, 2)
		for i, o := range got {
			require.Equal(t, &plan.Students[i], o.Plan)
			b := o.Bundle
			require.Equal(t, evidence.BundleSchema, b.Schema)
			require.Equal(t, "run-1", b.Run)
			require.Equal(t, "sha256:before", b.Before)
			require.Equal(t, plan.Students[i].Who.ID, b.Student.ID)
			require.Equal(t, plan.Students[i].Vars, b.Student.Vars)
			require.Len(t, b.Proxies, 1)
			require.Empty(t, b.Gaps)
			var ids []string
			for _, tr := range b.Traces {
				ids = append(ids, tr.Target.ID)
			}
			require.Equal(t, []string{"haproxy", "mesh/manager-1", "mesh/manager-2", "mesh/manager-3"}, ids, "ordered by target")
			// Driven one after the other, a second each.
			require.EqualValues(t, 4000*i, b.Trace("mesh/manager-1").Started)
			require.EqualValues(t, 4000*i+3000, b.Trace("haproxy").Started)
		}
		begins := 0
		for _, p := range l.steps {
			if p.Begins {
				begins++
			}
		}
		require.Equal(t, []int{8, 10}, []int{begins, len(l.steps) - begins})
	})
}

// TestResume: what an earlier try kept is not driven again.
func TestResume(t *testing.T) {
	plan, snap := planFor(t, 1)
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		kept := evidence.Trace{Target: plan.Students[0].Targets[1], Sent: 7}
		l.kept[plan.Students[0].Who.ID] = []evidence.Trace{kept}
		got, err := l.runner(1).Observe(t.Context(), plan, snap)
		require.NoError(t, err)
		require.Equal(t, []string{"172.30.0.11:8001", "172.30.0.13:8001", "172.30.0.12:9001"}, l.driven)
		require.Equal(t, &kept, got[0].Bundle.Trace("mesh/manager-2"))
		require.Len(t, got[0].Bundle.Traces, 4)
		resumed := 0
		for _, p := range l.steps {
			if p.Resumed {
				resumed++
				require.Equal(t, "mesh/manager-2", p.Target)
			}
		}
		require.Equal(t, 1, resumed)

		// A third try has nothing left to do.
		l.driven = nil
		_, err = l.runner(1).Observe(t.Context(), plan, snap)
		require.NoError(t, err)
		require.Empty(t, l.driven)
	})
}

// TestUnreachableHost: a host that does not answer at all is our trouble; its
// loads become gaps and nothing is sent there.
func TestUnreachableHost(t *testing.T) {
	plan, snap := planFor(t, 2)
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		l.down["172.30.0.12"] = true
		got, err := l.runner(2).Observe(t.Context(), plan, snap)
		require.NoError(t, err)
		for _, o := range got {
			for _, what := range []string{"load/mesh/manager-2", "load/haproxy"} {
				gap, ok := o.Bundle.Gap(what)
				require.True(t, ok, what)
				require.Equal(t, "unreachable", gap.Code)
				require.Contains(t, gap.Detail, "no route")
			}
			require.Len(t, o.Bundle.Gaps, 2)
			require.Len(t, o.Bundle.Traces, 2)
		}
		for _, address := range l.driven {
			require.NotContains(t, address, "172.30.0.12")
		}
	})
}

type deniedError struct{}

func (deniedError) Error() string   { return "permission denied" }
func (deniedError) GapCode() string { return "denied" }

// TestGaps: the grader's own trouble is kept as a gap with a stable word, and
// the rest is observed.
func TestGaps(t *testing.T) {
	plan, snap := planFor(t, 1)
	for _, c := range []struct {
		err  error
		code string
	}{
		{deniedError{}, "denied"},
		{fmt.Errorf("read: %w", context.DeadlineExceeded), "timeout"},
		{fmt.Errorf("read: %w", context.Canceled), "cancelled"},
		{&net.OpError{Op: "dial", Err: errors.New("no route to host")}, "unreachable"},
		{&net.DNSError{IsTimeout: true}, "timeout"},
		{errors.New("a bug"), "internal"},
	} {
		t.Run(c.code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab()
				l.proxyErr, l.loadErr["mesh/manager-3"] = c.err, c.err
				got, err := l.runner(1).Observe(t.Context(), plan, snap)
				require.NoError(t, err)
				b := got[0].Bundle
				require.Equal(t, []evidence.Gap{
					{What: "proxy/haproxy-01", Code: c.code, Detail: c.err.Error()},
					{What: "load/mesh/manager-3", Code: c.code, Detail: c.err.Error()},
				}, b.Gaps)
				require.Empty(t, b.Proxies)
				require.Len(t, b.Traces, 3)
			})
		})
	}
}

// TestCancel: a cancelled run ends at once; what was finished is kept for the
// next try.
func TestCancel(t *testing.T) {
	plan, snap := planFor(t, 6)
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		cause := errors.New("the teacher pressed Ctrl-C")
		ctx, cancel := context.WithCancelCause(t.Context())
		begin := time.Now()
		go func() {
			time.Sleep(5500 * time.Millisecond)
			cancel(cause)
		}()
		got, err := l.runner(2).Observe(ctx, plan, snap)
		require.ErrorIs(t, err, cause)
		require.Equal(t, 5500*time.Millisecond, time.Since(begin))
		done, saved := 0, 0
		for _, o := range got {
			if o.Bundle != nil {
				done++
			}
		}
		for _, traces := range l.kept {
			saved += len(traces)
		}
		require.Equal(t, 2, done, "two students at a time, four seconds each")
		require.Equal(t, 10, saved, "and one load of each of the next two")
		require.Len(t, l.driven, 12)

		// The next try drives only the rest.
		l.driven = nil
		_, err = l.runner(2).Observe(t.Context(), plan, snap)
		require.NoError(t, err)
		require.Len(t, l.driven, 6*4-10)
	})
}

func TestBoundedParallelism(t *testing.T) {
	plan, snap := planFor(t, 9)
	for _, c := range []struct{ parallel, peak int }{{0, 1}, {1, 1}, {4, 4}, {64, 9}} {
		t.Run(fmt.Sprint(c.parallel), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab()
				_, err := l.runner(c.parallel).Observe(t.Context(), plan, snap)
				require.NoError(t, err)
				require.EqualValues(t, c.peak, l.peak.Load())
				require.EqualValues(t, 9, l.proxiesRead.Load())
				require.Len(t, l.driven, 36)
			})
		})
	}
}

// TestStoreFails: evidence that cannot be kept ends the run, with the student
// and the target in the error.
func TestStoreFails(t *testing.T) {
	plan, snap := planFor(t, 3)
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		l.saveErr = errors.New("disk full")
		_, err := l.runner(2).Observe(t.Context(), plan, snap)
		require.ErrorIs(t, err, l.saveErr)
		require.ErrorContains(t, err, "mesh/manager-1")
		require.LessOrEqual(t, len(l.driven), 4)
	})
}
