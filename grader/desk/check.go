package desk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// dispatch begins the checks that may begin, in their order, and tells who waits of their
// place. What kills a container also may change services, for which there is one journal: of
// these one is under way at a time.
func (d *Desk) dispatch() {
	for !d.closing && d.paused() == NotPaused && len(d.checking) < d.o.AtOnce {
		kills := false
		for e := range maps.Values(d.checking) {
			kills = kills || e.Kill
		}
		at := slices.IndexFunc(d.waiting, func(e *entry) bool { return !e.Kill || !kills })
		if at < 0 {
			break
		}
		e := d.waiting[at]
		d.waiting = slices.Delete(d.waiting, at, at+1)
		d.begin(e)
	}
	for i, e := range d.waiting {
		if now := (Queued{e.student, i + 1, d.paused()}); now != e.said {
			e.said = now
			d.hub.tell(now, OfStudent(e.student))
		}
	}
	d.hub.tell(QueueMoved{len(d.checking), len(d.waiting)}, Class)
}

func (d *Desk) begin(e *entry) {
	long, cancel := context.WithTimeoutCause(d.ctx, d.o.Longest, errLong)
	ctx, stop := context.WithCancelCause(long)
	e.stop, e.started, e.tasks, e.verdicts, e.done, e.of = stop, time.Now(), nil, nil, 0, 0
	d.checking[e.student] = e
	d.hub.tell(Started{e.student, e.CheckOptions}, OfStudent(e.student), Class)
	d.lookOut()
	d.work.Go(func() {
		defer cancel()
		defer stop(nil)
		got, err := d.check(ctx, e)
		d.finish(ctx, e, got, err)
	})
}

// check does one check and keeps what it came to.
func (d *Desk) check(ctx context.Context, e *entry) (got grader.Checked, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = crashed(v)
		}
	}()
	if done, err := d.app.checking(ctx); err == nil { // who can write nothing there can't be told of, and keeps nothing
		defer done()
	}
	if d.busyElsewhere(ctx) { // since it was queued
		return got, errElsewhere
	}
	got, err = d.app.check(ctx, e.student, e.CheckOptions, func(ev grader.Event) { d.heard(e, ev) })
	if err != nil {
		d.failed(ctx, err)
		return got, err
	}
	err = d.app.saveTrial(context.WithoutCancel(ctx), e.student, got)
	d.unkept(err)
	if err != nil {
		d.hub.tell(Noted{At: time.Now(), Student: e.student, Msg: i18n.M("desk.unsaved")}, OfStudent(e.student), Class)
	}
	d.cache.forget(trialsKey)
	return got, nil
}

func crashed(v any) error {
	return &diag.Failure{Code: "failed", Msg: i18n.M("observe.crashed"), Hint: i18n.M("observe.crashed_hint"), Cause: fmt.Errorf("%v", v)}
}

// finish ends a check, or puts it back to the front of the queue.
func (d *Desk) finish(ctx context.Context, e *entry, got grader.Checked, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.checking, e.student)
	close(d.idle)
	d.idle = make(chan struct{})
	defer d.dispatch()
	cause := context.Cause(ctx)
	again := errors.Is(err, errElsewhere) || err != nil && errors.Is(cause, errYielded)
	if again && !d.closing {
		msg := "desk.yielded"
		if errors.Is(err, errElsewhere) {
			msg = "desk.elsewhere"
			d.othersGrade()
		}
		e.verdicts, e.tasks, e.said = nil, nil, Queued{}
		d.waiting = slices.Insert(d.waiting, 0, e)
		d.leftBroken(err)
		d.hub.tell(Noted{At: time.Now(), Student: e.student, Msg: i18n.M(msg)}, OfStudent(e.student))
		return
	}
	end := &Ended{Student: e.student, Tasks: got.Tasks, Verdicts: got.Verdicts, Untried: got.Untried}
	switch {
	case err == nil:
	case d.closing:
		end.Cancelled, end.Failed = true, words(errDown)
	case errors.Is(cause, errCancelled):
		end.Cancelled = true
	case errors.Is(cause, errLong):
		f := refusal(diag.Open, "long", "minutes", int(d.o.Longest.Minutes()))
		end.Failed = []*diag.Failure{f}
	default:
		end.Failed = words(err)
	}
	d.leftBroken(err)
	if err != nil {
		end.Tasks, end.Verdicts = e.tasks, nil
	}
	if d.o.Every > 0 {
		d.next[e.student] = time.Now().Add(d.o.Every)
	}
	d.over(e, end)
}

// over says that a check is over.
func (d *Desk) over(e *entry, end *Ended) {
	end.At = time.Now()
	d.ended[e.student] = end
	d.hub.tell(*end, OfStudent(e.student), Class)
}

// steps are told at most so often.
const stepEvery = 250 * time.Millisecond

// heard tells what goes on in a check.
func (d *Desk) heard(e *entry, ev grader.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	own := OfStudent(e.student)
	switch ev := ev.(type) {
	case grader.Planned:
		e.tasks = slices.Clone(ev.Students[0].Tasks)
		d.hub.tell(Looking{e.student, e.tasks}, own, Class)
	case grader.Began:
		e.done, e.of = 0, ev.Requests
	case grader.Step:
		if ev.Target == "" || ev.Begins {
			return
		}
		if e.done += ev.Requests; e.of > 0 && time.Since(e.told) >= stepEvery {
			e.told = time.Now()
			d.hub.tell(Step{e.student, min(e.done, e.of), e.of}, own)
		}
	case grader.Known:
		e.verdicts = append(e.verdicts, ev.Verdict)
		d.hub.tell(Verdict{e.student, ev.Verdict}, own, Class)
	case grader.Note:
		d.hub.tell(Noted{time.Now(), e.student, ev.Msg, ev.Hint}, own)
	case grader.Mind:
		d.hub.tell(Noted{time.Now(), e.student, ev.Msg, ev.Hint}, own)
	}
}
