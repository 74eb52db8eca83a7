package loadgen

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"swarmgrade/grader/evidence"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		os.Exit(runChild(role)) // a process of the paired benchmarks
	}
	goleak.VerifyTestMain(m)
}

// whoami is an answer as the whoami image gives it, in a container with a
// loopback and two overlay addresses.
func whoami(n int) string {
	return fmt.Sprintf("Hostname: c0ffee%06d\nIP: 127.0.0.1\nIP: 10.0.0.%d\nIP: 10.0.1.%d\n"+
		"STUDENT_ID: 0020240101\nRemoteAddr: 10.0.0.2:%d\nGET / HTTP/1.1\nHost: 172.30.0.11:8001\n"+
		"User-Agent: swarmgrade\nAccept: */*\n\n", n, n+3, n+3, 40000+n)
}

func plain(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// serve runs handle for each connection to a loopback port until the test
// ends; it is told which connection it is, from 0.
func serve(tb testing.TB, handle func(n int, conn net.Conn)) string {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	var open atomic.Int64
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			open.Add(1)
			go func() {
				defer open.Add(-1)
				defer conn.Close()
				handle(n, conn)
			}()
		}
	}()
	tb.Cleanup(func() {
		ln.Close()
		<-done
		for open.Load() > 0 {
			time.Sleep(time.Millisecond) // peers see their connection end
		}
	})
	return ln.Addr().String()
}

// readRequest reads one request's head; false at the end.
func readRequest(r *bufio.Reader) bool {
	for n := 0; ; n++ {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return false
		}
		if len(line) <= 2 {
			return n > 0
		}
	}
}

// answers serves whoami answers of k containers in turn, one a connection, as
// a routing mesh does.
func answers(tb testing.TB, k int) string {
	return serve(tb, func(n int, conn net.Conn) {
		r := bufio.NewReader(conn)
		text := []byte(plain(whoami(n % k)))
		for readRequest(r) {
			if _, err := conn.Write(text); err != nil {
				return
			}
		}
	})
}

func target(addr string, requests int) evidence.Target {
	return evidence.Target{ID: "test", Address: addr, Requests: requests, PerConnection: 1, Workers: 1, TimeoutMS: 2000}
}

// pipes dials net.Pipe ends served by handle, so that a bubble of
// testing/synctest holds everything.
func pipes(handle func(n int, conn net.Conn)) func(context.Context, netip.AddrPort) (conn, error) {
	var n atomic.Int64
	return func(context.Context, netip.AddrPort) (conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			handle(int(n.Add(1)-1), theirs)
		}()
		return ours, nil
	}
}
