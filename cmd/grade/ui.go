package main

import (
	"io"
	"os"
	"sync"

	"golang.org/x/term"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// ui is the only place that knows whether somebody looks at a terminal.
type ui struct {
	out, err   io.Writer
	lang       i18n.Lang
	quiet      bool
	verbose    bool
	color      bool // stdout takes colour
	errColor   bool // stderr takes colour
	progressOK bool // stderr is a terminal: progress may redraw
	width      int  // columns of stdout; 0 when not a terminal
	errWidth   int  // columns of stderr; 0 when not a terminal

	noNotes bool // only progress is shown

	mu    sync.Mutex
	drawn bool // a line on stderr that is redrawn
}

// hushed shows progress and no notes.
func (u *ui) hushed() *ui {
	return &ui{out: u.out, err: u.err, lang: u.lang, quiet: u.quiet, progressOK: u.progressOK, errWidth: u.errWidth, noNotes: true}
}

func newUI(c command, lang i18n.Lang) *ui {
	u := &ui{out: c.Stdout, err: c.Stderr, lang: lang}
	plain := c.Getenv("NO_COLOR") != "" || c.Getenv("TERM") == "dumb"
	out := c.Stdout
	if o, ok := out.(*outlet); ok {
		out = o.Writer
	}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		u.color = !plain
		u.width, _, _ = term.GetSize(int(f.Fd()))
	}
	if f, ok := c.Stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		u.errColor = !plain
		u.progressOK = c.Getenv("TERM") != "dumb"
		u.errWidth, _, _ = term.GetSize(int(f.Fd()))
	}
	return u
}

// failure writes an error and what to do about it to stderr.
func (u *ui) failure(text, hint string) {
	mark := u.lang.T("cli.error_mark")
	if u.errColor {
		mark = "\x1b[1;31m" + mark + "\x1b[0m"
	}
	text = mark + diag.Plain(text)
	if hint != "" {
		text += "\n    → " + diag.Plain(hint)
	}
	u.line(text)
}
