package loadgen

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// mustAddUp holds what the evidence promises of every trace.
func mustAddUp(t *testing.T, trace evidence.Trace) {
	t.Helper()
	require.Equal(t, trace.Sent, trace.Answered()+trace.Failed())
	blob, err := evidence.Encode(trace)
	require.NoError(t, err)
	_, err = evidence.DecodeTrace(blob)
	require.NoError(t, err)
	inTime := 0
	for _, b := range trace.Timeline {
		inTime += b.OK + b.Failed
	}
	require.Equal(t, trace.Sent, inTime, "the timeline adds up")
	if !trace.SequenceCut {
		require.Len(t, trace.Sequence, trace.Sent)
	}
}

func TestRunKeepsTheOrderOfAnswers(t *testing.T) {
	trace, err := Run(t.Context(), target(answers(t, 3), 90), Options{})
	require.NoError(t, err)
	mustAddUp(t, trace)
	require.Equal(t, 90, trace.Sent)
	require.Empty(t, trace.Stopped)
	require.Equal(t, 90, trace.Connections)
	require.Len(t, trace.Responders, 3)
	for i, r := range trace.Responders {
		require.Equal(t, 30, r.Count)
		require.Equal(t, "whoami", r.Rule)
		require.Equal(t, fmt.Sprintf("c0ffee%06d", i), r.Hostname)
		require.Equal(t, "0020240101", r.StudentID)
		require.Equal(t, []string{fmt.Sprintf("10.0.0.%d", i+3), fmt.Sprintf("10.0.1.%d", i+3)}, r.Addresses)
	}
	for i, e := range trace.Sequence {
		require.EqualValues(t, i%3, e)
	}
}

func TestRequestsAConnection(t *testing.T) {
	for _, c := range []struct{ per, workers, requests, connections, answering int }{
		{1, 1, 60, 60, 3},
		{4, 1, 60, 15, 3},
		{7, 1, 60, 9, 3}, // the last one carries four
		{0, 1, 60, 1, 1}, // one client, one connection, one container
	} {
		t.Run(fmt.Sprint(c.per), func(t *testing.T) {
			tgt := target(answers(t, 3), c.requests)
			tgt.PerConnection, tgt.Workers = c.per, c.workers
			trace, err := Run(t.Context(), tgt, Options{})
			require.NoError(t, err)
			mustAddUp(t, trace)
			require.Equal(t, c.requests, trace.Answered())
			require.Equal(t, c.connections, trace.Connections)
			require.Len(t, trace.Responders, c.answering)
		})
	}
}

func TestManyWorkersCountEveryAnswer(t *testing.T) {
	tgt := target(answers(t, 3), 2000)
	tgt.Workers = 16
	trace, err := Run(t.Context(), tgt, Options{})
	require.NoError(t, err)
	mustAddUp(t, trace)
	require.Equal(t, 2000, trace.Answered(), "%+v", trace.Errors)
	require.Len(t, trace.Responders, 3)
}

// net/http would report two of these and retry the rest in silence.
func TestEveryDroppedRequestIsReported(t *testing.T) {
	for _, per := range []int{0, 1, 25} {
		for _, workers := range []int{1, 8} {
			t.Run(fmt.Sprintf("per connection %d, workers %d", per, workers), func(t *testing.T) {
				var requests, dropped atomic.Int64
				text := []byte(plain(whoami(1)))
				addr := serve(t, func(_ int, conn net.Conn) {
					for r := bufio.NewReader(conn); readRequest(r); {
						if requests.Add(1)%10 == 0 {
							dropped.Add(1)
							return
						}
						conn.Write(text)
					}
				})
				tgt := target(addr, 2000)
				tgt.PerConnection, tgt.Workers = per, workers
				trace, err := Run(t.Context(), tgt, Options{})
				require.NoError(t, err)
				mustAddUp(t, trace)
				require.EqualValues(t, 2000, requests.Load(), "nothing is sent twice")
				require.EqualValues(t, 200, dropped.Load())
				require.Equal(t, 200, trace.Failed())
				require.Equal(t, 1800, trace.Answered())
				for _, e := range trace.Errors {
					require.Contains(t, []string{"eof", "reset"}, e.Class)
				}
			})
		}
	}
}

