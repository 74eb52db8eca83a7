package loadgen

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

// echoing answers each request with what page makes of it.
func echoing(page func(n int, r *http.Request) string) func(int, net.Conn) {
	return func(n int, conn net.Conn) {
		in := bufio.NewReader(conn)
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			if _, err := conn.Write([]byte(plain(page(n, r)))); err != nil {
				return
			}
		}
	}
}

func TestEachAnswerShowsItsOwnNonce(t *testing.T) {
	var first string
	for _, tc := range []struct {
		name             string
		page             func(n int, r *http.Request) string
		echoed, replayed bool
	}{
		{"an echo", func(_ int, r *http.Request) string {
			return "Hostname: a\n\nGET / HTTP/1.1\nX-Request-Id: " + r.Header.Get("X-Request-Id") + "\n"
		}, true, false},
		{"a fixed page", func(int, *http.Request) string { return "Hostname: a\n" }, false, false},
		{"a cache", func(_ int, r *http.Request) string {
			if first == "" {
				first = "Hostname: a\n\nGET / HTTP/1.1\nX-Request-Id: " + r.Header.Get("X-Request-Id") + "\n"
			}
			return first
		}, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tgt := target(serve(t, echoing(tc.page)), 40)
			tgt.Workers = 1
			trace, err := Run(t.Context(), tgt, Options{})
			require.NoError(t, err)
			mustAddUp(t, trace)
			require.Len(t, trace.Nonce, baseLen)
			require.Len(t, trace.Responders, 1)
			r := trace.Responders[0]
			switch {
			case tc.echoed:
				require.Equal(t, 40, r.Echoed)
				require.Zero(t, r.Replayed)
			case tc.replayed:
				require.Equal(t, 1, r.Echoed, "the answer that was kept")
				require.Equal(t, 39, r.Replayed)
			default:
				require.Zero(t, r.Echoed+r.Replayed)
			}
		})
	}
}

// Two clients are played, each by about half of the requests, and who tells
// them apart shows in the counts.
func TestLooksAreTold(t *testing.T) {
	page := func(_ int, r *http.Request) string {
		if strings.HasPrefix(r.UserAgent(), "curl/") {
			return "Hostname: for-curl\n"
		}
		return "Hostname: for-browsers\n"
	}
	trace, err := Run(t.Context(), target(serve(t, echoing(page)), 200), Options{})
	require.NoError(t, err)
	require.Len(t, trace.Responders, 2)
	for _, r := range trace.Responders {
		require.InDelta(t, 100, r.Count, 60) // ten standard deviations and more
		if r.Hostname == "for-curl" {
			require.Zero(t, r.Browser)
		} else {
			require.Equal(t, r.Count, r.Browser)
		}
	}
}

// Nothing in a request names the grader, and no two runs share a nonce.
func TestRequestsArePlain(t *testing.T) {
	seen := map[string]bool{}
	base := NewNonce()
	require.NotEqual(t, base, NewNonce())
	for run := range 20 {
		s := newScript("/a?b=c", "10.0.0.1:8001", base)
		for hit := range uint64(50) {
			text, nonce := s.write(nil, hit, run%2 == 0)
			r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(text))))
			require.NoError(t, err)
			require.Equal(t, string(nonce), r.Header.Get(nonceField))
			require.Len(t, nonce, nonceLen)
			require.True(t, strings.HasPrefix(string(nonce), base))
			require.True(t, strings.HasSuffix(string(nonce), fmt.Sprintf("%08x", hit)))
			require.Equal(t, echoOld, echoed([]byte("…"+base+"00000000ffffffff…"), nonce))
			require.NotContains(t, strings.ToLower(string(text)), "grade")
			require.Equal(t, run%2 == 0, r.Close)
			require.False(t, seen[string(nonce)])
			seen[string(nonce)] = true
		}
	}
}

func TestMoreThanOneClaim(t *testing.T) {
	a, err := Compile(rubric.Attribution{})
	require.NoError(t, err)
	for body, torn := range map[string]bool{
		"Hostname: a\nHostname: b\n":                               true,
		"Hostname: a\nHostname: a\nHOSTNAME=a\n":                   false,
		"Hostname: a\n\nGET / HTTP/1.1\nHostname: from-a-client\n": false,
	} {
		var f found
		require.NotNil(t, a.find(&f, nil, []byte(body)))
		require.Equal(t, torn, f.torn, body)
		require.Equal(t, evidence.Identity{Hostname: "a"}, f.identity())
	}
	var f found
	a.find(&f, []byte("X-Served-By: a\r\n"), nil)
	require.Equal(t, "x-served-by", f.field)
	a.find(&f, []byte("X-Served-By: a\r\n"), []byte("Hostname: b\n"))
	require.Empty(t, f.field, "the body goes first")
}
