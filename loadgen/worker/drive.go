package worker

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"swarmgrade/grader/evidence"
	"swarmgrade/loadgen"
)

// driver is loadgen.Run, or what stands in for it in tests.
type driver func(context.Context, evidence.Target, loadgen.Options) (evidence.Trace, error)

// load begins one.
func (s *server) load(all context.Context, m *message) error {
	if m.Order == nil || s.known[m.Order.Knows] == nil {
		return errSpeech
	}
	ctx, cancel := context.WithCancel(all)
	s.loadsMu.Lock()
	s.loads[m.ID] = cancel
	s.loadsMu.Unlock()
	options := *s.known[m.Order.Knows]
	s.begin(func() {
		defer cancel()
		s.drive(all, ctx, m, options)
		s.loadsMu.Lock()
		delete(s.loads, m.ID)
		s.loadsMu.Unlock()
	})
	return nil
}

// drive drives one until ctx ends, and reports it unless all does.
func (s *server) drive(all, ctx context.Context, m *message, options loadgen.Options) {
	o := m.Order
	options.Rate, options.Duration, options.Host = o.Rate, o.Duration, o.Host
	options.Settle, options.Nonce = o.Settle, o.Nonce
	if o.Chunk > 0 {
		// Leave is asked for on behalf of all loads: that this one ends meanwhile must not lose the question,
		// for which nobody would ask again.
		ask := func() { s.say(all, &message{Kind: kWant, N: o.Chunk}) }
		options.Grant = func(ctx context.Context) (time.Duration, bool) { return s.budget.take(ctx, ask) }
	}
	var told time.Time
	options.Progress = func(answered, failed int) {
		if now := time.Now(); now.Sub(told) >= progressEvery {
			select {
			case s.queue <- &message{Kind: kProgress, ID: m.ID, Gen: m.Gen, Answered: answered, Failed: failed}:
				told = now
			default: // the next one says it too
			}
		}
	}
	done := message{Kind: kDone, ID: m.ID, Gen: m.Gen, Began: s.clock(), Latencies: new(loadgen.Latencies)}
	options.Latencies = done.Latencies
	trace, err := s.run(ctx, o.Target, options)
	if err == nil {
		trace.Target = o.Target
		done.Trace, err = json.Marshal(trace)
	}
	if err != nil {
		done.Trace, done.Latencies, done.Problem, done.Code = nil, nil, err.Error(), "internal"
		var local *loadgen.LocalError
		if errors.As(err, &local) {
			done.Code = local.GapCode()
		}
	}
	if all.Err() != nil {
		return // what was cut off is nobody's
	}
	s.say(all, &done)
}
