package loadgen

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

func TestNumbersThatStandByThemselves(t *testing.T) {
	for body, want := range map[string][]int64{
		"":   nil,
		"42": {42},
		"Hello World! I have been seen b'42' times.\n": {42},
		"b&#39;42&#39;":                                                              {42},
		"Hello from c0ffee000042!\nHits: 7\n":                                        {7},
		"第42次访问，容器 7be04d19c2f6":                                                     {42},
		"您是第 7 位访客，2026年11月29日 19时33分59秒":                                            {7},
		`{"host":"7be04d19c2f6","hits":42}`:                                          {42},
		`{"text":"Hits:\n42"}`:                                                       {42},
		"<h3>Hello</h3><b>Hostname:</b> 80<br/><b>Visits:</b> 42<br/>":               {80, 42},
		`<img width="100" src=/7.png>42<p style="margin: 0 4">x</p>`:                 {42},
		"<style>p { margin: 0 4px; order: 3 }</style><SCRIPT>var n = 9;</SCRIPT >42": {42},
		"<script>var n = 9; 42":                                                      {9, 42},
		"1 < 2, a <b 3":                                                              {1, 2, 3},
		"seen 1,234,567 times":                                                       {1234567},
		"[1,2,3] 12,34 1,2345":                                                       {1, 2, 3, 12, 34, 1, 2345},
		"you are the 42nd visitor, the 43th, 44x, 45s 46t ":                          {42, 43},
		"hits=42 n:43 #44 (45) \"46\" 47. 48, 49; 50! 51":                            {42, 43, 44, 45, 48, 49, 50, 51}, // the first and the last four
		"HTTP/1.1 200 OK":                                                            {200},
		"10.0.1.5:8080 [::1]:80 fe80::1 2001:db8::42 127.0.0.1":                      nil,
		"2026-11-29T19:33:59Z 29/11/2026 19:33 Sun, 29.11.2026":                      nil,
		"v1.2.3 nginx/1.25 3.14 -0.5 web-2 redis.1 worker_3 4_x 50% %20 a@5":         nil,
		"123456789012345678 1234567890123456789 00042":                               {123456789012345678, 42},
		"1 2 3 4 5 6 7 8 9 10":                                                       {1, 2, 3, 4, 7, 8, 9, 10},
		whoami(3):                                                                    {20240101},
		strings.Repeat("9", 60<<10):                                                  nil,
		"port 8090, port 8091":                                                       {-8090, 8091},
		"\xff42\xff":                                                                 {42},
	} {
		got, _ := numbersIn(nil, []byte(body), 8090)
		require.Equal(t, want, got, "%.80q", body)
	}
}

func FuzzNumbers(f *testing.F) {
	f.Add("<script>1</script>2,345th 6:7")
	f.Fuzz(func(t *testing.T, body string) {
		got, _ := numbersIn(nil, []byte(body), 8090)
		require.LessOrEqual(t, len(got), evidence.NumbersKept)
		for _, n := range got {
			require.True(t, n >= 0 || n == -8090)
		}
	})
}

// counting serves a page with a number that rises; every fifth request fails.
func counting(t *testing.T) string {
	var hits atomic.Int64
	return serve(t, func(_ int, conn net.Conn) {
		if !readRequest(bufio.NewReader(conn)) {
			return
		}
		n := hits.Add(1)
		body := fmt.Sprintf("%sHits: %d\n", whoami(1), n)
		if n%5 == 0 {
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			return
		}
		_, _ = conn.Write([]byte(plain(body)))
	})
}

// TestNumbersAreKeptWhereAskedFor: one entry a request, none for a failure; and a
// load that asks for none is as it was.
func TestNumbersAreKeptWhereAskedFor(t *testing.T) {
	tgt := target(counting(t), 12)
	tgt.Numbers = true
	trace, err := Run(t.Context(), tgt, Options{})
	require.NoError(t, err)
	mustAddUp(t, trace)
	require.Len(t, trace.Numbers, 12)
	for i, numbers := range trace.Numbers {
		if trace.Sequence[i] < 0 {
			require.Nil(t, numbers)
			continue
		}
		got, there := evidence.NumberAt(numbers, -1)
		require.True(t, there)
		require.EqualValues(t, i+1, got)
	}
	tgt.Numbers = false
	trace, err = Run(t.Context(), tgt, Options{})
	require.NoError(t, err)
	require.Nil(t, trace.Numbers)
}

// TestHostilePagesKeepFewNumbers: a page of nothing but numbers costs no more than
// any other.
func TestHostilePagesKeepFewNumbers(t *testing.T) {
	body := strings.Repeat("1 ", 30<<10)
	tgt := target(serve(t, func(_ int, conn net.Conn) {
		if readRequest(bufio.NewReader(conn)) {
			_, _ = conn.Write([]byte(plain(body)))
		}
	}), 20)
	tgt.Numbers = true
	trace, err := Run(t.Context(), tgt, Options{})
	require.NoError(t, err)
	for _, numbers := range trace.Numbers {
		require.Len(t, numbers, evidence.NumbersKept)
		require.Equal(t, evidence.NumbersKept, cap(numbers))
	}
}

// TestOwnPortIsMarked: the port that a request came from rises too, from connection
// to connection, and must not be taken for a count.
func TestOwnPortIsMarked(t *testing.T) {
	tgt := target(serve(t, func(_ int, conn net.Conn) {
		if readRequest(bufio.NewReader(conn)) {
			_, port, _ := net.SplitHostPort(conn.RemoteAddr().String())
			_, _ = conn.Write([]byte(plain(whoami(1) + "you come from port " + port + ", I am 80")))
		}
	}), 5)
	tgt.Numbers = true
	trace, err := Run(t.Context(), tgt, Options{})
	require.NoError(t, err)
	require.Len(t, trace.Numbers, 5)
	for _, numbers := range trace.Numbers {
		require.Len(t, numbers, 3)
		require.Less(t, numbers[1], int64(-1023))
		require.EqualValues(t, 80, numbers[2])
	}
}
