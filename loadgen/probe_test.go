package loadgen

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"net/netip"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

func TestProbe(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		who    evidence.Responder
		failed evidence.ErrorClass
	}{
		"whoami": {plain(whoami(1)), evidence.Responder{Count: 1, Rule: "whoami", Identity: evidence.Identity{
			Hostname: "c0ffee000001", StudentID: "0020240101", Addresses: []string{"10.0.0.4", "10.0.1.4"}}}, evidence.ErrorClass{}},
		"nobody named":     {plain("It works!"), evidence.Responder{Count: 1, Sample: "It works!"}, evidence.ErrorClass{}},
		"unavailable":      {"HTTP/1.1 503 no\r\nContent-Length: 4\r\n\r\nnone", evidence.Responder{}, evidence.ErrorClass{Class: "http-503", Count: 1, Sample: "none"}},
		"sent elsewhere":   {"HTTP/1.1 302 no\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n", evidence.Responder{}, evidence.ErrorClass{Class: "redirect", Count: 1, Sample: "http://10.0.0.1/"}},
		"ended early":      {"HTTP/1.1 200 OK\r\nContent-Le", evidence.Responder{}, evidence.ErrorClass{Class: "eof", Count: 1, Sample: "unexpected EOF"}},
		"not HTTP":         {"SSH-2.0-OpenSSH\r\n", evidence.Responder{}, evidence.ErrorClass{Class: "malformed", Count: 1, Sample: errMalformed.Error()}},
		"a body too large": {"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n", evidence.Responder{}, evidence.ErrorClass{Class: "too-large", Count: 1, Sample: errTooLarge.Error()}},
	} {
		t.Run(name, func(t *testing.T) {
			var connections atomic.Int32
			addr := serve(t, func(_ int, conn net.Conn) {
				connections.Add(1)
				if readRequest(bufio.NewReader(conn)) {
					_, _ = io.WriteString(conn, c.answer)
				}
			})
			for range 2 {
				who, failed, err := Loader{}.Probe(t.Context(), target(addr, 0))
				require.NoError(t, err)
				require.Equal(t, c.who, who)
				require.Equal(t, c.failed, failed)
			}
			require.EqualValues(t, 2, connections.Load(), "each probe has a connection of its own")
		})
	}
}

func TestProbeOfADeadAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	_, failed, err := Loader{}.Probe(t.Context(), target(addr, 0))
	require.NoError(t, err)
	require.Equal(t, "refused", failed.Class)
}

// TestProbeHasATimeLimit: a server that says nothing costs the time of the
// target, no more.
func TestProbeHasATimeLimit(t *testing.T) {
	addr := serve(t, func(_ int, conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	tg := target(addr, 0)
	tg.TimeoutMS = 50
	_, failed, err := Loader{}.Probe(t.Context(), tg)
	require.NoError(t, err)
	require.Equal(t, "timeout", failed.Class)
}

// TestProbeSaysNothingOfATargetWhenTheGraderIsToBlame covers what must never
// be held against a student.
func TestProbeSaysNothingOfATargetWhenTheGraderIsToBlame(t *testing.T) {
	addr := serve(t, func(_ int, conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	stop := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(stop) })
	who, failed, err := Loader{}.Probe(ctx, target(addr, 0))
	require.ErrorIs(t, err, stop)
	require.Zero(t, who.Count+failed.Count)

	full := Loader{Options: Options{dial: func(context.Context, netip.AddrPort) (conn, error) { return nil, syscall.EMFILE }}}
	_, failed, err = full.Probe(t.Context(), target(addr, 0))
	var local *LocalError
	require.ErrorAs(t, err, &local)
	require.Zero(t, failed.Count)

	_, _, err = Loader{}.Probe(t.Context(), target("example.com:80", 0))
	require.ErrorContains(t, err, "no IP literal")
}
