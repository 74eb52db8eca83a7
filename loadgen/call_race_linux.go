//go:build race

package loadgen

import (
	"errors"
	"syscall"
)

// The race detector takes what one end sent for known to the other that received
// it only by these two.
func send(fd int, b []byte) (int, syscall.Errno)    { return told(syscall.Write(fd, b)) }
func receive(fd int, b []byte) (int, syscall.Errno) { return told(syscall.Read(fd, b)) }

func told(n int, err error) (int, syscall.Errno) {
	var errno syscall.Errno
	errors.As(err, &errno)
	return n, errno
}
