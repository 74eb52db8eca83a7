//go:build !race && !386 && !s390x

package loadgen

import (
	"syscall"
	"unsafe"
)

// send and receive are for a socket that never waits, so that the scheduler need not
// be told; and they are calls of sockets only, which have less to find out than those
// of all files.
func send(fd int, b []byte) (int, syscall.Errno) {
	return call(syscall.SYS_SENDTO, fd, b, syscall.MSG_NOSIGNAL)
}

func receive(fd int, b []byte) (int, syscall.Errno) {
	return call(syscall.SYS_RECVFROM, fd, b, 0)
}

func call(trap uintptr, fd int, b []byte, flags uintptr) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(trap, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), flags, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}
