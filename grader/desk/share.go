package desk

import (
	"context"
	"sync"

	"swarmgrade/grader"
	"swarmgrade/grader/roster"
)

// Dial opens a class's cluster.
type Dial func(ctx context.Context, of roster.Cluster) (grader.Conn, error)

// Shared is one way to a cluster for all who want one, for the life of a server. It is for one
// class: whose cluster is asked for only says how it is dialled.
type Shared struct {
	dial  Dial
	mu    sync.Mutex
	way   *way
	wait  *dialling
	over  bool
	alive context.Context
	end   context.CancelFunc
}

// way is a cluster that was dialled, and how many use it.
type way struct {
	grader.Conn
	users  int
	broken bool // closed once nobody uses it
}

type dialling struct {
	done chan struct{}
	err  error
}

// Share dials a cluster when the first asks for it, and hands it to all who ask then.
func Share(dial Dial) *Shared {
	s := &Shared{dial: dial}
	s.alive, s.end = context.WithCancel(context.Background())
	return s
}

// Dial gives the cluster, which is dialled if it was not, or broke. What it gives is closed by
// each who asked; the cluster stays. Whoever asks while it is dialled waits for that.
func (s *Shared) Dial(ctx context.Context, of roster.Cluster) (grader.Conn, error) {
	for {
		s.mu.Lock()
		if s.over {
			s.mu.Unlock()
			return grader.Conn{}, errDown
		}
		if s.way != nil {
			defer s.mu.Unlock()
			return s.lend(s.way), nil
		}
		d := s.wait
		if d == nil {
			d = &dialling{done: make(chan struct{})}
			s.wait = d
			go s.open(d, of)
		}
		s.mu.Unlock()
		select {
		case <-d.done:
			if d.err != nil {
				return grader.Conn{}, d.err
			}
		case <-ctx.Done():
			return grader.Conn{}, context.Cause(ctx)
		}
	}
}

// open dials; it lasts beyond whoever asked first.
func (s *Shared) open(d *dialling, of roster.Cluster) {
	defer close(d.done)
	c, err := s.dial(s.alive, of)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wait, d.err = nil, err
	switch {
	case err != nil:
	case s.over:
		d.err = errDown
		c.Close()
	default:
		s.way = &way{Conn: c}
	}
}

// lend is called with the lock.
func (s *Shared) lend(w *way) grader.Conn {
	w.users++
	c := w.Conn
	var once sync.Once
	c.Close = func() {
		once.Do(func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if w.users--; w.users == 0 && w.broken {
				w.Close()
			}
		})
	}
	return c
}

// Renew has the cluster dialled anew by the next who asks: an operation could not reach it. Who
// uses it yet may go on.
func (s *Shared) Renew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop()
}

func (s *Shared) drop() {
	w := s.way
	if s.way = nil; w == nil {
		return
	}
	if w.broken = true; w.users == 0 {
		w.Close()
	}
}

// Close lets go of the cluster, once nobody uses it any more.
func (s *Shared) Close() {
	s.mu.Lock()
	s.over = true
	s.drop()
	d := s.wait
	s.mu.Unlock()
	s.end()
	if d != nil {
		<-d.done
	}
}
