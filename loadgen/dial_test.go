package loadgen

import (
	"bufio"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A connection's deadline is an earlier request's more often than not: no request
// may be ended by it, and none may take longer than its own.
func TestEachRequestHasItsOwnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := []byte(plain(whoami(1)))
		tgt := target("127.0.0.1:1", 30)
		tgt.PerConnection = 0
		began := time.Now()
		trace, err := Run(t.Context(), tgt, Options{dial: pipes(func(_ int, conn net.Conn) {
			r := bufio.NewReader(conn)
			for n := 1; readRequest(r); n++ {
				time.Sleep(300 * time.Millisecond) // together more than the limit of two seconds
				if n%10 == 0 {
					io.Copy(io.Discard, r) // nothing comes
					return
				}
				conn.Write(text[:20])
				time.Sleep(300 * time.Millisecond)
				conn.Write(text[20:])
			}
		})})
		require.NoError(t, err)
		mustAddUp(t, trace)
		require.Equal(t, 27, trace.Answered())
		require.Len(t, trace.Errors, 1)
		require.Equal(t, "timeout", trace.Errors[0].Class)
		require.Equal(t, 3, trace.Connections)
		require.Equal(t, 27*600*time.Millisecond+3*2*time.Second, time.Since(began))
	})
}

// The same on a real connection, where the first request's deadline would have
// ended the second after half of its time.
func TestRealConnectionsHaveTheirTime(t *testing.T) {
	text := []byte(plain(whoami(1)))
	addr := serve(t, func(_ int, conn net.Conn) {
		r := bufio.NewReader(conn)
		if readRequest(r) {
			conn.Write(text)
			io.Copy(io.Discard, r)
		}
	})
	tgt := target(addr, 2)
	tgt.PerConnection, tgt.TimeoutMS = 0, 100
	trace, err := Run(t.Context(), tgt, Options{Rate: 20})
	require.NoError(t, err)
	mustAddUp(t, trace)
	require.Equal(t, 1, trace.Answered())
	require.Equal(t, "timeout", trace.Errors[0].Class)
	require.Equal(t, 1, trace.Connections)
	require.GreaterOrEqual(t, trace.Took, int64(150))
}

// Connections follow each other on one descriptor: the peer sees each of them end
// and the next one come from another port, and of an answer nothing is left to be
// taken for the next.
func TestNextConnectionIsAnother(t *testing.T) {
	var mu sync.Mutex
	ports := map[string]int{}
	addr := serve(t, func(n int, conn net.Conn) {
		mu.Lock()
		ports[conn.RemoteAddr().String()]++
		mu.Unlock()
		r := bufio.NewReader(conn)
		readRequest(r)
		text := plain(whoami(n % 3))
		if n%3 == 2 {
			text += text // more than was asked for
		}
		io.WriteString(conn, text)
		if _, err := r.ReadByte(); err == nil {
			t.Error("something came after the last request")
		}
	})
	trace, err := Run(t.Context(), target(addr, 300), Options{})
	require.NoError(t, err)
	mustAddUp(t, trace)
	require.Equal(t, 300, trace.Connections)
	for i, e := range trace.Sequence {
		require.EqualValues(t, i%3, e)
	}
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, ports, 300)
}
