package main

import (
	"errors"
	"io"
	"sync"
	"syscall"
)

// outlet is the standard output. It keeps the first error of writing to it, so that a
// command that does not look says no less that its results got lost.
type outlet struct {
	io.Writer
	mu  sync.Mutex
	err error
}

func (o *outlet) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.err == nil {
			o.err = err
		}
	}
	return n, err
}

// lost is what a command ended with, or if all was well, what of its output got lost. A
// reader that has read enough is no loss.
func (o *outlet) lost(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil || errors.Is(o.err, syscall.EPIPE) {
		return err
	}
	return o.err
}
