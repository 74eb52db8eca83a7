package main

import "time"

// tally shows how many of something are done, and when all will be: redrawn on
// a terminal, a line now and then elsewhere. It is for one goroutine.
type tally struct {
	u            *ui
	key          string
	done, all    int
	start, drawn time.Time
}

func (u *ui) tally(key string, all int) *tally {
	now := time.Now()
	return &tally{u: u, key: key, all: all, start: now, drawn: now}
}

func (t *tally) step() {
	t.done++
	every := logEvery
	if t.u.progressOK {
		every = redrawEvery
	}
	now := time.Now()
	if t.u.quiet || now.Sub(t.drawn) < every {
		return
	}
	t.drawn = now
	eta := now.Sub(t.start) * time.Duration(t.all-t.done) / time.Duration(t.done)
	text := t.u.lang.T(t.key, "done", t.done, "students", t.all) + t.u.lang.T("cli.progress_eta", "eta", eta.Round(time.Second).String())
	if t.u.progressOK {
		t.u.redraw(text)
		return
	}
	t.u.line(text)
}

// stop clears the line.
func (t *tally) stop() { t.u.clear() }