// A peer that ends idle connections between requests harms nobody.
func TestIdleConnectionEndedByPeer(t *testing.T) {
	text, ended := []byte(plain(whoami(1))), make(chan error)
	addr := serve(t, func(_ int, conn net.Conn) {
		if readRequest(bufio.NewReader(conn)) {
			conn.Write(text)
			ended <- conn.Close()
		}
	})
	tgt := target(addr, 8)
	tgt.PerConnection = 0
	to, err := checkTarget(&tgt)
	require.NoError(t, err)
	rules, err := Compile(defaultAttribution)
	require.NoError(t, err)
	opts := Options{Attribution: rules}
	began := time.Now()
	rec := newRecorder(tgt.Requests, func() {}, false)
	c := newClient(t.Context(), func(error) {}, to, tgt, opts, newPacer(t.Context(), tgt, opts, began), rec, began)
	defer c.close()
	for hit := range uint64(tgt.Requests) {
		c.request(hit)
		require.NoError(t, <-ended)
		// The end arrives, and some time goes by.
		s := c.idle[0]
		require.Eventually(t, func() bool { return closedByPeer(s.conn) }, 10*time.Second, time.Millisecond)
		s.free -= 2 * idleCheck
	}
	trace := rec.trace()
	require.Equal(t, tgt.Requests, trace.Answered(), "%+v", trace.Errors)
	require.EqualValues(t, tgt.Requests, c.connections.Load())
}

// stalls serves answers at once, but for one second in every three, when
// requests wait for the second's end.
func stalls(start time.Time) func(int, net.Conn) {
	text := []byte(plain(whoami(1)))
	return func(_ int, conn net.Conn) {
		for r := bufio.NewReader(conn); readRequest(r); {
			if at := time.Since(start) % (3 * time.Second); at < time.Second {
				time.Sleep(time.Second - at)
			}
			time.Sleep(50 * time.Microsecond) // serving takes some time
			if _, err := conn.Write(text); err != nil {
				return
			}
		}
	}
}

// With a cap on workers, the measured service time of a stalling server looks
// fine; the time from when requests were meant to be sent does not.
func TestStallsShowAtAnyNumberOfWorkers(t *testing.T) {
	for _, per := range []int{0, 1} {
		for _, workers := range []int{1, 2, 10, 100} {
			t.Run(fmt.Sprintf("per connection %d, workers %d", per, workers), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					const rate, requests = 400, 400 * 15
					var truth []float64
					for i := range requests {
						wait := 50 * time.Microsecond
						if at := time.Duration(i) * time.Second / rate % (3 * time.Second); at < time.Second {
							wait += time.Second - at
						}
						truth = append(truth, float64(wait.Microseconds()))
					}
					slices.Sort(truth)
					tgt := target("127.0.0.1:1", requests)
					tgt.PerConnection, tgt.Workers = per, workers
					trace, err := Run(t.Context(), tgt, Options{Rate: rate, dial: pipes(stalls(time.Now()))})
					require.NoError(t, err)
					mustAddUp(t, trace)
					require.Equal(t, requests, trace.Answered())
					require.InEpsilon(t, truth[requests*99/100], trace.Latency.Corrected.P99, 0.02)
					require.InEpsilon(t, truth[len(truth)-1], trace.Latency.Corrected.Max, 0.02)
					if workers <= 2 {
						require.Less(t, trace.Latency.Service.P99, int64(1000), "the trap that this run would fall into")
						require.Greater(t, trace.Late, 1000)
					}
				})
			})
		}
	}
}

func TestSettledWhenNothingAnswers(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ln.Close()
	tgt := target(ln.Addr().String(), 500)
	trace, err := Run(t.Context(), tgt, Options{Settle: true})
	require.NoError(t, err)
	mustAddUp(t, trace)
	require.Equal(t, "settled", trace.Stopped)
	require.Equal(t, 40, trace.Sent)
	require.Equal(t, []evidence.ErrorClass{{Class: "refused", Count: 40, Sample: trace.Errors[0].Sample, Browser: trace.Errors[0].Browser}}, trace.Errors)

	trace, err = Run(t.Context(), tgt, Options{})
	require.NoError(t, err)
	require.Equal(t, 500, trace.Sent, "without the option every request is sent")
}

func TestCancelKeepsWhatWasDone(t *testing.T) {
	for _, rate := range []float64{0, 1000} {
		t.Run(fmt.Sprintf("%g a second", rate), func(t *testing.T) { cancelled(t, rate) })
	}
}

