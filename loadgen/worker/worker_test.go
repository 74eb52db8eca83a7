package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	"golang.org/x/time/rate"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
	"swarmgrade/loadgen"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var secret = []byte("a secret of the run")

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
		Responders: []evidence.Responder{{Identity: evidence.Identity{Hostname: target.ID}, Count: n}},
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

// TestAWorkerIsKilledInTheMiddle: three have thirty targets; whether one's process ends or only
// the way to it, each target comes back once, with all of its requests, and nobody loads one
// while another still does.
func TestAWorkerIsKilledInTheMiddle(t *testing.T) {
	for _, how := range []string{"killed", "cut"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFarm(t, 20*time.Millisecond)
				lost := make(chan string, 3)
				p, l := pool(t, Options{Lost: func(name string, _ error) { lost <- name }})
				join(t, p, "m1", f.run("m1"))
				kill, cut := join(t, p, "m2", f.run("m2"))
				join(t, p, "m3", f.run("m3"))
				results := make([]Result, 30)
				var wg sync.WaitGroup
				for i := range results {
					wg.Go(func() {
						r, err := l.Drive(t.Context(), target(fmt.Sprintf("mesh/%d", i), 100), How{}, nil)
						require.NoError(t, err)
						results[i] = r
					})
				}
				time.Sleep(time.Second)
				if how == "cut" {
					cut()
				} else {
					kill()
				}
				wg.Wait()
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

// liar answers as a worker does, but for one kind of message.
func liar(t *testing.T, p *Pool, lie func(w *wire, m *message) bool) {
	t.Helper()
	near, far := net.Pipe()
	over := make(chan struct{})
	t.Cleanup(func() { _ = far.Close(); <-over })
	go func() {
		defer close(over)
		w := &wire{in: far, out: far, max: maxToWorker}
		w.first(secret, true, "")
		m, err := w.receive()
		if err != nil {
			return
		}
		theirs := m.Session
		w.first(secret, true, theirs)
		_ = w.send(&message{Kind: kWelcome, Version: version, Session: "liar"})
		w.both(secret, true, theirs, "liar")
		w.inN, w.outN = 0, 0
		began := time.Now()
		for {
			m, err := w.receive()
			if err != nil {
				return
			}
			if m.Kind == kPing && !lie(w, m) {
				now := int64(time.Since(began)) + 1
				time.Sleep(time.Microsecond)
				_ = w.send(&message{Kind: kPong, At: m.At, Got: now, Now: int64(time.Since(began)) + 1})
			} else if m.Kind != kPing {
				lie(w, m)
			}
		}
	}()
	require.NoError(t, p.Join(t.Context(), Line{"liar", near}))
}

func done(m *message, change func(*evidence.Trace)) *message {
	n := m.Order.Target.Requests
	trace := traceOf(m.Order.Target, m.Order.Nonce, n)
	change(&trace)
	text, err := json.Marshal(trace)
	if err != nil {
		panic(err)
	}
	l := latencies(trace.Answered())
	return &message{Kind: kDone, ID: m.ID, Gen: m.Gen, Trace: text, Latencies: &l, Began: 1}
}

// TestLiars: whatever a worker says that it must not, it is let go of by name, its targets are
// driven by an honest one, and what comes back is that one's.
func TestLiars(t *testing.T) {
	onLoad := func(answer func(w *wire, m *message)) func(*wire, *message) bool {
		return func(w *wire, m *message) bool {
			if m.Kind == kLoad {
				answer(w, m)
			}
			return false
		}
	}
	wrong := func(change func(*evidence.Trace)) func(*wire, *message) bool {
		return onLoad(func(w *wire, m *message) { _ = w.send(done(m, change)) })
	}
	for name, c := range map[string]struct {
		lie  func(w *wire, m *message) bool
		want string
	}{
		"a trace of another student's target": {wrong(func(t *evidence.Trace) { t.Target.Address = "127.0.0.1:8081" }), "another target"},
		"a trace of another run":              {wrong(func(t *evidence.Trace) { t.Nonce = "ffffffffffffffff" }), "another run"},
		"more than was asked for":             {wrong(func(t *evidence.Trace) { *t = traceOf(t.Target, t.Nonce, t.Sent+1) }), "more than was asked for"},
		"counts that don't add up":            {wrong(func(t *evidence.Trace) { t.Sent-- }), "can't be"},
		"a sequence that points nowhere":      {wrong(func(t *evidence.Trace) { t.Sequence[0] = 9 }), "points to nobody"},
		"negative numbers":                    {wrong(func(t *evidence.Trace) { t.Responders[0].Browser = -1 }), "add up"},
		"a timeline of others":                {wrong(func(t *evidence.Trace) { t.Timeline[0].OK = 1 }), "add up"},
		"half of a load":                      {wrong(func(t *evidence.Trace) { *t = traceOf(t.Target, t.Nonce, 10); t.Stopped = "cancelled" }), "not told to end"},
		"an end that nobody allowed":          {wrong(func(t *evidence.Trace) { *t = traceOf(t.Target, t.Nonce, 10); t.Stopped = "enough" }), "fewer requests"},
		"a word nobody knows":                 {wrong(func(t *evidence.Trace) { t.Stopped = "tired" }), "asked for"},
		"endless texts":                       {wrong(func(t *evidence.Trace) { t.Responders[0].Sample = strings.Repeat("x", 100_000) }), "longer texts"},
		"endless lists": {wrong(func(t *evidence.Trace) {
			t.Responders = append(t.Responders, make([]evidence.Responder, 500)...)
		}), "longer lists"},
		"a time before its own": {wrong(func(t *evidence.Trace) { t.Took = 1 << 40 }), "times"},
		"latencies of others": {onLoad(func(w *wire, m *message) {
			d := done(m, func(*evidence.Trace) {})
			d.Latencies.Service.Buckets = [][2]uint32{{5, 1}}
			_ = w.send(d)
		}), "latencies"},
		"no JSON": {onLoad(func(w *wire, m *message) {
			_ = w.send(&message{Kind: kDone, ID: m.ID, Gen: m.Gen, Trace: json.RawMessage(`"x"`), Latencies: &loadgen.Latencies{}})
		}), "can't be"},
		"a load that nobody gave it": {onLoad(func(w *wire, m *message) { m.ID++; _ = w.send(done(m, func(*evidence.Trace) {})) }), "no sense"},
		"an earlier generation":      {onLoad(func(w *wire, m *message) { m.Gen--; _ = w.send(done(m, func(*evidence.Trace) {})) }), "no sense"},
		"a giant message":            {onLoad(func(w *wire, _ *message) { _, _ = w.out.Write([]byte("\xff\xff\xff\xff" + strings.Repeat("x", 64))) }), "longer than any"},
		"a message of no secret": {onLoad(func(w *wire, _ *message) {
			w.keys(true, w.inKey, []byte("guessed"))
			_ = w.send(&message{Kind: kPong})
		}), "not signed"},
		"a message once more":  {onLoad(func(w *wire, _ *message) { w.outN--; _ = w.send(&message{Kind: kPong}) }), "not signed"},
		"a coordinator's word": {onLoad(func(w *wire, _ *message) { _ = w.send(&message{Kind: kGrant, N: 1}) }), "no sense"},
		"progress backwards": {onLoad(func(w *wire, m *message) {
			_ = w.send(&message{Kind: kWant, N: 2})
			time.Sleep(2 * time.Second)
			_ = w.send(&message{Kind: kProgress, ID: m.ID, Gen: m.Gen, Answered: 2})
			_ = w.send(&message{Kind: kProgress, ID: m.ID, Gen: m.Gen, Answered: 1})
		}), "no sense"},
		"sending without leave": {wrong(func(*evidence.Trace) {}), "leave"},
		"asking for all of it":  {onLoad(func(w *wire, _ *message) { _ = w.send(&message{Kind: kWant, N: 1_000_000}) }), "no sense"},
		"asking for ever": {func(w *wire, m *message) bool {
			if m.Kind == kLoad || m.Kind == kGrant {
				_ = w.send(&message{Kind: kWant, N: 2})
			}
			return false
		}, "leave"},
		"never ending": {func(*wire, *message) bool { return false }, "get on"},
		"silence":      {func(_ *wire, m *message) bool { return m.Kind == kPing && m.At > int64(3*time.Second) }, "nothing was heard"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFarm(t, 0)
				why := make(chan error, 2)
				lim := rate.NewLimiter(100, 2)
				if c.want != "leave" && !strings.HasPrefix(name, "progress") && !strings.HasPrefix(name, "asking") {
					lim = nil // what is sent without leave would be found first
				}
				p, l := pool(t, Options{Limiter: lim, Lost: func(_ string, err error) { why <- err }})
				liar(t, p, c.lie)
				var r Result
				var err error
				over := make(chan struct{})
				go func() {
					defer close(over)
					r, err = l.Drive(t.Context(), target("mesh/1", 20), How{}, nil)
				}()
				time.Sleep(time.Millisecond) // it is the liar's before there is another
				join(t, p, "honest", f.run("honest"))
				<-over
				require.NoError(t, err)
				require.ErrorContains(t, <-why, c.want)
				require.Equal(t, "honest", r.Worker)
				require.Equal(t, 2, r.Tries)
				require.Equal(t, 20, r.Trace.Answered())
				require.Equal(t, 20, f.sent["mesh/1"])
				require.Equal(t, []string{"honest"}, p.Workers())
			})
		})
	}
}

// TestWhoeverHasNotTheSecret neither becomes a worker nor has one do anything.
func TestWhoeverHasNotTheSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := pool(t, Options{})
		near, far := net.Pipe()
		over := make(chan error, 1)
		go func() {
			over <- serve(t.Context(), far, far, []byte("another"), newFarm(t, 0).run("x"))
			_ = far.Close()
		}()
		require.Error(t, p.Join(t.Context(), Line{"x", near}))
		require.ErrorIs(t, <-over, errForged)
		near, far = net.Pipe() // says nothing at all
		go func() { _, _ = io.Copy(io.Discard, far) }()
		require.ErrorIs(t, p.Join(t.Context(), Line{"y", near}), context.DeadlineExceeded)
		require.Empty(t, p.Workers())
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
