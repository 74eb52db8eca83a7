// Package web is a class as pages of a browser: what a student does about their own work,
// and what an instructor does about a class. It knows HTTP and HTML, and leaves what is
// done to whom it is handed ([Desk]).
//
// Everything can be read and done without a script: each button is a form. With it, a page
// is kept up to date by events that bear parts of it ([Patch]), rendered here in the
// reader's language. Nothing on a page comes from elsewhere, and no script or style stands
// within it, so that what a student wrote could do no harm even if it were not escaped,
// which it is, once, by html/template.
//
// A page is a file of its own: a handler, a template, a line in [studentPages] or
// [instructorPages]. me.go and class.go are the ones to read.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"sync"
	"time"

	"swarmgrade/grader/i18n"
)

// Options are what the pages are made of.
type Options struct {
	Desk Desk
	// Class tells this class's sessions from those of others on the same host: it is the same whenever the class is served.
	Class string
	// Lang is the language of who has not chosen one and whose browser asks for none.
	Lang i18n.Lang
	// Secure says that readers come by HTTPS, be it this server's or a proxy's. BehindProxy says that
	// all requests come through a proxy, which adds where from to X-Forwarded-For.
	Secure, BehindProxy bool
	// ProxyFrom is where the proxy's connections come from: what others say in X-Forwarded-For is not believed. None is
	// anywhere, for a port that nobody else gets to.
	ProxyFrom []netip.Prefix
	Limits    Limits
	// URL is where readers find the pages, as "https://host:port"; "" is where the request came to.
	URL string
	// NoFault says that no page makes anything of the cluster fail.
	NoFault bool
	// Log is told of each request, without anything that lets somebody in; nil is nowhere.
	Log *slog.Logger
}

// Site answers requests for all pages.
type Site struct {
	o      Options
	desk   Desk
	limits Limits
	log    *slog.Logger
	mux    *http.ServeMux
	assets assets

	sessions *buckets[session] // requests
	streams  *counts[session]
	turns    chan struct{} // of students' streams that bring their page up to date
	guesses  *guesses
	cookie   string // the name of a session's
	former   string // what it was called before it was the class's
	view     views
	rows     rows

	gone context.Context // over when the server goes down
	end  context.CancelFunc
	// opening keeps a stream from being opened while the server goes down; wg counts them.
	opening sync.Mutex
	wg      sync.WaitGroup

	office office
}

// New makes the pages. Close ends what of them goes on.
func New(o Options) *Site {
	if _, ok := i18n.Parse(string(o.Lang)); !ok || o.Lang == "" {
		o.Lang = i18n.EN
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	l := o.Limits.filled()
	s := &Site{
		o: o, desk: o.Desk, limits: l, log: o.Log, mux: http.NewServeMux(), assets: newAssets(),
		sessions: newBuckets[session](l.Rate, l.Burst), streams: newCounts[session](l.Streams, l.PerSession), guesses: newGuesses(l),
	}
	s.cookie, s.former = cookieNames(o.Class, o.Secure)
	s.turns = make(chan struct{}, studentsAtOnce)
	s.gone, s.end = context.WithCancel(context.Background())
	for _, r := range allPages() {
		s.mux.HandleFunc(r.Pattern, func(w http.ResponseWriter, req *http.Request) {
			a := w.(*answer)
			a.held, a.q.Request, a.q.pattern = false, req, r.Pattern
			err := s.enter(&r, a, a.q)
			a.q.Request = req // whose time is not over yet
			if err != nil {
				s.fail(a, a.q, err)
			}
		})
	}
	return s
}

// Close ends all streams of events, and waits for them.
func (s *Site) Close() {
	s.opening.Lock()
	s.end()
	s.opening.Unlock()
	s.wg.Wait()
}

// ServeHTTP answers one request: bounds and headers first, then who asks, then the page.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &Request{site: s, Request: r, Lang: s.language(r), from: s.from(r)}
	a := &answer{ResponseWriter: w, within: s.limits.Write, q: q}
	a.start()
	defer s.logged(q, a, time.Now())
	s.secure(a.Header())
	if r.Body != nil {
		r.Body = http.MaxBytesReader(a, r.Body, s.limits.Body)
	}
	defer s.recovered(q, a)
	// Paths that are not written plainly are none of ours, so that nothing is ever led to
	// another address than the one it asked for.
	if r.URL.Path == "" || path.Clean(r.URL.Path) != r.URL.Path {
		s.fail(a, q, errNotFound)
		return
	}
	a.held = true // until a page of ours answers
	s.mux.ServeHTTP(a, r)
	if a.held {
		a.held = false
		s.fail(a, q, a.unfound())
	}
}

// enter lets a page answer whom it is for.
func (s *Site) enter(t *Route, a *answer, q *Request) error {
	if t.open {
		return t.Do(a, q)
	}
	if err := s.identify(a, q); err != nil {
		return err
	}
	if err := t.admits(q); err != nil {
		return err
	}
	if q.In() && !s.sessions.take(q.session) {
		return tooMany("web.too_fast", time.Second)
	}
	if q.Method == http.MethodPost {
		if err := s.checkForm(q); err != nil {
			return err
		}
	}
	if !t.Streams {
		ctx, cancel := context.WithTimeout(q.Context(), s.limits.Handle)
		defer cancel()
		q.Request = q.WithContext(ctx)
	}
	return t.Do(a, q)
}
