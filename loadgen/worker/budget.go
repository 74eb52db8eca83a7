package worker

import (
	"context"
	"sync"
	"time"
)

// budget is leave to send requests that all loads of a worker share.
type budget struct {
	mu    sync.Mutex
	left  int
	asked bool
	wake  chan struct{} // holds one as long as something may be left
}

// take waits for leave for one request; ask asks for more.
func (b *budget) take(ctx context.Context, ask func()) (held time.Duration, ok bool) {
	var since time.Time
	for {
		b.mu.Lock()
		got := b.left > 0
		if got {
			b.left--
		}
		more := b.left == 0 && !b.asked
		if more {
			b.asked = true
		}
		rest := b.left > 0
		b.mu.Unlock()
		if more {
			ask()
		}
		if got {
			if rest {
				b.signal() // for whoever waits beside
			}
			if !since.IsZero() {
				held = time.Since(since)
			}
			return held, true
		}
		if since.IsZero() {
			since = time.Now()
		}
		select {
		case <-b.wake:
		case <-ctx.Done():
			return 0, false
		}
	}
}

func (b *budget) add(n int) {
	b.mu.Lock()
	b.left += n
	b.asked = false
	b.mu.Unlock()
	b.signal()
}

func (b *budget) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}
