package main

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/report"
)

// note writes a line about what goes on to stderr.
func (u *ui) note(text string) {
	if !u.quiet && !u.noNotes {
		u.line(diag.Plain(text))
	}
}

// line writes a line to stderr, in the place of one that is redrawn. All that is written
// there while a bar may be drawn comes this way, as it is drawn from a goroutine of its own.
func (u *ui) line(text string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.drawn {
		fmt.Fprint(u.err, "\r\x1b[K")
	}
	u.drawn = false
	fmt.Fprintln(u.err, text)
}

// redraw puts a line on a terminal in the place of the one that was redrawn last; one
// that is wider than the terminal would stay there, so that it is cut.
func (u *ui) redraw(text string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.drawn = true
	fmt.Fprint(u.err, "\r\x1b[K"+report.Text{Width: u.errWidth - 1}.Clipped(text))
}

// clear takes the line away that is redrawn, if there is one.
func (u *ui) clear() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.drawn {
		fmt.Fprint(u.err, "\r\x1b[K")
	}
	u.drawn = false
}

// text says how results are shown on stdout.
func (u *ui) text() report.Text {
	return report.Text{Lang: u.lang, Color: u.color, Width: u.width, Verbose: u.verbose}
}

// bar shows how far a class is and what is waited for: redrawn on a terminal, a line now
// and then elsewhere.
type bar struct {
	u        *ui
	key      string // of the text
	mu       sync.Mutex
	students int
	requests int // 0 where it is students that take the time
	done     int // students
	settled  int // planned requests of the targets that are done with in this try
	skipped  int // planned requests of those that were in an earlier try
	sent     int // requests that were really sent
	start    time.Time
	drawn    time.Time
	under    map[work]time.Time // since when it is under way
	over     chan struct{}      // closed by stop
}

// work is load on one target of a student's.
type work struct{ student, target string }

// Between two drawings: on a terminal, and in a log. What takes longer than slow is
// named.
const (
	redrawEvery = 150 * time.Millisecond
	logEvery    = 10 * time.Second
	slow        = 5 * time.Second
)

// progress starts a bar whose text is that of key. It is drawn again also while
// nothing comes, so that who waits sees for what.
func (u *ui) progress(key string, students, requests int) *bar {
	now := time.Now()
	b := &bar{u: u, key: key, students: students, requests: requests, start: now, drawn: now, under: map[work]time.Time{}, over: make(chan struct{})}
	if !u.quiet {
		go b.tick()
	}
	return b
}

func (b *bar) every() time.Duration {
	if b.u.progressOK {
		return redrawEvery
	}
	return logEvery
}

func (b *bar) tick() {
	t := time.NewTicker(max(b.every(), time.Second))
	defer t.Stop()
	for {
		select {
		case <-b.over:
			return
		case now := <-t.C:
			b.mu.Lock()
			b.draw(now, false)
			b.mu.Unlock()
		}
	}
}

// step takes one step of the observer's; it is called from many goroutines.
func (b *bar) step(p observe.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if p.Begins {
		b.under[work{p.Student, p.Target}] = now
		return
	}
	delete(b.under, work{p.Student, p.Target})
	switch {
	case p.Target == "":
		b.done++
	case p.Resumed:
		b.skipped += p.Requests
	default:
		b.settled += p.Requests
	}
	b.sent += p.Sent
	b.draw(now, b.done == b.students && b.requests > 0)
}

// draw draws if it is time to, or in any case.
func (b *bar) draw(now time.Time, last bool) {
	if b.u.quiet || b.stopped() || !last && now.Sub(b.drawn) < b.every() {
		return
	}
	b.drawn = now
	lang := b.u.lang
	text := lang.T(b.key, "done", b.done, "students", b.students, "sent", b.sent, "requests", b.requests)
	left, did := b.requests-b.settled-b.skipped, b.settled
	if b.requests == 0 {
		left, did = b.students-b.done, b.done
	}
	if left > 0 && did > 0 {
		eta := now.Sub(b.start) * time.Duration(left) / time.Duration(did)
		text += lang.T("cli.progress_eta", "eta", eta.Round(time.Second).String())
	}
	if w, since := b.slowest(); now.Sub(since) >= slow {
		text += lang.T("cli.progress_waiting", "student", w.student, "target", w.target, "seconds", int(now.Sub(since).Seconds()))
	}
	text = diag.Plain(text)
	if b.u.progressOK {
		b.u.redraw(text)
		return
	}
	b.u.line(text)
}

// slowest is what has been under way longest; since is far ahead if nothing is.
func (b *bar) slowest() (slowest work, since time.Time) {
	since = time.Now().Add(time.Hour)
	for w, at := range b.under {
		if c := at.Compare(since); c < 0 || c == 0 && cmp.Less(w.student+w.target, slowest.student+slowest.target) {
			slowest, since = w, at
		}
	}
	return slowest, since
}

func (b *bar) stopped() bool {
	select {
	case <-b.over:
		return true
	default:
		return false
	}
}

// stop ends the drawing; it may be called twice.
func (b *bar) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.stopped() {
		close(b.over)
		b.u.clear()
	}
}
