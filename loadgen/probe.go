package loadgen

import (
	"context"
	"fmt"
	"time"

	"swarmgrade/grader/evidence"
)

// Probe sends the target's request once, over a connection of its own, and
// says who answered (Count 1) or how it failed (Count 1); the other one is
// zero. Nothing but the target's address is dialled, Requests, PerConnection
// and Workers are not read, and the loader's rate does not hold a probe back.
//
// An error is a target that makes no sense, a [LocalError], or the end of ctx:
// it says nothing of the target.
func (l Loader) Probe(ctx context.Context, target evidence.Target) (who evidence.Responder, failed evidence.ErrorClass, err error) {
	target.Requests, target.PerConnection, target.Workers = 1, 1, 1
	addr, err := checkTarget(&target)
	if err != nil {
		return who, failed, fmt.Errorf("probe target %q: %w", target.ID, err)
	}
	opts := l.Options
	if opts.Attribution == nil {
		if opts.Attribution, err = Compile(defaultAttribution); err != nil {
			return who, failed, err
		}
	}
	c := newClient(ctx, nil, addr, target, opts, nil, nil, time.Now())
	defer c.close()
	s := c.take()
	defer context.AfterFunc(ctx, c.abort)()
	f, cause := s.exchange(0)
	switch {
	case f == failedHere:
		return who, failed, &LocalError{cause}
	case f != 0 && ctx.Err() != nil:
		return who, failed, context.Cause(ctx)
	case f != 0:
		failed = errorClass(f, cause, &s.answer)
		failed.Count = 1
		return who, failed, nil
	}
	who = evidence.Responder{Count: 1}
	describe(&who, opts.Attribution.find(&s.found, s.answer.head, s.answer.body), s)
	return who, failed, nil
}

// errorClass names a failure, with a sample of what showed it.
func errorClass(f failure, cause error, a *answer) evidence.ErrorClass {
	e := evidence.ErrorClass{Class: f.class()}
	switch {
	case cause != nil:
		e.Sample = sample([]byte(causeText(cause)))
	case f == failedRedirect:
		e.Sample = sample(header(a.head, "location"))
	default:
		e.Sample = sample(a.body)
	}
	return e
}
