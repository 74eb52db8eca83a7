package worker

import (
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// asksAtOnce is how many hosts one worker is asked for side by side.
const asksAtOnce = 16

// Refill has another worker brought in the place of each that is lost from now on: again is to have one
// join, bounds how often and how long it does, and gives up when its context ends, which is when the pool is closed.
// As long as it is at it a target that no worker is left for waits. Its error is not told to anybody.
func (p *Pool) Refill(again func(ctx context.Context, lost string) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.again = again
}

// replace has another worker brought. The lock is held.
func (p *Pool) replace(lost string) {
	if p.again == nil || p.closed {
		return
	}
	again := p.again
	p.coming++
	p.running.Go(func() {
		_ = again(p.ctx, lost)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.coming--
		p.stir()
	})
}

// await waits for a worker that is brought in another's place; [ErrNone] if none is. The lock is held,
// and let go of meanwhile.
func (p *Pool) await(ctx context.Context) error {
	if p.coming == 0 || p.closed {
		return ErrNone
	}
	changed := p.changed
	p.mu.Unlock()
	defer p.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Reach asks every worker whether it reaches a host; those that don't get no load on it, nor do workers that
// come later without being asked. The error is one of them if none does, and [ErrNone] if none is left.
func (p *Pool) Reach(ctx context.Context, host string) error {
	for {
		hands, first, err := p.toAsk(ctx, host)
		if err != nil {
			return err
		}
		errs := make([]error, len(hands))
		var wg sync.WaitGroup
		for i, h := range hands {
			wg.Go(func() { errs[i] = h.reach(ctx, first+uint64(i), host) })
		}
		wg.Wait()
		if slices.Contains(errs, nil) {
			return nil
		}
		for _, err := range errs { // what one says that is lost meanwhile is no answer
			if !errors.Is(err, errLost) {
				return err
			}
		}
	}
}

// toAsk gives all workers, with numbers for as many questions, and remembers what is asked.
func (p *Pool) toAsk(ctx context.Context, host string) (hands []*hand, first uint64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.hosts, host) {
		p.hosts = append(p.hosts, host)
	}
	for len(p.hands) == 0 {
		if err := p.await(ctx); err != nil {
			return nil, 0, err
		}
	}
	first = p.ids + 1
	p.ids += uint64(len(p.hands))
	return slices.Clone(p.hands), first, nil
}

// admit takes a worker in among those that are leased to, once it has been asked for all hosts that others
// were asked for.
func (p *Pool) admit(ctx context.Context, h *hand) error {
	for {
		p.mu.Lock()
		if p.closed || h.ctx.Err() != nil {
			p.mu.Unlock()
			if err := h.why(); err != nil {
				return err
			}
			return ErrNone
		}
		hosts := h.unasked(p.hosts)
		if len(hosts) == 0 {
			p.hands = append(p.hands, h)
			p.stir()
			p.mu.Unlock()
			return nil
		}
		first := p.ids + 1
		p.ids += uint64(len(hosts))
		p.mu.Unlock()
		var g errgroup.Group
		g.SetLimit(asksAtOnce)
		for i, host := range hosts {
			g.Go(func() error { _ = h.reach(ctx, first+uint64(i), host); return nil })
		}
		_ = g.Wait()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// unasked are those hosts that it was not asked for yet.
func (h *hand) unasked(hosts []string) (out []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, host := range hosts {
		if _, asked := h.hosts[host]; !asked {
			out = append(out, host)
		}
	}
	return out
}
