//go:build !linux || 386 || s390x

package loadgen

import (
	"context"
	"net"
	"net/netip"
)

// dialTCP connects; like the one for Linux it closes with a reset, so that no
// port is kept in TIME_WAIT.
func dialTCP(ctx context.Context, addr netip.AddrPort) (conn, error) {
	d := net.Dialer{KeepAlive: -1}
	c, err := d.DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return nil, err
	}
	return c, c.(*net.TCPConn).SetLinger(0)
}

// localPort is the port that a connection comes from, 0 if that is not known.
func localPort(c conn) int64 {
	if c, ok := c.(net.Conn); ok {
		if a, ok := c.LocalAddr().(*net.TCPAddr); ok {
			return int64(a.Port)
		}
	}
	return 0
}

// closedByPeer cannot look ahead here: a request on a connection that the peer
// has ended is counted as failed.
func closedByPeer(conn) bool { return false }
