package loadgen

import (
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"

	"swarmgrade/grader/local"
)

// failure is why a request got no answer that counts: 0 is none, 400 to 999 is
// an HTTP status, the rest are below.
type failure int

const (
	failedRefused failure = iota + 1
	failedTimeout
	failedReset
	failedEOF
	failedUnreachable
	failedMalformed
	failedTooLarge
	failedRedirect
	failedHere // on the grader's own side; never in a trace
)

// class is the word for it in evidence.
func (f failure) class() string {
	switch f {
	case failedRefused:
		return "refused"
	case failedTimeout:
		return "timeout"
	case failedReset:
		return "reset"
	case failedEOF:
		return "eof"
	case failedUnreachable:
		return "unreachable"
	case failedMalformed:
		return "malformed"
	case failedTooLarge:
		return "too-large"
	case failedRedirect:
		return "redirect"
	}
	return "http-" + strconv.Itoa(int(f))
}

var (
	errMalformed = errors.New("the answer is not HTTP/1.1")
	errTooLarge  = errors.New("the answer is larger than the limits allow")
)

// here are failures of the grader's own machine beyond those of package local:
// forbidden by its firewall, or without that family of addresses.
var here = []error{syscall.EACCES, syscall.EPERM, syscall.EAFNOSUPPORT}

// classify sorts an error of dialling, writing or reading; what it does not
// know is "unreachable".
func classify(err error) failure {
	var timeout net.Error
	switch {
	case errors.Is(err, errMalformed):
		return failedMalformed
	case errors.Is(err, errTooLarge):
		return failedTooLarge
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return failedEOF
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return failedTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return failedRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return failedReset
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return failedUnreachable
	}
	if local.Short(err) {
		return failedHere
	}
	for _, e := range here {
		if errors.Is(err, e) {
			return failedHere
		}
	}
	return failedUnreachable
}
