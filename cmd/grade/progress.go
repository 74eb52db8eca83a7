package main

import (
	"fmt"
	"sync"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/report"
)

// note writes a line about what goes on to stderr.
func (u *ui) note(text string) {
	if !u.quiet {
		fmt.Fprintln(u.err, diag.Plain(text))
	}
}

// text says how results are shown on stdout.
func (u *ui) text() report.Text {
	return report.Text{Lang: u.lang, Color: u.color, Width: u.width, Verbose: u.verbose}
}

// bar shows how far a class is: redrawn on a terminal, a line now and then
// elsewhere.
type bar struct {
	u        *ui
	key      string // of the text
	mu       sync.Mutex
	students int
	requests int
	done     int // students
	sent     int // requests of this try
	skipped  int // requests of an earlier try
	start    time.Time
	drawn    time.Time
	stopped  bool
}

// Between two drawings: on a terminal, and in a log.
const (
	redrawEvery = 150 * time.Millisecond
	logEvery    = 10 * time.Second
)

// progress starts a bar whose text is that of key.
func (u *ui) progress(key string, students, requests int) *bar {
	now := time.Now()
	return &bar{u: u, key: key, students: students, requests: requests, start: now, drawn: now}
}

// step takes one step of the observer's; it is called from many goroutines.
func (b *bar) step(p observe.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case p.Target == "":
		b.done++
	case p.Resumed:
		b.skipped += p.Requests
	default:
		b.sent += p.Requests
	}
	every := logEvery
	if b.u.progressOK {
		every = redrawEvery
	}
	if now := time.Now(); now.Sub(b.drawn) >= every || b.done == b.students {
		b.drawn = now
		b.draw(now)
	}
}

func (b *bar) draw(now time.Time) {
	if b.u.quiet || b.stopped {
		return
	}
	lang := b.u.lang
	text := lang.T(b.key, "done", b.done, "students", b.students, "sent", b.sent+b.skipped, "requests", b.requests)
	if left := b.requests - b.sent - b.skipped; left > 0 && b.sent > 0 {
		eta := now.Sub(b.start) * time.Duration(left) / time.Duration(b.sent)
		text += lang.T("cli.progress_eta", "eta", eta.Round(time.Second).String())
	}
	if b.u.progressOK {
		fmt.Fprintf(b.u.err, "\r\x1b[K%s", text)
		return
	}
	fmt.Fprintln(b.u.err, text)
}

// stop ends the drawing; it may be called twice.
func (b *bar) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.stopped && b.u.progressOK && !b.u.quiet {
		fmt.Fprint(b.u.err, "\r\x1b[K")
	}
	b.stopped = true
}
