package desk

import (
	"context"
	"sync"
	"time"
)

// cache keeps what was read, for all who ask: as long as the mark of the gradebook is the
// same it is not read again. Whoever asks while it is read waits for that reading.
type cache struct {
	fresh time.Duration
	mark  func(context.Context) (string, error)
	ctx   context.Context // of readings: they outlast who asked first
	work  *sync.WaitGroup

	mu     sync.Mutex
	closed bool
	kept   map[string]*kept
	epoch  int // another one after each change of ours
	// The mark as it was read last, and when and in which epoch.
	last    string
	at      time.Time
	in      int
	reading *reading // of the mark, nil if none goes on
}

// kept is something that was read, and under which mark; without one it lasts as long as a mark does.
type kept struct {
	value   any
	mark    string
	at      time.Time
	epoch   int
	reading *reading
}

// reading is one under way.
type reading struct {
	over  chan struct{}
	epoch int // that it began in
	value any
	err   error
}

// forget has what was read of a key, or for "" everything, be read again.
func (c *cache) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if key == "" {
		c.epoch++
		return
	}
	if k := c.kept[key]; k != nil {
		k.epoch = -1
	}
	// One that is under way began before.
	if k := c.kept[key]; k != nil && k.reading != nil {
		k.reading.epoch = -1
	}
}

// read begins a reading, or joins the one that goes on and began after the last change.
// It gives back the lock.
func (c *cache) read(ctx context.Context, at **reading, load func(context.Context) (any, error), done func(*reading)) (any, error) {
	r := *at
	if r == nil || r.epoch != c.epoch {
		if c.closed {
			c.mu.Unlock()
			return nil, errDown
		}
		r = &reading{over: make(chan struct{}), epoch: c.epoch}
		*at = r
		c.work.Go(func() {
			defer close(r.over)
			func() {
				defer func() {
					if v := recover(); v != nil {
						r.err = crashed(v)
					}
				}()
				r.value, r.err = load(c.ctx)
			}()
			c.mu.Lock()
			defer c.mu.Unlock()
			if *at == r {
				*at = nil
			}
			done(r)
		})
	}
	c.mu.Unlock()
	select {
	case <-r.over:
		return r.value, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// current is the mark, at most as old as is fresh, and never from before our own changes.
func (c *cache) current(ctx context.Context) (string, error) {
	c.mu.Lock()
	if !c.at.IsZero() && c.in == c.epoch && time.Since(c.at) < c.fresh {
		defer c.mu.Unlock()
		return c.last, nil
	}
	began := time.Now()
	got, err := c.read(ctx, &c.reading, func(ctx context.Context) (any, error) { return c.mark(ctx) }, func(r *reading) {
		if r.err == nil {
			c.last, _ = r.value.(string)
			c.at, c.in = began, r.epoch
		}
	})
	mark, _ := got.(string)
	return mark, err
}

// get gives what load reads. What is marked is read again when the mark is another, what is not
// when it is not fresh any more.
func get[T any](ctx context.Context, c *cache, key string, marked bool, load func(context.Context) (T, error)) (out T, err error) {
	mark := ""
	if marked {
		if mark, err = c.current(ctx); err != nil {
			return out, err
		}
	}
	c.mu.Lock()
	k := c.kept[key]
	if k == nil {
		k = &kept{epoch: -1}
		c.kept[key] = k
	}
	if k.epoch == c.epoch && k.mark == mark && (marked || time.Since(k.at) < c.fresh) {
		defer c.mu.Unlock()
		return k.value.(T), nil //nolint:forcetypeassert // a key has one type
	}
	began := time.Now()
	got, err := c.read(ctx, &k.reading, func(ctx context.Context) (any, error) { return load(ctx) }, func(r *reading) {
		if r.err == nil {
			k.value, k.mark, k.at, k.epoch = r.value, mark, began, r.epoch
		}
	})
	if err != nil {
		return out, err
	}
	return got.(T), nil //nolint:forcetypeassert // a key has one type
}

func (c *cache) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
}
