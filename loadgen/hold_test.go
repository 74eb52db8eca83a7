package loadgen

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// dealer is an address where a balancer stands before containers that answer once
// they have the whole request, or at once if they are hasty.
type dealer struct {
	mu     sync.Mutex
	least  bool // else in turn
	hasty  bool
	open   []int
	next   int
	bodies []string // in the order of the answers
}

func (d *dealer) serve(t *testing.T) string {
	return serve(t, func(_ int, conn net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		d.mu.Lock()
		at := d.next % len(d.open)
		for i, n := range d.open {
			if d.least && n < d.open[at] {
				at = i
			}
		}
		d.next++
		d.open[at]++
		d.mu.Unlock()
		var body []byte
		if !d.hasty {
			body, err = io.ReadAll(req.Body)
		}
		d.mu.Lock()
		d.open[at]--
		d.bodies = append(d.bodies, string(body))
		d.mu.Unlock()
		if err != nil {
			return
		}
		page := whoami(at)
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(page), page)
		_, _ = io.Copy(io.Discard, conn)
	})
}

func heldTarget(addr string, h evidence.Holds) evidence.Target {
	t := target(addr, h.Requests())
	t.Kind, t.Holds = "held", h
	return t
}

// onHeld is how many of the answers of rounds came from where one was held.
func onHeld(trace evidence.Trace) int {
	n := 0
	for _, h := range trace.Holds {
		for _, who := range trace.Sequence[h.At+1 : h.At+1+h.Fresh] {
			if who == trace.Sequence[h.At] {
				n++
			}
		}
	}
	return n
}

func TestARequestIsHeldWhileOthersCome(t *testing.T) {
	h := evidence.Holds{Rounds: 3, Fresh: 30}
	for _, least := range []bool{true, false} {
		d := &dealer{least: least, open: make([]int, 3)}
		trace, err := Run(t.Context(), heldTarget(d.serve(t), h), Options{})
		require.NoError(t, err)
		mustAddUp(t, trace)
		require.Equal(t, []evidence.Hold{{At: 0, Fresh: 30}, {At: 31, Fresh: 30}, {At: 62, Fresh: 30}}, trace.Holds)
		require.Empty(t, trace.Errors)
		whole := 0
		for _, b := range d.bodies {
			if b != "" {
				require.Len(t, b, h.Fresh)
				whole++
			}
		}
		require.Equal(t, h.Rounds, whole, "each round's first request has the whole of its body")
		if least {
			require.LessOrEqual(t, onHeld(trace), 10, "on a busy machine a few overtake the one that is held: judging allows for more")
		} else {
			require.InDelta(t, 30, onHeld(trace), 6)
		}
	}
}

func TestAnAnswerThatComesTooEarlyIsMarked(t *testing.T) {
	d := &dealer{hasty: true, open: make([]int, 2)}
	trace, err := Run(t.Context(), heldTarget(d.serve(t), evidence.Holds{Rounds: 2, Fresh: 9}), Options{})
	require.NoError(t, err)
	mustAddUp(t, trace)
	require.Empty(t, trace.Errors)
	require.Len(t, trace.Holds, 2)
	for _, h := range trace.Holds {
		require.True(t, h.Early)
	}
}

func TestAHeldRequestThatIsBrokenOff(t *testing.T) {
	var broken atomic.Int64 // held requests
	addr := serve(t, func(n int, conn net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil || req.ContentLength > 0 {
			conn.Close()
			broken.Add(1)
			return
		}
		for int(broken.Load()) <= n/6 { // others are answered once the round's held one is
			time.Sleep(time.Millisecond)
		}
		page := whoami(1)
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(page), page)
	})
	trace, err := Run(t.Context(), heldTarget(addr, evidence.Holds{Rounds: 2, Fresh: 5}), Options{})
	require.NoError(t, err)
	mustAddUp(t, trace)
	require.Equal(t, 2, trace.Failed())
	require.True(t, trace.Holds[0].Early && trace.Holds[1].Early)
}

func TestHeldLoadsAreBounded(t *testing.T) {
	good := heldTarget("127.0.0.1:1", evidence.Holds{Rounds: 2, Fresh: 5})
	_, err := checkTarget(&good)
	require.NoError(t, err)
	for _, spoil := range []func(t *evidence.Target){
		func(t *evidence.Target) { t.Requests++ },
		func(t *evidence.Target) { t.Holds.Fresh, t.Requests = 0, 2 },
		func(t *evidence.Target) { t.Holds.Rounds = -1 },
		func(t *evidence.Target) { t.Holds.Fresh = maxSequence; t.Requests = t.Holds.Requests() },
		func(t *evidence.Target) { t.Workers = 2 },
		func(t *evidence.Target) { t.PerConnection = 0 },
		func(t *evidence.Target) { t.Cookies.Plain = 12 },
	} {
		bad := good
		spoil(&bad)
		_, err := checkTarget(&bad)
		require.Error(t, err, "%+v", bad)
	}
}
