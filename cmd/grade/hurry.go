package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
)

// litter is what a process that ends at once has to take away, temporary
// directories of its own, by path, and what it has to say.
type litter struct {
	mu     sync.Mutex
	paths  []string
	last   func() (status int) // of a fault that is in force; nil without one
	undone bool                // a fault was, and is no more
}

// inForce notes that a real node is being made to fail, until over is called
// with whether it was made and undone; say tells what is left of it and gives the exit status.
func (l *litter) inForce(say func() (status int)) (over func(undone bool)) {
	if l == nil {
		return func(bool) {}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = say
	return func(undone bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.last = nil
		l.undone = l.undone || undone
	}
}

// restored reports whether a fault was in force and was undone.
func (l *litter) restored() bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.undone
}

// leave ends the process at once.
func (l *litter) leave() {
	l.remove()
	l.mu.Lock()
	status := exitInterrupted
	if l.last != nil {
		status = l.last()
	}
	os.Exit(status)
}

// add notes a path; it may be gone by the time. None of it is noted by nil.
func (l *litter) add(path string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paths = append(l.paths, path)
}

func (l *litter) remove() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.paths {
		_ = os.RemoveAll(p) // there is nobody left to tell
	}
}

// hurry has a second interrupt end the process at once, where the first one,
// which ends ctx, has it undo what it did. A fault of a real cluster is then
// left to its journal and to the timer on the node, and that is said loudly.
// Stop ends the watch.
func (l *litter) hurry(ctx context.Context) (stop func()) {
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-over:
			return
		case <-ctx.Done():
		}
		again := make(chan os.Signal, 1)
		signal.Notify(again, interrupts...)
		defer signal.Stop(again)
		select {
		case <-over:
		case <-again:
			l.leave()
		}
	}()
	return func() { close(over); <-done }
}