func cancelled(t *testing.T, rate float64) {
	ctx, cancel := context.WithCancel(t.Context())
	text := []byte(plain(whoami(1)))
	addr := serve(t, func(n int, conn net.Conn) {
		r := bufio.NewReader(conn)
		readRequest(r)
		if n < 10 {
			conn.Write(text)
		}
		if n == 10 {
			cancel()
		}
		readRequest(r) // hold the connection
	})
	trace, err := Run(ctx, target(addr, 500), Options{Rate: rate})
	require.NoError(t, err)
	mustAddUp(t, trace)
	require.Equal(t, "cancelled", trace.Stopped)
	require.Equal(t, 10, trace.Sent, "a request that our own end broke is nobody's failure")
	require.Zero(t, trace.Failed())
}

func TestDurationEndsSending(t *testing.T) {
	for rate, sent := range map[float64]int{100: 200, 0: 2 * 4 * 1000} {
		t.Run(fmt.Sprintf("%g a second", rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tgt := target("127.0.0.1:1", 100_000)
				tgt.Workers, tgt.PerConnection = 4, 0
				trace, err := Run(t.Context(), tgt, Options{Rate: rate, Duration: 2 * time.Second, dial: pipes(inAMillisecond)})
				require.NoError(t, err)
				mustAddUp(t, trace)
				require.Equal(t, "duration", trace.Stopped)
				require.Equal(t, sent, trace.Sent)
				require.LessOrEqual(t, trace.Took, int64(2001))
			})
		})
	}
}

func inAMillisecond(_ int, conn net.Conn) {
	text := []byte(plain(whoami(1)))
	for r := bufio.NewReader(conn); readRequest(r); {
		time.Sleep(time.Millisecond)
		conn.Write(text)
	}
}

// Without a schedule a worker goes on by itself: that ends with the run all the same,
// progress is told meanwhile, and each worker has its turn.
func TestWorkersWithoutAScheduleComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var told []int
		tgt := target("127.0.0.1:1", 100_000)
		tgt.Workers, tgt.PerConnection = 4, 0
		trace, err := Run(ctx, tgt, Options{dial: pipes(inAMillisecond), Progress: func(answered, failed int) {
			require.Zero(t, failed)
			if told = append(told, answered); len(told) == 10 {
				cancel()
			}
		}})
		require.NoError(t, err)
		mustAddUp(t, trace)
		require.Equal(t, "cancelled", trace.Stopped)
		require.Len(t, told, 10)
		for i, n := range told {
			require.InDelta(t, 4*100*(i+1), n, 4*15, "told every 100 ms, a turn of each later at most")
		}
		require.InDelta(t, 4000, trace.Sent, 4*15)
		require.Equal(t, 4, trace.Connections)
		require.Zero(t, trace.Failed())
		time.Sleep(time.Second) // the servers end, too
	})
}

func quick(_ int, conn net.Conn) {
	text := []byte(plain(whoami(1)))
	for r := bufio.NewReader(conn); readRequest(r); {
		conn.Write(text)
	}
}

// Two runs within one global rate take as long as one with the requests of
// both, and the wait for the rate is not called latency.
func TestGlobalRateIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := NewLimiter(100)
		start := time.Now()
		var wg sync.WaitGroup
		for _, rate := range []float64{0, 500} {
			wg.Go(func() {
				trace, err := Run(t.Context(), target("127.0.0.1:1", 200), Options{Limiter: limiter, Rate: rate, dial: pipes(quick)})
				require.NoError(t, err)
				require.Equal(t, 200, trace.Answered())
				require.Less(t, trace.Latency.Corrected.Max, int64(1000))
			})
		}
		wg.Wait()
		require.InDelta(t, 4, time.Since(start).Seconds(), 0.1)
	})
}

func TestGraderOwnTroubleIsNoEvidence(t *testing.T) {
	n := 0
	trace, err := Run(t.Context(), target("127.0.0.1:1", 100), Options{
		dial: func(ctx context.Context, addr netip.AddrPort) (conn, error) {
			if n++; n > 5 {
				return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EADDRNOTAVAIL)}
			}
			return pipes(quick)(ctx, addr)
		},
	})
	var local *LocalError
	require.ErrorAs(t, err, &local)
	require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
	require.Equal(t, "local", local.GapCode())
	mustAddUp(t, trace)
	require.Equal(t, 5, trace.Sent)
}

