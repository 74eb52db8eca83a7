package loadgen

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/local"
)

// errSettled ends a run in which nothing ever answered.
var errSettled = errors.New("settled")

// errEnough ends a run that has found out what its target asks for.
var errEnough = errors.New("enough")

// errCostly ends a run whose answers take too long to read.
var errCostly = errors.New("costly")

// LocalError is a failure on the grader's own side, such as no free ports or
// file descriptors: the target is not to blame and must not be judged by it.
type LocalError struct{ Err error }

func (e *LocalError) Error() string { return "on the grader's own machine: " + e.Err.Error() }
func (e *LocalError) Unwrap() error { return e.Err }

// GapCode is the word for it in evidence: "local" where this machine is short of
// something, else "internal".
func (e *LocalError) GapCode() string {
	if local.Short(e.Err) {
		return "local"
	}
	return "internal"
}

// Run sends the target's requests and says what came back.
//
// The target's address must be an IP literal and a port; nothing is resolved
// here and nothing else is dialled. When ctx is cancelled, requests under way
// are dropped, and the trace holds what was answered before, with Stopped
// "cancelled"; that is no error. An error is a target that makes no sense or a
// [LocalError]; with the latter the trace holds what there was.
func Run(ctx context.Context, target evidence.Target, opts Options) (evidence.Trace, error) {
	addr, err := checkTarget(&target)
	if err != nil {
		return evidence.Trace{Target: target}, fmt.Errorf("load target %q: %w", target.ID, err)
	}
	if opts.Attribution == nil {
		if opts.Attribution, err = Compile(defaultAttribution); err != nil {
			return evidence.Trace{Target: target}, err
		}
	}
	caller := ctx
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)

	began := time.Now()
	rec := newRecorder(target.Requests, func() { stop(errSettled) }, opts.Settle)
	rec.follow, rec.enough = newFollower(&target, opts.secret), func() { stop(errEnough) }
	if target.Numbers {
		rec.numbers = make([][]int64, len(rec.sequence))
	}
	rec.detail = newDetail(opts.Detail)
	pace := newPacer(ctx, target, opts, began)
	client := newClient(ctx, stop, addr, target, opts, pace, rec, began)
	defer client.close()

	// An attacker is single-use: one is made for each run.
	attacker := vegeta.NewAttacker(
		vegeta.Workers(uint64(target.Workers)),
		vegeta.MaxWorkers(uint64(target.Workers)),
	)
	unwatch := context.AfterFunc(ctx, func() {
		attacker.Stop()
		client.abort()
	})
	defer unwatch()

	// The results carry nothing that is not counted already; they only have to
	// be taken off vegeta's hands.
	next := progressEvery
	for range attacker.Attack(client.hit, pace, 0, "") {
		if opts.Progress == nil {
			continue
		}
		if now := time.Since(began); now >= next {
			next = now + progressEvery
			opts.Progress(rec.progress())
		}
	}

	trace := rec.trace()
	if opts.Latencies != nil {
		*opts.Latencies = Latencies{Corrected: rec.corrected.tally(), Service: rec.service.tally()}
	}
	trace.Target = target
	trace.Nonce = client.script.base
	if rec.follow != nil {
		trace.Least = rec.follow.least
	}
	if client.visits != nil {
		trace.Visits = client.visits.visits
	}
	if client.holds != nil {
		trace.Holds = client.holds.done
	}
	trace.Took = time.Since(began).Milliseconds()
	trace.Connections = int(client.connections.Load())
	if !opts.Epoch.IsZero() {
		trace.Started = began.Sub(opts.Epoch).Milliseconds()
	}
	cause := context.Cause(ctx)
	var local *LocalError
	switch {
	case errors.Is(cause, errCostly):
		trace.Stopped = "costly"
	case trace.Sent == target.Requests, cause == nil && !pace.timeUp.Load():
	case errors.As(cause, &local):
		trace.Stopped = "cancelled"
		return trace, local
	case errors.Is(cause, errSettled):
		trace.Stopped = "settled"
	case errors.Is(cause, errEnough):
		trace.Stopped, trace.By = "enough", string(rec.follow.settling.Because())
	case caller.Err() != nil:
		trace.Stopped = "cancelled"
	default:
		trace.Stopped = "duration"
	}
	return trace, nil
}

const progressEvery = 100 * time.Millisecond

// Complete is a target as its trace has it, with defaults filled in. The error is one that
// makes no sense.
func Complete(t evidence.Target) (evidence.Target, error) {
	if _, err := checkTarget(&t); err != nil {
		return t, fmt.Errorf("load target %q: %w", t.ID, err)
	}
	return t, nil
}

// checkTarget fills in defaults and gives the address to dial.
func checkTarget(t *evidence.Target) (netip.AddrPort, error) {
	addr, err := netip.ParseAddrPort(t.Address)
	switch {
	case err != nil:
		return addr, fmt.Errorf("the address is no IP literal with a port: %w", err)
	case addr.Port() == 0:
		return addr, errors.New("port 0 cannot be dialled")
	case t.Requests <= 0:
		return addr, errors.New("the number of requests must be above 0")
	case t.PerConnection < 0 || t.Workers < 0 || t.TimeoutMS < 0:
		return addr, errors.New("a limit is negative")
	}
	if t.Path == "" {
		t.Path = "/"
	}
	if t.Path[0] != '/' || strings.ContainsFunc(t.Path, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return addr, fmt.Errorf("the path %q is not one that a request line can carry", t.Path)
	}
	if t.Host != "" && !evidence.PlainHost(t.Host) {
		return addr, fmt.Errorf("the host %q is no host name", t.Host)
	}
	if err := cmp.Or(checkCookies(t), checkHolds(t), checkEnough(t)); err != nil {
		return addr, err
	}
	t.Workers = min(max(t.Workers, 1), maxWorkers)
	if t.TimeoutMS == 0 {
		t.TimeoutMS = defaultTimeout.Milliseconds()
	}
	return addr, nil
}
