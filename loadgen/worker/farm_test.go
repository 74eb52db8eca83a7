package worker

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
	"swarmgrade/loadgen"
)

// farm is what loads would hit, played: it knows who loads what at any moment.
type farm struct {
	t     *testing.T
	began time.Time
	each  time.Duration // what a request takes

	mu      sync.Mutex
	under   map[string]string // by target: who loads it
	sent    map[string]int
	moments []time.Duration
}

func newFarm(t *testing.T, each time.Duration) *farm {
	return &farm{t: t, began: time.Now(), each: each, under: map[string]string{}, sent: map[string]int{}}
}

// run is loadgen.Run by a worker.
func (f *farm) run(who string) driver {
	return func(ctx context.Context, target evidence.Target, o loadgen.Options) (evidence.Trace, error) {
		f.mu.Lock()
		if other := f.under[target.ID]; other != "" {
			f.t.Errorf("%s loads %s while %s does", who, target.ID, other)
		}
		f.under[target.ID] = who
		f.mu.Unlock()
		defer func() {
			f.mu.Lock()
			delete(f.under, target.ID)
			f.mu.Unlock()
		}()
		began, n, stopped := time.Now(), 0, ""
		for ; n < target.Requests; n++ {
			if o.Grant != nil {
				if _, ok := o.Grant(ctx); !ok {
					stopped = "cancelled"
					break
				}
			}
			f.mu.Lock()
			f.sent[target.ID]++
			f.moments = append(f.moments, time.Since(f.began))
			f.mu.Unlock()
			if f.each > 0 && pause(ctx, f.each) != nil {
				stopped = "cancelled"
				break
			}
			if o.Progress != nil {
				o.Progress(n+1, 0)
			}
		}
		trace := traceOf(target, o.Nonce, n)
		trace.Stopped, trace.Took = stopped, time.Since(began).Milliseconds()
		*o.Latencies = latencies(n)
		return trace, nil
	}
}

func traceOf(target evidence.Target, nonce string, n int) evidence.Trace {
	trace := evidence.Trace{
		Target: target, Nonce: nonce, Sent: n, BucketMS: 100, Sequence: make([]int16, n),
		Responders: []evidence.Responder{{Identity: evidence.Identity{Hostname: strings.ReplaceAll(target.ID, "/", "-")}, Count: n}},
	}
	if n > 0 {
		trace.Timeline = []evidence.Bucket{{OK: n}}
	}
	return trace
}

func latencies(n int) loadgen.Latencies {
	t := loadgen.Tally{Sum: uint64(n) * 1000, Max: 1000, Buckets: [][2]uint32{{1000, uint32(n)}}}
	if n == 0 {
		t = loadgen.Tally{}
	}
	return loadgen.Latencies{Corrected: t, Service: t}
}

func target(id string, requests int) evidence.Target {
	return evidence.Target{ID: id, Kind: "mesh", Address: "127.0.0.1:8080", Requests: requests, PerConnection: 1, Workers: 1}
}

// join takes a worker in that works; kill ends its process, cut only its way here, of which
// it does not hear.
func join(t *testing.T, p *Pool, name string, run driver) (kill, cut func()) {
	t.Helper()
	near, far := net.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	in, w := io.Pipe()
	over := make(chan struct{})
	go func() { // what comes is held where it is as soon as the way is cut
		_, _ = io.Copy(w, far)
		<-over
		_ = w.Close()
	}()
	go func() {
		defer close(over)
		_ = serve(ctx, in, far, secret, run)
		_ = far.Close()
		_ = in.Close()
	}()
	t.Cleanup(func() { cancel(); <-over })
	require.NoError(t, p.Join(t.Context(), Line{name, near}))
	return func() { cancel(); _ = far.Close() }, func() { _ = near.Close() }
}

func pool(t *testing.T, opt Options) (*Pool, Loader) {
	opt.Secret = secret
	p := New(opt)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p, p.Loader(rubric.Attribution{}, nil)
}

// driveAll begins to drive so many targets, of so many requests each; results holds what came of them, by number,
// once wait returns.
func driveAll(t *testing.T, l Loader, targets, requests int) (results []Result, wait func()) {
	results = make([]Result, targets)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			r, err := l.Drive(t.Context(), target(fmt.Sprintf("mesh/%d", i), requests), How{}, nil)
			require.NoError(t, err)
			results[i] = r
		})
	}
	return results, wg.Wait
}