func TestTargetsThatMakeNoSense(t *testing.T) {
	for name, change := range map[string]func(*evidence.Target){
		"a name to resolve": func(t *evidence.Target) { t.Address = "localhost:80" },
		"no port":           func(t *evidence.Target) { t.Address = "127.0.0.1" },
		"port 0":            func(t *evidence.Target) { t.Address = "127.0.0.1:0" },
		"no requests":       func(t *evidence.Target) { t.Requests = 0 },
		"a second request":  func(t *evidence.Target) { t.Path = "/ HTTP/1.1\r\n\r\nGET /" },
		"a relative path":   func(t *evidence.Target) { t.Path = "x" },
	} {
		t.Run(name, func(t *testing.T) {
			tgt := target("127.0.0.1:80", 1)
			change(&tgt)
			_, err := Run(t.Context(), tgt, Options{dial: func(context.Context, netip.AddrPort) (conn, error) {
				return nil, errors.New("dialled")
			}})
			require.ErrorContains(t, err, "load target")
		})
	}
}

func TestIPv6(t *testing.T) {
	ln, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 loopback here")
	}
	defer ln.Close()
	go func() {
		conn, err := ln.Accept()
		if err == nil {
			quick(0, conn)
			conn.Close()
		}
	}()
	trace, err := Run(t.Context(), target(ln.Addr().String(), 1), Options{})
	require.NoError(t, err)
	require.Equal(t, 1, trace.Answered())
}

// Quantiles of a bimodal set, the kind that digests get wrong, against exact
// ones.
func TestHistogramErrorBound(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var h histogram
	var all []int64
	for i := range 200_000 {
		v := int64(1e6 + rng.ExpFloat64()*3e5)
		if i%50 == 0 {
			v = int64(9e8 + rng.ExpFloat64()*5e7)
		}
		all = append(all, v)
		h.observe(v)
	}
	slices.Sort(all)
	q := h.quantiles()
	for _, c := range []struct {
		q   float64
		got int64
	}{{.5, q.P50}, {.9, q.P90}, {.95, q.P95}, {.99, q.P99}, {.999, q.P999}} {
		exact := float64(all[int(c.q*float64(len(all)))-1]) / 1000
		require.InDelta(t, exact, c.got, exact*0.0005+0.5, "p%g", c.q*100)
	}
	require.Equal(t, (all[len(all)-1]+500)/1000, q.Max)
}

func TestHistogramTakesAnyDuration(t *testing.T) {
	var h histogram
	for _, v := range []int64{-5, 0, 1, 1023, 1024, 2047, 2048, 1<<44 - 1, 1 << 44, 1<<63 - 1} {
		h.observe(v)
	}
	for v := uint64(1); v < 1<<44; v = v*3/2 + 1 {
		require.InDelta(t, v, middle(bucketOf(v)), float64(v)/2048+0.5)
	}
}

func TestTimelineStaysBounded(t *testing.T) {
	r := newRecorder(1, nil, false)
	for i := range 10_000 {
		r.at(time.Duration(i)*777*time.Millisecond).OK++
	}
	r.answered = 10_000
	trace := r.trace()
	require.LessOrEqual(t, len(trace.Timeline), maxBuckets)
	sum := 0
	for i, b := range trace.Timeline {
		require.Zero(t, b.Start%trace.BucketMS)
		if i > 0 {
			require.Greater(t, b.Start, trace.Timeline[i-1].Start)
		}
		sum += b.OK
	}
	require.Equal(t, 10_000, sum)
}

// However low a rate is, it is none that sends at once: the time between two requests has an end.
func TestTheLowestRates(t *testing.T) {
	for _, rate := range []float64{1e-3, 1e-9, 1e-12, 5e-324} {
		p := newPacer(t.Context(), evidence.Target{Requests: 10, Workers: 1}, Options{Rate: rate, Duration: time.Minute}, time.Now())
		_, stop := p.Pace(0, 0)
		require.False(t, stop, rate)
		_, stop = p.Pace(0, 1)
		require.True(t, stop, rate)
		require.True(t, p.timeUp.Load(), rate)
	}
}
