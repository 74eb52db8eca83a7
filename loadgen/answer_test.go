package loadgen

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// wire are answers as they come, and what is to be made of them.
var wire = []struct {
	name, raw string
	status    int
	body      string
	keep      bool
	err       error
}{
	{name: "length", raw: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", status: 200, body: "hello", keep: true},
	{name: "no reason, bare line ends", raw: "HTTP/1.1 200\ncontent-length:5\n\nhello", status: 200, body: "hello", keep: true},
	{name: "close", raw: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: Close\r\n\r\nhello", status: 200, body: "hello"},
	{name: "1.0", raw: "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", status: 200, body: "hello"},
	{name: "1.0 kept", raw: "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello", status: 200, body: "hello", keep: true},
	{name: "close among others", raw: "HTTP/1.1 200 OK\r\nUpgrade: h2,h2c\r\nConnection: Upgrade, close\r\nContent-Length: 5\r\n\r\nhello", status: 200, body: "hello"},
	{name: "close, and then kept", raw: "HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", status: 200, body: "hello"},
	{name: "kept among others", raw: "HTTP/1.0 200 OK\r\nConnection: Upgrade ,\tKeep-Alive\r\nContent-Length: 5\r\n\r\nhello", status: 200, body: "hello", keep: true},
	{name: "an option like it", raw: "HTTP/1.1 200 OK\r\nConnection: closed, , x-close\r\nContent-Length: 5\r\n\r\nhello", status: 200, body: "hello", keep: true},
	{name: "until the end", raw: "HTTP/1.1 200 OK\r\n\r\nhello", status: 200, body: "hello"},
	{name: "chunked", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: x\r\n\r\n", status: 200, body: "hello", keep: true},
	{name: "chunked and a length", raw: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", status: 200, body: "hello"},
	{name: "interim", raw: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", status: 200, body: "hello", keep: true},
	{name: "no content", raw: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", status: 204, keep: true},
	{name: "an error", raw: "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno", status: 503, body: "no", keep: true},
	{name: "more than asked for", raw: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n", status: 200, body: "hello"},
	{name: "the same length twice", raw: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", status: 200, body: "hello", keep: true},
	{name: "as much as may be", raw: plain(strings.Repeat("x", maxBody)), status: 200, body: strings.Repeat("x", maxBody), keep: true},

	{name: "nothing", raw: "", err: io.EOF},
	{name: "cut in the head", raw: "HTTP/1.1 200 OK\r\nConte", err: io.ErrUnexpectedEOF},
	{name: "cut in the body", raw: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", err: io.ErrUnexpectedEOF},
	{name: "cut in a chunk", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", err: io.ErrUnexpectedEOF},
	{name: "no last chunk", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", err: io.ErrUnexpectedEOF},
	{name: "another protocol", raw: "SSH-2.0-OpenSSH_9.2\r\n", err: errMalformed},
	{name: "HTTP/2", raw: "HTTP/2 200\r\n\r\n", err: errMalformed},
	{name: "a status of letters", raw: "HTTP/1.1 abc\r\n\r\n", err: errMalformed},
	{name: "status 42", raw: "HTTP/1.1 042\r\n\r\n", err: errMalformed},
	{name: "switching protocols", raw: "HTTP/1.1 101 Switching\r\n\r\n", err: errMalformed},
	{name: "a line with no name", raw: "HTTP/1.1 200 OK\r\n: x\r\n\r\n", err: errMalformed},
	{name: "a folded line", raw: "HTTP/1.1 200 OK\r\nA: b\r\n c: d\r\n\r\n", err: errMalformed},
	{name: "a negative length", raw: "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", err: errMalformed},
	{name: "two lengths", raw: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", err: errMalformed},
	{name: "an encoding", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", err: errMalformed},
	{name: "a chunk without size", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", err: errMalformed},
	{name: "a chunk of -1", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", err: errMalformed},
	{name: "a chunk that goes on", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n", err: errMalformed},
	{name: "a length beyond any number", raw: "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999999\r\n\r\n", err: errTooLarge},
	{name: "a length one too much", raw: fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", maxBody+1), err: errTooLarge},
	{name: "a chunk beyond any number", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffffff\r\n", err: errTooLarge},
	{name: "one header line too many", raw: "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", maxFields+1) + "\r\n", err: errTooLarge},
	{name: "a long header line", raw: "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", maxHead) + "\r\n\r\n", err: errTooLarge},
	{name: "interim for ever", raw: strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", maxHead/25+1), err: errTooLarge},
	{name: "too much until the end", raw: "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", maxBody+1), err: errTooLarge},
	{name: "a long chunk extension", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", maxOverhead) + "\r\na\r\n", err: errTooLarge},
	{name: "trailers for ever", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("A: b\r\n", maxOverhead/6+1), err: errTooLarge},
}

func TestReadAnswer(t *testing.T) {
	for _, c := range wire {
		for _, how := range []struct {
			name string
			via  func(io.Reader) io.Reader
		}{{"at once", func(r io.Reader) io.Reader { return r }}, {"byte by byte", iotest.OneByteReader}} {
			t.Run(c.name+"/"+how.name, func(t *testing.T) {
				if how.name != "at once" && len(c.raw) > 8<<10 {
					t.Skip("long enough at once")
				}
				var b buffer
				var a answer
				b.reset(how.via(strings.NewReader(c.raw)))
				err := b.read(&a)
				require.ErrorIs(t, err, c.err)
				if c.err == nil {
					require.Equal(t, c.status, a.status)
					require.Equal(t, c.body, string(a.body))
					if how.name == "at once" || c.name != "more than asked for" {
						require.Equal(t, c.keep, a.keep)
					}
				}
			})
		}
	}
}

func TestSeveralAnswersOnAConnection(t *testing.T) {
	chunked := "HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\na\r\n", 3000) + "0\r\n\r\n"
	texts := []string{plain("one"), chunked, plain(strings.Repeat("x", 50_000)), plain("four")}
	pr, pw := io.Pipe()
	var b buffer
	b.reset(pr)
	for _, text := range texts {
		go pw.Write([]byte(text))
		var a answer
		require.NoError(t, b.read(&a))
		require.True(t, a.keep)
		want, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), nil)
		require.NoError(t, err)
		body, err := io.ReadAll(want.Body)
		require.NoError(t, err)
		require.Equal(t, string(body), string(a.body))
		require.Equal(t, want.Header.Get("X-A"), string(header(a.head, "x-a")))
	}
}

// The reader must bear anything, hold little, and where net/http reads an
// answer of known framing, agree with it.
func FuzzReadAnswer(f *testing.F) {
	for _, c := range wire {
		if len(c.raw) < 4<<10 {
			f.Add([]byte(c.raw))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var b buffer
		var a answer
		b.reset(bytes.NewReader(raw))
		err := b.read(&a)
		require.LessOrEqual(t, len(b.data), 512<<10)
		var slow buffer
		var again answer
		slow.reset(iotest.OneByteReader(bytes.NewReader(raw)))
		errSlow := slow.read(&again)
		require.Equal(t, err == nil, errSlow == nil, "%v, byte by byte %v", err, errSlow)
		if err != nil {
			known := errors.Is(err, errMalformed) || errors.Is(err, errTooLarge) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
			require.True(t, known, "%v", err)
			return
		}
		require.Equal(t, string(a.body), string(again.body))
		require.Equal(t, string(a.head), string(again.head))
		require.GreaterOrEqual(t, a.status, 200)
		require.LessOrEqual(t, len(a.body), maxBody)
		if bytes.Contains(raw, []byte("HTTP/1.1 1")) {
			return // net/http hands interim answers to its caller
		}
		if want, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), nil); err == nil {
			if body, err := io.ReadAll(want.Body); err == nil {
				require.Equal(t, want.StatusCode, a.status)
				require.Equal(t, string(body), string(a.body))
			}
		}
	})
}

// hostile are servers that a student could run; every request must be counted,
// within its time limit.
var hostile = []struct {
	name  string
	class string // of every request; "" means answered
	serve func(conn net.Conn)
}{
	{"slow head", "timeout", func(conn net.Conn) { drip(conn, "HTTP/1.1 200 OK\r\nA: "+strings.Repeat("b", 10_000)) }},
	{"slow body", "timeout", func(conn net.Conn) {
		drip(conn, "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"+strings.Repeat("b", 60_000))
	}},
	{"silence", "timeout", func(conn net.Conn) { io.Copy(io.Discard, conn) }},
	{"headers for ever", "too-large", func(conn net.Conn) { flood(conn, "HTTP/1.1 200 OK\r\n", "A: b\r\n") }},
	{"one header for ever", "too-large", func(conn net.Conn) { flood(conn, "HTTP/1.1 200 OK\r\nA: ", "bbbbbbbbbbbb") }},
	{"interim for ever", "too-large", func(conn net.Conn) { flood(conn, "", "HTTP/1.1 102 Processing\r\n\r\n") }},
	{"chunks for ever", "too-large", func(conn net.Conn) {
		flood(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n")
	}},
	{"a body for ever", "too-large", func(conn net.Conn) { flood(conn, "HTTP/1.1 200 OK\r\n\r\n", "aaaaaaaaaaaa") }},
	{"a huge length", "too-large", func(conn net.Conn) { flood(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n", "a") }},
	{"garbage for ever", "malformed", func(conn net.Conn) { flood(conn, "", "\x00\xff\x1b[2J") }},
	{"a redirect", "redirect", func(conn net.Conn) {
		io.WriteString(conn, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
	}},
	{"not found", "http-404", func(conn net.Conn) { io.WriteString(conn, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope") }},
	{"no server behind", "http-503", func(conn net.Conn) { io.WriteString(conn, "HTTP/1.0 503 Service Unavailable\r\n\r\n<html>") }},
	{"closes at once", "eof", func(net.Conn) {}},
	{"escape sequences", "", func(conn net.Conn) { io.WriteString(conn, plain("\x1b]0;owned\x07\xff\xfe")) }},
}

func drip(conn net.Conn, text string) {
	for i := range len(text) {
		if _, err := conn.Write([]byte{text[i]}); err != nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func flood(conn net.Conn, first, then string) {
	io.WriteString(conn, first)
	for piece := []byte(strings.Repeat(then, 100)); ; {
		if _, err := conn.Write(piece); err != nil {
			return
		}
	}
}

func TestHostileServers(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				trace, err := Run(t.Context(), target("127.0.0.1:1", 6), Options{dial: pipes(func(_ int, conn net.Conn) {
					if readRequest(bufio.NewReader(conn)) {
						c.serve(conn)
					}
				})})
				took := time.Since(began)
				time.Sleep(time.Second) // the servers see their connections end
				require.NoError(t, err)
				mustAddUp(t, trace)
				require.Equal(t, 6, trace.Sent)
				require.LessOrEqual(t, took, 6*2*time.Second+time.Second)
				if c.class == "" {
					require.Equal(t, 6, trace.Answered())
					require.Empty(t, trace.Responders[0].Rule)
					require.LessOrEqual(t, len(trace.Responders[0].Sample), maxSample)
					return
				}
				require.Len(t, trace.Errors, 1)
				require.Equal(t, c.class, trace.Errors[0].Class, "%+v", trace.Errors)
				require.Equal(t, 6, trace.Errors[0].Count)
				require.LessOrEqual(t, len(trace.Errors[0].Sample), maxSample)
			})
		})
	}
}

// A page that invents a host name for each request fills no memory.
func TestInventedNamesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trace, err := Run(t.Context(), target("127.0.0.1:1", 2000), Options{dial: pipes(func(n int, conn net.Conn) {
			if readRequest(bufio.NewReader(conn)) {
				io.WriteString(conn, plain(fmt.Sprintf("Hostname: invented-%d\n", n)))
			}
		})})
		require.NoError(t, err)
		mustAddUp(t, trace)
		require.Len(t, trace.Responders, maxResponders+1)
		require.Equal(t, "other", trace.Responders[maxResponders].Rule)
		require.Equal(t, 2000-maxResponders, trace.Responders[maxResponders].Count)
	})
}
