// Package local tells trouble of the grader's own machine from that of others:
// what is ours must never cost a student anything.
package local

import (
	"errors"
	"slices"
	"syscall"
)

var shortages = []error{
	syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM,
}

// Short reports whether an error says that this machine, or this process, has no
// more descriptors, ports or memory.
func Short(err error) bool {
	return slices.ContainsFunc(shortages, func(s error) bool { return errors.Is(err, s) })
}
