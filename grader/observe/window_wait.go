package observe

import (
	"context"
	"slices"
	"time"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/recovery"
)

// errNoBaseline ends a window before its fault.
var errNoBaseline = &diag.Failure{Code: "failed", Msg: i18n.M("observe.no_baseline"), Hint: i18n.M("observe.no_baseline_hint")}

// lead waits until the window shows how things were before the fault.
func (w *window) lead(ctx context.Context) error {
	if err := w.wait(ctx, w.pace.lead, "lead"); err != nil {
		return err
	}
	patience := time.NewTimer(5 * w.pace.pollTimeout)
	defer patience.Stop()
	for {
		w.mu.Lock()
		seen := w.nodes != nil
		w.mu.Unlock()
		if seen {
			return nil
		}
		select {
		case <-w.polled:
		case <-patience.C:
			return errNoBaseline
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// wait lets a stretch of the window pass.
func (w *window) wait(ctx context.Context, d time.Duration, phase string) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		w.progress(phase, 0)
		select {
		case <-timer.C:
			return w.crashed()
		case <-w.polled:
			if err := w.crashed(); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// byHand is why a window is broken off that somebody wanted over.
const byHand = "by-hand"

// unwanted breaks the window off if somebody wants that.
func (w *window) unwanted() bool {
	select {
	case <-w.r.Undo:
		w.set(func(x *evidence.Window) { x.End, x.Reason = "aborted", byHand })
		return true
	default:
		return false
	}
}

// watch runs while the fault lasts. It ends when every service is settled, the
// limit is over, the guard says so, or ctx ends; the reason is in the window.
func (w *window) watch(ctx context.Context) error {
	injected := w.r.At()
	w.mu.Lock()
	w.shared.Injected = injected
	w.guard = action.NewGuard(w.shared.Fault, w.nodes, injected)
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.guard = nil
		w.shared.Restoring = w.r.At()
		w.mu.Unlock()
		w.progress("restoring", w.r.At()-injected)
	}()
	limit := time.NewTimer(time.Duration(w.shared.LimitMS) * time.Millisecond)
	defer limit.Stop()
	for {
		w.progress("down", w.r.At()-injected)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-limit.C:
			w.set(func(x *evidence.Window) { x.End = "limit" })
			return nil
		case <-w.r.Undo:
			w.unwanted()
			return nil
		case <-w.polled:
		}
		if err := w.crashed(); err != nil {
			return err
		}
		if w.abort() {
			return nil
		}
		if w.allSettled() {
			w.set(func(x *evidence.Window) { x.End = "recovered" })
			return nil
		}
	}
}

func (w *window) abort() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reason == "" {
		return false
	}
	w.shared.End, w.shared.Reason = "aborted", w.reason
	return true
}

// allSettled asks, of each service, whether there is anything left to wait
// for.
func (w *window) allSettled() bool {
	now := w.r.At()
	w.mu.Lock()
	shared := w.shared // what polls there are is never changed
	own := slices.Clone(w.own)
	w.mu.Unlock()
	all := true
	for i, s := range w.services {
		if !w.settled[i] {
			shared.Polls = own[i]
			if s.Action != nil {
				shared.Fault = *s.Action
			}
			w.settled[i] = s.Off != nil && s.Off() || recovery.Settled(&shared, w.series[i].sofar(), s.Service, w.r.Swarm, now)
		}
		all = all && w.settled[i]
	}
	return all
}

func (w *window) progress(phase string, since int64) {
	if w.r.Progress == nil {
		return
	}
	settled := 0
	for _, s := range w.settled {
		if s {
			settled++
		}
	}
	w.r.Progress(WindowProgress{
		Fault: w.shared.Fault, Phase: phase, Since: since, LimitMS: w.shared.LimitMS, Settled: settled, Of: len(w.services),
	})
}
