package main

import (
	"strings"
	"time"

	"swarmgrade/grader/action"
	"swarmgrade/grader/observe"
)

// faultBar shows how a fault window goes on: redrawn on a terminal, a line now
// and then elsewhere. One goroutine uses it.
type faultBar struct {
	u     *ui
	drawn time.Time
	phase string
}

func (u *ui) faultBar() *faultBar { return &faultBar{u: u} }

func (b *faultBar) step(p observe.WindowProgress) {
	now := time.Now()
	if b.u.quiet {
		return
	}
	lang := b.u.lang
	key := "observe." + p.Phase
	var did string
	switch p.Fault.Kind {
	case action.TaskKill:
		key = "observe.kill_" + p.Phase
	case action.ContainerKill, action.Update:
		key, did = "observe.act_"+p.Phase, lang.T("action.of_"+underscored(p.Fault.Kind))
	}
	text := lang.T(key, "node", p.Fault.Hostname, "action", did, "since", seconds(p.Since/1000*1000),
		"limit", seconds(p.LimitMS), "settled", p.Settled, "of", p.Of)
	switch {
	case b.u.progressOK && now.Sub(b.drawn) >= redrawEvery:
		b.u.redraw(text)
		b.drawn = now
	case !b.u.progressOK && (now.Sub(b.drawn) >= logEvery || p.Phase != b.phase):
		b.u.line(text)
		b.drawn = now
	}
	b.phase = p.Phase
}

// stop clears the line; it may be called twice.
func (b *faultBar) stop() { b.u.clear() }

func underscored(word string) string { return strings.ReplaceAll(word, "-", "_") }
