package web

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/judge"
)

// pipes is a network of pipes, for a bubble of time.
type pipes struct {
	conns chan net.Conn
	over  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), over: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.over:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.over) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipes) dial() net.Conn {
	mine, theirs := net.Pipe()
	p.conns <- theirs
	return mine
}

// listening is a site on pipes.
func (s *served) listening(t *testing.T) *pipes {
	t.Helper()
	p := newPipes()
	srv := s.Server()
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(p) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return p
}

// open is how many streams are.
func (s *served) open() int {
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	return s.streams.n
}

// sent sends a request to a site of its own and gives the connection and its answer.
func sent(t *testing.T, request string) (*served, net.Conn, *http.Response) {
	t.Helper()
	s := serve(t)
	c := s.listening(t).dial()
	t.Cleanup(func() { _ = c.Close() })
	go func() { _, _ = io.WriteString(c, request) }() // one may be refused before it is read
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	return s, c, res
}

const streamHead = "GET /me/events?after=70 HTTP/1.1\r\nHost: x\r\nCookie: grade=" + tokenA + "\r\n"

// A stream goes on behind the event that the reader had, and bears parts of the page.
func TestStreamResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, res := sent(t, streamHead+"Last-Event-ID: 75\r\n\r\n")
		require.Equal(t, "text/event-stream; charset=utf-8", res.Header.Get("Content-Type"))
		require.Equal(t, policy, res.Header.Get("Content-Security-Policy"))
		lines := bufio.NewReader(res.Body)
		read := func() string {
			var b strings.Builder
			for {
				line, err := lines.ReadString('\n')
				require.NoError(t, err)
				if b.WriteString(line); line == "\n" {
					return b.String()
				}
			}
		}
		require.Contains(t, read(), "retry: 3000")
		require.Equal(t, []uint64{75}, s.after)

		v := judge.Verdict{Task: "1", Check: s.class.Rubric.Tasks[0].Checks[0].ID, Outcome: check.Pass}
		s.mu.Lock()
		s.own[idA] = desk.OwnState{Phase: desk.Checking, Verdicts: []judge.Verdict{v}}
		s.mu.Unlock()
		s.events <- desk.Event{ID: 76, What: desk.Started{Student: idA}}
		s.events <- desk.Event{ID: 77, What: desk.Step{Student: idA, Done: 1, Of: 9}}
		s.events <- desk.Event{ID: 78, What: desk.Step{Student: idA, Done: 2, Of: 9}}
		s.events <- desk.Event{ID: 79, What: desk.Verdict{Student: idA, Verdict: v}}
		text := read()
		require.Contains(t, text, "id: 79\nevent: put\ndata: [")
		require.Equal(t, 1, strings.Count(text, `\u003cprogress`), "of what comes together the newest alone")
		require.Contains(t, text, `"id":"checks"`)
		require.Contains(t, text, `"append":true`)
		require.NotContains(t, text, "<", "markup stands in JSON as letters")

		begin := time.Now()
		require.Equal(t, ": \n\n", read())
		require.LessOrEqual(t, time.Since(begin), DefaultLimits.Beat)

		s.events <- desk.Event{ID: 80, What: desk.Reset{}}
		require.Equal(t, "id: 80\nevent: reset\ndata: 1\n\n", read())

		// The link ends, and so does what it let in.
		s.revoke(tokenA)
		time.Sleep(asked)
		s.events <- desk.Event{ID: 81, What: desk.ScoreChanged{Student: idA}}
		rest, err := io.ReadAll(lines)
		require.NoError(t, err)
		require.Empty(t, rest)
	})
}

// However many events come, what is held of them is bounded, and each is either shown or
// superseded.
func TestStreamFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, res := sent(t, streamHead+"\r\n")
		for i := range 1900 {
			s.events <- desk.Event{ID: uint64(100 + i), What: desk.Step{Student: idA, Done: i, Of: 2000}}
		}
		close(s.events)
		all, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Less(t, len(all), 10_000)
		require.Contains(t, string(all), "id: 1999\n")
	})
}

func TestStreamsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		p := s.listening(t)
		open := func() (net.Conn, int) {
			c := p.dial()
			_, err := io.WriteString(c, streamHead+"\r\n")
			require.NoError(t, err)
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			require.NoError(t, err)
			return c, res.StatusCode
		}
		var all []net.Conn
		for range DefaultLimits.PerSession {
			c, status := open()
			require.Equal(t, http.StatusOK, status)
			all = append(all, c)
		}
		more, status := open()
		require.Equal(t, http.StatusTooManyRequests, status)
		require.NoError(t, more.Close())
		require.NoError(t, all[0].Close())
		synctest.Wait()
		again, status := open()
		require.Equal(t, http.StatusOK, status)
		// The server goes down: all of them end, and none is opened any more.
		s.Close()
		late, status := open()
		require.Equal(t, http.StatusServiceUnavailable, status)
		for _, c := range append(all[1:], again, late) {
			_ = c.Close()
		}
	})
}

