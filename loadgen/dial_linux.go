package loadgen

import (
	"context"
	"net/netip"
	"os"
	"syscall"
)

// dialTCP begins a connection and does not wait for it: the first write waits
// until the connection stands, and fails with the reason if it does not come
// about. On a near network the handshake is over before the write, which saves
// a trip through the poller.
//
// Package net is passed by because it makes twice as many system calls a
// connection: it asks for both addresses and sets options that one small
// request never needs; and its one call that takes a parsed address binds a
// local port without knowing the destination, so that ports run out sooner.
func dialTCP(_ context.Context, addr netip.AddrPort) (conn, error) {
	family := syscall.AF_INET6
	var to syscall.Sockaddr
	if ip := addr.Addr().Unmap(); ip.Is4() {
		family = syscall.AF_INET
		to = &syscall.SockaddrInet4{Port: int(addr.Port()), Addr: ip.As4()}
	} else {
		to = &syscall.SockaddrInet6{Port: int(addr.Port()), Addr: ip.As16()}
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	// Whoever closes a connection first keeps its port for a minute in
	// TIME_WAIT; 28,000 fresh connections would use up every port. Closing
	// with a reset keeps nothing, here or in the balancers' tables, and loses
	// nothing: it happens only after the whole answer was read, or after the
	// request failed, when a hostile peer's data is not wanted any more.
	err = syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	if err == nil {
		if err = syscall.Connect(fd, to); err == syscall.EINPROGRESS {
			err = nil
		}
	}
	if err != nil {
		syscall.Close(fd)
		return nil, os.NewSyscallError("connect", err)
	}
	return os.NewFile(uintptr(fd), "connection"), nil
}

// localPort is the port that a connection comes from, 0 if that is not known.
func localPort(c conn) (port int64) {
	file, ok := c.(*os.File)
	if !ok {
		return 0
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) { // closed already: unknown
		switch a, _ := syscall.Getsockname(int(fd)); a := a.(type) {
		case *syscall.SockaddrInet4:
			port = int64(a.Port)
		case *syscall.SockaddrInet6:
			port = int64(a.Port)
		}
	})
	return port
}

// closedByPeer looks, without waiting, whether the peer has ended a connection
// (or sent what nobody asked for) while it was idle.
func closedByPeer(c conn) bool {
	file, ok := c.(*os.File)
	if !ok {
		return false
	}
	raw, err := file.SyscallConn()
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
