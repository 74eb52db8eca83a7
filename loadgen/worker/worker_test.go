package worker

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"swarmgrade/loadgen"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var secret = []byte("a secret of the run")

// TestAWorkerDrivesAsThisMachineWould: over real connections, with attribution and latencies.
func TestAWorkerDrivesAsThisMachineWould(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Hostname: 7be04d19c2f6\nIP: 10.0.1.5\n%s", r.Header.Get("X-Request-Id"))
	}))
	defer server.Close()
	near, far := net.Pipe()
	over := make(chan error, 1)
	go func() { over <- Serve(t.Context(), far, far, secret); _ = far.Close() }()
	epoch := time.Now().Add(-time.Minute)
	p, l := pool(t, Options{Epoch: epoch, Nonce: "0123456789abcdef", Limiter: loadgen.NewLimiter(2000)})
	require.NoError(t, p.Join(t.Context(), Line{"m1", near}))
	require.Equal(t, []string{"m1"}, p.Workers())
	of := target("mesh/m1", 100)
	of.Address = strings.TrimPrefix(server.URL, "http://")
	before := time.Since(epoch).Milliseconds()
	r, err := l.Drive(t.Context(), of, How{}, nil)
	require.NoError(t, err)
	require.Equal(t, 100, r.Trace.Answered())
	require.Equal(t, 100, r.Trace.Responders[0].Echoed)
	require.Equal(t, "7be04d19c2f6", r.Trace.Responders[0].Hostname)
	require.Equal(t, "0123456789abcdef", r.Trace.Nonce)
	require.Equal(t, uint64(100), r.Latencies.Service.N())
	require.Equal(t, "m1", r.Trace.From.Worker)
	require.GreaterOrEqual(t, r.Trace.Started, before-1-r.Trace.From.ClockUS/1000)
	require.LessOrEqual(t, r.Trace.Started+r.Trace.Took, time.Since(epoch).Milliseconds()+1)
	require.NoError(t, p.Reach(t.Context(), "127.0.0.1"), "a port that is refused is reached")
	require.NoError(t, p.Close())
	require.NoError(t, <-over)
}

// TestWorkersKnowWhatWasRecordedBefore: a cache that another run filled, driven by this machine
// then and by a worker now; neither hands anything on to the other.
func TestWorkersKnowWhatWasRecordedBefore(t *testing.T) {
	var once sync.Once
	page := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() { page = "Hostname: 7be04d19c2f6\nX-Request-Id: " + r.Header.Get("X-Request-Id") })
		fmt.Fprint(w, page)
	}))
	defer server.Close()
	of := target("mesh/m1", 50)
	of.Address = strings.TrimPrefix(server.URL, "http://")
	filled, err := loadgen.Run(t.Context(), of, loadgen.Options{})
	require.NoError(t, err)
	require.Equal(t, 49, filled.Responders[0].Replayed)
	for range 2 {
		near, far := net.Pipe()
		over := make(chan error, 1)
		go func() { over <- Serve(t.Context(), far, far, secret); _ = far.Close() }()
		p, l := pool(t, Options{})
		require.NoError(t, p.Join(t.Context(), Line{"m1", near}))
		r, err := l.Drive(t.Context(), of, How{}, nil)
		require.NoError(t, err)
		require.NotEqual(t, filled.Nonce, r.Trace.Nonce)
		require.Equal(t, 50, r.Trace.Responders[0].Replayed)
		require.Zero(t, r.Trace.Responders[0].Echoed)
		require.NoError(t, p.Close())
		require.NoError(t, <-over)
	}
}

// TestOneRateForAll: however many workers there are, together they send no faster than one
// limiter lets, and not much slower.
func TestOneRateForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t, 0)
		lim := loadgen.NewLimiter(300)
		p, l := pool(t, Options{Limiter: lim})
		for _, name := range []string{"m1", "m2", "m3"} {
			join(t, p, name, f.run(name))
		}
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				_, err := l.Load(t.Context(), target(fmt.Sprintf("mesh/%d", i), 375))
				require.NoError(t, err)
			})
		}
		wg.Wait()
		require.InDelta(t, 10, time.Since(began).Seconds(), 0.3)
		for from, i := 0, 0; i < len(f.moments); i++ {
			for f.moments[i]-f.moments[from] > time.Second {
				from++
			}
			// What each may hold, and what the limiter lets go at once.
			require.LessOrEqual(t, i-from+1, 300+4*lim.Burst()+1)
		}
	})
}

// delayed is a way that takes its time.
type delayed struct {
	net.Conn
	by time.Duration
}

func (d delayed) Write(b []byte) (int, error) { time.Sleep(d.by); return d.Conn.Write(b) }

// TestClocksAreCompared: a worker whose clock began later, over a slow and lopsided way: when its
// load began is known within the bound that is kept.
func TestClocksAreCompared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t, 10*time.Millisecond)
		epoch := time.Now()
		p, l := pool(t, Options{Epoch: epoch})
		time.Sleep(5 * time.Second)
		near, far := net.Pipe()
		go func() {
			_ = serve(t.Context(), far, delayed{far, 30 * time.Millisecond}, secret, f.run("m1"))
			_ = far.Close()
		}()
		require.NoError(t, p.Join(t.Context(), Line{"m1", delayed{near, 10 * time.Millisecond}}))
		trace, err := l.Load(t.Context(), target("mesh/1", 10))
		require.NoError(t, err)
		require.InDelta(t, f.moments[0].Milliseconds(), trace.Started, float64(trace.From.ClockUS)/1000+1)
		require.InDelta(t, 20_000, trace.From.ClockUS, 2000, "half of the way there and back")
		require.Equal(t, int64(100), trace.Took)
	})
}

func TestALoadIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t, 10*time.Millisecond)
		p, l := pool(t, Options{})
		join(t, p, "m1", f.run("m1"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		told := 0
		r, err := l.Drive(ctx, target("mesh/1", 1000), How{}, func(answered, _ int) { told = answered })
		require.NoError(t, err)
		require.Equal(t, "cancelled", r.Trace.Stopped)
		require.InDelta(t, 100, r.Trace.Sent, 2)
		require.Positive(t, told)
		require.Len(t, p.Workers(), 1, "it did nothing wrong")
	})
}
