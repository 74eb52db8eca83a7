// Package worker drives load from more machines than one.
//
// A [Pool] is the coordinator. It hands targets out to workers as leases, which [Serve] drives
// with loadgen, and gives back each target's trace once. It knows nothing of how it comes to
// a worker: a [Line] is a stream of bytes both ways, over a container's standard streams or
// within a test.
//
// What a worker says is foreign. Messages are signed with a secret of the run, bounded, and
// in order; a trace has to be one of the target that was handed out, with counts that add up.
// A worker that breaks any of this, falls silent or gets on with nothing is let go of, and its
// targets are driven anew by others.
//
// A worker's own lease is [LeaseTime], counted from the last sign of life that the coordinator has
// told it of. When it is over the worker ends, whatever it was at; the coordinator gives a lost
// worker's targets to another one no sooner. So no target is ever loaded by two workers.
package worker

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

const (
	// LeaseTime is how long a worker goes on without having heard from its coordinator.
	LeaseTime = 8 * time.Second
	// leaseSlack is what the clocks of two machines may differ by in that time.
	leaseSlack = 200 * time.Millisecond
	// pingEvery is the time between two signs of life; silentAfter is how long a worker may
	// be silent.
	pingEvery   = time.Second
	silentAfter = LeaseTime / 2
	// firstPings are made as soon as a worker is there, and so many are compared.
	firstPings = 8
	keptPings  = 16
	// welcomeLimit is how long a worker may take to say that it is there.
	welcomeLimit = 20 * time.Second
	// progressEvery is the time between two reports of a load.
	progressEvery = 250 * time.Millisecond
	// cancelLimit is how long a load that was cancelled is waited for: whoever interrupts a run waits for
	// that, and for the workers to be taken away.
	cancelLimit = time.Second
)

// Line is a way to a worker.
type Line struct {
	// Name is what the worker's machine is called; it is kept in traces.
	Name string
	io.ReadWriteCloser
}

// How is how a load is driven, besides what its target says.
type How struct {
	// Rate and Duration are as in loadgen.Options.
	Rate     float64       `json:"rate,omitempty"`
	Duration time.Duration `json:"duration,omitempty"`
	// Host is the Host header.
	Host string `json:"host,omitempty"`
}

// Reason is the word for why a worker is let go of: ended, its connection is; silent, nothing was heard of it;
// stuck, a load of its did not get on; wrong, it sent what it must not.
func Reason(why error) string {
	switch {
	case errors.Is(why, errSilent):
		return "silent"
	case errors.Is(why, errStuck):
		return "stuck"
	case errors.Is(why, io.EOF), errors.Is(why, io.ErrUnexpectedEOF), errors.Is(why, io.ErrClosedPipe), errors.Is(why, net.ErrClosed),
		errors.As(why, new(*net.OpError)), errors.As(why, new(syscall.Errno)):
		return "ended"
	}
	return "wrong"
}
