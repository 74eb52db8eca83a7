//go:build !386 && !s390x

package loadgen

import (
	"context"
	"io"
	"net/netip"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// socket is a TCP connection, and after it the next one on the same descriptor.
//
// Package net is passed by because it makes many more system calls a connection:
// it asks for both addresses and sets options that one small request never needs;
// and its one call that takes a parsed address binds a local port without knowing
// the destination, so that ports run out sooner. Of those that are left most are
// saved by connecting the same descriptor again: it stays with the poller, with
// its options and its deadline.
type socket struct {
	fd   int
	file *os.File
	raw  syscall.RawConn
	to   sockaddr
	size uintptr // of to

	// What is under way, for the functions below, which are made once.
	out, in []byte
	n       int
	err     error
	wait    bool               // that is all that is wrong
	ask     func(uintptr) bool // sends out, and what comes back goes to in
	send    func(uintptr) bool // sends out
	receive func(uintptr) bool // to in
}

type sockaddr struct {
	family uint16
	port   [2]byte // in network order
	rest   [24]byte
}

// dialTCP begins a connection and does not wait for it: the first write waits
// until the connection stands, and fails with the reason if it does not come
// about. On a near network the handshake is over before the write, which saves
// a trip through the poller.
func dialTCP(_ context.Context, addr netip.AddrPort) (conn, error) {
	s := &socket{to: sockaddr{family: syscall.AF_INET6, port: [2]byte{byte(addr.Port() >> 8), byte(addr.Port())}}}
	if ip := addr.Addr().Unmap(); ip.Is4() {
		to := ip.As4()
		s.to.family, s.size = syscall.AF_INET, syscall.SizeofSockaddrInet4
		copy(s.to.rest[:], to[:])
	} else {
		to := ip.As16()
		s.size = syscall.SizeofSockaddrInet6
		copy(s.to.rest[4:], to[:]) // behind the flow
	}
	fd, err := syscall.Socket(int(s.to.family), syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	s.fd = fd
	// Whoever closes a connection first keeps its port for a minute in
	// TIME_WAIT; 28,000 fresh connections would use up every port. Closing
	// with a reset keeps nothing, here or in the balancers' tables, and loses
	// nothing: it happens only after the whole answer was read, or after the
	// request failed, when a hostile peer's data is not wanted any more.
	err = syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	if err == nil {
		// At the end that connects this lets the handshake's last packet be the
		// one with the request, which is sent at once: one packet less for both.
		err = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_DEFER_ACCEPT, 1)
	}
	if err != nil {
		syscall.Close(fd)
		return nil, os.NewSyscallError("setsockopt", err)
	}
	if err := s.again(); err != nil {
		syscall.Close(fd)
		return nil, err
	}
	s.file = os.NewFile(uintptr(fd), "connection")
	if s.raw, err = s.file.SyscallConn(); err != nil {
		s.file.Close()
		return nil, err
	}
	s.ask, s.send, s.receive = s.asks, s.sends, s.receives
	return s, nil
}

// again begins the next connection, after hangUp.
func (s *socket) again() error {
	if errno := s.connect(&s.to, s.size); errno != 0 && errno != syscall.EINPROGRESS {
		return os.NewSyscallError("connect", errno)
	}
	return nil
}

// hangUp ends the connection as Close does, with a reset, and keeps the
// descriptor for the next one.
func (s *socket) hangUp() error {
	s.out = nil
	if errno := s.connect(&sockaddr{family: syscall.AF_UNSPEC}, syscall.SizeofSockaddrInet4); errno != 0 {
		return os.NewSyscallError("connect", errno)
	}
	// That leaves an error to be fetched. With the next connection begun, the poller
	// could take it for something that it is not made for.
	_, err := syscall.GetsockoptInt(s.fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
	return os.NewSyscallError("getsockopt", err)
}

// connect does not wait: the scheduler need not be told of it.
func (s *socket) connect(to *sockaddr, size uintptr) syscall.Errno {
	_, _, errno := syscall.RawSyscall(syscall.SYS_CONNECT, uintptr(s.fd), uintptr(unsafe.Pointer(to)), size)
	return errno
}

// sends sends what is left of out; false if it has to wait.
func (s *socket) sends(uintptr) bool {
	for len(s.out) > 0 {
		n, err := send(s.fd, s.out)
		switch err {
		case 0:
			s.out = s.out[n:]
		case syscall.EINTR:
		default:
			s.err, s.wait = err, err == syscall.EAGAIN
			return !s.wait
		}
	}
	s.err, s.wait = nil, false
	return true
}

func (s *socket) receives(uintptr) bool {
	for {
		n, err := receive(s.fd, s.in)
		if err != syscall.EINTR {
			s.n, s.err = n, nil
			if err != 0 {
				s.err = err
			}
			return err != syscall.EAGAIN
		}
	}
}

func (s *socket) asks(uintptr) bool {
	if len(s.out) == 0 {
		return s.receives(0)
	}
	if !s.sends(0) || s.err != nil {
		return true
	}
	return false // it cannot have been answered yet
}

// exchange sends a request, and reads what comes first of its answer. Told to
// go on after a deadline, with nothing to send, it goes on where it was.
func (s *socket) exchange(request, in []byte) (n int, sent bool, err error) {
	if request != nil {
		s.out = request
	}
	if len(s.out) > 0 {
		s.in, s.err, s.wait = in, nil, false
		if err := s.raw.Read(s.ask); err != nil {
			return 0, len(s.out) == 0, err
		}
		if len(s.out) == 0 {
			n, err = s.got()
			return n, true, err
		}
		// The connection does not stand yet, or has failed.
		if s.wait {
			if err := s.raw.Write(s.send); err != nil {
				return 0, false, err
			}
		}
		if s.err != nil {
			return 0, false, os.NewSyscallError("write", s.err)
		}
	}
	n, err = s.Read(in)
	return n, true, err
}

func (s *socket) Read(p []byte) (int, error) {
	s.in = p
	if err := s.raw.Read(s.receive); err != nil {
		return 0, err
	}
	return s.got()
}

// got is what was received.
func (s *socket) got() (int, error) {
	switch {
	case s.err != nil:
		return 0, os.NewSyscallError("read", s.err)
	case s.n == 0:
		return 0, io.EOF
	}
	return s.n, nil
}

func (s *socket) Write(p []byte) (int, error) {
	s.out = p
	err := s.raw.Write(s.send)
	if err == nil {
		err = os.NewSyscallError("write", s.err)
	}
	return len(p) - len(s.out), err
}

func (s *socket) Close() error { return s.file.Close() }

// localPort is the port that a connection comes from, 0 if that is not known.
func localPort(c conn) (port int64) {
	s, ok := c.(*socket)
	if !ok {
		return 0
	}
	switch a, _ := syscall.Getsockname(s.fd); a := a.(type) {
	case *syscall.SockaddrInet4:
		port = int64(a.Port)
	case *syscall.SockaddrInet6:
		port = int64(a.Port)
	}
	return port
}

// closedByPeer looks, without waiting, whether the peer has ended a connection
// (or sent what nobody asked for) while it was idle.
func closedByPeer(c conn) bool {
	s, ok := c.(*socket)
	if !ok {
		return false
	}
	var b [1]byte
	_, _, err := syscall.Recvfrom(s.fd, b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return err != syscall.EAGAIN && err != syscall.EINTR
}

func (s *socket) SetDeadline(t time.Time) error { return s.file.SetDeadline(t) }
