package loadgen

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// balanced is an address where a balancer with a cookie stands before k
// containers, each of which shows the request that it got; set says what each
// answer sets.
type balanced struct {
	mu    sync.Mutex
	next  int
	asked []*http.Request
}

func (b *balanced) serve(t *testing.T, k int, set func(n, server int, had string) []string) string {
	return serve(t, func(_ int, conn net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		n := len(b.asked)
		b.asked = append(b.asked, req)
		had := ""
		if c, err := req.Cookie("SRV"); err == nil {
			had = c.Value
		}
		server := -1
		for i := range k {
			if had == fmt.Sprintf("s%d", i) {
				server = i
			}
		}
		if server < 0 {
			server = b.next % k
			b.next++
		}
		body := whoami(server) + "Cookie: " + req.Header.Get("Cookie") + "\n"
		head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n", len(body))
		for _, s := range set(n, server, had) {
			head += "set-COOKIE: " + s + "\r\n"
		}
		_, _ = conn.Write([]byte(head + "\r\n" + body))
	})
}

func cookieTarget(addr string, c evidence.Cookies) evidence.Target {
	t := target(addr, c.Requests())
	t.Kind, t.Cookies = "cookies", c
	return t
}

func TestEachClientKeepsItsOwnCookies(t *testing.T) {
	b := &balanced{}
	addr := b.serve(t, 3, func(_, server int, had string) []string {
		if strings.HasPrefix(had, "s") {
			return nil
		}
		return []string{fmt.Sprintf("SRV=s%d; path=/; HttpOnly", server)}
	})
	c := evidence.Cookies{Clients: 4, Replays: 5, Plain: 6, Invented: 3}
	trace, err := Run(t.Context(), cookieTarget(addr, c), Options{})
	require.NoError(t, err)
	mustAddUp(t, trace)
	require.Len(t, trace.Visits, 6)
	for i, v := range trace.Visits[:4] {
		require.Equal(t, evidence.VisitKept, v.Who)
		require.Equal(t, 6, v.Sent)
		require.Equal(t, 6*i, v.From)
		require.Equal(t, []evidence.SetCookie{{At: 6 * i, Times: 1, Name: "SRV", Value: fmt.Sprintf("s%d", i%3), Attributes: "path=/; HttpOnly"}}, v.Set)
		for _, who := range trace.Of(&v) {
			require.EqualValues(t, i%3, who)
		}
		require.Empty(t, b.asked[6*i].Header.Get("Cookie"), "a client begins with none")
	}
	plain, invented := trace.Visits[4], trace.Visits[5]
	require.Equal(t, evidence.VisitPlain, plain.Who)
	require.Equal(t, []int16{1, 2, 0, 1, 2, 0}, trace.Of(&plain))
	require.Len(t, plain.Set, 3)
	require.Equal(t, 2, plain.Set[0].Times)
	require.Equal(t, evidence.VisitInvented, invented.Who)
	require.Equal(t, []string{"SRV"}, invented.Names)
	require.Len(t, invented.Value, 12)
	require.True(t, invented.Differ)
	require.Equal(t, []int16{1, 2, 0}, trace.Of(&invented), "it is balanced again")
	for i, r := range b.asked[30:] {
		require.Equal(t, fmt.Sprintf("SRV=%s%04x", invented.Value, 30+i), r.Header.Get("Cookie"), "each its own")
	}
}

func TestClientsComeBackWithTheirCookies(t *testing.T) {
	b := &balanced{}
	addr := b.serve(t, 3, func(_, server int, had string) []string {
		if strings.HasPrefix(had, "s") {
			return nil
		}
		return []string{fmt.Sprintf("SRV=s%d", server)}
	})
	c := evidence.Cookies{Clients: 3, Replays: 4, Jars: "SRV=s2\nSRV=gone; other=1\n"}
	trace, err := Run(t.Context(), cookieTarget(addr, c), Options{})
	require.NoError(t, err)
	require.Equal(t, []int16{0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2}, trace.Sequence, "the third began anew and went on")
	require.Equal(t, "SRV=gone; other=1", b.asked[5].Header.Get("Cookie"))
	require.Equal(t, "SRV=s0; other=1", b.asked[6].Header.Get("Cookie"))
	require.Empty(t, b.asked[10].Header.Get("Cookie"))
	for _, bad := range []string{"a", "=1", "a=1\r", "a=\x01", strings.Repeat("a=1; ", 9) + "b=2", strings.Repeat("\n", 64), "a=" + strings.Repeat("x", 1<<20)} {
		to := cookieTarget(addr, c)
		to.Cookies.Jars = bad
		_, err := checkTarget(&to)
		require.Error(t, err, "%.20q", bad)
	}
}

