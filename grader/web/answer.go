package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// answer is what goes back. Each piece of it has so long to be taken, so that a reader who
// takes none of it holds nothing for long, and who takes a large file slowly has it whole.
type answer struct {
	http.ResponseWriter
	q      *Request
	within time.Duration
	held   bool // what is written is not sent: it is not from a page of ours
	status int
	bytes  int64
}

// Unwrap is for [http.ResponseController].
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// start takes away what an earlier answer of the connection left.
func (a *answer) start() {
	_ = http.NewResponseController(a).SetWriteDeadline(time.Time{}) // some tests' writers have none
}

func (a *answer) extend() {
	_ = http.NewResponseController(a).SetWriteDeadline(time.Now().Add(a.within)) // as above
}

func (a *answer) WriteHeader(status int) {
	if a.status != 0 && !a.held {
		return
	}
	a.status = status
	if !a.held {
		a.extend()
		a.ResponseWriter.WriteHeader(status)
	}
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if a.held {
		return len(p), nil
	}
	a.extend()
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// unfound is the error for what none of our pages has answered.
func (a *answer) unfound() error {
	status := a.status
	a.status = 0
	for _, name := range []string{"Content-Type", "Content-Length", "Location"} {
		a.Header().Del(name)
	}
	if status == http.StatusMethodNotAllowed {
		return &trouble{status: status, key: "web.no_method"}
	}
	return errNotFound
}

// policy is what a page may load and do: what this server has, and forms that lead back to it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secure sets the headers that every answer has. There is no Strict-Transport-Security: it would bind every
// other port of the machine as well, where a lab has pages of its own; the cookie does not go out without HTTPS anyway.
func (s *Site) secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// A form's request has to say where it comes from, which no-referrer would take from it
	// in browsers without Sec-Fetch-Site. No other server is told anything by either.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Embedder-Policy", "require-corp")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language, Cookie")
}

// from is where a request comes from: the nearest end of the connection, or what the proxy
// in front says of it. What others wrote into the header stands before that and counts nothing.
func (s *Site) from(r *http.Request) netip.Addr {
	if s.o.BehindProxy && s.ofProxy(r) {
		if all := r.Header.Values("X-Forwarded-For"); len(all) > 0 {
			last := all[len(all)-1]
			return addressOf(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:]))
		}
	}
	return addressOf(r.RemoteAddr)
}

// ofProxy reports whether a connection is the proxy's.
func (s *Site) ofProxy(r *http.Request) bool {
	if len(s.o.ProxyFrom) == 0 {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && slices.ContainsFunc(s.o.ProxyFrom, func(p netip.Prefix) bool { return p.Contains(peer.Addr().Unmap()) })
}

// logged writes one line about a request: nothing that the reader wrote but the method is in it, so that no
// token is, whatever was asked for. The page's pattern stands for the path.
func (s *Site) logged(q *Request, a *answer, began time.Time) {
	who := "-"
	switch {
	case q.Who.Teacher:
		who = "instructor"
	case q.In():
		who = "student/" + q.Who.Student
	}
	pattern := q.pattern
	if pattern == "" {
		pattern = "-"
	}
	s.log.Info("request", "page", pattern, "status", a.status, "bytes", a.bytes, "ms", time.Since(began).Milliseconds(), "who", who, "from", q.from.String())
}

// recovered turns a page's panic into an error's page, if nothing was sent yet.
func (s *Site) recovered(q *Request, a *answer) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v) // net/http ends the connection for it
	}
	s.log.Error("panic", "page", q.pattern, "what", q.masked(fmt.Sprint(v)), "stack", string(debug.Stack()))
	if a.status != 0 {
		panic(http.ErrAbortHandler) // a page that is cut must not look whole
	}
	s.fail(a, q, errors.New("panic"))
}

// masked is text without what lets the reader in.
func (q *Request) masked(text string) string {
	if q.token != "" {
		text = strings.ReplaceAll(text, q.token, "…")
	}
	return text
}

// slogged tells of trouble of our own.
func (s *Site) slogged(q *Request, err error) {
	s.log.LogAttrs(q.Context(), slog.LevelError, "failed", slog.String("page", q.pattern), slog.String("error", q.masked(err.Error())))
}
