package observe

import (
	"context"
	"time"

	"swarmgrade/grader/evidence"
)

// warmUp is how long a balancer may take to find its servers up: rise times
// inter of its health check, 4 s by default, and a little more.
const warmUp = 5 * time.Second

// load drives a target. A balancer that has only 503 to say gets a second
// chance after its warm-up; so do clients who come back to a container that is gone, which
// the balancer may not have heard of yet; so does one that looks its servers up and may
// not have seen the latest of them, and a target of which a few answers were late,
// as on a machine that was busy for a moment. A second try sends all its requests.
func (r *Runner) load(ctx context.Context, t evidence.Target, by follower) (trace evidence.Trace, sent int, err error) {
	trace, err = r.Loader.Load(ctx, t)
	if err != nil {
		return trace, trace.Sent, err
	}
	late, wait := hiccup(&trace), time.Duration(0)
	if cold(&trace) || late || left(&trace) {
		wait = warmUp
	}
	if by.behind(&trace) {
		wait = max(wait, time.Until(by.until))
	}
	if wait <= 0 {
		return trace, trace.Sent, nil
	}
	if err := pause(ctx, wait); err != nil {
		return trace, trace.Sent, err
	}
	t.Enough = evidence.Enough{} // where something went wrong, fewer requests would show less
	again, err := r.Loader.Load(ctx, t)
	sent = trace.Sent + again.Sent
	if err == nil && late && failed(&again) > failed(&trace) {
		return trace, sent, nil
	}
	again.Retried = true
	return again, sent, err
}

// cold reports whether a balancer answered nothing but 503.
func cold(tr *evidence.Trace) bool {
	return tr.Target.Balanced() && tr.Sent > 0 && len(tr.Responders) == 0 &&
		len(tr.Errors) == 1 && tr.Errors[0].Class == "http-503"
}

// left reports whether clients who came back with cookies were not answered.
func left(tr *evidence.Trace) bool { return tr.Target.Cookies.Jars != "" && failed(tr) > 0 }

// hiccup reports whether some requests, at most one in ten, timed out, and
// nothing else went wrong.
func hiccup(tr *evidence.Trace) bool {
	late := failed(tr)
	return late > 0 && late*10 <= tr.Sent && len(tr.Errors) == 1 && tr.Errors[0].Class == "timeout"
}

func failed(tr *evidence.Trace) int {
	n := 0
	for _, e := range tr.Errors {
		n += e.Count
	}
	return n
}
