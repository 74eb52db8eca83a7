//go:build unix

package loadgen

import (
	"net"
	"syscall"
)

// closedByPeer looks, without waiting, whether the peer has ended a connection
// (or sent what nobody asked for) while it was idle.
func closedByPeer(conn net.Conn) bool {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return true
	}
	open := false
	var b [1]byte
	err = raw.Read(func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		open = err == syscall.EAGAIN || err == syscall.EINTR
		return true
	})
	return err != nil || !open
}
