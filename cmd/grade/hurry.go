package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// litter is what a process that ends at once has to take away: temporary
// directories of its own, by path.
type litter struct {
	mu    sync.Mutex
	paths []string
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
// left to its journal and to the timer on the node. Stop ends the watch.
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
		signal.Notify(again, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		defer signal.Stop(again)
		select {
		case <-over:
		case <-again:
			l.remove()
			os.Exit(exitInterrupted)
		}
	}()
	return func() { close(over); <-done }
}