// Who takes nothing of a stream is let go.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		c := s.listening(t).dial()
		defer c.Close()
		_, err := io.WriteString(c, streamHead+"\r\n")
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, 1, s.open())
		time.Sleep(DefaultLimits.Write + time.Second) // not a byte is read: a pipe holds none
		synctest.Wait()
		require.Zero(t, s.open())
	})
}

// Who sends a request slowly is let go, be it the head or the body.
func TestSlowSender(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "half a head": "GET /me HTTP/1.1\r\nHost: x\r\nCook",
		"half a body": "POST /me/check HTTP/1.1\r\nHost: x\r\nCookie: grade=" + tokenA + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nform=",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t)
				c := s.listening(t).dial()
				defer c.Close()
				go func() { _, _ = io.WriteString(c, text) }()
				begin := time.Now()
				_, err := io.ReadAll(c)
				require.NoError(t, err)
				require.LessOrEqual(t, time.Since(begin), DefaultLimits.Read+time.Second)
				require.Empty(t, s.checks)
			})
		})
	}
}

func TestLargeHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c, res := sent(t, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 40<<10)+"\r\n\r\n")
		require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, res.StatusCode)
		require.NoError(t, c.Close())
		time.Sleep(time.Second) // that the server lingers
	})
}

// Connections are counted in all and by address, and room is made as they end.
func TestConnectionsAreBounded(t *testing.T) {
	s := serve(t, func(o *Options) { o.Limits = Limits{Connections: 5, PerAddress: 2} })
	under, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := s.Listener(under)
	defer l.Close()
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", under.Addr().String())
		require.NoError(t, err)
		return c
	}
	a, b := dial(), dial()
	first, second := <-accepted, <-accepted
	over := dial()
	_, err = over.Read(make([]byte, 1))
	require.Error(t, err, "closed at once")
	require.NoError(t, first.Close())
	_ = first.Close() // counted once
	again := dial()
	third := <-accepted
	for _, c := range []net.Conn{a, b, over, again, second, third} {
		_ = c.Close()
	}
	_ = l.Close()
	for range accepted {
	}
}

func TestCountsAndBuckets(t *testing.T) {
	c := newCounts[string](3, 2)
	one, ok := c.take("a")
	require.True(t, ok)
	_, ok = c.take("a")
	require.True(t, ok)
	_, ok = c.take("a")
	require.False(t, ok)
	_, ok = c.take("b")
	require.True(t, ok)
	_, ok = c.take("c")
	require.False(t, ok, "in all")
	one()
	_, ok = c.take("c")
	require.True(t, ok)

	b := newBuckets[netip.Addr](1, 1)
	for i := range 3 * mostKeys {
		b.take(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	require.LessOrEqual(t, len(b.all), mostKeys)
}

// A page without a script is whole: each thing to do is a form, each form has its token.
func TestPagesWithoutScript(t *testing.T) {
	s := serve(t)
	text := s.get("/me", tokenA).Body.String()
	require.Contains(t, text, `action="/me/check"`)
	require.Equal(t, strings.Count(text, "<form"), strings.Count(text, `name="form"`))
	require.Contains(t, text, `data-events="/me/events"`)
	require.Contains(t, text, `data-after="77"`)
	s.own[idA] = desk.OwnState{Phase: desk.Waits, Place: 3, Paused: desk.ForRun}
	text = s.get("/me", tokenA).Body.String()
	require.Contains(t, text, "number 3 in the queue")
	require.Contains(t, text, "The class is being graded")
	require.Equal(t, http.StatusSeeOther, s.do(ask("POST", "/me/cancel", tokenA, formOf(tokenA))).Code)
	require.Equal(t, []string{idA}, s.cancels)
	last := &desk.Ended{Student: idA, At: time.Now(), Verdicts: []judge.Verdict{{Task: "1", Check: s.class.Rubric.Tasks[0].Checks[0].ID, Outcome: check.Fail, Max: 100}}}
	s.own[idA] = desk.OwnState{Phase: desk.Idle, Last: last}
	text = s.get("/me", tokenA).Body.String()
	require.Contains(t, text, `<article class="check fail" id="now-c1">`)
	require.Contains(t, s.get("/class", tokenT).Body.String(), `<tr id="s1">`)
	for _, e := range []desk.What{desk.QueueMoved{Running: 1}, desk.ScoreChanged{Student: idB}, desk.ScoreChanged{}} {
		q := &Request{Request: ask("GET", "/class/events", tokenT, nil), site: s.Site, Lang: "zh", Who: Who{Teacher: true}}
		patches, err := (&classStream{q: q, shown: map[string]live{}}).patches(context.Background(), desk.Event{What: e})
		require.NoError(t, err)
		require.NotEmpty(t, patches)
		for _, p := range patches {
			require.Contains(t, p.HTML, `id="`+p.ID+`"`)
		}
	}
}
