package action

import (
	"context"
	"sync"

	"swarmgrade/grader/evidence"
)

// Sharing is a cluster that is read for many students side by side: whoever asks for a
// reading while another is under way gets the next one together with all others who
// ask. None is older than the asking. It is safe for concurrent use.
func Sharing(c Cluster) Cluster { return &sharing{Cluster: c, turn: make(chan struct{}, 1)} }

type sharing struct {
	Cluster
	turn chan struct{} // held by the reading under way

	mu   sync.Mutex
	next *reading // that can be joined yet
}

// reading is one that is to come, and then what it brought.
type reading struct {
	done  chan struct{}
	nodes []evidence.Node
	tasks []evidence.Task
	err   error
	cut   bool // whoever made it was gone before it ended
}

// Poll joins the next reading, or makes it. What it gives is not to be changed.
func (s *sharing) Poll(ctx context.Context, at func() int64) ([]evidence.Node, []evidence.Task, error) {
	for {
		s.mu.Lock()
		r := s.next
		if r == nil {
			r = &reading{done: make(chan struct{})}
			s.next = r
			s.mu.Unlock()
			s.read(ctx, at, r)
			return r.nodes, r.tasks, r.err
		}
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-r.done:
		}
		if !r.cut {
			return r.nodes, r.tasks, r.err
		}
	}
}

// read makes a reading once the one before it is over.
func (s *sharing) read(ctx context.Context, at func() int64, r *reading) {
	defer close(r.done)
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		r.err = ctx.Err()
	}
	s.mu.Lock()
	s.next = nil // whoever asks from now on needs a later one
	s.mu.Unlock()
	if r.err == nil {
		r.nodes, r.tasks, r.err = s.Cluster.Poll(ctx, at)
	}
	r.cut = r.err != nil && ctx.Err() != nil
}
