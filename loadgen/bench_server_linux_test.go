package loadgen

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
	"unsafe"
)

// poller is one epoll set and one thread on it.
type poller struct {
	fd     int
	events [256]syscall.EpollEvent
}

func newPoller() *poller {
	fd, err := syscall.EpollCreate1(0)
	if err != nil {
		panic(err)
	}
	return &poller{fd: fd}
}

func (p *poller) add(fd int, events uint32) {
	if err := syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: events, Fd: int32(fd)}); err != nil {
		panic(err)
	}
}

// wait gives what is ready; it waits for ever, or not at all.
func (p *poller) wait(forever bool) []syscall.EpollEvent {
	if !forever {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events)), uintptr(len(p.events)), 0, 0, 0)
		if errno != 0 {
			return nil
		}
		return p.events[:n]
	}
	n, err := syscall.EpollWait(p.fd, p.events[:], -1)
	if err != nil {
		return nil // interrupted
	}
	return p.events[:n]
}

// served is a connection of the server's; they are used again by number.
type served struct {
	text []byte
	used int
	buf  [2048]byte
}

// benchServer answers as three containers, a connection each in turn, and ends
// with its standard input. A line there is answered with the processor time that
// it has been at work so far.
//
// It is one thread that makes three or four system calls a request, so that it is
// not what is measured. On a core of its own it never sleeps: waking a core that
// has gone to sleep would be a cost of the client's, and is none with a server on
// another machine.
func benchServer(spin bool) int {
	debug.SetGCPercent(-1)
	runtime.LockOSThread() // threadTime is one thread's
	var plainly net.ListenConfig
	plainly.SetMultipathTCP(false) // its part of a handshake is done on the client's core
	ln, err := plainly.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	accept := int(file.Fd())
	if err := syscall.SetNonblock(accept, true); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(ln.Addr())
	p := newPoller()
	p.add(0, syscall.EPOLLIN)
	p.add(accept, syscall.EPOLLIN)

	var texts [3][]byte
	for i := range texts {
		texts[i] = []byte(plain(whoami(i)))
	}
	var conns []*served
	var busy, since time.Duration
	working := false
	for n, line := 0, make([]byte, 16); ; {
		events := p.wait(!spin)
		if len(events) == 0 {
			if working {
				busy += threadTime() - since
				working = false
			}
			continue
		}
		if !working {
			since = threadTime()
			working = true
		}
		for _, e := range events {
			switch fd := int(e.Fd); fd {
			case 0:
				if n, _ := syscall.Read(0, line); n <= 0 {
					return 0
				}
				fmt.Println(int64(busy))
			case accept:
				for {
					fd, _, err := syscall.Accept4(accept, syscall.SOCK_NONBLOCK)
					if err != nil {
						break
					}
					for len(conns) <= fd {
						conns = append(conns, new(served))
					}
					conns[fd].text, conns[fd].used = texts[n%3], 0
					n++
					if conns[fd].answer(fd) {
						p.add(fd, syscall.EPOLLIN)
					}
				}
			default:
				conns[fd].answer(fd)
			}
		}
		if !spin {
			busy += threadTime() - since
			working = false
		}
	}
}

// threadTime is the processor time of the calling thread.
func threadTime() time.Duration {
	var t syscall.Timespec
	const thread = 3 // CLOCK_THREAD_CPUTIME_ID
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, thread, uintptr(unsafe.Pointer(&t)), 0)
	return time.Duration(t.Nano())
}

// raw reads or writes without Go's scheduler being told, as a server in C would.
func raw(trap uintptr, fd int, b []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(trap, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return int(n), errno
}

// answer reads what there is and answers a whole request; false if the
// connection has come to its end.
func (s *served) answer(fd int) bool {
	k, err := raw(syscall.SYS_READ, fd, s.buf[s.used:])
	if err == syscall.EAGAIN {
		return true
	}
	if err != 0 || k == 0 {
		syscall.Close(fd)
		return false
	}
	s.used += k
	request := s.buf[:s.used]
	if !bytes.HasSuffix(request, []byte("\r\n\r\n")) {
		return true
	}
	s.used = 0
	if _, err := raw(syscall.SYS_WRITE, fd, s.text); err != 0 || bytes.Contains(request, []byte("Connection: close")) {
		syscall.Close(fd)
		return false
	}
	return true
}

// bare is the least that a client can do: it writes one and the same request and
// reads once. It shows how much more the server would bear.
func (j job) bare() (out outcome) {
	debug.SetGCPercent(-1)
	to := netip.MustParseAddrPort(j.Addr)
	request := "GET / HTTP/1.1\r\nHost: " + j.Addr + "\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n"
	if j.PerConn == 1 {
		request += "Connection: close\r\n"
	}
	text, buf := []byte(request+"\r\n"), make([]byte, 4096)
	p := newPoller()
	var asked []bool // by descriptor
	ask := func(fd int) {
		_, err := raw(syscall.SYS_WRITE, fd, text)
		asked[fd] = err == 0 // else it does not stand yet
	}
	open := func() {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
		if err != nil {
			panic(err)
		}
		for len(asked) <= fd {
			asked = append(asked, false)
		}
		if err := syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1}); err != nil {
			panic(err)
		}
		if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != syscall.EINPROGRESS {
			panic(err)
		}
		p.add(fd, syscall.EPOLLIN|syscall.EPOLLOUT|1<<31) // once for each change
		ask(fd)
	}
	for range j.Workers {
		open()
	}
	for end := time.Now().Add(j.duration()); time.Now().Before(end); {
		for _, e := range p.wait(true) {
			fd := int(e.Fd)
			if !asked[fd] {
				ask(fd)
				continue
			}
			switch n, err := raw(syscall.SYS_READ, fd, buf); {
			case err == syscall.EAGAIN:
				continue
			case err != 0 || n == 0:
				out.Failed++
			default:
				out.Answered++
			}
			if j.PerConn == 1 {
				syscall.Close(fd)
				open()
			} else {
				ask(fd)
			}
		}
	}
	return out
}