func TestCookiesThatAClientDoesNotSendBack(t *testing.T) {
	long := strings.Repeat("x", 500)
	for set, why := range map[string]string{
		"SRV=s1":             "",
		" SRV = s1 ; Path=/": "",
		"SRV=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/": "expired",
		"SRV=s1; Expires=Thu, 01 Jan 1970 00:00:01 GMT":       "expired",
		"SRV=s1; expires=Thu, 01 Jan 2199 00:00:01 GMT":       "",
		"SRV=s1; Max-Age=0": "expired",
		"SRV=s1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:01 GMT": "",
		"SRV=s1; Secure":                  "secure",
		"SRV=s1; domain=example.org":      "domain",
		"SRV=s1; domain=.Lab.Example.edu": "",
		"SRV=s1; domain=b.example.edu":    "domain",
		"SRV=s1; path=/elsewhere":         "path",
		"SRV=" + long:                     "long",
		"SRV=a\x01b":                      "odd",
		"SR V=s1":                         "odd",
	} {
		t.Run(set[:min(len(set), 40)], func(t *testing.T) {
			b := &balanced{}
			addr := b.serve(t, 1, func(int, int, string) []string { return []string{set} })
			to := cookieTarget(addr, evidence.Cookies{Clients: 1, Replays: 1})
			to.Host = "a.lab.example.edu"
			trace, err := Run(t.Context(), to, Options{})
			require.NoError(t, err)
			require.Len(t, trace.Visits, 1)
			require.Len(t, trace.Visits[0].Set, 1)
			got := trace.Visits[0].Set[0]
			require.Equal(t, why, got.Refused)
			require.Equal(t, why == "long", got.Cut)
			require.LessOrEqual(t, len(got.Value), maxCookieValue)
			require.Equal(t, why == "", b.asked[1].Header.Get("Cookie") != "")
			require.Equal(t, "a.lab.example.edu", b.asked[0].Host)
		})
	}
}

// TestHostileCookiesStayBounded: thousands of different ones, each as long as a
// head can be.
func TestHostileCookiesStayBounded(t *testing.T) {
	b := &balanced{}
	addr := b.serve(t, 1, func(n, _ int, _ string) (out []string) {
		for i := range 100 {
			out = append(out, fmt.Sprintf("c%d-%d=%s; x=%s", n, i, strings.Repeat("v", i), strings.Repeat("a", i)))
		}
		return out
	})
	trace, err := Run(t.Context(), cookieTarget(addr, evidence.Cookies{Clients: 2, Replays: 10, Plain: 10, Invented: 2}), Options{})
	require.NoError(t, err)
	mustAddUp(t, trace)
	require.Len(t, trace.Visits[0].Set, maxSetKept)
	require.Len(t, trace.Visits[2].Set, maxSetPlain)
	require.Equal(t, 11*100-maxSetKept, trace.Visits[0].More)
	require.Len(t, trace.Visits[3].Names, maxJar)
	for _, r := range b.asked {
		require.LessOrEqual(t, len(r.Cookies()), maxJar)
	}
	blob, err := evidence.Encode(trace)
	require.NoError(t, err)
	require.Less(t, len(blob), 64<<10)
}

// TestACookieNamesNobody: a page that prints its request does not name the
// container whose ID the cookie holds.
func TestACookieNamesNobody(t *testing.T) {
	addr := serve(t, func(_ int, conn net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		body := "you sent " + req.Header.Get("Cookie")
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nSet-Cookie: SRV=c0ffee000001\r\n\r\n%s", len(body), body)
	})
	trace, err := Run(t.Context(), cookieTarget(addr, evidence.Cookies{Clients: 1, Replays: 3}), Options{})
	require.NoError(t, err)
	for _, r := range trace.Responders {
		require.Empty(t, r.Hostname+strings.Join(r.Mentions, ""), "%+v", r)
	}
}

func TestCookieLoadsThatMakeNoSense(t *testing.T) {
	for _, change := range []func(*evidence.Target){
		func(t *evidence.Target) { t.Cookies.Clients = -1 },
		func(t *evidence.Target) { t.Cookies.Plain = 1 },
		func(t *evidence.Target) { t.Workers = 2 },
		func(t *evidence.Target) { t.PerConnection = 0 },
		func(t *evidence.Target) { t.Cookies.Clients, t.Requests = 1000, 2000 },
		func(t *evidence.Target) { t.Host = "a b" },
		func(t *evidence.Target) { t.Host = "a\r\nX: y" },
		func(t *evidence.Target) { t.Host = strings.Repeat("a.", 200) },
	} {
		to := cookieTarget("127.0.0.1:9", evidence.Cookies{Clients: 1, Replays: 1})
		change(&to)
		_, err := Run(t.Context(), to, Options{})
		require.Error(t, err)
	}
}

// FuzzSetCookie: whatever an answer sets, what a client sends back is one line that
// a request can carry, and what is kept is bounded.
func FuzzSetCookie(f *testing.F) {
	f.Add("SRV=s1; path=/", "SRV=; Expires=Thu, 01-Jan-1970 00:00:01 GMT", "a=b; domain=.x; max-age=-1; secure")
	f.Add("=x", ";;;", "a=\x00")
	f.Fuzz(func(t *testing.T, one, two, three string) {
		to := cookieTarget("127.0.0.1:9", evidence.Cookies{Clients: 1, Replays: 3})
		to.Path = "/"
		v := newVisitors(&to, "127.0.0.1")
		const plain = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
		for hit, set := range []string{one, two, three, one} {
			request := string(v.write([]byte(plain), uint64(hit)))
			require.True(t, strings.HasSuffix(request, "\r\n\r\n"))
			require.LessOrEqual(t, strings.Count(request, "\r\n"), 4)
			require.Equal(t, strings.Count(request, "\n"), strings.Count(request, "\r\n"))
			require.Less(t, len(request), len(plain)+20+maxJar*(maxCookieName+maxCookieValue+3))
			v.took(uint64(hit), []byte("Set-Cookie: "+strings.ReplaceAll(set, "\n", "")+"\r\n\r\n"))
		}
		require.Len(t, v.visits, 1)
		require.LessOrEqual(t, len(v.visits[0].Set), maxSetKept)
	})
}
